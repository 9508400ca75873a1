/**
 * Bytes that cases carry.
 *
 * @module
 */

/** A payload in which each byte differs from its neighbours. */
export function payload(byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => 1 + 7 * at);
}
