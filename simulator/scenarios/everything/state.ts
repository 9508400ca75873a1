/**
 * What one side of a channel knows: plain data, which is saved with its guest.
 *
 * @module
 */

import type { PlainData, SavedFields } from "../../../mod.ts";

/** Something that was not as it must be. */
export interface Wrong {
  /** The rule, with its number in kmcl.md. */
  readonly rule: string;
  /** What it was. */
  readonly message: string;
}

/** What a side knows beside its handles. Sets of packets are words with a bit for each number. */
export interface TalkerState {
  /** Packets that were sent: the next one's number. */
  sent: number;
  /** Those whose transaction succeeded. */
  succeeded: number;
  /** Those whose transaction came to nothing. */
  lost: number;
  /** Those that were sent as synchronous requests. */
  requested: number;
  /** The opposite side's, that were received. */
  received: number;
  /** How often it was opened. */
  opens: number;
  /** How often it was closed. */
  closes: number;
  /** How often an open came to nothing. */
  refusals: number;
  /** Whether packets may be sent. */
  maySend: boolean;
  /** The GPADL that the two share; 0: none. */
  gpadl: number;
  /** How often the host has counted in it. */
  counted: number;
  /** What was wrong, the first few. */
  readonly wrongs: Wrong[];
}

const WRONGS_MAX = 8;
const WORDS = [
  "sent",
  "succeeded",
  "lost",
  "requested",
  "received",
  "opens",
  "closes",
  "refusals",
  "gpadl",
  "counted",
] as const;

/** A state to begin with. */
export function newState(): TalkerState {
  return {
    sent: 0,
    succeeded: 0,
    lost: 0,
    requested: 0,
    received: 0,
    opens: 0,
    closes: 0,
    refusals: 0,
    maySend: false,
    gpadl: 0,
    counted: 0,
    wrongs: [],
  };
}

/** Keeps what is wrong for the end of the world: a driver has nobody to tell. */
export function wrong({ wrongs }: TalkerState, rule: string, message: string): void {
  if (wrongs.length < WRONGS_MAX) wrongs.push({ rule, message });
}

/** The state as it is saved. */
export function saveState(state: TalkerState): PlainData {
  return { ...state, wrongs: state.wrongs.map(({ rule, message }) => ({ rule, message })) };
}

/** Reads what {@linkcode saveState} told. */
export function readState(saved: SavedFields): TalkerState {
  const words = WORDS.map((name) => [name, saved.uint(name, 0xffff_ffff)]);
  const wrongs: Wrong[] = [];
  saved.records("wrongs", (each) => {
    wrongs.push({ rule: each.text("rule"), message: each.text("message") });
  });
  return { ...newState(), ...Object.fromEntries(words), maySend: saved.flag("maySend"), wrongs };
}
