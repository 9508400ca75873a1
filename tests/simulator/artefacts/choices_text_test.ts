import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Choice } from "../../../simulator/mod.ts";
import {
  ChoicesError,
  choicesOfLines,
  linesOfChoices,
} from "../../../simulator/artefacts/choices_text.ts";
import { Chance } from "../../../core/chance.ts";

const item = (count: number, offset: number): Choice => ({ kind: "item", count, offset });

Deno.test("linesOfChoices: equal choices in a row are one word", () => {
  const choices: Choice[] = [
    ...[item(3, 0), item(3, 0), item(2, 1)],
    { kind: "draw", count: 1000, offset: 512 },
    ...Array.from({ length: 12 }, (): Choice => ({ kind: "fault", count: 65, offset: 0 })),
  ];
  assertEquals(linesOfChoices(choices), ["i3*2 i2.1 d1000.512 f65*12"]);
  assertEquals(linesOfChoices([]), []);
});

Deno.test("linesOfChoices: any choices are read back as they were, from lines that an editor shows", () => {
  const chance = Chance.fromSeed(1);
  const choices = Array.from({ length: 2000 }, (): Choice => {
    const count = 2 + chance.below(chance.below(2) === 0 ? 3 : 2 ** 32 - 1);
    const kind = (["item", "fault", "draw"] as const)[chance.below(3)]!;
    return { kind, count, offset: chance.below(2) * chance.below(count) };
  });
  const lines = linesOfChoices(choices);
  assertEquals(choicesOfLines(lines), choices);
  assert(lines.length > 10 && lines.every((line) => line.length <= 96));
});

Deno.test("choicesOfLines: what is no choice is refused by name, and never allocated", () => {
  const wrong = [
    "",
    "i",
    "i1",
    "x3",
    "i3.3",
    "i3*0",
    "i03 ",
    "i3.-1",
    "i4294967297",
    "i3  i3",
    "i3\n",
  ];
  for (const line of wrong) {
    assertThrows(() => choicesOfLines([line]), ChoicesError, "is no choice");
  }
  assertThrows(() => choicesOfLines(["i2*99999999"]), ChoicesError, "more than 4194304");
});
