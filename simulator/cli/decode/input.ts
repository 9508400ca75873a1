/**
 * What `decode` reads: bytes, digits that stand for bytes, or a saved trace.
 *
 * @module
 */

import { BYTES_MAX, bytesOfHex, HexTextError } from "../../decoding/hex_text.ts";
import { isSavedTrace, readSavedTrace, type SavedTrace } from "../../decoding/saved_trace.ts";
import { grouped } from "../../layout.ts";
import { cannot, UsageError } from "../command.ts";
import { MACHINE } from "../file_system.ts";
import { openToRead } from "../opened_file.ts";
import { type DecodeRequest, STDIN } from "./request.ts";

/** What is to be decoded. */
export type DecodeInput =
  | { readonly kind: "bytes"; readonly items: readonly Uint8Array[] }
  | { readonly kind: "trace"; readonly trace: SavedTrace };

const HINT = "name a file of bytes, of digits of base 16, or of a saved trace";

function tooLong(action: string): UsageError {
  return cannot(action, `it has more than ${grouped(BYTES_MAX)} bytes`, HINT);
}

async function bytesOfFile(path: string, action: string): Promise<Uint8Array> {
  const { file: open, info } = await openToRead(MACHINE, path, path);
  using file = open;
  if (info.size > BYTES_MAX) throw tooLong(action);
  const bytes = new Uint8Array(info.size);
  return bytes.subarray(0, file.read(0, bytes));
}

async function bytesOfStdin(
  stdin: ReadableStream<Uint8Array>,
  action: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > BYTES_MAX) throw tooLong(action);
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** `bytes` as text; null: they are no text. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // deno-lint-ignore no-control-regex -- bytes with these are no text that anybody wrote
    return /[\x00-\x08\x0e-\x1f\x7f]/.test(text) ? null : text;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** The bytes that stand in `text`, all together or each line's for themselves. */
function itemsOf(text: string, name: string, hasLines: boolean): Uint8Array[] {
  const texts = hasLines ? text.split("\n") : [text];
  const items: Uint8Array[] = [];
  for (const [at, each] of texts.entries()) {
    try {
      const bytes = bytesOfHex(each);
      if (bytes.length > 0) items.push(bytes);
    } catch (error) {
      if (!(error instanceof HexTextError)) throw error;
      const place = `${name}:${at + error.line}:${error.column}`;
      const raw = "--raw decodes the text's own bytes";
      throw new UsageError(`${place}: Cannot read it as bytes: ${error.message}; ${raw}`);
    }
  }
  return items;
}

/**
 * Reads what is to be decoded.
 *
 * @throws {UsageError} It cannot be read, is empty, or is a text that holds neither bytes nor a trace.
 */
export async function readInput(
  { file, isRaw, hasLines }: DecodeRequest,
  stdin: ReadableStream<Uint8Array>,
): Promise<DecodeInput> {
  const name = file === STDIN ? "stdin" : file;
  const action = `decode ${name}`;
  const bytes = await (file === STDIN ? bytesOfStdin(stdin, action) : bytesOfFile(file, action));
  if (bytes.length === 0) throw cannot(action, "it is empty", HINT);
  const text = isRaw ? null : textOf(bytes);
  if (text === null) return { kind: "bytes", items: [bytes] };
  if (isSavedTrace(text)) return { kind: "trace", trace: readSavedTrace(text) };
  const items = itemsOf(text, name, hasLines);
  if (items.length === 0) throw cannot(action, "there are no bytes in it", HINT);
  return { kind: "bytes", items };
}
