/**
 * What functions of this package have in common that stand beside KMCL's tables: each takes a table first, and its calls
 * are on the trace like those of the tables.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { CallName } from "./call_parameters.ts";
import { CallTrace, codeOf } from "./call_trace.ts";
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

/** Makes a call about `endpoint`, which is on the trace; one about none leaves none, as no fabric is known for it. */
export function traced<T>(
  endpoint: Endpoint | null,
  name: CallName,
  given: readonly unknown[],
  work: () => T,
): T {
  if (endpoint === null || !endpoint.runtime.recorder.isHeard) return work();
  const trace = new CallTrace(endpoint.runtime, endpoint.partition.traceId);
  return trace.run(codeOf(name), given, work);
}
