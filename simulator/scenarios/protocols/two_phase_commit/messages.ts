/**
 * What the drivers of two-phase commit say to each other: a few bytes, of which the first says what it is.
 *
 * @module
 */

import { type Identity, identityOf } from "../set_up.ts";

const TYPE = "b7a1c0de-0006-4d6e-9a3b-5f0c1d2e3a46";

/** Participants, each in a guest of its own. */
export const PARTICIPANTS = 3;

/** A participant's channel. */
export function participantIdentity(index: number): Identity {
  return identityOf(TYPE, index);
}

/** A client's channel. */
export function clientIdentity(index: number): Identity {
  return identityOf(TYPE, 0x100 + index);
}

/** The timer's channel. */
export const TIMER: Identity = identityOf(TYPE, 0x200);

/** What is said; then follow the numbers that it is about. */
export const SAY = {
  /** A client wants something written: transaction, key, value. Answered with an outcome. */
  write: 0,
  /** A client wants to know a value: transaction, key. Answered with the transaction that wrote it, and the value. */
  read: 1,
  /** May this be written? Transaction, key, value. Answered with a vote. */
  prepare: 2,
  /** It is written. Transaction. */
  commit: 3,
  /** It is forgotten. Transaction. */
  abort: 4,
  /** A transaction's time begins. Answered when it is over. */
  startTimer: 5,
  /** The time is not needed any more. */
  cancelTimer: 6,
  /** A little time has passed. Answered at once. */
  tick: 7,
} as const;

/** What became of a transaction. */
export const OUTCOME = { committed: 0, refused: 1, timedOut: 2 } as const;

/** What a participant thinks of a transaction. */
export const VOTE = { yes: 0, no: 1 } as const;

/** Why a transaction's time is over. */
export const TIME = { elapsed: 0, cancelled: 1 } as const;

/** A transaction of a client. */
export interface Transaction {
  /** Its number: no two have the same. */
  readonly id: number;
  /** What is written. */
  readonly key: number;
  /** To what. */
  readonly value: number;
}
