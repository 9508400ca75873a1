/**
 * A saved trace, entry by entry.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { type Look, painted } from "../layout.ts";
import { visible } from "../text.ts";
import { TraceCheck } from "../wire_rules/trace_check.ts";
import { EntryTexts } from "../words/entry_text.ts";
import { fieldsOfControlMessage } from "../decoding/control_message.ts";
import { linesOfEntry } from "./text.ts";
import { messageOfEntry } from "../decoding/message_of_entry.ts";
import type { SavedTrace } from "../decoding/saved_trace.ts";
import type { DecodedStep, Decoding, StepSettings } from "./step.ts";

/** The pieces of a saved trace. */
export function stepsOfSavedTrace(
  { entries, damage }: SavedTrace,
  { isChecked }: StepSettings,
): Decoding {
  const texts = new EntryTexts();
  const check = isChecked ? new TraceCheck() : null;
  const stepOf = (entry: TraceEntry, at: number): DecodedStep => {
    const bytes = messageOfEntry(entry);
    const message = bytes === null ? null : fieldsOfControlMessage(bytes);
    const reason = message?.damage?.reason ?? null;
    const broken = check?.takeEntry(entry) ?? null;
    return {
      lines: (look) => linesOfEntry(entry, texts, look),
      json: { ...entry, message },
      damage: reason === null ? null : `damaged at entry ${at}: ${reason}`,
      findings: broken === null
        ? []
        : [{ rule: broken.rule, place: `entry ${at}`, message: broken.what }],
      entries: [{ entry }],
    };
  };
  function* steps(): Generator<DecodedStep> {
    for (const [at, entry] of entries.entries()) yield stepOf(entry, at);
    if (damage === null) return;
    const text = `damaged at entry ${damage.entry}: ${damage.reason}`;
    const lines = (look: Look) => [painted(visible(text), "red", look)];
    yield { lines, damage: text, findings: [], entries: [] };
  }
  return {
    kind: "entries",
    isSpaced: false,
    steps: steps(),
    end: () => ({ lines: [], unknown: check?.unknown ?? [], json: {} }),
  };
}
