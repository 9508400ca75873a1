/**
 * Tells a story: entry by entry of the trace, what a driver's author wants to know of it.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { CallbackLines } from "./callbacks.ts";
import { Calls } from "./calls.ts";
import { type Cast, WORLD } from "./cast.ts";
import type { Draft } from "./draft.ts";
import { type NamedPacket, PacketNames } from "../words/packet_names.ts";
import { packetsText } from "../words/packets.ts";
import { Scene } from "./scene.ts";
import {
  changeText,
  isNoisyMessage,
  messageText,
  numberOf,
  partitionText,
  textOf,
} from "../words/words.ts";

const DIRECTIONS: Readonly<Record<string, string>> = {
  messageToHost: "toHost",
  messageToGuest: "toGuest",
};

/** Tells the story of one run. */
export class Teller {
  readonly #scene: Scene;
  readonly #names = new PacketNames();
  readonly #calls: Calls;
  readonly #callbacks: CallbackLines;
  readonly #cast: Cast;
  /** Where the lines of messages stand that nobody has taken, by what they say. */
  readonly #messages = new Map<string, number[]>();

  /** Nothing has been told; `cast` says who is who. */
  constructor(cast: Cast) {
    this.#cast = cast;
    this.#scene = new Scene(cast, this.#names.packets);
    this.#calls = new Calls(this.#scene);
    this.#callbacks = new CallbackLines(this.#scene);
  }

  /** The lines so far. */
  get drafts(): readonly Draft[] {
    return this.#scene.drafts;
  }

  /** Choices that the run has made by now. */
  get step(): number {
    return this.#scene.step;
  }

  /** Tells of an entry. */
  tell(entry: TraceEntry): void {
    switch (entry.event) {
      case "choice":
        return this.#choice(entry);
      case "faultFired":
        return this.#fault(entry);
      case "call":
        return this.#calls.begin(entry);
      case "callReturned":
      case "callThrew":
        return this.#calls.end(entry);
      case "waitBegan":
        return this.#calls.waits(entry);
      case "waitEnded":
        return this.#calls.waitEnds(entry);
      case "callbackBegin":
        return this.#callbacks.begin(entry);
      case "callbackEnd":
        return this.#callbacks.end(entry);
      default:
        return this.#tellOfTraffic(entry, this.#names.follow(entry));
    }
  }

