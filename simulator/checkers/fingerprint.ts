/**
 * Payloads as checkers keep them: how long, and a number that another payload hardly has.
 *
 * @module
 */

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * A number of 32 bits for `bytes[start, end)` (FNV-1a). Two payloads of one length that differ in one byte
 * never have the same; any two others by a chance of 1 in 2^32.
 */
export function fingerprint(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_BASIS;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return hash >>> 0;
}
