import { assertEquals } from "@std/assert";
import { addressOf, lineFrom, ownLines, withLinesFrom } from "../../simulator/driver_lines.ts";

Deno.test("lineFrom: tells a file from a folder on, whatever lies between them", () => {
  const cases = [
    ["file:///a/b", "file:///a/b/c.ts:1:2", "./c.ts:1:2"],
    ["file:///a/b/", "file:///a/b/c/d.ts:1:2", "./c/d.ts:1:2"],
    ["file:///a/b", "file:///a/c.ts:1:2", "../c.ts:1:2"],
    ["file:///a/b/c", "file:///x.ts", "../../../x.ts"],
    ["file:///", "file:///x.ts:3", "./x.ts:3"],
    ["file:///a/b", "file:///a/b:1:2", "../b:1:2"], // the file is called as the folder is
    ["file:///a%20b", "file:///a%20b/%C3%A9.ts:1:2", "./é.ts:1:2"],
    ["file:///C:/a", "file:///C:/b.ts:1:2", "../b.ts:1:2"],
  ] as const;
  for (const [folder, source, told] of cases) assertEquals(lineFrom(folder, source), told);
});

Deno.test("lineFrom: what is no file of this machine stays, and so does what no path leads to", () => {
  const stays = [
    ["file:///a", "https://jsr.io/x.ts:1:2"],
    ["file:///a", "ext:core/01.js:1:2"],
    ["file:///a", "file:///a/%ff.ts:1:2"],
    ["file:///C:/a", "file:///D:/b.ts:1:2"],
    [null, "file:///a/b.ts:1:2"],
  ] as const;
  for (const [folder, source] of stays) assertEquals(lineFrom(folder, source), source);
});

Deno.test("withLinesFrom: tells all lines that there are, and adds none", () => {
  const folder = addressOf("/a/b");
  const [source, told] = ["file:///a/b/c.ts:1:2", "./c.ts:1:2"];
  assertEquals(withLinesFrom(folder, { source, firstSource: source, stack: [source] }), {
    source: told,
    firstSource: told,
    stack: [told],
  });
  assertEquals(withLinesFrom(folder, {}), {});
});

Deno.test("ownLines: end where a world, or a test, runs its program", () => {
  const own = ["file:///d/vsp.ts:1:2", "file:///d/scenario.ts:3:4"];
  for (const runner of ["worlds/run_world.ts", "testing/mod.ts"]) {
    const line = `${import.meta.resolve(`../../simulator/${runner}`)}:5:6`;
    assertEquals(ownLines([...own, line, "file:///d/main.ts:7:8"]), own);
  }
  assertEquals(ownLines(own), own);
});
