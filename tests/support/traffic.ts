/**
 * Two drivers that send each other packets as they are told, and a model of what each must see. The
 * model is a list: packet n of one side is the n-th that the other side gets.
 *
 * @module
 */

import { assert, assertEquals, fail } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { WAIT } from "./sending.ts";
import { mustDefer, treat, type Treatment } from "./treatment.ts";

/** A packet, as the generator describes it. */
export interface PacketPlan {
  readonly byteCount: number;
  readonly wantsCompletion: boolean;
  readonly answerBytes: number;
  readonly treatment: Treatment;
  /** Bytes of external data, one number an MDL; a client's only, and with a completion. */
  readonly external: readonly number[];
  /** Whether the host must bring the external data in first. */
  readonly isPagedOut: boolean;
}

/** A packet that was sent. */
interface Sent extends PacketPlan {
  readonly index: number;
  readonly buffers: readonly vmbus.GuestBuffer[];
  /** Completion routines that ran for it. */
  ends: number;
}

/** A packet that the driver has. */
interface Arrived {
  readonly packet: vmbus.VMBPACKETCOMPLETION;
  readonly sent: Sent;
  /** Its payload, as it was shown. */
  readonly buffer: Uint8Array;
}

/** What the two drivers share. */
export interface TrafficWorld {
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly isPadded: boolean;
}

/** `byteCount` bytes that differ from place to place, and from `seed` to `seed`. */
function pattern(byteCount: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let at = 0; at < byteCount; at++) bytes[at] = at * 7 + seed * 31 + (at >> 8);
  return bytes;
}

/** Inverts bytes where they lie. */
function inverted(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at++) bytes[at]! ^= 0xff;
  return bytes;
}

/** What a codec that counts in words of 8 bytes makes of `bytes`. */
function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  whole.set(bytes);
  return whole;
}

/** Fails where two arrays differ, and says where. */
function assertSameBytes(found: Uint8Array, expected: Uint8Array, what: string): void {
  assertEquals(found.length, expected.length, what);
  for (let at = 0; at < found.length; at++) {
    if (found[at] !== expected[at]) fail(`${what} differs at ${at} of ${found.length}`);
  }
}

/** One driver. */
export class TrafficDriver {
  readonly sent: Sent[] = [];
  /** Packets that arrived, each counted once. */
  received = 0;
  /** Sum of what ProcessingComplete was told. */
  counted = 0;
  /** As the driver set it last. */
  quota = 0xffff_ffff;
  /** Between Suspend and Started it must not send: what it is told to send waits for Started. */
  isQuiet = false;

  readonly #world: TrafficWorld;
  readonly #table: vmbus.KmclClientInterfaceV1;
  readonly #backlog: PacketPlan[] = [];
  readonly #held: Arrived[] = [];
  #channel: vmbus.VMBCHANNEL | null = null;
  #peer: TrafficDriver | null = null;
  #outstanding = 0;
  #isInCall = false;
  /** The packet that was handed back and must come next, or -1. */
  #handedBack = -1;

  constructor(world: TrafficWorld, table: vmbus.KmclClientInterfaceV1) {
    this.#world = world;
    this.#table = table;
  }

  /** Its channel and its opposite. */
  connect(channel: vmbus.VMBCHANNEL, peer: TrafficDriver): void {
    this.#channel = channel;
    this.#peer = peer;
  }

  /** The model of the opposite side's packets. */
  get #expected(): readonly Sent[] {
    assert(this.#peer !== null);
    return this.#peer.sent;
  }

  // -- Sending

  send(plan: PacketPlan): void {
    if (this.isQuiet) this.#backlog.push(plan);
    else this.#post(plan);
  }

  #post(plan: PacketPlan): void {
    const table = this.#table;
    const { memory } = this.#world.guest;
    const index = this.sent.length;
    const buffers = plan.external.map((byteCount) => memory.allocate(byteCount));
    const sent: Sent = { ...plan, index, buffers, ends: 0 };
    this.sent.push(sent);
    buffers.forEach((buffer, at) => {
      memory.write(buffer.gpa, pattern(buffer.byteCount, index + at));
      if (plan.isPagedOut) memory.pageOut(buffer.gpa, buffer.byteCount);
    });
    const packet = table.VmbPacketAllocate(this.#channel);
    table.VmbPacketSetCompletionRoutine(packet, (done, status, buffer, byteCount) => {
      this.#ended(sent, status, buffer.subarray(0, byteCount));
      table.VmbPacketFree(done);
    });
    const payload = pattern(plan.byteCount, index);
    const flags = plan.wantsCompletion ? WAIT : 0;
    const mdl = this.#chain(buffers);
    assertEquals(
      table.VmbPacketSend(packet, payload, payload.length, mdl, flags),
      vmbus.STATUS_SUCCESS,
    );
    payload.fill(0xee); // kmcl.md P8: the buffer is the caller's again
  }

  #chain(buffers: readonly vmbus.GuestBuffer[]): vmbus.Mdl | null {
    let first: vmbus.Mdl | null = null;
    for (const { gpa, byteCount } of buffers.toReversed()) {
      const mdl = vmbus.IoAllocateMdl(this.#world.guest.memory, gpa, byteCount);
      mdl.next = first;
      first = mdl;
    }
    return first;
  }

