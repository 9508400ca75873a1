/**
 * The burst pair: a client that sends bursts of requests, and a server that answers each as it comes. Its drivers
 * see an order of callbacks, and a schedule is worth as much as it shows them of such orders.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";

const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";
const REQUESTS = 128;
const BURST = 8;
const IN_FLIGHT_MAX = 32;
const PAYLOAD_BYTES = 64;

/** What came of a run. */
export interface BurstRun {
  /** What the drivers saw, in order: endpoint, callback, transaction, status. Runs with the same one look the same. */
  readonly order: string;
  /**
   * Whether the client was wrong somewhere to take it that the host has read a whole burst when the first completion
   * of it comes.
   */
  readonly isMistaken: boolean;
}

/** Both drivers of one run. */
class BurstPair {
  readonly seen: string[] = [];
  isMistaken = false;
  readonly #fabric: vmbus.Fabric;
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #vsc: vmbus.KmclClientInterfaceV1;
  readonly #server: vmbus.VMBCHANNEL;
  readonly #client: vmbus.VMBCHANNEL;
  readonly #payload = new Uint8Array(PAYLOAD_BYTES);
  #sent = 0;
  #read = 0;
  #ended = 0;
  /** Bursts of which a completion has come. */
  readonly #answered = new Set<number>();

  constructor(fabric: vmbus.Fabric) {
    this.#fabric = fabric;
    const guest = fabric.createPartition({ name: "guest", memoryPages: 64, processors: 2 });
    this.#vsp = vmbus.expectSuccess(
      vmbus.WdfFdoQueryForInterface(
        fabric.root.device,
        vmbus.KMCL_SERVER_INTERFACE_TYPE,
        vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
        vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
      ),
    ).kmcl;
    this.#vsc = vmbus.expectSuccess(
      vmbus.WdfFdoQueryForInterface(
        guest.device,
        vmbus.KMCL_CLIENT_INTERFACE_TYPE,
        vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
        vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
      ),
    ).kmcl;
    this.#server = this.#offer(guest);
    this.#client = this.#open(guest);
  }

  #offer(guest: vmbus.Partition): vmbus.VMBCHANNEL {
    const vsp = this.#vsp;
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(this.#fabric.root.device, true));
    const { kernelHandle } = vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
    vsp.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle);
    vmbus.ZwClose(kernelHandle);
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, TYPE, INSTANCE);
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet, buffer) => {
      this.#read++;
      this.seen.push(`server ProcessPacket ${buffer[0]}`);
      vsp.VmbChannelPacketComplete(packet, null, 0);
    }, null);
    vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
    vsp.VmbChannelStart(channel);
    return channel;
  }

  #open({ device }: vmbus.Partition): vmbus.VMBCHANNEL {
    const vsc = this.#vsc;
    const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(device, false));
    vsc.VmbClientChannelInitSetTargetPnp(channel, TYPE, null, null);
    vsc.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
      vsc.VmbChannelPacketComplete(packet, null, 0);
    }, null);
    vmbus.expectSuccess(vsc.VmbChannelEnable(channel));
    return channel;
  }

  /** Sends what may be in flight, in whole bursts. */
  #send(): void {
    while (this.#sent < REQUESTS && this.#sent - this.#ended + BURST <= IN_FLIGHT_MAX) {
      for (let count = 0; count < BURST; count++) this.#sendOne(this.#sent++);
    }
  }

  #sendOne(number: number): void {
    const vsc = this.#vsc;
    const packet = vsc.VmbPacketAllocate(this.#client);
    vsc.VmbPacketSetCompletionRoutine(packet, (ended, status) => {
      vsc.VmbPacketFree(ended);
      this.#completed(number, status);
    });
    this.#payload[0] = number;
    const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
    vmbus.expectSuccess(vsc.VmbPacketSend(packet, this.#payload, PAYLOAD_BYTES, null, wait));
  }

  #completed(number: number, status: vmbus.NtStatus): void {
    this.#ended++;
    this.seen.push(`client completion ${number} ${status}`);
    const burst = Math.floor(number / BURST);
    const isFirst = !this.#answered.has(burst);
    this.#answered.add(burst);
    if (isFirst && this.#read < (burst + 1) * BURST) this.isMistaken = true;
    this.#send();
  }

  async run(): Promise<void> {
    await this.#fabric.settle();
    this.#send();
    await this.#fabric.settle();
    if (this.#ended !== REQUESTS) throw new Error("Cannot measure: a request was not answered");
    await this.#vsc.VmbChannelDisable(this.#client);
    this.seen.push("client VmbChannelDisable");
    await this.#vsp.VmbChannelDisable(this.#server);
    this.seen.push("server VmbChannelDisable");
  }
}

/**
 * Runs the burst pair once.
 *
 * @throws {Error} A request was never answered.
 */
export async function runBurstPair(schedule: vmbus.Schedule, seed: number): Promise<BurstRun> {
  const fabric = vmbus.createFabric({ seed, schedule, rootMemoryPages: 64, trace: "off" });
  try {
    const pair = new BurstPair(fabric);
    await pair.run();
    return { order: pair.seen.join("\n"), isMistaken: pair.isMistaken };
  } finally {
    fabric.dispose();
  }
}

/** How many orders the drivers see in the runs of `seeds` seeds. */
export async function countOrders(schedule: vmbus.Schedule, seeds: number): Promise<number> {
  const orders = new Set<string>();
  for (let seed = 0; seed < seeds; seed++) orders.add((await runBurstPair(schedule, seed)).order);
  return orders.size;
}

/** Runs from seed `first` on until the client's mistake shows; Infinity where it does not in `runsMax`. */
export async function huntMistake(
  schedule: vmbus.Schedule,
  first: number,
  runsMax: number,
): Promise<number> {
  for (let run = 0; run < runsMax; run++) {
    if ((await runBurstPair(schedule, first + run)).isMistaken) return run + 1;
  }
  return Infinity;
}
