/**
 * A trace of Linux, line by line, as it is read.
 *
 * @module
 */

import { CONTROL_MESSAGE } from "../../core/control/layouts.ts";
import { type DecodedField, fieldsOf } from "../../core/layout/mod.ts";
import { type Look, painted } from "../layout.ts";
import { unitsFor, visible } from "../text.ts";
import type { TraceDetails, TraceEntry } from "../../mod.ts";
import type { BrokenSentence } from "../checkers/seen_bus.ts";
import { TraceCheck } from "../wire_rules/trace_check.ts";
import { EntryTexts } from "../words/entry_text.ts";
import { lineOfEntry, linesOfFields } from "./text.ts";
import { PostingOrder } from "../decoding/linux_trace/posting_order.ts";
import {
  GUEST,
  type LinuxEntry,
  LinuxTraceReader,
  type ToldMessage,
} from "../decoding/linux_trace/reader.ts";
import type { DecodedStep, Decoding, StepSettings } from "./step.ts";

/** The fields of a message that were told, in the words and at the places of its layout. */
function toldFields({ message, told }: ToldMessage): readonly DecodedField[] {
  const { fields } = fieldsOf(CONTROL_MESSAGE, CONTROL_MESSAGE.encode(message));
  return fields.filter(({ name }) => told.has(name));
}

/** Reads a trace, and keeps count of what it does not tell. */
class LinuxSteps {
  readonly #reader = new LinuxTraceReader();
  readonly #order = new PostingOrder();
  readonly #texts = new EntryTexts();
  readonly #check: TraceCheck | null;
  readonly #name: string;

  constructor({ name, isChecked }: StepSettings) {
    this.#name = name;
    this.#check = isChecked ? new TraceCheck() : null;
  }

  async *steps(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<DecodedStep> {
    for await (const line of lines) {
      const found = this.#reader.next(line);
      if (found === null) continue;
      if ("entry" in found) yield* this.#stepsOf(this.#order.add(found));
      else {
        // What is kept back comes first: whatever was lost, or could not be read, is not known.
        yield* this.#stepsOf(this.#order.end());
        this.#check?.lost();
        const text = "lost" in found
          ? `${this.#name}:${found.line}: events were lost: ${found.lost}`
          : `${this.#name}:${found.line}:${found.column}: ${found.fault}`;
        const lines = (look: Look) => [painted(visible(text), "red", look)];
        const damage = "lost" in found ? null : text;
        yield { lines, damage, findings: [], entries: [] };
      }
    }
    yield* this.#stepsOf(this.#order.end());
  }

  #stepsOf(entries: readonly LinuxEntry[]): DecodedStep[] {
    return entries.map((entry) => this.#stepOf(entry));
  }

  #stepOf(found: LinuxEntry): DecodedStep {
    const { line, entry, message } = found;
    const broken = this.#broken(found);
    const fields = message === null ? [] : toldFields(message);
    const place = `${this.#name}:${line}`;
    return {
      lines: (look) => [
        painted(this.#lineOf(entry), broken === null ? null : "red", look),
        ...linesOfFields(fields, " ".repeat(12)),
      ],
      json: { line, ...entry },
      damage: null,
      findings: broken === null ? [] : [{ rule: broken.rule, place, message: broken.what }],
      entries: [{ entry }],
    };
  }

  /** What an entry tells, and behind it the event, its task and processor as Linux has them. */
  #lineOf(entry: TraceEntry): string {
    const { event, cpu, task, flags = "" } = entry.details["linux"] as TraceDetails;
    const where = `${event}, ${task} [${cpu}] ${flags}`.trimEnd();
    return `${lineOfEntry(entry, this.#texts)}  (${visible(where)})`;
  }

  #broken({ message: told, isSaid, number }: LinuxEntry): BrokenSentence | null {
    const check = this.#check;
    if (check === null) return null;
    if (number !== null) return check.takeNumber(number);
    if (told === null || !isSaid) return null;
    const { speaker, message } = told;
    // Linux says Unload when it crashes, and traces only the answer.
    if (message.message === "unloadComplete") {
      check.takeAsGuest({ message: "unload" }, GUEST, "guest", told.told);
    }
    return check.takeAsGuest(message, GUEST, speaker, told.told);
  }

  /** What there was beside events of the bus. */
  get counts(): Readonly<Record<string, unknown>> {
    const { eventCount, others, otherLines } = this.#reader;
    return { events: eventCount, otherEvents: Object.fromEntries(others), otherLines };
  }

  get lines(): readonly string[] {
    const { eventCount, others, otherLines } = this.#reader;
    const names = [...others].map(([name, count]) => `${visible(name)} ${count}`).join(", ");
    const left = [
      ...names === "" ? [] : [`other events: ${names}`],
      ...otherLines === 0 ? [] : [`${otherLines} other ${unitsFor(otherLines, "lines")}`],
    ];
    const skipped = left.length === 0 ? "" : `; left out: ${left.join("; ")}`;
    return [`${eventCount} ${unitsFor(eventCount, "events")} of the bus${skipped}`];
  }

  get unknown(): readonly string[] {
    if (this.#check === null) return [];
    return [
      ...this.#check.unknown,
      "Linux traces no features, no user data, no words of GPADLs and nothing of rings: rules about those are not checked; " +
      "and it is taken that all events hyperv:vmbus_* were recorded",
    ];
  }
}

/** The pieces of a trace of Linux. */
export function stepsOfLinuxTrace(
  lines: AsyncIterable<string> | Iterable<string>,
  settings: StepSettings,
): Decoding {
  const reading = new LinuxSteps(settings);
  return {
    kind: "entries",
    isSpaced: false,
    steps: reading.steps(lines),
    end: () => ({
      lines: reading.lines,
      unknown: reading.unknown,
      json: { trace: reading.counts },
    }),
  };
}
