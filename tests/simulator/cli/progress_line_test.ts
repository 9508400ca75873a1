import { assert, assertEquals } from "@std/assert";
import { ProgressLine } from "../../../simulator/cli/progress_line.ts";
import { Capture } from "../../support/simulate.ts";

/** A line on a terminal of `columns`, and what it shows after some milliseconds more. */
function lineOn(columns: number) {
  let nowMs = 5000;
  const line = new ProgressLine({ isShown: true, nowMs: () => nowMs, columns: () => columns });
  const show = (afterMs: number, done: number, total: number, unit?: string) => {
    using stderr = new Capture(Deno.stderr);
    nowMs += afterMs;
    line.show(done, total, unit);
    return stderr.text;
  };
  return { line, show };
}

Deno.test("ProgressLine: shows how far a run is, now and then, how fast, and how long it takes", () => {
  const { line, show } = lineOn(200);
  assertEquals(show(0, 0, 3000, "packets"), "", "a short run needs no line");
  assertEquals(
    show(100, 1500, 3000, "packets"),
    `\r\x1b[K[${"#".repeat(15)}${
      ".".repeat(15)
    }] 50 %, 0:01 left, 15 000 packets a second, 1 500 of 3 000`,
  );
  assertEquals(show(99, 1600, 3000, "packets"), "");
  assertEquals(
    show(1, 2999, 3000, "packets"),
    `\r\x1b[K[${"#".repeat(29)}.] 99 %, 0:01 left, 14 995 packets a second, 2 999 of 3 000`,
  );
  using stderr = new Capture(Deno.stderr);
  line.clear();
  assertEquals(stderr.text, "\r\x1b[K");
});

Deno.test("ProgressLine: the rate is that of the last seconds, and of this part of the work", () => {
  const { show } = lineOn(200);
  show(0, 600, 100_000);
  assertEquals(show(1000, 600, 100_000).slice(4), `[${".".repeat(30)}] 0 %, 600 of 100 000`);
  assertEquals(/, (\S+) left, (\S+) a second/.exec(show(1000, 1600, 100_000))?.slice(1), [
    "3:17",
    "500",
  ]);
  let text = "";
  for (let at = 0; at < 100; at++) text = show(100, 1600 + at, 100_000);
  assertEquals(/, (\S+) left, (\S+) a second/.exec(text)?.slice(1), ["2:43:51", "10"]);
  // Something else is done now: what was before says nothing of it.
  assertEquals(/ a second/.test(show(100, 5, 100, "bytes checked")), false);
  assertEquals(/ 10 bytes checked a second/.test(show(100, 6, 100, "bytes checked")), true);
});

Deno.test("ProgressLine: is never wider than the terminal, and says last what matters least", () => {
  const total = 2 ** 40;
  const cases: [columns: number, tail: RegExp][] = [
    [200, /^\[[#.]{30}\] 50 %, \S+ left, [\d ]+ bytes a second, [\d ]+ of [\d ]+$/],
    [80, /^\[[#.]{30}\] 50 %, \S+ left, [\d ]+ bytes a second$/],
    [60, /^\[[#.]{10}\] 50 %, \S+ left, [\d ]+ bytes a second$/],
    [40, /^\[[#.]{10}\] 50 %, \S+ left$/],
    [16, /^50 %$/],
    [3, /^$/],
  ];
  for (const [columns, tail] of cases) {
    const { show } = lineOn(columns);
    show(0, total / 2 - 10_000_000, total, "bytes");
    const text = show(100, total / 2, total, "bytes").slice("\r\x1b[K".length);
    assert(tail.test(text), `${columns}: ${text}`);
    assert(text.length < columns);
  }
});

Deno.test("ProgressLine: is nothing where stderr is no terminal", () => {
  using stderr = new Capture(Deno.stderr);
  let nowMs = 0;
  const line = new ProgressLine({ nowMs: () => nowMs });
  nowMs += 1000;
  line.show(1, 2);
  line.clear();
  assertEquals(stderr.text, "");
});
