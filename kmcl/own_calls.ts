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
import { type Caller, callerOfTable } from "./interface_header.ts";
import { refuseWhereRefused } from "./resolve.ts";
import type { KmclClientInterfaceV1 } from "./tables.ts";

/** The endpoint that `channel` stands for in the fabric of the table `kmcl`; null where it stands for none (kmcl.md I1). */
export function endpointIn(kmcl: KmclClientInterfaceV1, channel: unknown): Endpoint | null {
  const caller = callerOfTable(kmcl);
  if (caller !== null) refuseWhereRefused(caller);
  const endpoint = resolveHandle(channel, "VMBCHANNEL");
  return endpoint !== null && endpoint.runtime === caller?.runtime ? endpoint : null;
}

/** Makes a call by a table, which is on the trace of its fabric, refused or not. By what is no table, none is known. */
export function traced<T>(
  kmcl: KmclClientInterfaceV1,
  name: CallName,
  given: readonly unknown[],
  work: () => T,
): T {
  return tracedBy(callerOfTable(kmcl), name, given, work);
}

/** The same, of whoever calls without a table. */
export function tracedBy<T>(
  caller: Caller | null,
  name: CallName,
  given: readonly unknown[],
  work: () => T,
): T {
  if (caller === null || !caller.runtime.recorder.isHeard) return work();
  return new CallTrace(caller.runtime, caller.traceId).run(codeOf(name), given, work);
}
