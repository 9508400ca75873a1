import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Row } from "../../bench/figure.ts";
import type { ListedFigure } from "../../bench/figures.ts";
import { type BenchOptions, exitCodeOf, main, rowsOf } from "../../bench/main.ts";
import { type ProcessEnd, runDeno } from "../support/deno_process.ts";
import { Capture } from "../support/simulate.ts";

/** Runs the command where nothing is measured. */
async function bench(...args: string[]): Promise<ProcessEnd> {
  using stdout = new Capture(Deno.stdout);
  using stderr = new Capture(Deno.stderr);
  const code = await main(args);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

Deno.test("bench: --help names every figure and every exit code", async () => {
  const { code, stdout } = await bench("--help");
  assertEquals(code, 0);
  const figures = "ring codec packet-life transaction settings heap scale worlds schedulers"
    .split(" ");
  for (
    const word of [...figures, "--only", "--rounds", "--json", "--check", "--strict", "Exit code"]
  ) {
    assertStringIncludes(stdout, word);
  }
});

Deno.test("bench: --only measures one figure, --json prints one object", async () => {
  const args = ["--only", "packet-life", "--rounds", "1", "--json"];
  // As its task does, but without any permission.
  const flags = ["run", "--v8-flags=--expose-gc"];
  const { code, stdout, stderr } = await runDeno([...flags, "bench/main.ts", ...args]);
  assertEquals([code, stderr], [0, ""]);
  const { ok, error, missed, figures } = JSON.parse(stdout);
  assertEquals([ok, error, typeof missed], [true, null, "number"]);
  assertEquals(figures.map(({ name }: { name: string }) => name), ["packet-life"]);
  assertEquals(figures[0].rows[0].goal, { kind: "atLeast", bar: 40, stretch: 60 });
});

Deno.test("bench: an argument that cannot be used is refused in one line", async () => {
  for (
    const args of [["--rounds", "0"], ["--rounds", "1001"], ["--only", "nothing"], ["--nothing"], [
      "more",
    ]]
  ) {
    const { code, stdout, stderr } = await bench(...args);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertStringIncludes(stderr, "see deno task bench --help\n");
  }
});

Deno.test("bench: --json prints its object also where it cannot measure", async () => {
  const { code, stdout } = await bench("--json", "--rounds", "0");
  const { ok, error, missed, figures } = JSON.parse(stdout);
  assertEquals([code, ok, missed, figures], [2, false, null, null]);
  assertStringIncludes(error, "It must be a whole number from 1 to 1000");
});

Deno.test("exitCodeOf: a missed bar fails the command only where bars are checked", () => {
  const row = { work: "", name: "", value: 3, unit: "ns", beside: null, score: 3 } as const;
  const resultOf = (bar: number) => ({
    figure: { name: "ring", title: "Ring" },
    rows: [{ ...row, goal: { kind: "atMost", bar, stretch: null } as const }],
  });
  assertEquals(exitCodeOf([resultOf(4), resultOf(2)], true, "tolerant"), 1);
  assertEquals(exitCodeOf([resultOf(4), resultOf(2)], false, "strict"), 0);
  assertEquals(exitCodeOf([resultOf(4), resultOf(2.5)], true, "tolerant"), 0);
  assertEquals(exitCodeOf([resultOf(4), resultOf(2.5)], true, "strict"), 1);
  assertEquals(exitCodeOf([resultOf(4), resultOf(3)], true, "strict"), 0);
});

Deno.test("rowsOf: what is the same in every process is measured once, and left out where that is asked for", async () => {
  // decisions.md D836
  const rowOf = (work: string): Row => ({
    work,
    name: "",
    value: 1,
    unit: "ns",
    beside: null,
    score: 1,
    goal: null,
  });
  const listed: ListedFigure = {
    name: "figure",
    title: "Figure",
    load: () =>
      Promise.resolve({
        measure: ({ rounds }) => Promise.resolve([rowOf(`${rounds} rounds`)]),
        measureOnce: ({ rounds }) => Promise.resolve([rowOf(`${rounds} rounds, once`)]),
      }),
  };
  const worksOf = async (options: BenchOptions) =>
    (await rowsOf(listed, options)).map(({ work }) => work);
  assertEquals(await worksOf({ rounds: 3, once: true }), ["3 rounds", "3 rounds, once"]);
  assertEquals(await worksOf({ rounds: 3, once: false }), ["3 rounds"]);
});
