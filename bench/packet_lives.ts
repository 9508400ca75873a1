/**
 * What all packet objects do in the figure "packet-life".
 *
 * @module
 */

/** Packets that live: each is taken from its list, enters the ring, is completed and goes back. */
export interface PacketLives {
  /** How many packet objects there are. */
  readonly objectCount: number;
  /** Transactions that were completed. */
  readonly completed: number;
  /** One life. */
  live(): void;
}
