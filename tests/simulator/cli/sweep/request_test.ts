import { assertEquals } from "@std/assert";
import { CommanderError } from "commander";
import { UsageError } from "../../../../simulator/cli/command.ts";
import {
  isSweepForPrograms,
  readSweep,
  withFile,
} from "../../../../simulator/cli/sweep/request.ts";
import { Capture } from "../../../support/simulate.ts";

/** What `args` are refused with. */
function refusalOf(...args: string[]): string {
  using stderr = new Capture(Deno.stderr);
  try {
    readSweep(args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    if (error instanceof CommanderError) return stderr.text;
    throw error;
  }
  throw new Error(`${args} was taken`);
}

Deno.test("readSweep: a scenario is enough", () => {
  const { task, artefacts, isJson } = readSweep(["my.ts", "--workers", "3"]);
  assertEquals(task, {
    child: {
      scenario: "my.ts",
      settings: { schedule: "portfolio", codec: null, isFaulty: true, itemsMax: 200_000 },
      isUntilFailure: false,
    },
    plan: { from: 0n, to: 1000n, workers: 3, isUntilFailure: false },
    timeMs: null,
    worldMs: 30_000,
  });
  assertEquals([artefacts, isJson], ["sweep-failures", false]);
});

Deno.test("readSweep: takes every option", () => {
  const { task, artefacts, isJson } = readSweep([
    ...["--scenario", "echo", "--from", "0xff", "--seeds=2", "--workers", "1", "--time", "1.5m"],
    ...["--world-time", "500ms", "--until-failure", "--schedule", "pct", "--codec", "vmbus"],
    ...["--no-faults", "--artefacts", "a b", "--json"],
  ]);
  assertEquals(task, {
    child: {
      scenario: "echo",
      settings: { schedule: "pct", codec: "vmbus", isFaulty: false, itemsMax: 200_000 },
      isUntilFailure: true,
    },
    plan: { from: 255n, to: 257n, workers: 1, isUntilFailure: true },
    timeMs: 90_000,
    worldMs: 500,
  });
  assertEquals([artefacts, isJson], ["a b", true]);
});

Deno.test("readSweep: one seed, or as many as the time allows", () => {
  const seedsOf = (...args: string[]) => {
    const { from, to } = readSweep(["a.ts", ...args]).task.plan;
    return [from, to];
  };
  assertEquals(seedsOf("--seed", "7"), [7n, 8n]);
  assertEquals(seedsOf("--seed", "18446744073709551615"), [2n ** 64n - 1n, 2n ** 64n]);
  assertEquals(seedsOf("--time", "2h", "--from", "3"), [3n, 2n ** 64n]);
  assertEquals(seedsOf("--time", "2h", "--seeds", "3"), [0n, 3n]);
});

Deno.test("readSweep: what cannot be run is refused with what would be right", () => {
  const cases: readonly [string[], string][] = [
    [["a.ts", "--seeds", "0"], "It must be a whole number from 1"],
    [["a.ts", "--time", "60"], "It must be a time such as 500ms, 60s, 5m or 2h"],
    [["a.ts", "--time", "1000h"], "24 days at most"],
    [["a.ts", "--seed", "-1"], "below 2^64"],
    [["a.ts", "--schedule", "best"], "fifo, random, pos, pct, urw, portfolio"],
    [
      ["a.ts", "--seed", "1", "--seeds", "2"],
      "--from and --seeds do not go with it: see deno task",
    ],
    [["a.ts", "--from", "18446744073709551615", "--seeds", "2"], "must not exceed 2^64 together"],
    [["a.ts", "--scenario", "b.ts"], "the scenario is given twice"],
    [["a.ts", "b.ts"], "too many arguments"],
    [["a.ts", "--artefacts", ""], "--artefacts must be a path"],
    [["a.ts", "--seeds"], "argument missing"],
    [["--scenario", ""], "a name or the path of a file"],
  ];
  for (const [args, message] of cases) {
    const refusal = refusalOf(...args);
    assertEquals(refusal.includes(message), true, `${args}: ${refusal}`);
  }
});

Deno.test("isSweepForPrograms: a value that looks like the option is none", () => {
  assertEquals(isSweepForPrograms(["a.ts", "--json"]), true);
  assertEquals(isSweepForPrograms(["a.ts", "--artefacts", "--json"]), false);
});

Deno.test("withFile: a file says what the command line does not", () => {
  const file = {
    settings: { schedule: { name: "pct", depth: 2 }, codec: "vmbus", itemsMax: 7 },
    seeds: { from: "5", count: 3 },
  } as const;
  const settingsOf = (...args: string[]) => {
    const { task, open } = readSweep(["a.yaml", ...args]);
    const { child: { settings }, plan: { from, to } } = withFile(task, open, file);
    return [settings.schedule, settings.codec, settings.itemsMax, from, to];
  };
  assertEquals(settingsOf(), [{ name: "pct", depth: 2 }, "vmbus", 7, 5n, 8n]);
  const said = ["--schedule", "portfolio", "--codec", "msgpack", "--seeds", "2"];
  assertEquals(settingsOf(...said), ["portfolio", "msgpack", 7, 0n, 2n]);
});
