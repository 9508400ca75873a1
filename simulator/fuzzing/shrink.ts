/**
 * Makes an input that fails smaller: fewer bytes, and of those more zeros.
 *
 * @module
 */

/** Whether an input still fails as it did. */
export type StillFails = (input: Uint8Array) => boolean | Promise<boolean>;

/**
 * The smallest input that still fails, of those that at most `triesMax` tries lead to. What `input` itself
 * does is known.
 */
export async function shrinkInput(
  input: Uint8Array,
  stillFails: StillFails,
  triesMax: number,
): Promise<Uint8Array> {
  let best = input;
  let triesLeft = triesMax;
  const accept = async (candidate: Uint8Array) => {
    if (triesLeft-- <= 0 || !await stillFails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== best.length && triesLeft > 0;) {
    before = best.length;
    for (let size = best.length; size >= 1 && triesLeft > 0; size >>= 1) {
      // From the end: what stands there is needed least.
      for (let at = best.length - size; at >= 0 && triesLeft > 0; at -= size) {
        await accept(without(best, at, size));
      }
    }
  }
  for (let at = 0; at < best.length && triesLeft > 0; at++) {
    for (const value of simplerBytes(best[at]!)) if (await accept(best.with(at, value))) break;
  }
  return best;
}

function without(bytes: Uint8Array, at: number, count: number): Uint8Array {
  const rest = new Uint8Array(Math.max(0, bytes.length - count));
  rest.set(bytes.subarray(0, at));
  rest.set(bytes.subarray(at + count), at);
  return rest;
}

/** Bytes that are simpler than `byte`, the simplest first. */
function simplerBytes(byte: number): readonly number[] {
  const candidates = [0, 1, byte & 0xf0, byte & 0x0f, byte >> 1];
  return candidates.filter((value, at, all) => value < byte && all.indexOf(value) === at);
}
