/**
 * A channel of the scenario isolated in its guest, whose memory the host cannot read, by the table of version 5 (kmcl.md X2
 * to X20). It can be saved at any time: what it has to say of itself is plain.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { ADD_UP, IDENTITY, INVERT } from "./isolated_host.ts";

const must = vmbus.expectSuccess;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
const PAGE_SIZE = 4096;
/** Packet objects that a channel has at most: more than there are pages for copies. */
const PACKETS_MAX = 4;
const PAGES_FOR_COPIES = 2;
/** Bytes of each piece of data. */
const DATA_BYTES = 600;
/** Packets of the host's that are held back, at most. */
const HELD_MAX = 2;
/** The number of the request that adds up; the others are numbered from 1 on. */
const SUM_NUMBER = 0xff;
/** What lies in the pages that are added up, in the order of the memory; the host is shown the outer two. */
const SUMMANDS = [5, 100, 7];

/** A packet of the host's that is held back. */
interface Held {
  readonly packet: vmbus.VMBPACKETCOMPLETION;
  readonly number: number;
}

/** A channel of the device, and its requests. */
export class IsolatedChannel {
  /** Requests that ended well, the one that adds up included. */
  answered = 0;
  /** How often no packet object was left. */
  ranOut = 0;
  /** What went wrong. */
  readonly faults: string[] = [];
  /** How often a packet was in flight while its guest was restored. */
  moved = 0;
  /** The endpoint. */
  readonly channel: vmbus.VMBCHANNEL;
  readonly #kmcl: vmbus.KmclClientInterfaceV5;
  readonly #memory: vmbus.GuestMemory;
  readonly #device: vmbus.Device;
  /** Where the channel lies; one that was restored lies elsewhere. */
  readonly #place: Uint8Array;
  /** Numbers of requests that wait for a packet object. */
  #waiting: number[] = [];
  /** What each packet in flight describes. */
  readonly #inFlight = new Map<vmbus.VMBPACKET, vmbus.GuestBuffer>();
  /** Packets of the host's that are not answered yet. */
  #held: Held[] = [];
  /** Data in memory that the host can read, once the channel was opened. */
  #shared: vmbus.GuestBuffer | null = null;
  /** What is added up, until the channel is closed. */
  #summands: vmbus.GuestBuffer | null = null;
  /** Its handle; 0: there is none. */
  #gpadl = 0;

