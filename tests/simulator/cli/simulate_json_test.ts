import { assertEquals, assertMatch } from "@std/assert";
import { jsonOf } from "./json_report.ts";
import { interrupt, simulateHere } from "../../support/simulate.ts";
import { withTree } from "../../support/temp_tree.ts";

// Decisions D231.
Deno.test("simulate: --json prints one object also where nothing runs, and the exit code is the same", async () => {
  await withTree({ "file": "hello" }, async (root) => {
    const cases: [args: string[], error: RegExp, replay: string][] = [
      [["walk"], /^walk is no command/, "object"],
      [["--sied", "1"], /^unknown option '--sied'/, "object"],
      [["--seed", "x"], /^option '--seed <SEED>' argument 'x' is invalid\./, "object"],
      [["--quota", "0"], /^--quota must be a whole number from 1 to 1024, not 0/, "object"],
      [["--resume", "x", "--seed", "1"], /^--seed does not go with --resume/, "object"],
      [["--block-size", "1000"], /^--block-size must be a power of two/, "string"],
      [["--file", `${root}/gone`], /^Cannot read .*gone: there is no such file/, "string"],
      [["--scenario", "echo", "--file", root], /^Cannot read .*: it is a folder/, "string"],
      [["--resume", `${root}/gone`], /^Cannot read .*gone: there is no such file/, "object"],
      [["--resume", `${root}/file`], /^Cannot resume from .*file: /, "object"],
    ];
    for (const [args, error, replay] of cases) {
      const { code, stdout, stderr } = await simulateHere(...args, "--json");
      const report = jsonOf(stdout);
      assertEquals([code, report.ok, report.stopped], [2, false, false], args.join(" "));
      assertMatch(report.error, error);
      assertMatch(stderr, /^[^\n]+\n$/);
      assertEquals(typeof report.replay, replay);
    }
    const good = jsonOf((await simulateHere("--file", `${root}/file`, "--json")).stdout);
    assertEquals([good.ok, good.error, good.resume], [true, null, null]);
    const list = JSON.parse((await simulateHere("--list", "--json")).stdout);
    const [first, second, third] = list.scenarios;
    assertEquals([first.name, second.name, third.name], ["disk", "echo", "everything"]);
    assertEquals(third.isSwept, true);
  });
});

Deno.test("simulate: --json prints one object also where it is stopped", async () => {
  await withTree({ "large": "" }, async (root) => {
    await Deno.truncate(`${root}/large`, 2 ** 34);
    const args = ["--file", `${root}/large`, "--json"];
    const { code, stdout, stderr } = await interrupt(root, "SIGINT", args);
    const report = jsonOf(stdout.replace("listening\n", ""));
    assertEquals([code, report.ok, report.stopped], [130, false, true]);
    assertEquals(`${report.error}\n`, stderr);
  });
});
