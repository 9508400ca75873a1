/**
 * What is recorded on a trace, and what one entry holds.
 *
 * @module
 */

import type { MixHash } from "./mix_hash.ts";

/**
 * How much of a run is recorded. `"digest"` keeps a hash alone, in constant memory;
 * `"digestWithoutPayloads"` leaves out what payloads, external data and guest memory hold, but not how
 * long they are; `"full"` keeps every entry beside the hash; `"off"` records nothing.
 */
export type TraceLevel = "digest" | "digestWithoutPayloads" | "full" | "off";

/** The events, with the code of each in the digest. */
export const TRACE_EVENTS = {
  // The work item that begins to run.
  workInterrupt: 1,
  workDpc: 2,
  workPassive: 3,
  workTimer: 4,
  workControl: 5,
  workStateChange: 6,
  workMatch: 7,
  workPageIn: 8,
  // What chance had to choose.
  choice: 9,
  workSignal: 10,
  // A control message that leaves, with its bytes.
  messageToHost: 16,
  messageToGuest: 17,
  // One that its receiver takes.
  messageTaken: 18,
  // A driver's callback.
  callbackBegin: 32,
  callbackEnd: 33,
  // A documented function: what it was called with, and how it ended.
  call: 36,
  callReturned: 37,
  callThrew: 38,
  requestEnded: 39,
  handleClosed: 40,
  callRefused: 41,
  // A caller that waits, in a documented function or a delay.
  waitBegan: 42,
  waitEnded: 43,
  // What becomes of a packet.
  packetQueued: 48,
  packetEntered: 49,
  packetArrived: 50,
  packetCompleted: 51,
  packetEnded: 52,
  // The upper 32 bits of the transaction id that comes next, where there are any.
  transactionIdHigh: 54,
  // An answer that waits for room, or to a packet that asks for none.
  answerKept: 53,
  // What a driver does with a packet that it was given, and when that counts no more.
  packetRetired: 58,
  packetSettled: 59,
  // The memory that a packet describes, as its sender leaves it and as it finds it again.
  externalDataSent: 56,
  externalDataEnded: 57,
  // What was in a ring, unread, when the ring went or the digest was taken.
  unread: 60,
  // Bytes that are taken out of the packets of a byte pipe.
  bytesTaken: 61,
  // Signals and time.
  interrupt: 64,
  timerArmed: 65,
  timerCancelled: 66,
  time: 67,
  // What happens to a channel, and what its peer did wrong.
  channelEvent: 72,
  fault: 73,
  // A channel that was made, and its rings.
  channelCreated: 74,
  ringsAttached: 76,
  ringsDetached: 77,
  // What becomes of a GPADL at either end, and of MMIO.
  gpadlChanged: 78,
  mmioChanged: 79,
  // Misuse that the verifier has found.
  violation: 80,
  // What goes wrong because a simulation has it so, and what it finds.
  faultFired: 81,
  found: 82,
  // Partitions.
  partitionCreated: 96,
  partitionCrashed: 97,
  partitionDestroyed: 98,
  partitionPaused: 99,
  partitionResumed: 100,
  interruptPosted: 101,
  partitionSaved: 102,
  partitionRestored: 103,
  saveRefused: 108,
  partitionDisconnects: 106,
  partitionConnects: 107,
  // What a peer outside signals.
  peerSignalsHost: 104,
  peerSignalsGuest: 105,
  // What a program does with a partition's memory.
  memoryAllocated: 112,
  memoryFreed: 113,
  memoryWritten: 114,
  memoryPagedOut: 115,
} as const;

/** The name of what is recorded. */
export type TraceEvent = keyof typeof TRACE_EVENTS;

/** The code of what is recorded. */
export type TraceCode = typeof TRACE_EVENTS[TraceEvent];

/** The names by their codes. */
export const EVENT_NAMES: ReadonlyMap<TraceCode, TraceEvent> = new Map(
  (Object.keys(TRACE_EVENTS) as TraceEvent[]).map((event) => [TRACE_EVENTS[event], event]),
);

