import { assertEquals, assertThrows } from "@std/assert";
import {
  cannot,
  endWith,
  StoppedError,
  UsageError,
  UsageErrors,
} from "../../../simulator/cli/command.ts";
import { main } from "../../../simulator/cli/main.ts";
import { Capture } from "../../support/simulate.ts";
import { withTree } from "../../support/temp_tree.ts";

Deno.test("print: a reader that has seen enough is none of its business", async () => {
  for (const args of [["--list"], ["--help"]]) {
    using _ = new Capture(Deno.stdout, new Deno.errors.BrokenPipe("gone"));
    using stderr = new Capture(Deno.stderr);
    assertEquals([await main(args), stderr.text], [0, ""]);
  }
});

Deno.test("print: what cannot be printed costs one line and exit code 2", async () => {
  const full = new Error("No space left on device (os error 28)");
  await withTree({ "file": "a" }, async (root) => {
    const path = `${root}/file`;
    for (const args of [["--file", path], ["--json", "--file", path], ["--list"], ["--help"]]) {
      using _ = new Capture(Deno.stdout, full);
      using stderr = new Capture(Deno.stderr);
      assertEquals(await main(args), 2);
      const line =
        "Cannot write to stdout: No space left on device; send it where there is room for it";
      assertEquals(stderr.text, `${line}\n`);
    }
  });
});

Deno.test("tell: a complaint that nobody can hear leaves the exit code", async () => {
  using _ = new Capture(Deno.stderr, new Error("No space left on device (os error 28)"));
  for (const args of [["walk"], ["--sied", "1"]]) assertEquals(await main(args), 2);
});

Deno.test("cannot: says why in words of its own, or else in the machine's", () => {
  const cases: [error: unknown, reason: string][] = [
    ["it is a pipe", "it is a pipe"],
    [new Deno.errors.NotFound("No such file (os error 2): stat 'x'"), "there is no such file"],
    ['Module not found "file:///x.ts".', 'Module not found "file:///x.ts"'],
    [new Deno.errors.PermissionDenied("no"), "it is not permitted"],
    [new Deno.errors.NotCapable("run again with the --allow-all flag"), "it is not permitted"],
    [new Error("Not a directory (os error 20): stat 'x'"), "Not a directory"],
    [new Error("it is odd"), "it is odd"],
    [7, "7"],
  ];
  for (const [error, reason] of cases) {
    assertEquals(cannot("read x", error, "read y").message, `Cannot read x: ${reason}; read y`);
  }
});

Deno.test("endWith: programs hear the reason, too, also of an error of our own, which is thrown on", () => {
  const heard: string[] = [];
  const printFailure = (reason: string) => void heard.push(reason);
  using stderr = new Capture(Deno.stderr);
  assertEquals(endWith(new UsageError("one\n  line"), printFailure), 2);
  assertEquals(endWith(new UsageErrors(["two", "lin\nes"]), printFailure), 2);
  assertEquals(endWith(new StoppedError("stopped"), printFailure), 2);
  assertThrows(() => endWith(new TypeError("ours"), printFailure), TypeError, "ours");
  assertEquals(heard, ["one line", "two; lin es", "stopped", "ours"]);
  assertEquals(stderr.text, "one line\ntwo\nlin es\nstopped\n");
  // What cannot be printed hides no error of our own.
  const refuse = () => {
    throw new UsageError("stdout is full");
  };
  assertThrows(() => endWith(new TypeError("ours"), refuse), TypeError, "ours");
});
