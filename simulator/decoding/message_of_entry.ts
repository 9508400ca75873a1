/**
 * The control message that an entry of a trace tells of.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { bytesOfHex } from "./hex_text.ts";

/** The bytes of the control message that an entry tells of; null: it tells of something else. */
export function messageOfEntry({ event, details: { bytes } }: TraceEntry): Uint8Array | null {
  const isMessage = event === "messageToHost" || event === "messageToGuest";
  return isMessage && typeof bytes === "string" && /^(?:[0-9a-f]{2})*$/i.test(bytes)
    ? bytesOfHex(bytes)
    : null;
}
