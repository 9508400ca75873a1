import { assertEquals } from "@std/assert";
import { ProgressLine } from "../../simulator/cli/progress_line.ts";
import { Capture } from "../support/simulate.ts";

Deno.test("ProgressLine: shows how far a run is, now and then, and goes away", () => {
  using stderr = new Capture(Deno.stderr);
  let nowMs = 5000;
  const line = new ProgressLine(true, () => nowMs);
  const shown = (done: number) => {
    stderr.text = "";
    line.show(done, 300);
    return stderr.text;
  };
  assertEquals(shown(1), "", "a short run needs no line");
  nowMs += 100;
  assertEquals(shown(150), `\r\x1b[K[${"#".repeat(15)}${".".repeat(15)}] 50 %, 150 of 300`);
  nowMs += 99;
  assertEquals(shown(160), "");
  nowMs += 1;
  assertEquals(shown(299), `\r\x1b[K[${"#".repeat(29)}.] 99 %, 299 of 300`);
  stderr.text = "";
  line.clear();
  assertEquals(stderr.text, "\r\x1b[K");
});

Deno.test("ProgressLine: is nothing where stderr is no terminal", () => {
  using stderr = new Capture(Deno.stderr);
  let nowMs = 0;
  const line = new ProgressLine(Deno.stderr.isTerminal(), () => nowMs);
  nowMs += 1000;
  line.show(1, 2);
  line.clear();
  assertEquals(stderr.text, "");
});
