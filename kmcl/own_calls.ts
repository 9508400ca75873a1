/**
 * What functions of this package have in common that stand beside KMCL's tables: each takes a table first, and its calls
 * are on the trace like those of the tables.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { NtStatus } from "../core/ntstatus.ts";
import { CallTrace } from "./call_trace.ts";
import { resolveHandle } from "./handles.ts";
import { runtimeOfTable } from "./interface_header.ts";
import { refuseWhereRefused } from "./resolve.ts";
import type { KmclClientInterfaceV1 } from "./tables.ts";

/** The endpoint that `channel` stands for in the fabric of the table `kmcl`; null where it stands for none (kmcl.md I1). */
export function endpointIn(kmcl: KmclClientInterfaceV1, channel: unknown): Endpoint | null {
  const runtime = runtimeOfTable(kmcl);
  if (runtime !== null) refuseWhereRefused({ runtime });
  const endpoint = resolveHandle(channel, "VMBCHANNEL");
  return endpoint !== null && endpoint.runtime === runtime ? endpoint : null;
}

/** Makes a call about `endpoint`, which is on the trace. */
export function traced(
  endpoint: Endpoint | null,
  code: number,
  given: readonly unknown[],
  work: () => NtStatus,
): NtStatus {
  if (endpoint === null || !endpoint.runtime.recorder.isOn) return work();
  return new CallTrace(endpoint.runtime, endpoint.partition.traceId).run(code, given, work);
}
