/**
 * What was read, decoded piece by piece: what the command `decode` prints, checks and draws.
 *
 * @module
 */

import type { Look } from "../layout.ts";
import type { TraceEntry } from "../../mod.ts";
import type { RecordedBytes } from "../pages/recording.ts";
import type { WireFinding } from "../wire_rules/trace_check.ts";

/** A piece. */
export interface DecodedStep {
  /** It for people; without line ends. */
  readonly lines: (look: Look) => readonly string[];
  /** It for programs; undefined: it is something beside the pieces. */
  readonly json?: unknown;
  /** What is wrong with how it is written, with its place; null: nothing. */
  readonly damage: string | null;
  /** The rules of wire.md that it breaks. */
  readonly findings: readonly WireFinding[];
  /** It as entries of a trace, for a diagram. */
  readonly entries: readonly StepEntry[];
}

/** A piece as an entry of a trace. */
export interface StepEntry {
  /** The entry. */
  readonly entry: TraceEntry;
  /** Its bytes, where they are no control message, which has them itself. */
  readonly bytes?: Pick<RecordedBytes, "bytes" | "byteCount" | "fields">;
}

/** What is said once everything was read. */
export interface DecodedEnd {
  /** For people. */
  readonly lines: readonly string[];
  /** What is not known, in sentences. */
  readonly unknown: readonly string[];
  /** More members for programs. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** All of what was read. */
export interface Decoding {
  /** What the pieces are to programs. */
  readonly kind: "items" | "entries";
  /** Whether a line stands empty between two pieces. */
  readonly isSpaced: boolean;
  /** The pieces; those of a long text come as it is read. */
  readonly steps: AsyncIterable<DecodedStep> | Iterable<DecodedStep>;
  /** What is said at the end: once all pieces were asked for. */
  end(): DecodedEnd;
}

/** How what was read is to be looked at. */
export interface StepSettings {
  /** What the input is called in places: the file's name. */
  readonly name: string;
  /** Whether it is measured by the rules of wire.md. */
  readonly isChecked: boolean;
}

/** A finding in a line. */
export function findingText({ rule, place, message }: WireFinding): string {
  return `${place}: breaks ${rule}: ${message}`;
}
