/**
 * GPADLs whose header was refused while their bodies were on their way: the guest sent those before it
 * could hear of the refusal, so they come to nothing and are no fault (wire.md 3.4).
 *
 * @module
 */

/** GPADLs that are remembered; the bodies of older ones are nobody's. */
const KEPT = 64;

/** The refused GPADLs of one guest. */
export class RefusedGpadls {
  /** Bytes that are on their way, by the id that body messages carry. */
  readonly #missingBytes = new Map<number, number>();

  /** A header with this id was refused that announced so many bytes more than it held. */
  expect(gpadlId: number, byteCount: number): void {
    this.forget(gpadlId);
    if (byteCount <= 0) return;
    for (const oldest of this.#missingBytes.keys()) {
      if (this.#missingBytes.size < KEPT) break;
      this.#missingBytes.delete(oldest);
    }
    this.#missingBytes.set(gpadlId, byteCount);
  }

  /** A body with so many bytes came; whether it belongs to a refused GPADL. */
  take(gpadlId: number, byteCount: number): boolean {
    const missingBytes = this.#missingBytes.get(gpadlId);
    if (missingBytes === undefined) return false;
    this.expect(gpadlId, missingBytes - byteCount);
    return true;
  }

  /** The id stands for another GPADL now. */
  forget(gpadlId: number): void {
    this.#missingBytes.delete(gpadlId);
  }

  /** The guest is gone. */
  clear(): void {
    this.#missingBytes.clear();
  }
}
