/**
 * Bytes, item by item.
 *
 * @module
 */

import { MESSAGE_RULES } from "../../core/control/versions.ts";
import { messageNameOf } from "../../core/control/codec.ts";
import { brokenBytes, type FoundInBytes } from "../wire_rules/bytes_check.ts";
import { TraceCheck, type WireFinding } from "../wire_rules/trace_check.ts";
import { rowsOf } from "../pages/fields.ts";
import type { TraceEntry } from "../../mod.ts";
import { hexOf } from "../../core/layout/areas.ts";
import {
  decodeBytes,
  type DecodedBytes,
  type DecodedPart,
  type DecodeForm,
} from "../decoding/decode_bytes.ts";
import type { RecordedField } from "../pages/recording.ts";
import { linesOfBytes } from "./text.ts";
import type { DecodedStep, Decoding, StepEntry, StepSettings } from "./step.ts";

/** Bytes that stand somewhere in what was read. */
export interface PlacedBytes {
  /** Where: `line 3`; null: they are all of it. */
  readonly place: string | null;
  /** The bytes. */
  readonly bytes: Uint8Array;
}

/** Who says a message, by what it is. */
function speakerOf(bytes: Uint8Array): "guest" | "host" {
  const name = messageNameOf(bytes);
  return name !== null && MESSAGE_RULES[name].to === "guest" ? "host" : "guest";
}

const offsetText = (offset: number) => `offset 0x${offset.toString(16).padStart(4, "0")}`;

/** The bus that messages without a trace are of. */
const BUS = "guest";

/** An item as entries: a message as it crosses the bus, anything else part by part. */
function entriesOf(
  { kind, parts }: DecodedBytes,
  bytes: Uint8Array,
  at: number,
): readonly StepEntry[] {
  const common = { at100ns: at, subject: BUS, values: [] };
  if (kind === "message" || kind === "gpadl") {
    const event = speakerOf(bytes) === "guest" ? "messageToHost" : "messageToGuest";
    return [{ entry: { ...common, event, details: { bytes: hexOf(bytes) } } }];
  }
  return parts.map((part): StepEntry => {
    const entry: TraceEntry = { ...common, event: "decoded", details: { what: part.title } };
    const piece = pieceOf(part, bytes);
    return piece === undefined ? { entry } : { entry, bytes: piece };
  });
}

/** The bytes of a part, and its fields as they lie in them; undefined: it wraps, and is not in one piece. */
function pieceOf(part: DecodedPart, bytes: Uint8Array): StepEntry["bytes"] | undefined {
  const start = part.fields[0]?.offset ?? 0;
  const piece = bytes.slice(start, start + part.byteCount);
  const rows = rowsOf(part, piece).map(([name, offset, ...rest]): RecordedField => [
    name,
    offset - start,
    ...rest,
  ]);
  const isWhole = rows.every(([, offset]) => offset >= 0 && offset <= piece.length);
  return isWhole ? { bytes: piece, byteCount: piece.length, fields: rows } : undefined;
}

/** The pieces of `items`. */
export function stepsOfBytes(
  items: readonly PlacedBytes[],
  form: DecodeForm,
  { isChecked }: StepSettings,
): Decoding {
  const check = new TraceCheck();
  const decoded = decodeBytes(items.map(({ bytes }) => bytes), form);
  const placed = (found: FoundInBytes, place: string | null): WireFinding => ({
    rule: found.rule,
    place: place === null ? offsetText(found.offset) : `${place}, ${offsetText(found.offset)}`,
    message: found.what,
  });
  const findingsOf = (each: DecodedBytes, at: number): readonly WireFinding[] => {
    const { bytes, place } = items[at]!;
    if (each.kind !== "message") return brokenBytes(each).map((found) => placed(found, place));
    const broken = check.takeBytes(bytes, BUS, speakerOf(bytes));
    return broken === null ? [] : [placed({ ...broken, offset: 0 }, place)];
  };
  const stepOf = (each: DecodedBytes, at: number): DecodedStep => {
    const { damage, isGuess, kind } = each;
    const doubt = `  taken for a ${kind} by its looks: --as says what it is, if that is wrong`;
    const all = kind === "gpadl" ? items : [items[at]!];
    return {
      lines: (look) => [
        ...linesOfBytes(each, look),
        ...isGuess && damage !== null ? [doubt] : [],
      ],
      json: each,
      damage: damage && `damaged at ${damage.offset}: ${damage.reason}`,
      findings: isChecked ? findingsOf(each, at) : [],
      entries: all.flatMap(({ bytes }, place) => entriesOf(each, bytes, at + place)),
    };
  };
  return {
    kind: "items",
    isSpaced: true,
    steps: decoded.map(stepOf),
    end: () => ({ lines: [], unknown: isChecked ? check.unknown : [], json: {} }),
  };
}
