/**
 * A monitor page: signals that may be late, and so are put together (wire.md section 6). A guest sets the bit of a
 * monitor id, and whoever looks after the page signals what its parameters say, within its latency.
 *
 * All of it is the guest's memory, which anybody may write at any time: what is loaded is any number, and is loaded
 * once. Words are read and written with Atomics, as guest and host may be different threads.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { MONITOR_IDS, type MonitorParameters } from "./layouts.ts";

/** Words of 4 bytes: the enabled groups. */
const TRIGGER_STATE_WORD = 0;
/** Words of 4 bytes: the pending bits of group 0; its armed bits follow, then the next group. */
const GROUPS_WORD = 2;
/** Words of 4 bytes: when id 0 is looked at next. */
const NEXT_CHECK_TIMES_WORD = 16;
/** Words of 2 bytes: the latency of id 0. */
const LATENCIES_HALF = 288;
/** Words of 4 bytes: the connection of id 0; its flag follows, then the next id. */
const PARAMETERS_WORD = 272;

/** Monitor ids of a group: one for each bit of a word. */
const IDS_PER_GROUP = 32;
const GROUPS = MONITOR_IDS / IDS_PER_GROUP;

const { and, load, or, store } = Atomics;

/** Where the pending bit of a monitor id is. */
function pendingWord(id: number): number {
  return GROUPS_WORD + 2 * (id >> 5);
}

function bitOf(id: number): number {
  return (1 << (id & 31)) >>> 0;
}

/** A monitor page over its 4096 bytes. */
export class MonitorPage {
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;

  /** The page that `bytes` are: 4096, aligned to 8. */
  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, byteLength } = bytes;
    this.#words = new Uint32Array(buffer, byteOffset, byteLength / 4);
    this.#halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  }

  /** For the guest: `id` is to be signalled. False where it was already: one signal will stand for both. */
  setPending(id: number): boolean {
    assert(id >>> 0 < MONITOR_IDS, "a monitor id is one of 128");
    const bit = bitOf(id);
    return (or(this.#words, pendingWord(id), bit) & bit) === 0;
  }

  /** Whether `id` is to be signalled. */
  isPending(id: number): boolean {
    return (load(this.#words, pendingWord(id)) & bitOf(id)) !== 0;
  }

  /** The ids that are to be signalled, the lowest first. Nothing says that anybody has them. */
  pending(): number[] {
    const ids: number[] = [];
    for (let group = 0; group < GROUPS; group++) {
      for (let bits = load(this.#words, GROUPS_WORD + 2 * group); bits !== 0; bits &= bits - 1) {
        ids.push(group * IDS_PER_GROUP + 31 - Math.clz32(bits & -bits));
      }
    }
    return ids;
  }

  /** Takes the bit of `id` back: whoever does is to signal it. False where it is not set. */
  takePending(id: number): boolean {
    const bit = bitOf(id);
    return (and(this.#words, pendingWord(id), ~bit) & bit) !== 0;
  }

  /** By how much a signal of `id` may be late, in 100 ns: any u16. */
  latency100ns(id: number): number {
    return load(this.#halves, LATENCIES_HALF + id);
  }

  /** Says by how much a signal of `id` may be late, in 100 ns. */
  setLatency(id: number, latency100ns: number): void {
    store(this.#halves, LATENCIES_HALF + id, latency100ns);
  }

  /** What `id` signals, as the page says now. */
  parameters(id: number): MonitorParameters {
    const word = PARAMETERS_WORD + 2 * id;
    return {
      connectionId: load(this.#words, word),
      flag: load(this.#words, word + 1) & 0xffff,
    };
  }

  /** Says when `id` is looked at next, in the low 32 bits of a time in 100 ns: for whoever shows the page. */
  setNextCheckTime(id: number, at100ns: number): void {
    store(this.#words, NEXT_CHECK_TIMES_WORD + id, at100ns % 2 ** 32);
  }

  /** `id` is looked after from now on: what it signals, and by how much that may be late. */
  arm(id: number, { connectionId, flag }: MonitorParameters, latency100ns: number): void {
    const word = PARAMETERS_WORD + 2 * id;
    store(this.#words, word, connectionId);
    store(this.#words, word + 1, flag);
    this.setLatency(id, latency100ns);
    or(this.#words, pendingWord(id) + 1, bitOf(id));
    or(this.#words, TRIGGER_STATE_WORD, 1 << (id >> 5));
  }

  /** `id` is looked after no more, and nothing of it is left to be signalled. */
  disarm(id: number): void {
    const bit = bitOf(id);
    and(this.#words, pendingWord(id) + 1, ~bit);
    and(this.#words, pendingWord(id), ~bit);
    this.setLatency(id, 0);
    store(this.#words, PARAMETERS_WORD + 2 * id, 0);
    store(this.#words, PARAMETERS_WORD + 2 * id + 1, 0);
  }
}
