/**
 * What is said on the bus of an honest guest and its host: nothing below its version, without its feature or
 * without a connection, no offer twice, sub-channels before their primary, and nothing to who has left or rests
 * (wire.md 4.2, 4.5, 5.1, 5.2, 5.4).
 *
 * @module
 */

import { decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import { CONNECTION_FAILED_LOW_RESOURCES } from "../../core/control/connection_messages.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { protocolOf, versionOf } from "../../core/control/versions.ts";
import type { CheckContext, Checker, CheckerAtWork, ObservationOf, Sees } from "./checker.ts";
import { runtimeOf } from "../endpoints.ts";
import { SeenBus } from "./seen_bus.ts";

/** Who says what on a bus. */
const SPEAKERS = { toHost: "guest", toGuest: "host" } as const;

/** What parts a guest from all that was said on its bus, as far as anybody has looked. */
const PARTS: ReadonlySet<string> = new Set(["crashed", "saved", "restored", "discarded"]);

/** What becomes of a guest that has not connected. */
const CONNECTS_IN_VAIN: ReadonlySet<string> = new Set(["noCommonVersion", "connectionFailed"]);

/** A checker at work. */
class MessagesAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  /** By the name of the guest. */
  readonly #buses = new Map<string, SeenBus>();
  /** Guests on whose bus somebody else has spoken: what follows from that is nobody's fault. */
  readonly #tampered = new Set<string>();
  /** Guests that could not connect as a page was missing for which there was no room: neither end is to blame. */
  readonly #short = new Set<string>();
  readonly sees: Sees = {
    messageSaid: (said) => this.#said(said),
    channelTampered: ({ partition, channelId }) => {
      if (channelId === null) this.#tampered.add(partition);
    },
    // A guest that is back was told things that nobody has looked at.
    partitionChanges: ({ partition, change }) => {
      if (PARTS.has(change)) this.#buses.delete(partition);
    },
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  /** What an honest side says, an honest side takes. */
  end(): void {
    for (const { name, bus } of runtimeOf("check messages", this.#context.fabric).partitions) {
      const [refused] = bus.faults;
      if (refused === undefined || this.#tampered.has(name)) continue;
      const { direction, message, fault } = refused;
      if (CONNECTS_IN_VAIN.has(fault) && this.#short.has(name)) continue;
      const what = `${message ?? "a message"} ${direction} is refused: ${fault}`;
      this.#context.fail("wire.md 4.1: an honest side is not refused", `bus of ${name}`, what);
    }
  }

  #said({ partition, direction, message }: ObservationOf<"messageSaid">): void {
    if (this.#tampered.has(partition)) return;
    let bus = this.#buses.get(partition);
    if (bus === undefined) this.#buses.set(partition, bus = new SeenBus());
    const speaker = SPEAKERS[direction];
    const decoded = decodeControlMessage(message);
    if (!isControlFault(decoded) && isShort(decoded)) this.#short.add(partition);
    const told = isControlFault(decoded)
      ? { rule: "wire.md 4.1: what is said is a message", what: decoded }
      : bus.take(speaker, decoded);
    if (told === null) return;
    const place = speaker === "host" ? `host of ${partition}` : `guest ${partition}`;
    this.#context.fail(told.rule, `${nameOf(decoded)} of ${place}`, told.what);
  }
}

/** Whether a guest says, or is told, that a page was missing which its connection needs. */
function isShort(message: ControlMessage): boolean {
  if (message.message === "versionResponse") {
    return message.connectionState === CONNECTION_FAILED_LOW_RESOURCES;
  }
  if (message.message !== "initiateContact") return false;
  const version = versionOf(message.version);
  return version !== null && protocolOf(version).hasInterruptPage && message.targetInfo === 0;
}

function nameOf(decoded: ControlMessage | string): string {
  return typeof decoded === "string" ? "a message" : decoded.message;
}

/** What is said on a bus. */
export const messagesChecker: Checker = {
  name: "messages",
  attach: (context) => new MessagesAtWork(context),
};
