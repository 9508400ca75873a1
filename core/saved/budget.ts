/**
 * What saved data may weigh on the heap: one byte of a file can stand for a whole object, so that a file
 * of moderate size could otherwise exhaust the memory of its reader.
 *
 * The weights are those that the data has in V8, a little rounded up. The writer has the same budget as
 * the reader: what cannot be read is not written (docs/saved-state.md, "What it may weigh").
 *
 * @module
 */

/** Most that all chunks of one envelope weigh together: far less than the smallest heap. */
export const HEAP_BYTES_MAX = 2 ** 28;
/** What chunks of a form that this package does not know may weigh beyond their own share, together. */
export const FREE_HEAP_BYTES = 2 ** 25;
/** What every chunk may weigh, however short it is. */
const CHUNK_HEAP_BYTES = 2 ** 14;
/**
 * What it may weigh for each byte of its payload: our own records, which have names, weigh less than
 * that.
 */
const HEAP_BYTES_PER_BYTE = 16;

/** A list of `count` members, without what they weigh themselves. */
export function listWeight(count: number): number {
  return 48 + 8 * count;
}

/** A record of `count` fields, without keys and values; many fields make it a hash table. */
export function recordWeight(count: number): number {
  return 64 + (count > 16 ? 64 : 12) * count;
}

/** A value that is neither list nor record. The content of bytes is not on the heap. */
export function simpleWeight(
  value: null | boolean | number | bigint | string | Uint8Array,
): number {
  switch (typeof value) {
    case "string":
      return value.length < 2 ? 0 : 24 + 4 * value.length; // V8 keeps each text of one unit once
    case "bigint":
      return 24;
    case "number":
      return value === (value | 0) ? 0 : 16;
    case "object":
      return value === null ? 0 : 216;
    default:
      return 0;
  }
}

/** A number of bytes on the heap that can be spent. */
export class HeapBudget {
  #leftBytes: number;

  /** A budget of `byteCount` bytes. */
  constructor(byteCount: number = HEAP_BYTES_MAX) {
    this.#leftBytes = byteCount;
  }

  /** Whether more was asked for than there was. */
  get isOver(): boolean {
    return this.#leftBytes < 0;
  }

  /** Spends bytes before they are used; false where fewer are left. */
  spend(byteCount: number): boolean {
    this.#leftBytes -= byteCount;
    return this.#leftBytes >= 0;
  }

  /** What is left; negative where it is overspent. */
  get leftBytes(): number {
    return this.#leftBytes;
  }
}

/** The budget of one envelope, from which each of its chunks gets its own. */
export class EnvelopeBudget {
  readonly #freeTypes: readonly number[];
  #leftBytes = HEAP_BYTES_MAX;
  #freeBytes = FREE_HEAP_BYTES;

  /** A whole budget; `freeTypes` are the types of chunks whose form somebody else decides. */
  constructor(freeTypes: readonly number[]) {
    this.#freeTypes = freeTypes;
  }

  /** What the next chunk may weigh, which follows from its type and its length. */
  allowance(type: number, payloadBytes: number): number {
    const share = shareOf(payloadBytes);
    const free = this.#freeTypes.includes(type) ? this.#freeBytes : 0;
    return Math.min(this.#leftBytes, share + free);
  }

  /** Spends the weight of the next chunk, which is within its budget. */
  spend(payloadBytes: number, weight: number): void {
    this.#leftBytes -= weight;
    this.#freeBytes -= Math.max(0, weight - shareOf(payloadBytes));
  }
}

function shareOf(payloadBytes: number): number {
  return CHUNK_HEAP_BYTES + HEAP_BYTES_PER_BYTE * payloadBytes;
}
