import { assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../../../simulator/cli/decode/main.ts";
import type { ProcessEnd } from "../../../support/deno_process.ts";
import { Capture } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

/** Runs the command in this process, on a file that holds `content`. */
function decode(content: string | Uint8Array, ...args: string[]): Promise<ProcessEnd> {
  return withTree({ "input": content }, async (root) => {
    using stdout = new Capture(Deno.stdout);
    using stderr = new Capture(Deno.stderr);
    const code = await main([`${root}/input`, ...args]);
    return { code, stdout: stdout.text, stderr: stderr.text.replaceAll(root, "") };
  });
}

Deno.test("decode: shows bytes of any form field by field", async () => {
  const expected = "control message, 8 bytes\n" +
    "  0x0000 4  message             3 (requestOffers)\n" +
    "  0x0004 4  padding             4 bytes of 0\n";
  const raw = new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0]);
  for (const content of ["03000000 00000000\n", raw]) {
    assertEquals(await decode(content), { code: 0, stdout: expected, stderr: "" });
  }
  const lines = await decode("03000000 00000000\n0300000000000000\n", "--lines");
  assertEquals(lines.stdout, `${expected}\n${expected}`);
});

Deno.test("decode: damaged bytes are shown as far as they go, and end with 1", async () => {
  const { code, stdout } = await decode("05000000 00000000 01000000");
  assertEquals(code, 1);
  assertStringIncludes(stdout, "0x0008 4  channelId");
  assertStringIncludes(stdout, "damaged at 0x000c: openId");
  // A group of fields has a name, and says it once.
  const packet = await decode("0600020003000100 0500", "--as", "packet");
  assertStringIncludes(packet.stdout, "packet: cut off in its descriptor\n");
  assertStringIncludes(packet.stdout, "  descriptor\n");
  // A monitor page begins as anything may.
  const page = new Uint8Array(4096).fill(1, 0, 1);
  const hint = "taken for a message by its looks: --as says what it is, if that is wrong\n";
  assertStringIncludes((await decode(page)).stdout, hint);
  assertEquals((await decode(page, "--as", "message")).stdout.includes("--as"), false);
  assertEquals((await decode(page, "--as", "monitorPage")).code, 0);
  const { code: jsonCode, stdout: json } = await decode("0500", "--as", "message", "--json");
  const { ok, error, items, entries } = JSON.parse(json);
  assertEquals([jsonCode, ok, items.length, entries], [1, false, 1, null]);
  assertEquals(error, `damaged at 0: ${items[0].damage.reason}`);
});

Deno.test("decode: a saved trace is told entry by entry, as far as there are any", async () => {
  const entry = { at100ns: 0, event: "handleClosed", subject: "guest", values: [], details: {} };
  const text = JSON.stringify([entry, entry]);
  assertEquals((await decode(text)).stdout, "    0.0000  guest: handle closed\n".repeat(2));
  const cut = await decode(text.slice(0, -10));
  assertEquals(cut.code, 1);
  assertStringIncludes(cut.stdout, "guest: handle closed\ndamaged at entry 1:");
  const { stdout } = await decode(text, "--json");
  assertEquals(JSON.parse(stdout).entries, [{ ...entry, message: null }, {
    ...entry,
    message: null,
  }]);
});

Deno.test("decode: what it cannot read it says with line and column, and ends with 2", async () => {
  const cases: readonly (readonly [string | Uint8Array, string, ...string[]])[] = [
    ["", "Cannot decode /input: it is empty; "],
    ["# nothing\n", "Cannot decode /input: there are no bytes in it; "],
    ["03 00\nzz", '/input:2:1: Cannot read it as bytes: "z" is no digit of base 16; '],
    ["00", "error: option '--as <KIND>' argument 'x' is invalid", "--as", "x"],
    ["00", "--downstream", "--downstream", "0"],
  ];
  for (const [content, message, ...args] of cases) {
    const { code, stdout, stderr } = await decode(content, ...args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message.replace("error: ", ""));
  }
  assertEquals((await decode("hello", "--raw")).code, 1);
  const { code, stdout } = await decode("zz", "--json");
  assertEquals([code, JSON.parse(stdout).ok, JSON.parse(stdout).items], [2, false, null]);
});
