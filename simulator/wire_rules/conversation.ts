/**
 * What is said on one bus, measured by the rules of wire.md. Who looks may have come late: what was not seen is not
 * known, and nothing is held against anybody for it.
 *
 * @module
 */

import { MESSAGE_RULES, versionOf } from "../../core/control/versions.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { type BrokenSentence, SeenBus, type Speaker } from "../checkers/seen_bus.ts";
import { SeenAnswers } from "./seen_answers.ts";
import { SeenChannels } from "./seen_channels.ts";
import { SeenGpadls } from "./seen_gpadls.ts";
import { brokenContact, brokenVersionResponse } from "./versions.ts";

/** The names of fields that were told of a message; null: all of it was seen. */
export type Told = ReadonlySet<string> | null;

/** A bus, by what is said on it. */
export class Conversation {
  #bus = new SeenBus();
  readonly #channels = new SeenChannels();
  readonly #gpadls = new SeenGpadls();
  readonly #answers = new SeenAnswers();
  #isLate = false;
  #isFirst = true;
  /** Whether the first that was seen is a contact, whose answer was not. */
  #isContactFirst = false;

  /** Whether anything was said before what both ends have agreed on was seen. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** What was seen does not count any more: something was missed. */
  forget(): void {
    this.#bus = new SeenBus();
    this.#isFirst = true;
    this.#part();
  }

  /** Nobody can know what follows: as if one had begun to look only now. */
  #missed(): void {
    this.forget();
    this.#isLate = true;
    this.#isFirst = false;
  }

  #part(): void {
    this.#channels.forget();
    this.#gpadls.forget();
    this.#answers.forget();
  }

  /** The guest takes a message that was said before: from now on it knows. */
  heard(message: ControlMessage): void {
    if (message.message === "rescindChannelOffer") this.#channels.rescindHeard(message.channelId);
  }

  /** Takes note of what is said; answers with the sentence that it breaks, of several the first, null for none. */
  take(speaker: Speaker, message: ControlMessage, told: Told = null): BrokenSentence | null {
    const isWhole = told === null;
    this.#begin(speaker, message, isWhole);
    const { contact, partings } = this.#bus;
    const ofBus = this.#bus.take(speaker, message, isWhole);
    if (this.#bus.partings !== partings) this.#part();
    if (MESSAGE_RULES[message.message].to === speaker) return ofBus;
    const ofVersion = message.message === "initiateContact"
      ? brokenContact(message)
      : message.message === "versionResponse" && contact !== null && isWhole
      ? brokenVersionResponse(message, contact)
      : null;
    const rest = this.#takeParts(message, isWhole, told);
    const isUnknown = message.message === "versionResponse" && message.supported !== 0 &&
      contact !== null && versionOf(contact.version) === null;
    if (isUnknown) this.#missed(); // nobody knows what may be said in that version
    return ofBus ?? ofVersion ?? rest;
  }

  /** Notices what is said first, which may have a beginning that was not seen. */
  #begin(speaker: Speaker, { message }: ControlMessage, isWhole: boolean): void {
    const isContact = message === "initiateContact";
    // Linux tells of a contact once it is posted: the answer may have been told of before anybody looked.
    const isAnswered = this.#isContactFirst && speaker === "guest" && !isContact && !isWhole;
    if (isAnswered) this.forget();
    if (this.#isFirst) {
      this.#isLate ||= !isContact;
      this.#isContactFirst = isContact;
    } else if (message === "versionResponse") this.#isContactFirst = false;
    this.#isFirst = false;
  }

  #takeParts(message: ControlMessage, isWhole: boolean, told: Told): BrokenSentence | null {
    const isKnown = (channelId: number | null) =>
      channelId === null ? this.#bus.isKnown : this.#channels.isWhole(channelId);
    const isInUse = (channelId: number) => this.#channels.isInUse(channelId);
    // GPADLs go by what the channel was, and answers by what it was when they were asked for.
    const ofGpadls = this.#gpadls.take(message, isWhole, isKnown, isInUse);
    const ofAnswers = this.#answers.take(message, this.#isAsked(message, told));
    const ofChannels = this.#channels.take(message, isWhole);
    if (message.message === "relIdReleased") this.#gpadls.released(message.channelId);
    return ofAnswers ?? ofChannels ?? ofGpadls;
  }

  /** Whether the question that a message answers would have been seen. */
  #isAsked(message: ControlMessage, told: Told): boolean {
    // A reserved channel is closed on no connection, too, and then nobody knows what was said before.
    if (message.message === "closeReservedResponse") return false;
    if (message.message === "tlConnectResult" && told?.has("endpointId") === false) return false;
    return "channelId" in message ? this.#channels.isWhole(message.channelId) : this.#bus.isKnown;
  }
}
