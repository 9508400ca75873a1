// As hostile_saver_test.ts, for a guest with all its pages: its rings are full when it lives on.

import { assert } from "@std/assert";
import { Arena, HostileSaver, runCases } from "../support/hostile_saver.ts";
import { saveRichGuest } from "../support/rich_guest.ts";

const CASES = 1_500;
const SEED = 2;

Deno.test("restorePartition: what the hostile saver begins with is sound, and has everything", async () => {
  const { bytes, summary } = await saveRichGuest();
  const { queued, awaiting, ended, held } = summary.packets;
  assert(queued > 4 && awaiting > 4 && ended > 2 && held > 2, JSON.stringify(summary));
  assert((await new Arena().try(bytes, true)) === "lived");
});

Deno.test("restorePartition: a hostile saver gets an error, or a guest that works with its pages", async () => {
  const saver = new HostileSaver((await saveRichGuest()).bytes, true);
  const { changeCount, lived, refused } = await runCases(saver, {
    seed: SEED,
    first: 0,
    count: CASES,
  });
  assert(changeCount > 2_900 && refused > CASES / 2 && lived > 40, `${changeCount} ${lived}`);
});
