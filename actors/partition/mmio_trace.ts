/**
 * What becomes of a partition's MMIO, as entries of the trace: it follows from messages and calls.
 *
 * @module
 */

import type { OnMmioChange } from "../../core/memory/types.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";

/** Puts each change of the partition that is `traceId` on the trace: the guest's or the host's. */
export function mmioTrace(
  { recorder, clock }: Pick<RuntimePort, "recorder" | "clock">,
  traceId: number,
): OnMmioChange {
  return (change, gpa, byteCount) => {
    const by = change === "reserved" || change === "released" ? "guest" : "host";
    const details = { by, change, gpa, ...byteCount !== null && { byteCount } };
    recorder.imply(clock.now100ns, "mmioChanged", traceId, { details });
  };
}