  #tellOfTraffic(entry: TraceEntry, packet: NamedPacket | null): void {
    if (packet === null) return this.#tellOfBus(entry);
    const { event, subject, details } = entry;
    switch (event) {
      case "packetQueued":
      case "packetEntered":
        return this.#calls.sent(entry, packet, event === "packetQueued");
      case "packetArrived":
        return this.#callbacks.arrived(entry, packet);
      case "packetCompleted":
      case "packetEnded": {
        const isRequest = this.#calls.endsRequest(subject, numberOf(details["packet"]));
        return this.#callbacks.ended(entry, packet, isRequest);
      }
      case "packetRetired":
        return this.#retired(entry, packet);
    }
  }

  #tellOfBus(entry: TraceEntry): void {
    const { event, details } = entry;
    switch (event) {
      case "messageToHost":
      case "messageToGuest":
        return this.#message(entry, DIRECTIONS[event]!);
      case "messageTaken":
        return this.#messageTaken(entry);
      case "channelEvent": {
        const text = changeText(details);
        if (text !== null) this.#scene.tell(entry, text);
        return;
      }
      case "gpadlChanged":
        if (details["change"] !== "refused") return;
        this.#scene.tell(entry, `its GPADL ${textOf(details["gpadlId"])} is refused`);
        return;
      case "fault":
        return this.#refusal(entry);
      case "violation":
        return this.#violation(entry);
      default: {
        const text = partitionText(event);
        const isKnown = event === "partitionRestored" || this.#cast.who(entry.subject) !== WORLD;
        if (text !== null && isKnown) this.#scene.tell(entry, text);
      }
    }
  }

  // -- What a run leaves open

  #choice(entry: TraceEntry): void {
    const { details } = entry;
    const { step = this.#scene.step, kind = "item", ran, insteadOf, offset } = details;
    this.#scene.step = numberOf(step);
    if (kind === "item" && numberOf(offset) > 0) {
      const [what, other] = [ran ?? "something else", insteadOf ?? "what was due"].map(textOf);
      const text = switchText(this.#cast.shortened(what!), this.#cast.shortened(other!));
      this.#scene.tell(entry, text, { mark: "switch", who: this.#cast.whoIn(what!) });
    }
    this.#scene.step++;
  }

  #fault(entry: TraceEntry): void {
    const { fault, place, guest } = entry.details;
    const who = typeof guest === "string" ? this.#cast.partition(guest) : WORLD;
    this.#scene.tell(entry, `${textOf(fault)}: ${textOf(place)}`, { mark: "fault", who });
  }

  #violation(entry: TraceEntry): void {
    const { rule, call, message } = entry.details;
    const text = `the verifier finds ${textOf(rule)} in ${textOf(call)}: ${textOf(message)}`;
    this.#scene.tell(entry, text, { who: this.#cast.whoIn(textOf(message).split(": ")[0]!) });
  }

  // -- Packets and messages

  /** The driver's own call has said it, unless somebody completes in its place later, or it is handed back. */
  #retired(entry: TraceEntry, { name, wasHeld }: NamedPacket): void {
    if (!wasHeld || entry.details["how"] !== "handedBack") return;
    this.#scene.tell(entry, `${packetsText([name])} goes back, and comes again`);
  }

  /** Between whom a message of a guest's bus goes. */
  #ends(subject: string, direction: string): { readonly who: string; readonly to: string } {
    const [host, guest] = [this.#cast.partition("root"), this.#cast.partition(subject)];
    return direction === "toHost" ? { who: guest, to: host } : { who: host, to: guest };
  }

  #message(entry: TraceEntry, direction: string): void {
    const { subject, details } = entry;
    if (isNoisyMessage(details)) return;
    const text = messageText(details);
    this.#scene.tell(entry, text, this.#ends(subject, direction));
    const key = keyOf(subject, direction, details);
    const places = this.#messages.get(key) ?? [];
    this.#messages.set(key, places);
    places.push(this.#scene.drafts.length - 1);
  }

  /** That a message is taken is told where something that matters came before. */
  #messageTaken(entry: TraceEntry): void {
    const { subject, details } = entry;
    const direction = textOf(details["direction"]);
    const place = this.#messages.get(keyOf(subject, direction, details))?.shift();
    if (isNoisyMessage(details) || place === undefined) return;
    if (!this.#scene.isMarkedSince(place)) return;
    const { to } = this.#ends(subject, direction);
    this.#scene.tell(entry, `takes ${messageText(details)}`, { who: to });
  }

  #refusal(entry: TraceEntry): void {
    const { subject, details: { fault, message, direction } } = entry;
    if (typeof direction !== "string") {
      this.#scene.tell(entry, `stops: the opposite side has done wrong (${textOf(fault)})`);
      return;
    }
    const name = message === "" ? "a message" : textOf(message);
    const { to } = this.#ends(subject, direction);
    this.#scene.tell(entry, `refuses ${name}: ${textOf(fault)}`, { who: to });
  }
}

/** What runs instead of what; two of one kind are told apart by whose they are. */
function switchText(ran: string, insteadOf: string): string {
  if (ran === insteadOf) return `${ran} runs anew instead of the rest of it`;
  const [what, other] = [ran, insteadOf].map((text) => text.split(" of ")[0]);
  const isOfKind = what === other && insteadOf.includes(" of ");
  const rest = isOfKind ? `that of ${insteadOf.slice(other!.length + " of ".length)}` : insteadOf;
  return `${ran} runs instead of ${rest}`;
}

function keyOf(
  subject: string,
  direction: string,
  { message, fields }: TraceEntry["details"],
): string {
  return JSON.stringify([subject, direction, message, fields]);
}
