/**
 * Worlds in a loop: what a search over seeds, or a suite with a fabric for each test, pays for one, and
 * whether the thousandth costs more than the first.
 *
 * @module
 */

import process from "node:process";
import { allocatePair, close, open } from "../examples/set_up.ts";
import * as vmbus from "../mod.ts";
import type { Figure, Goal, Row } from "./figure.ts";
import { Requester } from "./exchange.ts";
import { median } from "./measure.ts";
import { collect } from "./memory.ts";

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

/** One world with the default settings: made, its pair opened, its requests answered, closed, disposed of. */
export async function runWorld(seed: number): Promise<Requester> {
  await using fabric = vmbus.createFabric({ seed });
  const guest = fabric.createPartition({ name: "guest" });
  const pair = allocatePair(fabric, guest);
  const { vsp, server, vsc, client } = pair;
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet, buffer, byteCount) => {
    vsp.VmbChannelPacketComplete(packet, buffer, byteCount);
  });
  await open(fabric, pair);
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
  await close(pair);
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
