/**
 * Lines of a stream of bytes.
 *
 * @module
 */

/** The lines that `stream` has, as they come; what stands behind the last line break is no line. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
