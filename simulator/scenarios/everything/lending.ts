/**
 * Guest memory that goes with packets as external data, in each of the ways that there are: a part of an
 * MDL, a chain, whole pages.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { fill, sumOf } from "./message.ts";
import type { ChannelPlan } from "./plan.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** Each packet lends of two pages. */
const BUFFER_BYTES = 8192;
/** MDLs of a chain, at most. */
const CHAIN_MAX = 2;

/** What of the two pages is lent. */
interface Lent {
  readonly offset: number;
  readonly byteCount: number;
}

/** The ways to lend: a part that straddles a page's end, the same of a chain, one whole page. */
const WAYS: readonly Lent[] = [
  { offset: 4000, byteCount: 200 },
  { offset: 3900, byteCount: 328 },
  { offset: 0, byteCount: 4096 },
];

/** What the guest has lent, by the number of the packet. */
export class Lending {
  readonly #memory: vmbus.GuestMemory;
  readonly #buffers = new Map<number, vmbus.GuestBuffer>();

  /** Nothing is lent yet of `memory`. */
  constructor(memory: vmbus.GuestMemory) {
    this.#memory = memory;
  }

  /** Sends a packet with memory; null where there is none to be lent. */
  send(
    kmcl: vmbus.KmclClientInterfaceV1,
    packet: vmbus.VMBPACKET,
    payload: Uint8Array,
    number: number,
    variant: number,
  ): vmbus.NtStatus | null {
    const buffer = tryAllocate(this.#memory, BUFFER_BYTES);
    if (buffer === null) return null;
    const way = variant % WAYS.length;
    const { offset, byteCount } = WAYS[way]!;
    const { gpa, pfns } = buffer;
    this.#memory.write(gpa + offset, fill(new Uint8Array(byteCount), number));
    if ((variant >> 4) % 2 === 1) this.#memory.pageOut(gpa, BUFFER_BYTES);
    this.#buffers.set(number, buffer);
    const post = () => {
      if (way === 2) {
        return kmcl.VmbPacketSendWithExternalPfns(packet, payload, payload.length, pfns, 1, WAIT);
      }
      if (way === 1) {
        const mdl = vmbus.IoAllocateMdl(this.#memory, gpa + offset, 196);
        mdl.next = vmbus.IoAllocateMdl(this.#memory, gpa + 4096, byteCount - 196);
        return kmcl.VmbPacketSend(packet, payload, payload.length, mdl, WAIT);
      }
      const mdl = vmbus.IoAllocateMdl(this.#memory, gpa + 1000, 4000);
      const send = kmcl.VmbPacketSendWithExternalMdl;
      return send(packet, payload, payload.length, mdl, offset - 1000, byteCount, WAIT);
    };
    return post();
  }

  /**
   * The packet has ended: gives the memory back, and says what is wrong with it; null: nothing. `sum` is
   * what the host saw, null where it does not tell.
   */
  end(number: number, variant: number, sum: number | null): string | null {
    const buffer = this.#buffers.get(number);
    if (buffer === undefined) return null;
    const { offset, byteCount } = WAYS[variant % WAYS.length]!;
    const bytes = this.#memory.read(buffer.gpa + offset, byteCount);
    this.#buffers.delete(number);
    this.#memory.free(buffer);
    if (sum === null) return null;
    const expected = sumOf(fill(new Uint8Array(byteCount), number));
    if (sum !== expected) return `the host saw other bytes than packet ${number} lent`;
    bytes[0]! ^= 0xff; // what the host has altered
    return sumOf(bytes) === expected ? null : `packet ${number} does not show what the host wrote`;
  }

  /** Gives back all: packets whose end nobody heard of. */
  endAll(): void {
    for (const buffer of this.#buffers.values()) this.#memory.free(buffer);
    this.#buffers.clear();
  }

  /** Number and address of each buffer, as they are saved. */
  save(): readonly (readonly number[])[] {
    return [...this.#buffers].map(([number, { gpa }]) => [number, gpa]);
  }

  /** Takes up a buffer again. */
  restore(number: number, buffer: vmbus.GuestBuffer): void {
    this.#buffers.set(number, buffer);
  }
}

/** `byteCount` bytes of guest memory; null where too few are free. */
export function tryAllocate(
  memory: vmbus.GuestMemory,
  byteCount: number,
): vmbus.GuestBuffer | null {
  try {
    return memory.allocate(byteCount);
  } catch (error) {
    if (error instanceof RangeError) return null; // a guest may run out of memory at any time
    throw error;
  }
}

/** The host's part: sums what was lent, and alters its first byte. */
export function useLent(mdl: vmbus.Mdl | null): number {
  const segments = vmbus.mdlSegments(mdl);
  const sum = segments.reduce((before, bytes) => sumOf(bytes, before), sumOf(new Uint8Array(0)));
  if (segments[0] !== undefined) segments[0][0]! ^= 0xff;
  return sum;
}

/** Bounds of external data: a channel that lends nothing has no room for it in its rings. */
export function externalBounds({ lends }: ChannelPlan): readonly [bytes: number, chain: number] {
  return lends ? [BUFFER_BYTES, CHAIN_MAX] : [1, 1];
}
