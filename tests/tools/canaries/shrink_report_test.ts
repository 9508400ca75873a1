import { assert, assertEquals, assertThrows } from "@std/assert";
import { DRIVER_CANARIES } from "../../../tools/canaries/driver_canaries.ts";
import { SOURCE_CANARIES } from "../../../tools/canaries/source_canaries.ts";
import {
  isSmallEnough,
  shrinkTable,
  withShrinkTable,
} from "../../../tools/canaries/shrink_report.ts";

const [canary] = DRIVER_CANARIES;
const before = { faults: 3, switches: 40, waits: 20, draws: 5, steps: 100 };
const outcome = (switches: number, replays = true) => ({
  seed: "1",
  rule: "a rule",
  before,
  after: { faults: 1, switches, waits: 1, draws: 0, steps: 50 },
  reruns: 10 + switches,
  replays,
});

Deno.test("shrinkTable: tells of the run that stayed the largest, and whether each replays", () => {
  const all = [{ canary: canary!, outcomes: [outcome(1), outcome(2, false)] }];
  assertEquals(
    shrinkTable(all).split("\n").at(-1),
    `| \`${canary!.name}\` | a rule | 40 → 2 | 1 | 3 → 1 | 5 → 0 | 12 | not all |`,
  );
});

Deno.test("isSmallEnough: three switches at most, found in each hunt, and replayed", () => {
  const isSmall = (...outcomes: (ReturnType<typeof outcome> | null)[]) =>
    isSmallEnough({ canary: canary!, outcomes });
  assertEquals([isSmall(outcome(3)), isSmall(outcome(3), outcome(4))], [true, false]);
  assertEquals([isSmall(outcome(3, false)), isSmall(outcome(1), null)], [false, false]);
});

Deno.test("withShrinkTable: puts the table between its marks, which must be there", () => {
  const text = "a\n<!-- shrunk canaries -->\nold\n<!-- end of shrunk canaries -->\nb";
  assertEquals(
    withShrinkTable(text, "new"),
    "a\n<!-- shrunk canaries -->\n\nnew\n\n<!-- end of shrunk canaries -->\nb",
  );
  assertThrows(() => withShrinkTable("a", "new"), Error, "its marks are not there");
});

Deno.test("docs/simulator.md: the table of shrunk canaries has a row for each, and no other", async () => {
  const document = await Deno.readTextFile(new URL("../../../docs/simulator.md", import.meta.url));
  const [table = ""] =
    /<!-- shrunk canaries -->[^]*?<!-- end of shrunk canaries -->/.exec(document) ?? [];
  const rows = [...table.matchAll(/^\| `(\S+)` \|/gm)].map(([, name]) => name);
  assertEquals(rows, [...SOURCE_CANARIES, ...DRIVER_CANARIES].map(({ name }) => name));
  assert(!table.includes("not all"));
});
