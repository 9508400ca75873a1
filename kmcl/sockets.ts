/**
 * Sockets between a guest and its host: how one asks for a connection, and who answers (wire.md 4.5).
 *
 * @module
 */

import type { SocketRequest } from "../actors/bus/host/socket_requests.ts";
import type { Endpoint } from "../actors/channel/endpoint.ts";
import { SocketConnect } from "../actors/channel/socket_connect.ts";
import type { Partition } from "../actors/partition/partition.ts";
import { PartitionObject } from "../actors/partition/partition_object.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import type { Wait } from "../actors/runtime/waits.ts";
import { isInstance } from "../core/describe.ts";
import { NULL_GUID, parseGuid } from "../core/guid.ts";
import {
  type NtStatus,
  STATUS_CANCELLED,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { copyMembers } from "../core/structures.ts";
import { isUint } from "../core/units.ts";
import type { MaybePromise } from "./callbacks.ts";
import { canWait } from "./channel_lifecycle.ts";
import { endpointIn, traced, tracedBy } from "./own_calls.ts";
import { refuseWhereRefused, waiting } from "./resolve.ts";
import type { KmclClientInterfaceV1 } from "./tables.ts";

export type { SocketRequest } from "../actors/bus/host/socket_requests.ts";

/** Answers a guest that wants to connect to a socket of the host. */
export type SocketProvider = (request: SocketRequest) => MaybePromise<NtStatus>;

/**
 * Says who answers the connect requests of `guest`, in the place of whoever did before. The provider is called at PASSIVE_LEVEL,
 * one request after the other, as `EvtSocketConnect` on the trace. It returns SUCCESS once it has enabled a server that offers the
 * request's endpointId as instance, and its serviceId as interface; a failure refuses, by TlConnectResult from version 4.1 on.
 * With 16 requests unanswered nothing else that the guest says is read. Without a provider each is refused:
 * CONNECTION_REFUSED.
 *
 * Statuses: SUCCESS; `_1` no guest of a fabric that lives; `_2` neither a function nor null; INVALID_DEVICE_REQUEST the guest's host
 * is somebody outside.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md | wire.md 4.5}
 */
export function setSocketProvider(guest: Partition, provider: SocketProvider | null): NtStatus {
  if (!isInstance(guest, PartitionObject)) return STATUS_INVALID_PARAMETER_1;
  if (guest.isAlive) refuseWhereRefused(guest);
  const caller = { runtime: guest.runtime, traceId: guest.root.traceId };
  return tracedBy(caller, "setSocketProvider", [guest.vmbusHandle, provider], () => {
    if (!guest.isAlive) return STATUS_INVALID_PARAMETER_1;
    if (provider !== null && typeof provider !== "function") return STATUS_INVALID_PARAMETER_2;
    const { ownHost } = guest.bus;
    if (ownHost === null) return STATUS_INVALID_DEVICE_REQUEST;
    ownHost.sockets.provider = provider;
    return STATUS_SUCCESS;
  });
}

/** How a socket is connected. */
export interface ConnectOptions {
  /** The longest that it may take, in 100 ns of virtual time: a whole number from 0 on. */
  readonly timeout100ns: number;
  /** The container that asks, a GUID; by default all zero, for none. It crosses from version 5.2 on. */
  readonly siloId?: string;
}

/**
 * Waits until a channel that is a socket, and enabled, is open. A client asks the host for it first: its target has an
 * instance, which is the connection, and the host answers by an offer, or refuses. A server has its offer out already, and
 * waits for a guest that listens.
 *
 * Statuses: SUCCESS it is open; CONNECTION_REFUSED, or whatever else the host gave, nobody listens; CANCELLED the time was up;
 * DEVICE_REMOVED the channel is Disabled; INVALID_DEVICE_STATE the same connection is asked for already; NOT_SUPPORTED a guest
 * below version 4.0; `_1` no live channel, or one that is no socket; `_2` wrong options; INVALID_DEVICE_REQUEST where it must
 * not wait. Where it is not SUCCESS the channel is still to be disabled.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md | wire.md 4.5}
 */
export function connectSocket(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  options: ConnectOptions,
): Promise<NtStatus> {
  return waiting(() => {
    const endpoint = endpointIn(kmcl, channel);
    const given = copyMembers(options, ["timeout100ns", "siloId"]);
    const siloId = parseGuid(given?.siloId ?? NULL_GUID);
    const timeout100ns = given?.timeout100ns;
    return traced(
      kmcl,
      "connectSocket",
      [channel, timeout100ns, siloId],
      () => connect(endpoint, timeout100ns, siloId),
    );
  });
}

function connect(
  endpoint: Endpoint | null,
  timeout100ns: unknown,
  siloId: string | null,
): Promise<NtStatus> {
  const refused = (status: NtStatus) => Promise.resolve(status);
  if (endpoint === null) return refused(STATUS_INVALID_PARAMETER_1);
  const { configuration, side, runtime, partition, name } = endpoint;
  const { clientTarget, serverTarget, socket } = configuration;
  const instance = (side === "client" ? clientTarget : serverTarget)?.instance ?? null;
  if (socket === null || instance === null) return refused(STATUS_INVALID_PARAMETER_1);
  if (!isUint(timeout100ns, Number.MAX_SAFE_INTEGER) || siloId === null) {
    return refused(STATUS_INVALID_PARAMETER_2);
  }
  if (!canWait(endpoint)) return refused(STATUS_INVALID_DEVICE_REQUEST);
  const asked = side === "client" ? PartitionObject.of(partition).bus.guest.sockets : null;
  if (asked?.has(instance) === true) return refused(STATUS_INVALID_DEVICE_STATE);
  const wait: Wait<NtStatus> = runtime.beginWait<NtStatus>({
    call: "connectSocket",
    what: `${name} to be open`,
    partition,
    endpoint,
    heldUpBy: () => endpoint.driverCallbacks.heldUpBy({ goal: "bytes" }),
    isTimed: true,
    abandon: () => asking.end(STATUS_CANCELLED),
  });
  const asking: SocketConnect = new SocketConnect(endpoint, wait, () => asked?.forget(instance));
  const deadline100ns = runtime.clock.now100ns + timeout100ns;
  asking.begin(Math.min(deadline100ns, Number.MAX_SAFE_INTEGER));
  if (clientTarget !== null && asking.isWaiting) {
    asked?.ask(instance, clientTarget.interfaceType, siloId, asking);
  }
  return wait.promise;
}
