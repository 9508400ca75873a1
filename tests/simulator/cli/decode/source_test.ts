import { assertEquals } from "@std/assert";
import { linesOfSource, openSource, wholeOf } from "../../../../simulator/cli/decode/source.ts";
import { withTree } from "../../../support/temp_tree.ts";

function streamOf(...chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

const encoder = new TextEncoder();
const NO_STDIN = streamOf();

Deno.test("openSource: gives what comes from stdin, the first bytes twice", async () => {
  const pieces = [new Uint8Array(40_000).fill(1), new Uint8Array(40_000).fill(2), Uint8Array.of(3)];
  const source = await openSource(null, streamOf(...pieces));
  assertEquals(source.head.length, 80_000);
  assertEquals((await wholeOf(source, 100_000))!.length, 80_001);
  const long = await openSource(null, streamOf(...pieces));
  assertEquals(await wholeOf(long, 80_000), null);
  const none = await openSource(null, streamOf());
  assertEquals([none.head.length, (await wholeOf(none, 1))!.length], [0, 0]);
});

Deno.test("linesOfSource: lines are whole, wherever the pieces of a stream end", async () => {
  const text = "one\r\ntwo\n\nä\nlast";
  const bytes = encoder.encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const source = await openSource(null, streamOf(bytes.slice(0, cut), bytes.slice(cut)));
    const lines = await Array.fromAsync(linesOfSource(source));
    assertEquals(lines, ["one", "two", "", "ä", "last"]);
  }
});

Deno.test("openSource: a file is read piece by piece, and an endless line is not kept", async () => {
  const line = "x".repeat(300_000);
  await withTree({ "long": `${line}\nend\n` }, async (root) => {
    const source = await openSource(`${root}/long`, NO_STDIN);
    assertEquals(source.head.length, 65_536);
    const [first, ...rest] = await Array.fromAsync(linesOfSource(source));
    assertEquals([first!.length < 140_000, rest], [true, ["end"]]);
  });
});
