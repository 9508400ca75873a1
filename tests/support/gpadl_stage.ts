/**
 * An open channel with guest memory to share, for tests of GPADLs.
 *
 * @module
 */

import { assertEquals, assertExists } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { openPair, type Pair, type PairOptions } from "./connected_pair.ts";
import { pattern } from "./sending.ts";

/** Bytes of a page. */
export const PAGE_BYTES = 4096;

/** An open pair, and 8 pages of the guest with a pattern. */
export interface GpadlStage extends Pair {
  readonly memory: vmbus.GuestMemory;
  readonly pages: vmbus.GuestBuffer;
  readonly bytes: Uint8Array;
  /** An MDL for `byteCount` bytes from `offset` of the pages on. */
  readonly mdl: (offset: number, byteCount: number) => vmbus.Mdl;
}

/** Opens a pair. */
export async function openGpadlStage(options: PairOptions = {}): Promise<GpadlStage> {
  const pair = await openPair(options);
  const { memory } = pair.guest;
  const pages = memory.allocate(8 * PAGE_BYTES);
  const bytes = pattern(8 * PAGE_BYTES);
  memory.write(pages.gpa, bytes);
  const mdl = (offset: number, byteCount: number) =>
    vmbus.IoAllocateMdl(memory, pages.gpa + offset, byteCount);
  return { ...pair, memory, pages, bytes, mdl };
}

/** Chains MDLs, and returns the first. */
export function chain(...mdls: vmbus.Mdl[]): vmbus.Mdl {
  for (const [index, mdl] of mdls.entries()) mdl.next = mdls[index + 1] ?? null;
  assertExists(mdls[0]);
  return mdls[0];
}

/** Shares an MDL chain, all of it unless told. */
export function shareMdl(
  { vsc, client }: Pair,
  mdl: vmbus.Mdl,
  { flags = 0, offset = 0, length = 0 }: { flags?: number; offset?: number; length?: number } = {},
): number {
  const created = vsc.VmbChannelCreateGpadlFromMdl(client, flags, mdl, offset, length);
  return vmbus.expectSuccess(created, "VmbChannelCreateGpadlFromMdl").gpadlHandle;
}

/** Maps a GPADL. */
export function mapGpadl({ vsp, server }: Pair, handle: number, flags = 0): vmbus.Mdl {
  return vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, flags, handle)).mdl;
}

/** A copy of all bytes of an MDL chain. */
export function bytesOf(mdl: vmbus.Mdl | null): Uint8Array {
  const segments = vmbus.mdlSegments(mdl);
  const bytes = new Uint8Array(segments.reduce((sum, segment) => sum + segment.length, 0));
  let at = 0;
  for (const segment of segments) {
    bytes.set(segment, at);
    at += segment.length;
  }
  return bytes;
}

/** Pages of the guest that something holds. */
export function pinnedPages({ fabric, guest }: Pair): number {
  const state = fabric.inspect().partitions.find(({ name }) => name === guest.name);
  assertExists(state);
  return state.pinnedPages;
}

/** The control messages that left from here on, by name, as `take` sees them at the end. */
export function watchMessages({ fabric }: Pair): () => string[] {
  const from = fabric.trace.length;
  const names: Readonly<Record<number, string>> = {
    8: "gpadlHeader",
    9: "gpadlBody",
    10: "gpadlCreated",
    11: "gpadlTeardown",
    12: "gpadlTorndown",
  };
  return () =>
    fabric.trace.slice(from).filter(({ event }) => event.startsWith("messageTo")).map((entry) => {
      const type = parseInt(String(entry.values[0]).slice(0, 2), 16);
      return names[type] ?? `message ${type}`;
    });
}

/** The bytes of the latest control message of `type` (wire.md 4.2). */
export function lastMessage({ fabric }: Pair, type: number): Uint8Array {
  const prefix = type.toString(16).padStart(2, "0");
  const entry = fabric.trace.findLast(({ event, values }) =>
    event.startsWith("messageTo") && String(values[0]).startsWith(prefix)
  );
  const text = String(entry?.values[0] ?? "");
  assertEquals(text === "", false);
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}
