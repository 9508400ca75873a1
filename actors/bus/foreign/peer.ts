/**
 * What stands at an end of a link in the place of a peer that somebody else wrote: what is said to the peer
 * goes out, what it says comes in, and everything that comes in is checked (wire.md 4.1, section 6).
 *
 * @module
 */

import { errorOf } from "../../../core/describe.ts";
import { WHOLE_BUS } from "../../channel/touches.ts";
import type { Touch } from "../../runtime/chooser.ts";
import { DISPATCH_LEVEL } from "../../runtime/irql.ts";
import type { Processor, Worker } from "../../runtime/processor.ts";
import { WorkItem } from "../../runtime/processor.ts";
import { isPromise, whenSettled } from "../../runtime/promises.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { Lane } from "../lane.ts";
import type { Direction } from "../link.ts";
import { EVENT_FLAGS } from "../synic.ts";

/** Why something of a peer was not taken; the hypervisor refuses a hypercall with a status of the same sense. */
export type PeerFault =
  /** Nobody is there any more: it was detached, destroyed, or has crashed. */
  | "detached"
  /** A message of more than 240 bytes. */
  | "messageTooLong"
  /** Nobody hears messages there: no such connection, no such place. */
  | "unknownTarget"
  /** No channel is signalled so now. */
  | "unknownSignal"
  /** An event flag beyond those that there are: 2048 of them. */
  | "unknownFlag"
  /** As many messages as there is room for wait already: it may say this one again later. */
  | "noRoom"
  /** Bytes that do not all lie in the guest's RAM. */
  | "unknownMemory"
  /** Bytes of an isolated guest that it has not shared, not all of them. */
  | "privateMemory";

/** Bytes of the largest message that the SynIC carries. */
const MESSAGE_BYTES_MAX = 240;
/** Messages of a peer that may wait: a flood must not fill the memory of whoever takes them. */
const MESSAGES_MAX = 1024;

/** What a peer stands on. */
export interface PeerSetting {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** What stands for the bus on the trace, and is touched by what crosses it. */
  readonly bus: { readonly traceId: number; readonly memory: object };
  /** Hears of what a listener throws. */
  readonly fail: (error: Error) => void;
}

/** What is heard outside; a promise may come of it, whose rejection is told as a throw is. */
export type Outward = () => unknown;

/** An end of a link, in the hands of somebody outside. */
export class Peer {
  readonly #setting: PeerSetting;

  /** A peer on that bus. */
  constructor(setting: PeerSetting) {
    this.#setting = setting;
  }

  /** Calls a listener outside; what it throws fails whoever drives the fabric, and nothing else. */
  call(listener: Outward): void {
    const { fail } = this.#setting;
    try {
      const returned = listener();
      if (isPromise(returned)) whenSettled(returned, () => {}, (reason) => fail(errorOf(reason)));
    } catch (thrown) {
      fail(errorOf(thrown));
    }
  }

  /** An item that calls `listener`, which hears of a signal, on `processor`. */
  interrupt(listener: Outward, processor: Processor): WorkItem {
    const { bus: { traceId, memory } } = this.#setting;
    const worker: Worker = {
      traceId,
      work: () => this.call(listener),
      touches: (): readonly Touch[] => [{ of: memory, part: WHOLE_BUS, writes: true }],
    };
    return new WorkItem(worker, "signal", DISPATCH_LEVEL, processor);
  }

  /** Has a message of the peer, checked bytes, go over `lane`; else why not. */
  post<Target>(lane: Lane<Target>, message: Uint8Array, target: Target): PeerFault | null {
    if (lane.isCut) return "detached";
    if (message.length > MESSAGE_BYTES_MAX) return "messageTooLong";
    if (lane.length >= MESSAGES_MAX) return "noRoom";
    lane.post(message, target);
    return null;
  }

  /** Has a signal of the peer ring over `lane`; else why not. It is on the trace by the numbers that it names. */
  signal<Target>(
    lane: Lane<Target>,
    direction: Direction,
    key: number,
    [source, flag]: readonly [source: number, flag: number],
  ): PeerFault | null {
    if (lane.isCut) return "detached";
    if (flag >= EVENT_FLAGS) return "unknownFlag";
    const { runtime: { recorder, clock }, bus: { traceId } } = this.#setting;
    const event = direction === "toHost" ? "peerSignalsHost" : "peerSignalsGuest";
    recorder.record(clock.now100ns, event, traceId, source, flag);
    return lane.signal(key) ? null : "unknownSignal";
  }
}
