/**
 * Numbers in inputs, and lists of bytes as inputs.
 *
 * @module
 */

/** The u16 at `at` of `input`; what is beyond its end counts as 0. */
export function u16At(input: Uint8Array, at: number): number {
  return (input[at] ?? 0) | (input[at + 1] ?? 0) << 8;
}

/** The u32 at `at` of `input`; what is beyond its end counts as 0. */
export function u32At(input: Uint8Array, at: number): number {
  return (u16At(input, at) | u16At(input, at + 2) << 16) >>> 0;
}

/** `values` as u16, little-endian. */
export function u16Bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value, value >>> 8]));
}

/** `values` as u32, little-endian. */
export function u32Bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value) => [value, value >>> 8, value >>> 16, value >>> 24]),
  );
}

/** `parts`, one after the other. */
export function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...Array.from(part)]));
}

/** The whole buffer that an input lies in, with what stands around it. */
export class Around {
  readonly #views = new Map<ArrayBufferLike, Uint8Array>();

  /** The buffer of `input`, in which it begins at its `byteOffset`. */
  of({ buffer }: Uint8Array): Uint8Array {
    let view = this.#views.get(buffer);
    if (view === undefined) {
      if (this.#views.size === 4) this.#views.clear();
      view = new Uint8Array(buffer);
      this.#views.set(buffer, view);
    }
    return view;
  }
}
