// A saver that changes fields of a saved guest and computes all checksums anew: it gets an error, and the
// fabric is as before, or a guest that lives and ends as any other (docs/saved-state.md). The pages are
// left out here, so that a case is quick; hostile_saver_pages_test.ts has them. Both together make at
// least 20 000 changes in a thorough run.

import { assert, assertEquals } from "@std/assert";
import { runCases, saverOfGuest } from "../support/hostile_arena.ts";
import { isLong, times } from "../support/long.ts";
import { saveRichGuest } from "../support/rich_guest.ts";

const CASES = times(600, 7_050);
const CHANGES = times(1_400, 17_100);
const SEED = 1;

Deno.test("restorePartition: a hostile saver gets an error, or a guest that works", async () => {
  const saver = saverOfGuest((await saveRichGuest()).bytes, false);
  const { changeCount, lived, refused } = await runCases(saver, {
    seed: SEED,
    first: 0,
    count: CASES,
  });
  // Most changes make the state invalid; a few, such as another name or quota, do not.
  assert(
    changeCount >= CHANGES && refused > CASES / 2 && lived > CASES / 40,
    `${changeCount} ${lived}`,
  );
  if (isLong) assertEquals(saver.untouched, [], "every field of every chunk was changed");
});
