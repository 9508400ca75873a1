/**
 * The driver of the scenario isolated in its guest, whose memory the host cannot read, by the table of version 5 (kmcl.md X6
 * to X20).
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { guestDriver } from "../protocols/ends.ts";
import { ADD_UP, IDENTITY, INVERT } from "./isolated_host.ts";

const must = vmbus.expectSuccess;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
const PAGE_SIZE = 4096;
/** Packet objects that a channel has at most: more than there are pages for copies. */
const PACKETS_MAX = 4;
const PAGES_FOR_COPIES = 2;
/** Bytes of each piece of data. */
const DATA_BYTES = 600;

/** A channel of the device, and its requests. */
class IsolatedChannel {
  /** Requests that ended well. */
  answered = 0;
  /** How often no packet object was left. */
  ranOut = 0;
  /** What went wrong. */
  readonly faults: string[] = [];
  readonly #kmcl: vmbus.KmclClientInterfaceV5;
  readonly #memory: vmbus.GuestMemory;
  readonly #device: vmbus.Device;
  /** Where the channel lies. */
  readonly #place: Uint8Array;
  /** The endpoint. */
  readonly channel: vmbus.VMBCHANNEL;
  /** Numbers of requests that wait for a packet object. */
  readonly #waiting: number[] = [];
  /** Data in memory that the host can read, once the channel was opened. */
  #shared: vmbus.GuestBuffer | null = null;
  #isSharedInUse = false;

  /** A channel of `partition`: the primary, or a sub-channel of `primary`. */
  constructor(
    kmcl: vmbus.KmclClientInterfaceV5,
    { device, partition }: vmbus.GuestContext,
    primary: vmbus.VMBCHANNEL | null,
  ) {
    this.#kmcl = kmcl;
    this.#memory = partition.memory;
    this.#device = device;
    this.#place = new Uint8Array(kmcl.VmbSizeofChannel());
    this.channel = this.#initialize();
    const { channel } = this;
    if (primary !== null) must(kmcl.VmbChannelInitSetPrimaryChannel(channel, primary));
    else must(kmcl.VmbClientChannelInitSetTargetPnp(channel, IDENTITY.type, IDENTITY.instance));
    must(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
    must(kmcl.VmbChannelInitSetBounceBufferSizes(channel, PAGES_FOR_COPIES * PAGE_SIZE, PAGE_SIZE));
    must(kmcl.VmbChannelInitSetMaximumPacketCount(channel, PACKETS_MAX));
    must(kmcl.VmbChannelInitSetInlinePacketContextSize(channel, 4));
    must(kmcl.VmbClientChannelInitSetTargetProcessorIndex(channel, primary === null ? 0 : 1));
    must(kmcl.VmbChannelInitSetProcessPacketCallbacksEx(
      channel,
      (_channel, packet) => kmcl.VmbChannelPacketComplete(packet, null, 0),
    ));
    must(kmcl.VmbChannelEnable(channel));
  }

  #initialize(): vmbus.VMBCHANNEL {
    const { length } = this.#place;
    return must(this.#kmcl.VmbChannelInitialize(this.#device, false, this.#place, length)).channel;
  }

  /** Whether packets move. */
  get flows(): boolean {
    const { lifecycle, flow } = vmbus.inspectChannel(this.channel);
    return lifecycle === "opened" && flow === "active";
  }

  /** How often a packet waited for pages. */
  get waits(): number {
    return vmbus.inspectChannel(this.channel).bounceBuffers?.waits ?? 0;
  }

  /** Sends requests with the numbers from 1 to `count`: as many at once as there are packet objects. */
  askAll(count: number): void {
    const { status, buffer } = this.#kmcl.VmbChannelAllocateBounceBuffer(this.channel, DATA_BYTES);
    if (status !== vmbus.STATUS_SUCCESS) this.faults.push("there was no bounce buffer");
    this.#shared = buffer;
    for (let number = 1; number <= count; number++) this.#waiting.push(number);
    this.#askOn();
  }

  #askOn(): void {
    while (this.#waiting.length > 0) {
      const packet = this.#kmcl.VmbPacketAllocate(this.channel);
      if (packet === null) return void this.ranOut++;
      this.#ask(packet, this.#waiting.shift()!);
    }
  }

