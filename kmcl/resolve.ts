/**
 * What every documented function begins with: whether the handle is good, and what it stands for (kmcl.md
 * section 4).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { Side } from "../actors/channel/types.ts";
import type { RuntimePort } from "../actors/runtime/runtime_port.ts";
import type { FabricRuntime } from "../actors/fabric/fabric_runtime.ts";
import { Handle } from "../actors/runtime/handle.ts";
import { describe } from "../core/describe.ts";
import { endDetails } from "./ends.ts";
import type { FunctionName } from "./function_names.ts";
import * as handles from "./handles.ts";
import type { ArrivedPacket, PacketTarget } from "./handles.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { resolveHandle } = handles;

/** What a function of a table knows beside its arguments. */
export interface Kmcl {
  /** The fabric in which the table's device is. */
  readonly runtime: FabricRuntime;
  /** Which of the two tables it is. */
  readonly table: Side;
}

/** A table, as far as it matters which fabric it is of. */
export interface InFabric {
  /** The fabric. */
  readonly runtime: RuntimePort;
}

/**
 * Throws while KMCL functions may not be called: while a guest's driver tells its state, which must not
 * change then, and once the fabric was disposed of.
 *
 * @throws {Error} No KMCL function may be called now.
 */
export function refuseWhereRefused({ runtime }: InFabric): void {
  if (runtime.kmclRefusal !== null) refuse(runtime); // the error is built elsewhere: every call runs this
}

function refuse({ kmclRefusal }: RuntimePort): never {
  throw new Error(`Cannot call KMCL functions ${kmclRefusal}`);
}

/** The endpoint that `channel` stands for in the table's fabric, or null (kmcl.md I1). */
export function endpointOf(kmcl: Kmcl, channel: unknown): Endpoint | null {
  refuseWhereRefused(kmcl);
  const endpoint = resolveHandle(channel, "VMBCHANNEL");
  return endpoint !== null && endpoint.runtime === kmcl.runtime ? endpoint : null;
}

/** The same for a function without status: an invalid handle is a violation (kmcl.md section 9). */
export function requireEndpoint(kmcl: Kmcl, call: FunctionName, channel: unknown): Endpoint | null {
  const endpoint = endpointOf(kmcl, channel);
  if (endpoint === null) reportHandle(kmcl, call, channel, "channel");
  return endpoint;
}

/** The packet that `packet` stands for, or null. With the verifier off a freed one keeps its handle. */
export function packetOf(kmcl: InFabric, packet: unknown): PacketTarget | null {
  refuseWhereRefused(kmcl);
  const target = resolveHandle(packet, "VMBPACKET");
  if (target === null || target.endpoint.runtime !== kmcl.runtime) return null;
  const isDrivers = target.packet.kind !== "request" && !target.packet.actor.tags.pooled;
  return isDrivers ? target : null;
}

/** The same for a function without status. */
export function requirePacket(
  kmcl: Kmcl,
  call: FunctionName,
  packet: unknown,
): PacketTarget | null {
  const target = packetOf(kmcl, packet);
  if (target === null) reportHandle(kmcl, call, packet, "packet");
  return target;
}

/** The incoming packet that `context` stands for, or null. */
export function incomingOf(kmcl: Kmcl, context: unknown): ArrivedPacket | null {
  refuseWhereRefused(kmcl);
  const packet = resolveHandle(context, "VMBPACKETCOMPLETION");
  return packet !== null && packet.endpoint.runtime === kmcl.runtime ? packet : null;
}

/** The same for a function without status; a context that was good once has a rule of its own. */
export function requireIncoming(
  kmcl: Kmcl,
  call: FunctionName,
  context: unknown,
): ArrivedPacket | null {
  const packet = incomingOf(kmcl, context);
  if (packet !== null) return packet;
  if (Handle.kindOf(context) === "VMBPACKETCOMPLETION") {
    kmcl.runtime.verifier.report(
      "PacketComplete, Defer or Fail of a context that is retired or handed back",
      call,
      "it was retired or handed back before",
      endDetails(context, "VMBPACKETCOMPLETION"),
    );
  } else reportHandle(kmcl, call, context, "completion context");
  return null;
}

function reportHandle(kmcl: Kmcl, call: FunctionName, value: unknown, what: string): void {
  const kind = Handle.kindOf(value);
  const shown = kind === null ? describe(value) : `a ${kind} that is not live`;
  const about = kind === null ? undefined : endDetails(value, kind);
  const message = about === undefined
    ? `${shown} is no ${what}`
    : `the ${what} was given up before`;
  kmcl.runtime.verifier.report("invalid handle", call, message, about);
}

/**
 * Makes a call that waits. The promise that `work` gives is returned as it is, as the fabric must know
 * when it is awaited (api.md section 1); what `work` throws rejects one.
 */
export function waiting<T>(work: () => Promise<T>): Promise<T>;
/** The same, for a call that may have nothing to wait for. */
export function waiting(work: () => Promise<void> | void): Promise<void>;
export function waiting(work: () => Promise<unknown> | void): Promise<unknown> {
  try {
    return work() ?? Promise.resolve();
  } catch (error) { // a violation: a waiting function rejects with it (kmcl.md section 9)
    return Promise.reject(error);
  }
}
