// As hostile_saver_test.ts, for a guest with all its pages: its rings are full when it lives on.

import { assert } from "@std/assert";
import { Arena, runCases, saverOfGuest } from "../support/hostile_arena.ts";
import { times } from "../support/long.ts";
import { saveRichGuest } from "../support/rich_guest.ts";

const CASES = times(120, 1_200);
const CHANGES = times(250, 2_900);
const SEED = 3;

Deno.test("restorePartition: what the hostile saver begins with is sound, and has everything", async () => {
  const { bytes, summary } = await saveRichGuest();
  const { queued, awaiting, ended, held } = summary.packets;
  assert(queued > 4 && awaiting > 4 && ended > 2 && held > 2, JSON.stringify(summary));
  assert((await new Arena().try(bytes, true)) === "lived");
});

Deno.test("restorePartition: a hostile saver gets an error, or a guest that works with its pages", async () => {
  const saver = saverOfGuest((await saveRichGuest()).bytes, true);
  const { changeCount, lived, refused } = await runCases(saver, {
    seed: SEED,
    first: 0,
    count: CASES,
  });
  assert(
    changeCount >= CHANGES && refused > CASES / 2 && lived > times(2, 30),
    `${changeCount} ${lived}`,
  );
});