  #ask(packet: vmbus.VMBPACKET, number: number): void {
    const kmcl = this.#kmcl;
    const isShared = this.#shared !== null && !this.#isSharedInUse;
    if (isShared) this.#isSharedInUse = true;
    const data = isShared ? this.#shared! : this.#memory.allocate(DATA_BYTES);
    this.#memory.write(data.gpa, new Uint8Array(DATA_BYTES).fill(number));
    this.#contextOf(packet).fill(number);
    kmcl.VmbPacketSetCompletionRoutineEx(
      packet,
      (ended, status, answer, _length, context) => {
        if (context !== data) this.faults.push("a completion routine had another's context");
        this.#ended(ended, status, answer[0] ?? 0, data);
      },
      data,
    );
    const mdl = vmbus.IoAllocateMdl(this.#memory, data.gpa, DATA_BYTES);
    const status = kmcl.VmbPacketSend(packet, Uint8Array.of(INVERT, number), 2, mdl, WAIT);
    if (status !== vmbus.STATUS_SUCCESS) this.#ended(packet, status, number, data);
  }

  #ended(
    packet: vmbus.VMBPACKET,
    status: vmbus.NtStatus,
    answer: number,
    data: vmbus.GuestBuffer,
  ): void {
    const number = this.#contextOf(packet)[0]!;
    if (status === vmbus.STATUS_SUCCESS) {
      this.answered++;
      if (answer !== number) this.faults.push(`request ${number} had the answer of ${answer}`);
      const wanted = number ^ 0xff;
      if (!this.#memory.read(data.gpa, DATA_BYTES).every((byte) => byte === wanted)) {
        this.faults.push(`the data of request ${number} was not inverted`);
      }
    }
    if (data === this.#shared) this.#isSharedInUse = false;
    else this.#memory.free(data);
    this.#kmcl.VmbPacketFree(packet);
    this.#askOn();
  }

  #contextOf(packet: vmbus.VMBPACKET): Uint8Array {
    return this.#kmcl.VmbPacketGetInlinePacketContextPointer(packet) ?? new Uint8Array(4);
  }

  /** Has the host add up what lies in pages that stand in no order. */
  async addUp(): Promise<void> {
    const kmcl = this.#kmcl;
    const data = this.#memory.allocate(3 * PAGE_SIZE);
    this.#memory.write(data.gpa, Uint8Array.of(5));
    this.#memory.write(data.gpa + 2 * PAGE_SIZE, Uint8Array.of(7));
    this.#memory.write(data.gpa + PAGE_SIZE, Uint8Array.of(100)); // a page that is not shared
    const pfns = [data.pfns[2]!, data.pfns[0]!];
    const created = kmcl.VmbChannelCreateGpadlFromPfnList(this.channel, 0, pfns, pfns.length);
    const { gpadlHandle } = must(created);
    const request = new Uint8Array(8);
    request[0] = ADD_UP;
    new DataView(request.buffer).setUint32(4, gpadlHandle!, true);
    const answer = new Uint8Array(8);
    const { status } = await kmcl
      .VmbChannelSendSynchronousRequest(this.channel, request, 8, null, WAIT, answer, 8);
    if (status !== vmbus.STATUS_SUCCESS || answer[0] !== 12) {
      this.faults.push(`the sum was ${answer[0]}, and 0x${status.toString(16)}`);
    }
    await kmcl.VmbChannelDeleteGpadl(this.channel, gpadlHandle!);
    this.#memory.free(data);
  }

  /** Closes the channel and frees it; another one can lie there then. */
  async close(): Promise<void> {
    const kmcl = this.#kmcl;
    await kmcl.VmbChannelDisable(this.channel);
    kmcl.VmbChannelCleanup(this.channel);
    kmcl.VmbChannelCleanup(this.#initialize());
  }
}

/** The driver: the primary, and its sub-channel. */
export interface IsolatedGuest extends vmbus.GuestDriverInstance {
  /** Both channels. */
  readonly channels: readonly [IsolatedChannel, IsolatedChannel];
}

/** The driver. */
export const isolatedGuest: vmbus.GuestDriver<IsolatedGuest> = guestDriver(
  "isolated vsc",
  (context) => {
    const { kmcl } = must(vmbus.WdfFdoQueryForInterface(
      context.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V5_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V5,
    ));
    const primary = new IsolatedChannel(kmcl, context, null);
    return {
      channels: [primary, new IsolatedChannel(kmcl, context, primary.channel)],
      save: () => {
        throw new Error("Cannot save a driver of the scenario isolated: its run is too short");
      },
    };
  },
);
