/**
 * A writer's wish for room (wire.md 1.7): it is said to the reader by the pending send size, or, on a connection
 * before version 2.4, to nobody.
 *
 * @module
 */

import {
  FEATURE_BITS_OFFSET,
  FEATURE_PENDING_SEND_SIZE,
  PENDING_SEND_SIZE_OFFSET,
  READ_INDEX_OFFSET,
} from "./layout.ts";
import type { RingMemory } from "./ring_memory.ts";

/** Stands for the reader's index before a writer that waits has looked at it. */
const NOT_LOOKED = -1;

/** The wish of one writer. */
export class RoomWish {
  /** Whether the writer waits for room. */
  isMade = false;
  /** The read index that the writer saw when it last looked for room; or that it has not. */
  seenReadIndex: number = NOT_LOOKED;
  readonly #memory: RingMemory;
  /** Whether the control page has a pending send size, and the bit that says so. */
  readonly #hasPendingSendSize: boolean;

  /** Of the writer of the ring in `memory`; false: nobody can be told on its connection. */
  constructor(memory: RingMemory, hasPendingSendSize: boolean) {
    this.#memory = memory;
    this.#hasPendingSendSize = hasPendingSendSize;
  }

  /** The writer is the ring's first: says that wishes will be said, and that there is none. */
  begin(): void {
    if (!this.#hasPendingSendSize) return;
    this.#memory.store(FEATURE_BITS_OFFSET, FEATURE_PENDING_SEND_SIZE);
    this.#memory.store(PENDING_SEND_SIZE_OFFSET, 0);
  }

  /** Waits for `bytes` of room, and says so to a reader that can be told. */
  make(bytes: number): void {
    if (this.#hasPendingSendSize) this.#memory.store(PENDING_SEND_SIZE_OFFSET, bytes);
    this.isMade = true;
  }

  /** Waits no more. */
  takeBack(): void {
    if (this.#hasPendingSendSize) this.#memory.store(PENDING_SEND_SIZE_OFFSET, 0);
    this.isMade = false;
  }

  /** Whether the reader of one who waits has come to another place since he last looked. */
  get readerHasMoved(): boolean {
    return this.isMade && this.#memory.load(READ_INDEX_OFFSET) !== this.seenReadIndex;
  }
}
