/**
 * The command `deno task decode`: bytes of VMBus field by field. Needs `--allow-read` and nothing else.
 *
 * @module
 */

import { fieldsOfControlMessage } from "../../decoding/control_message.ts";
import { decodeBytes } from "../../decoding/decode_bytes.ts";
import { linesOfBytes, linesOfEntry } from "../../decoding/decoded_text.ts";
import { EntryTexts } from "../../words/entry_text.ts";
import { messageOfEntry } from "../../decoding/message_of_entry.ts";
import type { SavedTrace } from "../../decoding/saved_trace.ts";
import { type Look, painted } from "../../layout.ts";
import { visible, visibleJson } from "../../text.ts";
import { endWith, EXIT_FAILED, EXIT_OK, print, stdoutLook } from "../command.ts";
import { type Start, startOf } from "../start.ts";
import { type DecodeInput, readInput } from "./input.ts";
import { type DecodeRequest, isDecodeForPrograms, readDecode } from "./request.ts";

const PERMISSIONS = "--allow-read";

/** A report, and what is wrong with what it is of; null: nothing. */
interface Report {
  readonly text: string;
  readonly error: string | null;
}

function jsonOf(members: {
  readonly error: string | null;
  readonly items: unknown;
  readonly entries: unknown;
}): string {
  return `${visibleJson({ ok: members.error === null, ...members })}\n`;
}

function reportOfBytes(
  items: readonly Uint8Array[],
  { form, isJson }: DecodeRequest,
  look: Look,
): Report {
  const decoded = decodeBytes(items, form);
  const damage = decoded.find((each) => each.damage !== null)?.damage ?? null;
  const error = damage && `damaged at ${damage.offset}: ${damage.reason}`;
  if (isJson) return { error, text: jsonOf({ error, items: decoded, entries: null }) };
  const texts = decoded.map((each) => {
    const isDoubtful = each.isGuess && each.damage !== null;
    const doubt = `  taken for a ${each.kind} by its looks: --as says what it is, if that is wrong`;
    return `${[...linesOfBytes(each, look), ...isDoubtful ? [doubt] : []].join("\n")}\n`;
  });
  return { error, text: texts.join("\n") };
}

function reportOfTrace({ entries, damage }: SavedTrace, isJson: boolean, look: Look): Report {
  const messages = entries.map((entry) => {
    const bytes = messageOfEntry(entry);
    return bytes === null ? null : fieldsOfControlMessage(bytes);
  });
  const broken = messages.findIndex((message) => message !== null && message.damage !== null);
  const error = damage !== null
    ? `damaged at entry ${damage.entry}: ${damage.reason}`
    : broken === -1
    ? null
    : `damaged at entry ${broken}: ${messages[broken]!.damage!.reason}`;
  if (isJson) {
    const shown = entries.map((entry, at) => ({ ...entry, message: messages[at] }));
    return { error, text: jsonOf({ error, items: null, entries: shown }) };
  }
  const texts = new EntryTexts();
  const lines = entries.flatMap((entry) => linesOfEntry(entry, texts, look));
  if (damage !== null) lines.push(painted(visible(error!), "red", look));
  return { error, text: lines.map((line) => `${line}\n`).join("") };
}

function reportOf(input: DecodeInput, request: DecodeRequest, look: Look): Report {
  return input.kind === "bytes"
    ? reportOfBytes(input.items, request, look)
    : reportOfTrace(input.trace, request.isJson, look);
}

/** How the command was started where nobody says otherwise: as its task, in the repository. */
const startHere = (args: readonly string[]): Start => ({
  command: "deno task decode",
  args,
  isDumb: false,
});

/**
 * Runs the command with `args` and gives its exit code.
 *
 * @param readStart Tells from them how it was started.
 */
export async function main(
  args: readonly string[],
  readStart: (args: readonly string[]) => Start = startHere,
): Promise<number> {
  let own = args;
  try {
    const start = readStart(args);
    own = start.args;
    const request = readDecode(own, start.command);
    const input = await readInput(request, Deno.stdin.readable);
    const { text, error } = reportOf(input, request, stdoutLook(start.isDumb));
    print(text);
    return error === null ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    const failure = (reason: string) => jsonOf({ error: reason, items: null, entries: null });
    return endWith(error, (reason) => isDecodeForPrograms(own) && print(failure(reason)));
  }
}

if (import.meta.main) {
  Deno.exitCode = await main(
    Deno.args,
    (args) => startOf("decode", import.meta.url, PERMISSIONS, args),
  );
}
