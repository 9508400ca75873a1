import { assertEquals, assertThrows } from "@std/assert";
import { DRIVER_CANARIES } from "../../../tools/canaries/driver_canaries.ts";
import { SOURCE_CANARIES } from "../../../tools/canaries/source_canaries.ts";
import { outcomeOf, tableOf, withTable } from "../../../tools/canaries/report.ts";

const place = { schedule: "urw", hunt: 0, seed: 7 };
const found = (seeds: number, by = "verifier") => ({ ...place, seeds, by, rule: "a rule" });
const missed = { ...place, seeds: null, by: "", rule: "" };
const canary = { name: "a", breaks: "it", make: () => undefined as never };

Deno.test("outcomeOf: the median and the worst of hunts, and who found it most often", () => {
  assertEquals(outcomeOf([found(9), found(1, "leaks"), found(4)]), {
    hunts: 3,
    found: 3,
    median: 4,
    worst: 9,
    by: ["verifier", "leaks"],
    rules: ["a rule"],
  });
  const { hunts, found: count, median, worst } = outcomeOf([missed, found(3), found(2)]);
  assertEquals([hunts, count, median, worst], [3, 2, 3, null]);
  assertEquals(outcomeOf([missed, missed]).median, null);
});

Deno.test("tableOf: a row for each canary, a column for each schedule, misses in words", () => {
  const outcome = (...ends: Parameters<typeof outcomeOf>[0]) => outcomeOf(ends);
  const schedules = {
    random: outcome(missed, missed),
    pos: outcome(found(2), missed),
    urw: outcome(found(1), found(3, "leaks")),
    pct: outcome(found(6)),
  };
  assertEquals(
    tableOf([{ canary, schedules, loud: [] }]),
    "| canary | what is wrong | found by | random | pos | urw | pct |\n" +
      "|---|---|---|---|---|---|---|\n" +
      "| `a` | it | verifier, leaks | missed | 1 of 2 | 3 / 3 | 6 / 6 (1) |",
  );
});

Deno.test("withTable: the table stands between its marks, and nowhere else", () => {
  const text = "before\n<!-- canaries -->\nold\n<!-- end -->\nafter";
  const written = "before\n<!-- canaries -->\n\nnew\n\n<!-- end -->\nafter";
  assertEquals(withTable(text, "new"), written);
  assertEquals(withTable(written, "new"), written);
  assertThrows(() => withTable("no marks", "new"), Error, "Cannot write the table");
});

Deno.test("docs/simulator.md: the table of canaries has a row for each, and no other", async () => {
  const document = await Deno.readTextFile("docs/simulator.md");
  const [table = ""] = /<!-- canaries -->[^]*?<!-- end -->/.exec(document) ?? [];
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  assertEquals(rows, [...SOURCE_CANARIES, ...DRIVER_CANARIES].map(({ name }) => name));
});
