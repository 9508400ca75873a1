/**
 * Which call ended what a handle stood for: it is noted with the handle, so that the violation of a
 * second call can name the first (kmcl.md section 9).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { EarlierCall, ViolationDetails } from "../actors/runtime/violation_details.ts";
import { currentFrame } from "../actors/runtime/irql.ts";
import { UNITS_PER_MS } from "../actors/runtime/real_pace.ts";
import type { RuntimePort } from "../actors/runtime/runtime_port.ts";
import {
  type Handle,
  handleEndOf,
  type HandleKind,
  noteHandleEnd,
} from "../actors/runtime/handle.ts";
import { showU64 } from "../core/units.ts";

/** The most ended GPADLs that a channel remembers. */
const GPADL_ENDS_MAX = 64;

/**
 * Notes that the running `call` ends what `handle` stands for: a channel, or a packet of it. With the
 * verifier off violations are not reported, so nothing is noted.
 */
export function noteEnd(
  { verifier, clock }: RuntimePort,
  handle: Handle<HandleKind> | null,
  call: string,
  { place }: Endpoint,
  packetLow: number | null = null,
  packetHigh = 0,
): void {
  if (verifier.mode === "off" || handle === null) return;
  const callback = currentFrame()?.name ?? null;
  const source = verifier.sourceLine();
  const { now100ns } = clock;
  noteHandleEnd(handle, {
    call,
    at100ns: now100ns,
    callback,
    source,
    channel: place,
    packetLow,
    packetHigh,
  });
}

/** What a violation about a handle of `kind` says, if what it stood for has ended. */
export function endDetails(handle: unknown, kind: HandleKind): ViolationDetails | undefined {
  const end = handleEndOf(handle, kind);
  if (end === null) return undefined;
  const { call, at100ns, callback, source, channel, packetLow, packetHigh } = end;
  const packet = packetLow === null ? null : showU64(packetLow, packetHigh);
  return { channel, packet, first: { call, at: at100ns / UNITS_PER_MS, callback, source } };
}

/** Which calls deleted or unmapped the latest GPADLs of one channel. */
export class GpadlEnds {
  readonly #ends = new Map<number, EarlierCall>();

  /** Notes the call that ended `handle`. */
  note(handle: number, by: EarlierCall | null): void {
    if (by === null) return;
    this.#ends.delete(handle); // the newest is the last
    this.#ends.set(handle, by);
    if (this.#ends.size <= GPADL_ENDS_MAX) return;
    for (const oldest of this.#ends.keys()) {
      this.#ends.delete(oldest);
      return;
    }
  }

  /** Forgets the end of `handle`: a new GPADL has it now. */
  forget(handle: number): void {
    this.#ends.delete(handle);
  }

  /** The call that ended `handle`; null where it is not remembered. */
  of(handle: unknown): EarlierCall | null {
    return typeof handle === "number" ? this.#ends.get(handle) ?? null : null;
  }
}
