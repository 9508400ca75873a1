/**
 * Worlds in a loop: what a search over seeds, or a suite with a fabric for each test, pays for one, and
 * whether the thousandth costs more than the first.
 *
 * @module
 */

import process from "node:process";
import * as vmbus from "../mod.ts";
import type { Figure, Goal, Row } from "./figure.ts";
import { Requester } from "./exchange.ts";
import { median } from "./measure.ts";
import { collect } from "./memory.ts";

const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";
const REQUESTS = 20;
const PAYLOAD_BYTES = 64;

/** Worlds in a tour. */
const TOUR = 500;
/** Tours before the first that counts: V8 has seen everything by then. */
const WARM_UP_TOURS = 2;

const RATE: Goal = { kind: "atLeast", bar: 500, stretch: 1000 };
const FLAT: Goal = { kind: "atMost", bar: 1.3, stretch: 1.15 };
/** Of all worlds together; two guests have as much RAM as the bar. */
const RESIDENT: Goal = { kind: "atMost", bar: 0x200_0000, stretch: 0x80_0000 };

/** A server that answers each request with its own payload. */
function offerEcho(fabric: vmbus.Fabric, guest: vmbus.Partition) {
  const { device } = fabric.root;
  const { kmcl } = vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
    ),
  );
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, true));
  const { kernelHandle } = kmcl.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
  kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle);
  vmbus.ZwClose(kernelHandle);
  kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, TYPE, INSTANCE);
  kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet, buffer, byteCount) => {
    kmcl.VmbChannelPacketComplete(packet, buffer, byteCount);
  }, null);
  vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
  kmcl.VmbChannelStart(channel);
  return { kmcl, channel };
}

/** Its client. */
function openEcho({ device }: vmbus.Partition) {
  const { kmcl } = vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    ),
  );
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, false));
  kmcl.VmbClientChannelInitSetTargetPnp(channel, TYPE, null, null);
  kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
    kmcl.VmbChannelPacketComplete(packet, null, 0);
  }, null);
  vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
  return { kmcl, channel };
}

/** One world with the default settings: made, its pair opened, its requests answered, closed, disposed of. */
export async function runWorld(seed: number): Promise<Requester> {
  await using fabric = vmbus.createFabric({ seed });
  const guest = fabric.createPartition({ name: "guest" });
  const { kmcl: vsp, channel: server } = offerEcho(fabric, guest);
  const { kmcl: vsc, channel: client } = openEcho(guest);
  await fabric.settle();
  const requester = new Requester(PAYLOAD_BYTES);
  const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  requester.want(REQUESTS);
  while (requester.next()) {
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, (ended, _status, answer, answerBytes) => {
      requester.answered(answer, answerBytes);
      vsc.VmbPacketFree(ended);
    });
    const { payload } = requester;
    vmbus.expectSuccess(vsc.VmbPacketSend(packet, payload, payload.length, null, wait));
  }
  await fabric.settle();
  if (!requester.isDone) throw new Error("Cannot measure: a request was not answered");
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  return requester;
}

/** Runs a tour. Gives the worlds a second of processor time, V8's helper threads included. */
async function rateOfTour(firstSeed: number): Promise<number> {
  const before = process.cpuUsage();
  for (let seed = firstSeed; seed < firstSeed + TOUR; seed++) await runWorld(seed);
  const { user, system } = process.cpuUsage(before);
  return TOUR / ((user + system) / 1e6);
}

function residentBytes(): number {
  collect();
  return Deno.memoryUsage().rss;
}

/** A row that stands for itself. */
function row(work: string, value: number, unit: Row["unit"], goal: Goal): Row {
  return { work, name: "kmcl", value, unit, beside: null, score: value, goal };
}

/** The figure. It counts processor time whichever clock the others are measured by. */
export const worldsFigure: Figure = {
  name: "worlds",
  title: "Worlds: a fabric, a pair, 20 requests of 64 B, closed and disposed of, default settings",
  measure: async ({ rounds }) => {
    for (let tour = 0; tour < WARM_UP_TOURS; tour++) await rateOfTour(tour * TOUR);
    const before = residentBytes();
    const rates: number[] = [];
    for (let tour = 0; tour < rounds; tour++) rates.push(await rateOfTour(tour * TOUR));
    const grown = Math.max(0, residentBytes() - before);
    const third = Math.ceil(rounds / 3);
    const [early, late] = [median(rates.slice(0, third)), median(rates.slice(-third))];
    const flat: Row = {
      work: `the last ${third * TOUR} worlds beside the first`,
      name: "late",
      value: 1e9 / late,
      unit: "ns",
      beside: { name: "early", value: 1e9 / early },
      score: early / late,
      goal: FLAT,
    };
    return [
      row("worlds a second of processor time", median(rates), "/s", RATE),
      flat,
      row(`resident memory that ${rounds * TOUR} worlds leave behind`, grown, "B", RESIDENT),
    ];
  },
};
