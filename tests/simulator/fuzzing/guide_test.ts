// What coverage says is new leads to the inputs that did it.

import { assert, assertEquals } from "@std/assert";
import { Fuzzer, type FuzzGuide } from "../../../simulator/fuzzing/fuzzer.ts";

const BATCH = 256;

/** A guide to what a target marks as it runs. */
class Marks implements FuzzGuide {
  readonly #known = new Set<number>();
  #marked = new Set<number>();

  mark(part: number): void {
    this.#marked.add(part);
  }

  look() {
    const marked = this.#marked;
    this.#marked = new Set();
    return Promise.resolve({
      isNew: [...marked].some((part) => !this.#known.has(part)),
      remember: () => marked.forEach((part) => this.#known.add(part)),
    });
  }
}

Deno.test("Fuzzer: of a batch that reaches something new the inputs that do are kept, each once", async () => {
  const guide = new Marks();
  const fuzzer = await Fuzzer.start({
    name: "marks",
    title: "",
    batchCases: BATCH,
    seeds: () => [Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(1), Uint8Array.of(2)],
    run(input) {
      guide.mark(input[0] ?? 0);
      return "always the same";
    },
  }, { seed: 1, guide });
  const { kept } = await fuzzer.runBatch(0);
  const begins = kept.map((input) => input[0] ?? 0);
  assertEquals(begins.slice(0, 3), [0, 1, 2], "the seeds come first");
  assertEquals(new Set(begins).size, begins.length, "of two that reach the same one is kept");
  assert(begins.length > 10, `${begins.length}`);
  // What a later batch finds is new to all before it.
  const later = await fuzzer.runBatch(1);
  assert(later.kept.every((input) => !begins.includes(input[0] ?? 0)));
});

Deno.test("Fuzzer: what no single input reaches again is looked for once", async () => {
  let looks = 0;
  let isNew = true;
  const guide: FuzzGuide = {
    look() {
      looks++;
      const news = isNew && looks === 1;
      return Promise.resolve({ isNew: news, remember: () => void (isNew = false) });
    },
  };
  const fuzzer = await Fuzzer.start({
    name: "once",
    title: "",
    batchCases: BATCH,
    seeds: () => [],
    run: () => "ok",
  }, { seed: 1, guide });
  await fuzzer.runBatch(0);
  assertEquals([looks, isNew], [3, false]);
});
