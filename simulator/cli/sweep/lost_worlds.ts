/**
 * Worlds whose process died of them, or was ended as they never did: they can say nothing any more.
 *
 * @module
 */

import type { Choice, ExpectedFinding } from "../../mod.ts";
import type { RunRecord } from "../../artefacts/artefact.ts";
import { type Cause, causeOf } from "../../artefacts/causes.ts";
import { choicesOfLines, linesOfChoices } from "../../artefacts/choices_text.ts";
import { Tally, type TallyData } from "../../sweeps/tally.ts";
import type { ChildDeath, SweepChild } from "./child_process.ts";
import type { ChildTask } from "./messages.ts";

/** What came of the world of `seed`, of which a process died. */
export function lostTally(
  seed: bigint,
  death: ChildDeath,
  settings: ChildTask["settings"],
  expected: readonly Pick<ExpectedFinding, "rule" | "place">[],
): TallyData {
  const record: RunRecord = {
    settings: { ...settings, seed: String(seed) },
    finding: { ...death, by: "sweep", step: 0 },
    steps: null,
    digest: null,
    choices: null,
  };
  const tally = new Tally();
  tally.addLost(record, expected.some((known) => causeOf(known) === causeOf(death)));
  return tally.data;
}

/** Whether the run that is kept of a cause is one that could say nothing. */
export function isLostCause({ record }: Cause): boolean {
  return record !== null && record.steps === null;
}

/** Without those at the end that are what fifo would do. */
function withoutRest(choices: readonly Choice[]): readonly Choice[] {
  return choices.slice(0, choices.findLastIndex(({ offset }) => offset !== 0) + 1);
}

/**
 * The same cause with the choices that its world makes until its process dies of it: `child`, which says each,
 * runs it once more. It stays as it is where that process does not die.
 */
export async function withChoices(cause: Cause, child: SweepChild): Promise<Cause> {
  const { record, seed } = cause;
  if (record === null || await child.ready() === null) return cause;
  const words: string[] = [];
  const range = { from: seed, to: String(BigInt(seed) + 1n) };
  const end = await child.run(range, (message) => {
    if ("chose" in message) words.push(message.chose);
  });
  if (end === null) return cause;
  const finding = { ...cause.finding, step: words.length };
  const choices = linesOfChoices(withoutRest(choicesOfLines(words)));
  return { ...cause, finding, record: { ...record, finding, choices } };
}
