// Fuzzing in one process: what is planted is found, and the same seed makes the same inputs.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { defineFuzzTarget, fuzz, type FuzzTarget } from "../../../simulator/fuzzing/mod.ts";

const CASES = 2000;

/** A target that runs `run` on inputs made of eight zeros. */
function planted(run: FuzzTarget["run"]): FuzzTarget {
  const seeds = () => [new Uint8Array(8)];
  return defineFuzzTarget({ name: "planted", title: "", seeds, batchCases: 512, run });
}

function wholeBuffer(input: Uint8Array): Uint8Array {
  return new Uint8Array(input.buffer);
}

Deno.test("fuzz: a crash is found, told with its place, and made as small as it can be", async () => {
  const { failed } = await fuzz(planted((input) => {
    if (input[3] === 0x80 && input.length > 5) throw new RangeError("planted");
    return "ok";
  }));
  assertEquals(failed?.failure.kind, "crash");
  assertEquals(failed?.failure.message, "RangeError: planted");
  assert(/fuzz_test\.ts:\d+/.test(failed?.failure.place ?? ""), failed?.failure.place);
  assertEquals([...failed!.input], [0, 0, 0, 0x80, 0, 0]);
});

Deno.test("fuzz: a promise that rejects is a crash as well", async () => {
  const { failed } = await fuzz(
    planted((input) =>
      input[0] === 0xff ? Promise.reject(new Error("late")) : Promise.resolve("ok")
    ),
  );
  assertEquals([failed?.failure.message, failed?.input.toHex()], ["Error: late", "ff"]);
});

Deno.test("fuzz: a read behind the input is found by what was read there", async () => {
  const { failed } = await fuzz(planted((input, note) => {
    const end = input.byteOffset + input.length;
    if (input[1] === 1) note(wholeBuffer(input)[end]!);
    return "ok";
  }));
  assertEquals([failed?.failure.kind, failed?.failure.place], ["bounds", "a read"]);
  assertEquals(failed?.input.toHex(), "0001");
});

Deno.test("fuzz: a read before the input is found by what it ends as", async () => {
  const { failed } = await fuzz(
    planted((input) => wholeBuffer(input)[input.byteOffset - 1 - input.length] === 0 ? "a" : "b"),
  );
  assertEquals(failed?.failure.place, "a read");
  assertEquals(failed?.input.length, 0);
});

Deno.test("fuzz: a write to the input, before it or behind it is found", async () => {
  for (const [at, where] of [[0, "byte 0 of the input"], [-1, "before the input"]] as const) {
    const { failed } = await fuzz(planted((input) => {
      if (input.length > 0) wholeBuffer(input)[input.byteOffset + at]! ^= 1;
      return "ok";
    }));
    assertEquals(failed?.failure.place, "a write");
    assert(failed?.failure.message.includes(where), failed?.failure.message);
  }
});

Deno.test("fuzz: the same seed makes the same inputs, another one others", async () => {
  const inputsOf = async (seed: number) => {
    const inputs: string[] = [];
    await fuzz(planted((input) => `${inputs.push(input.toHex()) === 0}`), { seed, cases: CASES });
    return inputs.join();
  };
  const first = await inputsOf(1);
  assertEquals(await inputsOf(1), first);
  assert(await inputsOf(2) !== first);
});

Deno.test("fuzz: an input with a new outcome is kept, and changed further", async () => {
  // One byte after the other must be right: by chance alone nobody comes so far.
  const right = [0x10, 0x20, 0x40, 0x80];
  const steps = (input: Uint8Array) => {
    const wrong = right.findIndex((byte, at) => input[at] !== byte);
    return `${wrong === -1 ? right.length : wrong} right`;
  };
  const { outcomes } = await fuzz(planted(steps), { cases: 20_000 });
  assert((outcomes.get("4 right") ?? 0) > 0, [...outcomes.keys()].join());
});

Deno.test("fuzz: seeds run first, then what is drawn, each as it is", async () => {
  const inputs: string[] = [];
  await fuzz({
    ...planted((input) => `${inputs.push(input.toHex()) === 0}`),
    seeds: () => [Uint8Array.of(1, 2, 3)],
    draw: (_seed, count) => Array.from({ length: count }, (_, at) => Uint8Array.of(7, at)),
  }, { cases: 1 });
  const ran = [...new Set(inputs)];
  assertEquals(ran.slice(0, 3), ["010203", "0700", "0701"]);
});

Deno.test("fuzz: what a target gives that it must not is named", async () => {
  const { failed } = await fuzz(planted(() => ({}) as never));
  assertEquals([failed?.failure.kind, failed?.failure.message], [
    "crash",
    "TypeError: Cannot say what became of it: run gives an object",
  ]);
  const seeds = () => [null] as never;
  await assertRejects(
    () => fuzz(defineFuzzTarget({ name: "planted", title: "", seeds, run: () => "ok" })),
    TypeError,
    "Cannot fuzz planted: its seeds must be a list of Uint8Array",
  );
});

Deno.test("defineFuzzTarget: what is no target is refused, in words", () => {
  const target = planted(() => "ok");
  assertThrows(() => defineFuzzTarget({ ...target, name: "a b" }), RangeError, "letters, digits");
  assertThrows(
    () => defineFuzzTarget({ ...target, inputBytesMax: 0 }),
    RangeError,
    "inputBytesMax",
  );
  assertThrows(
    () => defineFuzzTarget({ ...target, run: undefined as unknown as FuzzTarget["run"] }),
    TypeError,
    "run and seeds",
  );
});
