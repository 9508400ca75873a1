/**
 * The link of a bus whose host is somebody outside: the guest's end is ours, and what it says and signals goes
 * out by the connection ids that it has on the wire.
 *
 * @module
 */

import { pfnsOf } from "../../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import type { PartitionPort } from "../../channel/partition_port.ts";
import type { WorkItem } from "../../runtime/processor.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import { type BusLink, Lanes } from "../lanes.ts";
import type { GuestLink } from "../link.ts";
import { GuestSide } from "../sides.ts";
import { type GuestSignal, guestSignalKey, type HostSignal, type SynicPlace } from "../synic.ts";
import { Peer, type PeerFault, type PeerSetting } from "./peer.ts";

/** What a host outside is told. */
export interface ForeignHostListener {
  /** A message was posted to a connection, as by HvPostMessage. The bytes are the listener's own. */
  onMessage(bytes: Uint8Array, connectionId: number): unknown;
  /** A flag of a connection was signalled, as by HvSignalEvent. */
  onSignal(connectionId: number, flag: number): unknown;
  /**
   * Blocks until something has come from the host, and has handed it over (`postMessage`): true; or gives up: false. It
   * is called while the guest waits inside a call. Left out: the host answers inside `onMessage`, or not in time.
   */
  waitForMessage?(): boolean;
  /**
   * Of an isolated guest: the host can read and write the pages `pfns` from now on, or no longer, as by
   * HvModifySparseGpaPageHostVisibility. It is called in the middle of what the guest does: before the host hears of
   * what lies there, and before the guest uses the pages again.
   */
  onVisibility?(pfns: readonly number[], isVisible: boolean): unknown;
}

/** How often a guest that waits for one answer asks for more: a host that says other things for ever is given up. */
const WAITS_MAX = 4096;

/** The guest's side, whose messages and signals go out. */
class OutwardGuestSide extends GuestSide {
  readonly #waitForMessage: () => boolean;

  constructor(
    memory: GuestRam,
    lanes: Lanes,
    interruptOf: (signal: HostSignal) => WorkItem,
    waitForMessage: () => boolean,
  ) {
    super(memory, lanes, interruptOf);
    this.#waitForMessage = waitForMessage;
  }

  /** See {@linkcode GuestLink.roundTrip}: what was said before goes out before. */
  override roundTrip(
    messages: readonly Uint8Array[],
    connectionId: number,
    isAnswer: (message: Uint8Array) => boolean,
  ): Uint8Array | null {
    let isAnswered = false;
    const isTheAnswer = (message: Uint8Array) => isAnswered = isAnswered || isAnswer(message);
    const talk = () => {
      this.outgoing.carryPending();
      for (const message of messages) this.outgoing.carry(message, connectionId);
      for (let waits = 0; !isAnswered && waits < WAITS_MAX && !this.outgoing.isCut; waits++) {
        if (!this.#waitForMessage()) return;
      }
    };
    return this.incoming.answerTo(talk, isTheAnswer);
  }
}

/** The link of one such bus. */
export class ForeignHostLink extends Lanes implements BusLink {
  /** The host's side is not ours. */
  readonly host = null;
  /** The guest's side. */
  readonly guest: GuestLink;
  readonly #peer: Peer;

  /** Between `guest` and a host outside, told by `listener`, which stands in the place of `root`. */
  constructor(
    runtime: RuntimePort,
    guest: PartitionPort,
    root: PartitionPort,
    listener: ForeignHostListener,
    fail: PeerSetting["fail"],
  ) {
    super(runtime, guest, root);
    const peer = this.#peer = new Peer({ runtime, bus: guest, fail });
    const interruptOf = ({ connectionId, flag }: HostSignal) =>
      peer.interrupt(() => listener.onSignal(connectionId, flag), root.processor(0));
    const waitForMessage = () => {
      let hasCome = false;
      peer.call(() => void (hasCome = listener.waitForMessage?.() === true));
      return hasCome;
    };
    this.guest = new OutwardGuestSide(guest.memory, this, interruptOf, waitForMessage);
    this.toHost.connect((message, connectionId) =>
      peer.call(() => listener.onMessage(message.slice(), connectionId))
    );
    const { isolation } = guest.memory;
    if (isolation === null || listener.onVisibility === undefined) return;
    isolation.onVisibility = (pfns, isVisible) => {
      if (!this.toHost.isCut) peer.call(() => listener.onVisibility?.(pfns, isVisible));
    };
  }

  /** The host says something; else why it was not taken. */
  post(message: Uint8Array, place: SynicPlace): PeerFault | null {
    return this.#peer.post(this.toGuest, message, place);
  }

  /** Why the host cannot have `byteCount` bytes at `gpa`; null where it can. */
  whyNot(gpa: number, byteCount: number): PeerFault | null {
    if (this.toGuest.isCut) return "detached";
    const { memory } = this.guest;
    if (!memory.holds(gpa, byteCount)) return "unknownMemory";
    const { isolation } = memory;
    const isReadable = isolation === null || byteCount === 0 ||
      isolation.areShared(pfnsOf(gpa, byteCount));
    return isReadable ? null : "privateMemory";
  }

  /** The host signals something; else why it was not taken. */
  signal(signal: GuestSignal): PeerFault | null {
    const { vp, sint, eventFlag } = signal;
    const key = guestSignalKey(signal);
    return this.#peer.signal(this.toGuest, "toGuest", key, [vp << 4 | sint, eventFlag]);
  }
}
