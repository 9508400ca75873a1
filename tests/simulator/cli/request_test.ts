import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../simulator/cli/command.ts";
import {
  isForPrograms,
  readRequest,
  replayCommand,
  resumeCommand,
  type RunRequest,
} from "../../../simulator/cli/request.ts";
import { echo, type Scenario } from "../../../simulator/mod.ts";

/** A second scenario, which shares an option with the first. */
const tape: Scenario = {
  name: "tape",
  title: "a tape",
  options: [
    ...echo.options.filter(({ name }) => name === "packets"),
    {
      kind: "number",
      name: "reels",
      placeholder: "N",
      description: "reels of tape",
      least: 1,
      most: 9,
      default: 3,
    },
    {
      kind: "path",
      name: "label",
      placeholder: "PATH",
      description: "what is written on it",
      default: "nothing",
    },
  ],
  run: () => Promise.reject(new Error("a tape does not run")),
};

function requestOf(...args: string[]): RunRequest {
  const request = readRequest(args, [echo, tape]);
  if ("list" in request || "resume" in request) throw new Error("a run was asked for");
  return request;
}

const NO_REPORTS = { report: null, traceEvents: null, capture: null };

Deno.test("readRequest: without arguments the first scenario runs with its defaults", () => {
  for (const args of [[], ["run"]]) {
    assertEquals(requestOf(...args), {
      scenario: echo,
      seed: 0n,
      schedule: "fifo",
      codec: "msgpack",
      numbers: { packets: 1000, size: 1024, "ring-pages": 2 },
      paths: { file: null },
      isChecked: false,
      reports: NO_REPORTS,
      isJson: false,
    });
  }
});

Deno.test("readRequest: takes every option, in both spellings", () => {
  const request = requestOf(
    ...["--file", "a b", "--packets=0", "--size", "499984", "--ring-pages", "4094"],
    ...["--seed=0xFfFfFfFfFfFfFfFf", "--schedule", "random", "--codec=vmbus", "--json", "run"],
  );
  assertEquals(request, {
    scenario: echo,
    seed: 2n ** 64n - 1n,
    schedule: "random",
    codec: "vmbus",
    numbers: { packets: 0, size: 499_984, "ring-pages": 4094 },
    paths: { file: "a b" },
    isChecked: false,
    reports: NO_REPORTS,
    isJson: true,
  });
  assertEquals(readRequest(["--list"], [echo]), { list: true, isJson: false });
});

Deno.test("readRequest: reports go where it is said, and not where two runs would write", () => {
  const { reports } = requestOf("--report", "a.html", "--trace-events", "a.json");
  assertEquals(reports, { report: "a.html", traceEvents: "a.json", capture: null });
  assertThrows(() => requestOf("--report", ""), UsageError, "--report must be a path");
  assertThrows(
    () => requestOf("--check-determinism", "--trace-events", "a.json"),
    UsageError,
    "--trace-events does not go with --check-determinism: two runs would write there",
  );
});

Deno.test("readRequest: a scenario has its own options and no others", () => {
  const request = requestOf("--scenario", "tape", "--reels", "9", "--packets", "5");
  assertEquals([request.scenario, request.numbers], [tape, { packets: 5, reels: 9 }]);
  assertEquals(request.paths, { label: null });
  assertEquals(requestOf("--scenario", "tape", "--label", "a b").paths, { label: "a b" });
  assertThrows(
    () => requestOf("--scenario", "tape", "--size", "5"),
    UsageError,
    "--size is no option of scenario tape: see deno task simulate --help",
  );
  assertThrows(
    () => requestOf("--reels", "5"),
    UsageError,
    "--reels is no option of scenario echo",
  );
});

Deno.test("readRequest: a number has the bounds that its scenario gives it", () => {
  const low = { ...tape, name: "low", options: tape.options.slice(0, 1) };
  const options = low.options.map((option) =>
    option.kind === "number" ? { ...option, most: 5 } : option
  );
  const read = (...args: string[]) => readRequest(args, [echo, { ...low, options }]);
  read("--packets", "6");
  read("--scenario", "low", "--packets", "5");
  assertThrows(
    () => read("--scenario", "low", "--packets", "6"),
    UsageError,
    "--packets must be a whole number from 0 to 5, not 6: see deno task simulate --help",
  );
});

