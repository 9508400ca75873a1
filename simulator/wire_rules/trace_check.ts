/**
 * A trace, entry by entry, measured by the rules of wire.md: the buses of all its guests.
 *
 * @module
 */

import { damageOf, decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { MESSAGE_RULES } from "../../core/control/versions.ts";
import type { TraceEntry } from "../../mod.ts";
import type { BrokenSentence, Speaker } from "../checkers/seen_bus.ts";
import { unitsFor } from "../text.ts";
import { messageOfEntry } from "../decoding/message_of_entry.ts";
import { Conversation, type Told } from "./conversation.ts";

/** Where a rule of wire.md is broken. */
export interface WireFinding {
  /** The rule: its section, and a few words. */
  readonly rule: string;
  /** Where in what was read: `line 12`, `entry 5`. */
  readonly place: string;
  /** What is wrong, with the present value. */
  readonly message: string;
}

/** What parts a guest from all that was said on its bus, as far as anybody has looked. */
const PARTS: ReadonlySet<string> = new Set([
  "partitionCrashed",
  "partitionDestroyed",
  "partitionSaved",
  "partitionRestored",
]);

/** Messages on their way to a guest that are remembered until it takes them. */
const ON_THE_WAY_MAX = 4096;

/** A guest's bus. */
class Bus {
  readonly conversation = new Conversation();
  /** What the host has said and the guest has not taken, in order. */
  readonly toGuest: ControlMessage[] = [];

  forget(): void {
    this.conversation.forget();
    this.toGuest.length = 0;
  }
}

/** Measures what is said on the buses of a trace. */
export class TraceCheck {
  readonly #buses = new Map<string, Bus>();
  #losses = 0;

  /** What is not known, in sentences: nothing was held against anybody for what it may have been. */
  get unknown(): readonly string[] {
    const late = [...this.#buses].filter(([, { conversation }]) => conversation.isLate);
    return [
      ...late.map(([name]) =>
        `how the connection of ${name} began was not seen: its version, features and channels are not known before a contact or an offer`
      ),
      ...this.#losses === 0 ? [] : [
        `something was missed, in ${this.#losses} ${unitsFor(this.#losses, "places")}: ` +
        "what was known before does not count after that",
      ],
    ];
  }

  /** Something was missed, on the bus of `name` or on any: all that was known is forgotten. */
  lost(name: string | null = null): void {
    this.#losses++;
    for (const [each, bus] of this.#buses) if (name === null || each === name) bus.forget();
  }

  /** What was seen of the bus of `name` does not count any more. */
  forget(name: string): void {
    this.#buses.get(name)?.forget();
  }

  /** Takes note of the next entry, as a fabric's own trace has it; answers with what it breaks, null for nothing. */
  takeEntry(entry: TraceEntry): BrokenSentence | null {
    const { event, subject, details } = entry;
    if (PARTS.has(event)) {
      this.forget(subject);
      return null;
    }
    if (event === "messageTaken" && details["direction"] === "toGuest") {
      this.#taken(this.#busOf(subject), details["message"]);
      return null;
    }
    const bytes = messageOfEntry(entry);
    if (bytes === null) return null;
    return this.takeBytes(bytes, subject, event === "messageToHost" ? "guest" : "host");
  }

  /** Takes note of a message of which all bytes are there, as it is said on the bus of `name`. */
  takeBytes(bytes: Uint8Array, name: string, speaker: Speaker): BrokenSentence | null {
    const message = decodeControlMessage(bytes);
    if (isControlFault(message)) {
      const what = damageOf(bytes, "any", message) ?? message;
      return { rule: "wire.md 4.1: what is said is a message", what };
    }
    const bus = this.#busOf(name);
    if (speaker === "host" && bus.toGuest.length < ON_THE_WAY_MAX) bus.toGuest.push(message);
    return bus.conversation.take(speaker, message);
  }

  /**
   * Takes note of a message as the guest itself has it: what it is told, it knows at once.
   *
   * @param told The fields that are known.
   */
  takeAsGuest(
    message: ControlMessage,
    name: string,
    speaker: Speaker,
    told: Told,
  ): BrokenSentence | null {
    const { conversation } = this.#busOf(name);
    const broken = conversation.take(speaker, message, told);
    if (speaker === "host") conversation.heard(message);
    return broken;
  }

  /** Takes note of a message to a guest of which nothing is known but its number. */
  takeNumber(number: number): BrokenSentence | null {
    const [name, rule] = Object.entries(MESSAGE_RULES).find(([, each]) => each.number === number) ??
      [];
    if (rule === undefined) {
      return {
        rule: "wire.md 4.2: numbers of messages",
        what: `no message has the number ${number}`,
      };
    }
    if (rule.to === "guest") return null;
    return { rule: "wire.md 4.2: who says it", what: `the host says ${name}, which it is told` };
  }

  #busOf(name: string): Bus {
    const known = this.#buses.get(name);
    if (known !== undefined) return known;
    const bus = new Bus();
    this.#buses.set(name, bus);
    return bus;
  }

  /** Messages of one name keep their order. */
  #taken({ toGuest, conversation }: Bus, name: unknown): void {
    const at = toGuest.findIndex(({ message }) => message === name);
    if (at === -1) return;
    const [message] = toGuest.splice(at, 1);
    conversation.heard(message!);
  }
}
