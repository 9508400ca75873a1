/**
 * Questions of one bus that await their answer, as who hears all that is said on it knows them (wire.md 4.5).
 *
 * @module
 */

import type { ControlMessage, ControlMessageName } from "../../core/control/messages.ts";
import type { BrokenSentence } from "../checkers/seen_bus.ts";

/** What an answer answers. */
interface Question {
  /** The messages that ask. */
  readonly asks: readonly ControlMessageName[];
  /** The field by which both are about the same; null: there is one at a time. */
  readonly about: "channelId" | "endpointId" | null;
}

/** The answers that no chart knows. */
const ANSWERS: Readonly<Partial<Record<ControlMessageName, Question>>> = {
  allOffersDelivered: { asks: ["requestOffers"], about: null },
  openResult: { asks: ["openChannel", "openReservedChannel"], about: "channelId" },
  closeReservedResponse: { asks: ["closeReservedChannel"], about: "channelId" },
  modifyChannelResponse: { asks: ["modifyChannel"], about: "channelId" },
  tlConnectResult: { asks: ["tlConnectRequest"], about: "endpointId" },
  modifyConnectionResponse: { asks: ["modifyConnection"], about: null },
  pauseResponse: { asks: ["pause"], about: null },
};

/** Which answer each question gets. */
const ANSWER_OF: ReadonlyMap<ControlMessageName, ControlMessageName> = new Map(
  Object.entries(ANSWERS).flatMap(([answer, { asks }]) =>
    asks.map((name) => [name, answer as ControlMessageName] as const)
  ),
);

/** Questions that are remembered. */
const QUESTIONS_MAX = 4096;

const FLOW = "wire.md 4.5: an answer has its question";

/** What a question and its answer are about. */
function subjectOf(message: ControlMessage, { about }: Question): string {
  if (about === null) return "";
  return String((message as unknown as Record<string, unknown>)[about]);
}

/** The open questions of a bus. */
export class SeenAnswers {
  /** The questions, by answer and subject: what each said of itself. */
  readonly #open = new Map<string, ControlMessage[]>();

  /** Nothing is awaited any more. */
  forget(): void {
    this.#open.clear();
  }

  /**
   * Takes note of what is said; answers with the sentence that it breaks, null for none.
   *
   * @param isKnown Whether the question would have been seen.
   */
  take(message: ControlMessage, isKnown: boolean): BrokenSentence | null {
    const { message: name } = message;
    const answer = ANSWER_OF.get(name);
    if (answer !== undefined) this.#ask(answer, message);
    const question = ANSWERS[name];
    return question === undefined ? null : this.#answer(message, question, isKnown);
  }

  #ask(answer: ControlMessageName, message: ControlMessage): void {
    if (this.#open.size >= QUESTIONS_MAX) this.#open.clear();
    const key = `${answer} ${subjectOf(message, ANSWERS[answer]!)}`;
    const open = this.#open.get(key) ?? [];
    if (open.length < QUESTIONS_MAX) open.push(message);
    this.#open.set(key, open);
  }

  #answer(message: ControlMessage, question: Question, isKnown: boolean): BrokenSentence | null {
    const subject = subjectOf(message, question);
    const key = `${message.message} ${subject}`;
    const asked = this.#open.get(key)?.shift();
    if (this.#open.get(key)?.length === 0) this.#open.delete(key);
    const about = question.about === null ? "" : ` of ${question.about} ${subject}`;
    if (asked === undefined) {
      if (!isKnown) return null;
      const what = `${message.message}${about}, and no ${question.asks[0]} waits for it`;
      return { rule: FLOW, what };
    }
    if (message.message !== "openResult" || asked.message !== "openChannel") return null;
    if (message.openId === asked.openId) return null;
    const what =
      `openResult${about} says openId ${message.openId}, and was asked by ${asked.openId}`;
    return { rule: FLOW, what };
  }
}