/** Bytes on the trace: how many, and a short hash of them, as 16 hexadecimal digits. */
export interface TraceBytes {
  /** Their number. */
  readonly byteCount: number;
  /** Their hash: no protection against forgery. */
  readonly hash: string;
}

/** One detail of an entry: a value, or several by name, as the fields of a control message. */
export type TraceDetail = null | boolean | number | string | TraceBytes | TraceDetails;

/** All details of an entry, by name. */
export interface TraceDetails {
  /** One of them. */
  readonly [name: string]: TraceDetail;
}

/** One record, as level `"full"` keeps it. */
export interface TraceEntry {
  /** When, in 100 ns of virtual time. */
  readonly at100ns: number;
  /** What happened. */
  readonly event: string;
  /** To what: `channel 1`, or `#` and its id where it has no name. */
  readonly subject: string;
  /** Its values: numbers and words, or bytes as one hexadecimal text. */
  readonly values: readonly (number | string)[];
  /** The same and more by name, for reports: arguments, statuses, hashes of payloads. */
  readonly details: TraceDetails;
  /**
   * The driver's line, with file and column, that made the call or the misuse; left out where nobody keeps lines.
   * It differs from machine to machine, and is in no digest.
   */
  readonly source?: string;
  /** Misuse: the driver's own lines that have led there, the innermost first, if there are several. */
  readonly stack?: readonly string[];
}

/** What an endpoint has sent and its opposite side has not read. */
export interface Unread {
  /** Stands for the endpoint. */
  readonly subjectId: number;
  /** Packets as they lie in the ring. */
  readonly bytes: Uint8Array;
}

/** A moment of a trace. */
export interface TraceMark {
  /** The hash of what was recorded before. */
  readonly hash: MixHash;
  /** Words that it had taken. */
  readonly hashedWords: number;
  /** Words that it had not taken: too few for a step. */
  readonly rest: Int32Array;
  /** Time of the record before; -1 before the first one. */
  readonly at100ns: number;
  /** Entries that were kept. */
  readonly entryCount: number;
}

/** What the values of an event stand for, in order. */
export const VALUE_NAMES: Readonly<Partial<Record<TraceEvent, readonly string[]>>> = {
  choice: ["count", "chosen"],
  messageToHost: ["bytes"],
  messageToGuest: ["bytes"],
  callbackBegin: ["callback", "packetsProcessed"],
  callbackEnd: ["callback"],
  call: ["call"],
  callReturned: ["call"],
  callThrew: ["call"],
  callRefused: ["call"],
  requestEnded: ["status", "completionBufferSize"],
  answerKept: ["byteCount"],
  externalDataSent: ["packet", "byteCount"],
  externalDataEnded: ["packet", "byteCount"],
  unread: ["byteCount"],
  bytesTaken: ["byteCount"],
  packetQueued: ["packet", "byteCount"],
  packetEntered: ["packet", "byteCount"],
  packetArrived: ["transactionId", "byteCount"],
  packetCompleted: ["packet", "byteCount"],
  packetEnded: ["packet", "status"],
  transactionIdHigh: ["high"],
  timerArmed: ["due100ns"],
  channelEvent: ["change", "status"],
  fault: ["fault", "message", "direction"],
  violation: ["rule", "call", "message"],
  partitionCreated: ["memoryPages", "mmioMegabytes", "processors", "vtl", "levelOf", "servedBy"],
  partitionSaved: ["byteCount"],
  partitionRestored: ["byteCount"],
  saveRefused: ["status"],
  interruptPosted: ["isToHost", "channelId"],
  peerSignalsHost: ["connectionId", "flag"],
  peerSignalsGuest: ["vpAndSint", "eventFlag"],
  memoryAllocated: ["gpa", "byteCount"],
  memoryFreed: ["gpa", "byteCount"],
  memoryWritten: ["gpa", "byteCount"],
  memoryPagedOut: ["gpa", "byteCount"],
};
