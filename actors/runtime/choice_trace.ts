/**
 * Choices of a run as entries of its trace: what was chosen from, and what runs in the place of what.
 *
 * @module
 */

import type { VirtualClock } from "../../core/clock.ts";
import type { Trace } from "../../core/trace.ts";
import type { TraceDetails } from "../../core/trace_events.ts";
import {
  type Alternative,
  alternativesOf,
  type ChoiceKind,
  type Chooser,
  type Known,
} from "./chooser.ts";
import { WorkItem, type WorkKind } from "./processor.ts";

/** Work items in words, before whose they are. */
const WORK_WORDS: Readonly<Record<WorkKind, string>> = {
  interrupt: "the interrupt",
  completions: "completion routines",
  passivePackets: "packets at PASSIVE_LEVEL",
  stateChange: "the next state change callback",
  message: "the next control message",
  match: "the look for offers",
  pageIn: "the paging in",
  signal: "the signal",
  answer: "a caller that was answered",
};

/** Where choices are told. */
export interface ChoiceSetting {
  /** The trace. */
  readonly recorder: Trace;
  /** Virtual time. */
  readonly clock: Pick<VirtualClock<unknown>, "now100ns">;
}

/** What a choice says of itself, beside its count and what was chosen. */
export function choiceDetails(kind: ChoiceKind, offset: number, step: number): TraceDetails {
  return { kind, offset, step };
}

/** Has another chooser choose among items, and tells what it chose. */
class TracingChooser implements Chooser {
  readonly #chooser: Chooser;
  readonly #recorder: Trace;
  #asked = 0;
  /** What there is to tell of the last choice among items. */
  latest: TraceDetails = {};

  constructor(chooser: Chooser, recorder: Trace) {
    this.#chooser = chooser;
    this.#recorder = recorder;
  }

  /** See {@linkcode Chooser.choose}. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    const step = this.#chooser.steps ?? this.#asked++;
    const offset = this.#chooser.choose(kind, count, known);
    const details = choiceDetails(kind, offset, step);
    this.latest = offset === 0 ? details : { ...details, ...this.#switch(known, offset) };
    return offset;
  }

  #switch(known: Known, offset: number): TraceDetails {
    const items = alternativesOf(known);
    if (items === null) return { ran: "other work", insteadOf: WORK_WORDS.answer };
    return { ran: this.#nameOf(items.at(offset)), insteadOf: this.#nameOf(items.at(0)) };
  }

  #nameOf(alternative: Alternative): string {
    if (!(alternative instanceof WorkItem)) return "the program";
    const { kind, worker: { traceId } } = alternative;
    if (kind === "answer") return WORK_WORDS.answer;
    return `${WORK_WORDS[kind]} of ${this.#recorder.subjectName(traceId)}`;
  }
}

/** The chooser to ask, and who tells the trace what it chose. */
export interface ToldChoices {
  /** Chooses; null: nobody is asked. */
  readonly chooser: Chooser | null;
  /** Item `chosen` of `count` that may run was chosen. */
  readonly chose: (count: number, chosen: number) => void;
}

/** Has the trace told of what `chooser` chooses among items: by how it is called, only where entries are kept. */
export function toldChoices(
  { recorder, clock }: ChoiceSetting,
  chooser: Chooser | null,
): ToldChoices {
  const record = (count: number, chosen: number) =>
    recorder.record(clock.now100ns, "choice", 0, count, chosen);
  if (chooser === null || !recorder.keepsEntries) return { chooser, chose: record };
  const told = new TracingChooser(chooser, recorder);
  return {
    chooser: told,
    chose: (count, chosen) => {
      record(count, chosen);
      recorder.tell(told.latest);
    },
  };
}
