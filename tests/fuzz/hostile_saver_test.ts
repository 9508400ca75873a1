// A saver that changes fields of a saved guest and computes all checksums anew: it gets an error, and the
// fabric is as before, or a guest that lives and ends as any other (docs/saved-state.md). The pages are
// left out here, so that a case is quick; hostile_saver_pages_test.ts has them.

import { assert } from "@std/assert";
import { HostileSaver, runCases } from "../support/hostile_saver.ts";
import { saveRichGuest } from "../support/rich_guest.ts";

const CASES = 8_700;
const SEED = 1;

Deno.test("restorePartition: a hostile saver gets an error, or a guest that works", async () => {
  const saver = new HostileSaver((await saveRichGuest()).bytes, false);
  const { changeCount, lived, refused } = await runCases(saver, {
    seed: SEED,
    first: 0,
    count: CASES,
  });
  // Most changes make the state invalid; a few, such as another name or quota, do not.
  assert(changeCount > 17_000 && refused > CASES / 2 && lived > 200, `${changeCount} ${lived}`);
});
