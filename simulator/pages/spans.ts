/**
 * Which entries of a trace begin and end the same thing: calls and callbacks.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";

/** A call or a callback, from its beginning to its end. */
export interface Span {
  /** Which of them it is. */
  readonly kind: "call" | "callback";
  /** Its documented name. */
  readonly name: string;
  /** Whose it is, as entries name it. */
  readonly subject: string;
  /** The entry at which it begins. */
  readonly from: number;
  /** The entry at which it ends. */
  readonly to: number;
}

/** Packets are given to their drivers by callbacks that no entry of their own begins. */
const BEGINS: Readonly<Record<string, string>> = {
  packetArrived: "EvtChannelProcessPacket",
  packetCompleted: "EvtPacketCompletionRoutine",
  packetEnded: "EvtPacketCompletionRoutine",
};

const CALL_ENDS = new Set(["callReturned", "callThrew", "callRefused"]);

/** What an entry begins or ends; null: neither. */
function edgeOf(
  { event, details }: TraceEntry,
): { readonly kind: Span["kind"]; readonly name: string; readonly isEnd: boolean } | null {
  if (event === "call") return { kind: "call", name: String(details.call), isEnd: false };
  if (CALL_ENDS.has(event)) return { kind: "call", name: String(details.call), isEnd: true };
  if (event === "callbackBegin" || event === "callbackEnd") {
    const name = String(details.callback);
    return { kind: "callback", name, isEnd: event === "callbackEnd" };
  }
  const name = BEGINS[event];
  return name === undefined ? null : { kind: "callback", name, isEnd: false };
}

/**
 * Calls and callbacks of a trace that have both ends. Of two of one name that overlap the inner one ends first, as
 * calls inside of each other do.
 */
export function spansOf(entries: readonly TraceEntry[]): readonly Span[] {
  const open = new Map<string, number[]>();
  const spans: Span[] = [];
  for (const [at, entry] of entries.entries()) {
    const edge = edgeOf(entry);
    if (edge === null) continue;
    const { kind, name, isEnd } = edge;
    const { subject } = entry;
    const key = `${kind} ${name} ${subject}`;
    const begun = open.get(key) ?? [];
    open.set(key, begun);
    if (!isEnd) {
      begun.push(at);
      continue;
    }
    const from = begun.pop();
    if (from !== undefined) spans.push({ kind, name, subject, from, to: at });
  }
  return spans;
}