  private constructor(
    { device, partition }: vmbus.GuestContext,
    getChannel: (channel: IsolatedChannel) => vmbus.VMBCHANNEL,
  ) {
    this.#kmcl = must(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V5_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V5,
    )).kmcl;
    this.#memory = partition.memory;
    this.#device = device;
    this.#place = new Uint8Array(this.#kmcl.VmbSizeofChannel());
    this.channel = getChannel(this);
  }

  // -- Beginning

  /** The primary, or a sub-channel of `primary`; it looks for its offer. */
  static start(
    context: vmbus.GuestContext,
    primary: vmbus.VMBCHANNEL | null,
  ): IsolatedChannel {
    const made = new IsolatedChannel(context, (channel) => channel.#initialize());
    made.#configure(primary);
    return made;
  }

  #initialize(): vmbus.VMBCHANNEL {
    const { length } = this.#place;
    return must(this.#kmcl.VmbChannelInitialize(this.#device, false, this.#place, length)).channel;
  }

  #configure(primary: vmbus.VMBCHANNEL | null): void {
    const { channel } = this;
    const kmcl = this.#kmcl;
    if (primary !== null) must(kmcl.VmbChannelInitSetPrimaryChannel(channel, primary));
    else must(kmcl.VmbClientChannelInitSetTargetPnp(channel, IDENTITY.type, IDENTITY.instance));
    must(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
    must(kmcl.VmbChannelInitSetBounceBufferSizes(channel, PAGES_FOR_COPIES * PAGE_SIZE, PAGE_SIZE));
    must(kmcl.VmbChannelInitSetMaximumPacketCount(channel, PACKETS_MAX));
    must(kmcl.VmbChannelInitSetInlinePacketContextSize(channel, 4));
    must(kmcl.VmbChannelInitSetClientContextSize(channel, 4));
    must(kmcl.VmbClientChannelInitSetTargetProcessorIndex(channel, primary === null ? 0 : 1));
    must(kmcl.VmbChannelInitSetProcessPacketCallbacksEx(
      channel,
      (_channel, packet, buffer, _length, _flags, context) => {
        if (context !== this) this.faults.push("a packet came with another's context");
        this.#take(packet, buffer[0] ?? 0);
      },
      null,
      this,
    ));
    must(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, this.#stateChange()));
    must(kmcl.VmbChannelEnable(channel));
  }

  #stateChange(): vmbus.StateChangeCallbacks {
    return {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelSuspend: () => this.#answerHeld(),
      EvtChannelClosed: () => this.#closed(),
    };
  }

  /** Whether packets move. */
  get flows(): boolean {
    const state = vmbus.inspectChannel(this.channel);
    return state !== null && state.lifecycle === "opened" && state.flow === "active";
  }

  /** How often a packet waited for pages. */
  get waits(): number {
    return vmbus.inspectChannel(this.channel)?.bounceBuffers?.waits ?? 0;
  }

  // -- Sending

  /** Sends requests with the numbers from 1 to `count`, and one that adds up: as many at once as there are packet objects. */
  askAll(count: number): void {
    const { status, buffer } = this.#kmcl.VmbChannelAllocateBounceBuffer(this.channel, DATA_BYTES);
    if (status !== vmbus.STATUS_SUCCESS) this.faults.push("there was no bounce buffer");
    this.#shared = buffer;
    this.#waiting = [...Array(count).keys()].map((at) => at + 1);
    this.#waiting.splice(count >> 1, 0, SUM_NUMBER);
    this.#askOn();
  }

  #askOn(): void {
    while (this.#waiting.length > 0) {
      const packet = this.#kmcl.VmbPacketAllocate(this.channel);
      if (packet === null) return void this.ranOut++;
      const number = this.#waiting.shift()!;
      this.#contextOf(packet)[0] = number;
      if (number === SUM_NUMBER) this.#askForSum(packet);
      else this.#ask(packet, number);
    }
  }

  #ask(packet: vmbus.VMBPACKET, number: number): void {
    const isShared = this.#shared !== null && ![...this.#inFlight.values()].includes(this.#shared);
    const data = isShared ? this.#shared! : this.#memory.allocate(DATA_BYTES);
    this.#memory.write(data.gpa, new Uint8Array(DATA_BYTES).fill(number));
    const mdl = vmbus.IoAllocateMdl(this.#memory, data.gpa, DATA_BYTES);
    this.#send(packet, data, Uint8Array.of(INVERT, number), mdl);
  }

  /** Has the host add up what lies in pages that stand in no order. */
  #askForSum(packet: vmbus.VMBPACKET): void {
    const data = this.#memory.allocate(SUMMANDS.length * PAGE_SIZE);
    SUMMANDS.forEach((summand, page) =>
      this.#memory.write(data.gpa + page * PAGE_SIZE, Uint8Array.of(summand))
    );
    const pfns = [data.pfns[2]!, data.pfns[0]!]; // the page between them is not shared
    this.#summands = data;
    const { status, gpadlHandle } = this.#kmcl
      .VmbChannelCreateGpadlFromPfnList(this.channel, 0, pfns, pfns.length);
    if (gpadlHandle === null) this.faults.push(`nothing was shared: ${vmbus.ntStatusName(status)}`);
    this.#gpadl = gpadlHandle ?? 0;
    const request = new Uint8Array(8);
    request[0] = ADD_UP;
    new DataView(request.buffer).setUint32(4, this.#gpadl, true);
    this.#send(packet, data, request, null);
  }

  #send(
    packet: vmbus.VMBPACKET,
    data: vmbus.GuestBuffer,
    request: Uint8Array,
    mdl: vmbus.Mdl | null,
  ): void {
    this.#expectEnd(packet, data);
    const status = this.#kmcl.VmbPacketSend(packet, request, request.length, mdl, WAIT);
    if (status === vmbus.STATUS_SUCCESS) return;
    this.faults.push(`a request was not sent: ${vmbus.ntStatusName(status)}`);
    this.#inFlight.delete(packet);
    this.#kmcl.VmbPacketFree(packet);
  }

  #expectEnd(packet: vmbus.VMBPACKET, data: vmbus.GuestBuffer): void {
    this.#inFlight.set(packet, data);
    this.#kmcl.VmbPacketSetCompletionRoutineEx(
      packet,
      (ended, status, answer, _length, context) => {
        if (context !== data) this.faults.push("a completion routine had another's context");
        this.#ended(ended, status, answer[0] ?? 0, data);
      },
      data,
    );
  }

  #ended(
    packet: vmbus.VMBPACKET,
    status: vmbus.NtStatus,
    answer: number,
    data: vmbus.GuestBuffer,
  ): void {
    if (vmbus.inspectChannel(this.channel) === null) return; // it lives on elsewhere
    const number = this.#contextOf(packet)[0]!;
    this.#inFlight.delete(packet);
    this.#kmcl.VmbPacketFree(packet);
    if (status !== vmbus.STATUS_SUCCESS) return;
    this.answered++;
    if (number === SUM_NUMBER) this.#hearSum(answer);
    else this.#hear(number, answer, data);
    this.#answerIfDue();
    this.#askOn();
  }

  #hear(number: number, answer: number, data: vmbus.GuestBuffer): void {
    if (answer !== number) this.faults.push(`request ${number} had the answer of ${answer}`);
    const wanted = number ^ 0xff;
    if (!this.#memory.read(data.gpa, DATA_BYTES).every((byte) => byte === wanted)) {
      this.faults.push(`the data of request ${number} was not inverted`);
    }
    if (data !== this.#shared) this.#memory.free(data);
  }

  #hearSum(answer: number): void {
    if (answer !== SUMMANDS[0]! + SUMMANDS[2]!) this.faults.push(`the sum was ${answer}`);
  }

  #contextOf(packet: vmbus.VMBPACKET): Uint8Array {
    return this.#kmcl.VmbPacketGetInlinePacketContextPointer(packet) ?? new Uint8Array(4);
  }

  // -- Receiving

  /** A packet of the host's: its number goes into its area, and it is answered later. */
  #take(packet: vmbus.VMBPACKETCOMPLETION, number: number): void {
    this.#areaOf(packet)[0] = number;
    this.#held.push({ packet, number });
    this.#answerIfDue();
  }

  /** While requests are on their way a few are held back. */
  #answerIfDue(): void {
    if (this.#held.length >= HELD_MAX || this.#inFlight.size === 0) this.#answerHeld();
  }

  #answerHeld(): void {
    for (const { packet, number } of this.#held.splice(0)) {
      const area = this.#areaOf(packet);
      if (area[0] !== number) this.faults.push(`the area of packet ${number} held ${area[0]}`);
      this.#kmcl.VmbChannelPacketComplete(packet, area, 1);
    }
  }

  #areaOf(packet: vmbus.VMBPACKETCOMPLETION): Uint8Array {
    return this.#kmcl.VmbChannelPacketGetClientContext(packet) ?? new Uint8Array(4);
  }

  // -- Ending

  async #closed(): Promise<void> {
    const gpadl = this.#gpadl;
    this.#gpadl = 0;
    if (gpadl !== 0) await this.#kmcl.VmbChannelDeleteGpadl(this.channel, gpadl);
  }

  /** Closes the channel and frees it; another one can lie there then. */
  async close(): Promise<void> {
    const kmcl = this.#kmcl;
    await kmcl.VmbChannelDisable(this.channel);
    kmcl.VmbChannelCleanup(this.channel);
    kmcl.VmbChannelCleanup(this.#initialize());
    if (this.#summands !== null) this.#memory.free(this.#summands);
  }

  // -- Saving

  /** All that it is at. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      channel: tokens.of(this.channel),
      answered: this.answered,
      ranOut: this.ranOut,
      moved: this.moved + this.#inFlight.size,
      faults: this.faults,
      waiting: this.#waiting,
      inFlight: [...this.#inFlight].map(([packet, { gpa }]) => ({
        packet: tokens.of(packet),
        gpa,
      })),
      held: this.#held.map(({ packet, number }) => ({ packet: tokens.of(packet), number })),
      shared: this.#shared?.gpa ?? null,
      summands: this.#summands?.gpa ?? null,
      gpadl: this.#gpadl,
    };
  }

  /** Takes up what {@linkcode IsolatedChannel.save} told. */
  static restore(context: vmbus.GuestRestoreContext, saved: vmbus.SavedFields): IsolatedChannel {
    const made = new IsolatedChannel(
      context,
      (channel) =>
        context.attachChannel(saved.text("channel"), {
          processPacket: (_channel, packet, buffer) => channel.#take(packet, buffer[0] ?? 0),
          stateChange: channel.#stateChange(),
        }),
    );
    made.#continue(context, saved);
    return made;
  }

  #continue(context: vmbus.GuestRestoreContext, saved: vmbus.SavedFields): void {
    this.answered = saved.uint("answered");
    this.ranOut = saved.uint("ranOut");
    this.moved = saved.uint("moved");
    this.faults.push(...saved.list("faults").map(String));
    this.#waiting = saved.list("waiting").map(Number);
    this.#shared = saved.orNull(
      "shared",
      () => context.bounceBuffer(this.channel, saved.uint("shared")),
    );
    this.#summands = saved.orNull("summands", () => context.buffer(saved.uint("summands")));
    this.#gpadl = saved.uint("gpadl");
    saved.records("inFlight", (each) => {
      const packet = context.attachPacket(each.text("packet"), { completionRoutine: () => {} });
      const gpa = each.uint("gpa");
      const shared = this.#shared?.gpa === gpa ? this.#shared : null;
      this.#expectEnd(packet, shared ?? context.buffer(gpa));
    });
    saved.records("held", (each) => {
      const { packet } = context.attachCompletion(each.text("packet"));
      this.#held.push({ packet, number: each.uint("number") });
    });
  }
}