  #ended(sent: Sent, status: vmbus.NtStatus, answer: Uint8Array): void {
    sent.ends++;
    assertEquals(sent.ends, 1, `completion routines of packet ${sent.index}`);
    assertEquals(status, vmbus.STATUS_SUCCESS);
    assertSameBytes(
      answer,
      sent.wantsCompletion ? this.#answerTo(sent) : new Uint8Array(0),
      "answer",
    );
    const { memory } = this.#world.guest;
    sent.buffers.forEach((buffer, at) => {
      const written = inverted(pattern(buffer.byteCount, sent.index + at));
      assertSameBytes(memory.read(buffer.gpa, buffer.byteCount), written, "external data");
      memory.free(buffer);
    });
  }

  #answerTo(sent: Sent): Uint8Array {
    const answer = pattern(sent.answerBytes, sent.index + 100_000);
    return this.#world.isPadded ? padded(answer) : answer;
  }

  // -- Receiving

  /** See EvtChannelProcessPacket. */
  processPacket(
    packet: vmbus.VMBPACKETCOMPLETION,
    buffer: Uint8Array,
    byteCount: number,
    flags: number,
  ): vmbus.MaybePromise<void> {
    assert(!this.#isInCall, "kmcl.md R2: one call at a time");
    assert(!this.isQuiet, "kmcl.md S7: no packet comes between Suspend and Started");
    assert(this.#outstanding < this.quota, "kmcl.md R4: the quota holds");
    const isAgain = this.#handedBack === this.received;
    const sent = this.#expected[this.received];
    assert(sent !== undefined, "a packet that was never sent");
    const arrived: Arrived = { packet, sent, buffer: buffer.subarray(0, byteCount) };
    this.#checkPayload(arrived);
    assertEquals(flags, sent.external.length > 0 ? 1 : 0);
    if (sent.external.length > 0 && !this.#takeExternalData(packet, sent)) {
      return this.#again(isAgain);
    }
    if (mustDefer(sent.treatment)) {
      this.#table.VmbChannelPacketDeferToPassive(packet);
      return this.#again(isAgain);
    }
    this.received++;
    return this.#treat(arrived);
  }

  #checkPayload({ sent, buffer }: Arrived): void {
    const payload = pattern(sent.byteCount, sent.index);
    assertSameBytes(buffer, this.#world.isPadded ? padded(payload) : payload, "payload");
  }

  /** It was handed back: at PASSIVE_LEVEL it comes again. Pages may have to be brought in twice. */
  #again(isAgain: boolean): void {
    assert(
      !isAgain || vmbus.KeGetCurrentIrql() === 0,
      "kmcl.md R1: it comes again at PASSIVE_LEVEL",
    );
    this.#handedBack = this.received;
  }

  /** Checks external data and inverts it; false where it must be brought in first. */
  #takeExternalData(packet: vmbus.VMBPACKETCOMPLETION, sent: Sent): boolean {
    const { status, mdl } = this.#table.VmbChannelPacketGetExternalData(packet, 0);
    if (status === vmbus.STATUS_PENDING) {
      assert(sent.isPagedOut && this.#handedBack !== this.received);
      return false;
    }
    assertEquals(status, vmbus.STATUS_SUCCESS);
    if (mustDefer(sent.treatment)) return true; // it comes again: what is written now would be seen then
    const views = vmbus.mdlSegments(mdl);
    assertEquals(views.length, sent.external.length);
    views.forEach((view, at) => {
      assertSameBytes(view, pattern(sent.external[at] ?? 0, sent.index + at), "external data");
      inverted(view);
    });
    return true;
  }

  #treat(arrived: Arrived): vmbus.MaybePromise<void> {
    this.#outstanding++;
    const treated = treat(arrived.sent.treatment, arrived.packet, {
      kmcl: this.#table,
      complete: () => this.#complete(arrived),
      hold: () => void this.#held.push(arrived),
      delay: () => this.#world.fabric.delay(1),
    });
    this.#isInCall = treated !== undefined;
    return treated?.then(() => void (this.#isInCall = false));
  }

  #complete(arrived: Arrived): void {
    this.#checkPayload(arrived); // api.md section 1: it stays unchanged until PacketComplete
    this.#outstanding--;
    const { packet, sent } = arrived;
    const answer = pattern(sent.answerBytes, sent.index + 100_000);
    this.#table.VmbChannelPacketComplete(packet, answer, answer.length);
    answer.fill(0xdd);
  }

  /** Completes `count` of the held packets: the oldest, or the latest, as R4 has no order. */
  retire(count: number, isLatestFirst: boolean): void {
    for (let left = count; left > 0; left--) {
      const held = isLatestFirst ? this.#held.pop() : this.#held.shift();
      if (held === undefined) return;
      this.#complete(held);
    }
  }

  // -- State changes

  suspend(): void {
    assert(!this.#isInCall, "kmcl.md S7: a ProcessPacket call that is unfinished comes first");
    this.isQuiet = true;
    this.retire(Infinity, false);
  }

  started(): void {
    this.isQuiet = false;
    for (const plan of this.#backlog.splice(0)) this.#post(plan);
  }

  /** Whether nothing of what it was told to send is under way. */
  get isIdle(): boolean {
    const isAllSent = this.#backlog.length === 0 && this.sent.every(({ ends }) => ends > 0);
    return isAllSent && this.#peer?.received === this.sent.length;
  }

  /** Every packet arrived once, and every transaction ended once. */
  assertDone(): void {
    assertEquals(this.received, this.#expected.length, "packets that arrived");
    assertEquals(this.counted, this.received, "kmcl.md R3: packets in batches");
    assertEquals(this.sent.filter(({ ends }) => ends !== 1).length, 0, "transactions under way");
  }
}
