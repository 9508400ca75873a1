import { assert, assertEquals } from "@std/assert";
import { type ChunkKind, chunkOf, SavedChunks } from "../../../core/saved/chunks.ts";
import type { SavedChunk } from "../../../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { flag, uint } from "../../../core/saved/forms.ts";
import { record } from "../../../core/saved/schema.ts";

const KINDS = {
  head: { type: 1, holds: record({ isThere: [flag, "always"] }) },
  leg: { type: 2, holds: record({ length: [uint(9), "in feet"] }) },
} satisfies Record<string, ChunkKind<unknown>>;

const head = chunkOf(KINDS.head, { isThere: true });
const legs = [3, 4].map((length) => chunkOf(KINDS.leg, { length }));

function refusal(chunks: readonly SavedChunk[], name: "head" | "leg" = "head"): string {
  const outcome = readSaved(() => {
    const saved = new SavedChunks(KINDS, chunks);
    return [saved.one("head"), saved.all(name)];
  });
  assert(outcome instanceof SavedStateFault);
  return outcome.message;
}

Deno.test("SavedChunks: gives what the chunks of each kind hold, in order", () => {
  const saved = new SavedChunks(KINDS, [head, ...legs]);
  assertEquals(saved.one("head"), { isThere: true });
  assertEquals(saved.all("leg"), [{ length: 3 }, { length: 4 }]);
  assertEquals(new SavedChunks(KINDS, [head]).all("leg"), []);
});

Deno.test("SavedChunks: refuses chunks out of order, of no kind, too few and too many", () => {
  assertEquals(refusal([legs[0]!, head]), "the chunks are not in order");
  assertEquals(refusal([head, { type: 3, data: null }]), "no chunk has type 3");
  assertEquals(refusal(legs), "there is not one chunk head");
  assertEquals(refusal([head, head]), "there is not one chunk head");
  const long = { type: 2, data: { length: 10 } };
  assertEquals(
    refusal([head, legs[0]!, long], "leg"),
    "leg 1, length is not a whole number from 0 to 9",
  );
});
