/**
 * What everything that lives in a fabric may ask of it: time, turns, the trace, calls into drivers and
 * callers that wait. Declared below whoever asks, implemented at the roof.
 *
 * @module
 */

import type { Dialect, OfferOrder } from "../../core/control/dialect.ts";
import type { Deadline, VirtualClock } from "../../core/clock.ts";
import type { PacketCodec } from "../../core/packet/packet.ts";
import type { Trace } from "../../core/trace.ts";
import type { Actors } from "./actors.ts";
import type { Callbacks } from "./driver_calls.ts";
import type { FaultPort } from "./fault_port.ts";
import type { Observer } from "./observation.ts";
import type { Timer } from "./timer.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Verifier } from "./verifier.ts";
import type { Wait, WaitOptions, Waits } from "./waits.ts";

/** The runtime of one fabric, as packets, channels, buses and partitions see it. */
export interface RuntimePort {
  /** Virtual time and its deadlines. */
  readonly clock: VirtualClock<Timer>;
  /** What is runnable. */
  readonly scheduler: Scheduler;
  /** The trace. */
  readonly recorder: Trace;
  /** What the host speaks on each bus. */
  readonly hostDialect: Dialect;
  /** What the host sorts its offers by. */
  readonly offerOrder: OfferOrder;
  /** The encoding of packets in the rings. */
  readonly codec: PacketCodec;
  /** Where misuse is reported. */
  readonly verifier: Verifier;
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Blocked callers. */
  readonly waits: Waits;
  /** What goes wrong in it; null: nothing does. */
  readonly faults: FaultPort | null;
  /** Who observes it; null: nobody does. */
  readonly observer: Observer | null;
  /** The actors of everything in it. */
  readonly actors: Actors;
  /** What a room has one of in a fabric: made by `make` when it is first asked for. */
  once<T extends object>(make: (runtime: RuntimePort) => T): T;
  /** Whether the fabric was disposed of: nothing of it is left but what it came to. */
  readonly isDisposed: boolean;
  /** Why KMCL functions cannot be called now, for the error; null: they can. */
  readonly kmclRefusal: string | null;
  /** Blocks the running caller. */
  beginWait<T>(options: WaitOptions): Wait<T>;
  /** Has `timer` fire at a time, or at once where that is past. */
  armTimer(at100ns: number, timer: Timer): Deadline<Timer>;
  /** Takes a timer back. */
  cancelTimer(deadline: Deadline<Timer>): void;
}
