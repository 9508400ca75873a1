/**
 * What becomes of a GPADL at either end of a bus, as entries of the trace: it follows from messages and calls.
 *
 * @module
 */

import type { RuntimePort } from "../runtime/runtime_port.ts";

/** What a GPADL has come to. At the guest's end: `creating` to `deleted`; at the host's: the rest. */
export type GpadlChange =
  | "creating"
  | "created"
  | "refused"
  | "deleting"
  | "deleted"
  | "accepted"
  | "mapped"
  | "unmapped"
  | "tornDown";

/** Which one, and what is known of it. */
export interface ToldGpadl {
  /** The channel that it was made for. */
  readonly channelId: number;
  /** The guest's handle of it. */
  readonly gpadlId: number;
  /** Bytes that it describes, as far as that is known at this end. */
  readonly byteCount: number;
}

/** Tells that a GPADL of the guest that is `traceId` on the trace has changed at one end. */
export function tellGpadl(
  { recorder, clock }: Pick<RuntimePort, "recorder" | "clock">,
  traceId: number,
  by: "guest" | "host",
  change: GpadlChange,
  { channelId, gpadlId, byteCount }: ToldGpadl,
): void {
  if (!recorder.keepsEntries) return;
  const details = { by, change, channelId, gpadlId, byteCount };
  recorder.imply(clock.now100ns, "gpadlChanged", traceId, { details });
}