Deno.test("replayCommand: names the paths that were given, and no others", () => {
  const of = (...args: string[]) => {
    const request = requestOf("--scenario", "tape", ...args);
    const { label } = request.paths;
    return replayCommand(request, typeof label === "string" ? { label } : {});
  };
  assertEquals(
    of(),
    "deno task simulate --scenario tape --packets 1000 --reels 3 --seed 0 --schedule fifo " +
      "--codec msgpack",
  );
  assertStringIncludes(of("--label", "a b"), " --reels 3 --label 'a b' --seed 0 ");
});

Deno.test("replayCommand: writes out every option, and quotes what a shell would take apart", () => {
  const request = requestOf("--seed", "0x10", "--size", "7");
  assertEquals(
    replayCommand(request, { file: "README.md" }),
    "deno task simulate --scenario echo --file README.md --packets 1000 --size 7 --ring-pages 2 " +
      "--seed 16 --schedule fifo --codec msgpack",
  );
  const quotedAs = (path: string) =>
    / --file (.*) --packets /.exec(replayCommand(request, { file: path }))?.[1];
  assertEquals(quotedAs("a b"), "'a b'");
  assertEquals(quotedAs("it's"), "'it'\\''s'");
  assertEquals(quotedAs("$(x)"), "'$(x)'");
  assertEquals(quotedAs("/a-b_c.d/e"), "/a-b_c.d/e");
});

Deno.test("replayCommand, resumeCommand: name what started the command, as complaints do", () => {
  const name = "deno run jsr:@vmbus/kmcl/simulate";
  const see = new RegExp(`: see ${name} --help$`);
  assertMatch(
    assertThrows(() => readRequest(["--packets", "x"], [echo], name), UsageError).message,
    see,
  );
  assertMatch(replayCommand(requestOf(), {}, name), new RegExp(`^${name} --scenario echo `));
  assertEquals(resumeCommand(echo, "x", {}, name), `${name} --resume x`);
});

Deno.test("isForPrograms: --json counts wherever it is an option, also beside what makes no sense", () => {
  const cases: [args: string[], isJson: boolean][] = [
    [[], false],
    [["--json"], true],
    [["--sied", "1", "--json"], true],
    [["--seed", "x", "--json"], true],
    [["--file", "--json"], false],
    [["--file=x", "--json"], true],
    [["--", "--json"], false],
  ];
  for (const [args, isJson] of cases) {
    assertEquals(isForPrograms(args, [echo, tape]), isJson, args.join(" "));
  }
});

Deno.test("readRequest: --resume takes the paths that are for it, and no other option", () => {
  // Decisions D222: no saved run says what is written.
  const place = (name: string, isForResume: boolean) => ({
    ...{ kind: "path" as const, name, placeholder: "PATH", description: name, default: "none" },
    isForResume,
  });
  const saver: Scenario = {
    ...tape,
    options: [place("out", true), place("save-to", false)],
    resume: () => Promise.reject(new Error("nothing is saved")),
  };
  const read = (...args: string[]) => readRequest(["--resume", "x", ...args], [echo, saver]);
  const expected = {
    ...{ scenarios: [saver], resume: "x", paths: {} },
    ...{ reports: NO_REPORTS, isJson: false },
  };
  assertEquals(read(), expected);
  assertEquals(read("--out", "y", "--json"), { ...expected, paths: { out: "y" }, isJson: true });
  assertEquals(
    resumeCommand(saver, "a b", { out: "y", "save-to": "z" }),
    "deno task simulate --resume 'a b' --out y",
  );
  assertThrows(() => read("--out", ""), UsageError, "--out must be a path, and not empty");
  for (const args of [["--save-to", "z"], ["--seed", "1"], ["--file", "f"]]) {
    assertThrows(() => read(...args), UsageError, `${args[0]} does not go with --resume`);
  }
});
