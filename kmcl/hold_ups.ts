/**
 * Explains what keeps a waiting call from ending: for the error of a caller that is rejected, for
 * `inspect`, and to find calls that wait for their own callback.
 *
 * @module
 */

import { showU64 } from "../core/units.ts";
import type { Frame } from "../actors/runtime/irql.ts";
import { UNITS_PER_MS } from "../actors/runtime/real_pace.ts";
import type { HoldUp } from "../actors/runtime/waits.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import { oppositeOf } from "../actors/partition/opposite.ts";
import { PartitionObject } from "../actors/partition/partition_object.ts";
import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../actors/channel/incoming_packet.ts";
import type { PartitionPort } from "../actors/channel/partition_port.ts";
import type { CallbackName, WaitGoal } from "../actors/channel/driver_port.ts";
import { isStateChangeOf } from "../actors/channel/state_changes.ts";

/** The callbacks that the incoming queue waits for. */
const PACKET_CALLBACKS: ReadonlySet<string> = new Set<CallbackName>([
  "EvtChannelProcessPacket",
  "EvtChannelProcessingComplete",
]);

/** A reason that no callback's return would end. */
function state(text: string): HoldUp {
  return { text, callback: null };
}

/** What keeps a waiting call of the driver of `endpoint` from ending; null where nothing is known. */
export function holdUpOf(endpoint: Endpoint, wait: WaitGoal): HoldUp | null {
  switch (wait.goal) {
    case "rest":
      return holdsUpPause(endpoint);
    case "disabled":
      return holdsUpDisable(endpoint);
    case "answer":
      return holdsUpRequest(endpoint, wait.packet);
    case "bytes":
      return holdsUpReading(endpoint);
    case "room":
      return holdsUpWriting(endpoint);
    case "unmapped":
      return holdsUpDeletion(endpoint, wait.gpadlHandle, wait.channelId);
  }
}

/** What keeps VmbChannelPause of `endpoint` from ending (kmcl.md S8). */
function holdsUpPause(endpoint: Endpoint): HoldUp | null {
  return standsStill(endpoint.partition) ?? stateChange(endpoint) ?? packetCallback(endpoint) ??
    unretired(endpoint);
}

/** What keeps VmbChannelDisable of `endpoint` from ending (kmcl.md S10, S11). */
function holdsUpDisable(endpoint: Endpoint): HoldUp | null {
  // In a teardown nothing is owed to it any more, and what tells of a refused open holds none up (kmcl.md S11).
  const isLeft = endpoint.side === "client" && endpoint.is("tearingDown");
  const own = isLeft ? standsStill(endpoint.partition) : holdsUpPause(endpoint);
  if (own !== null || endpoint.side === "server") return own;
  const server = oppositeOf(endpoint);
  if (server === null) return state(`the host has not released ${endpoint.name}`);
  return holdsUpPause(server) ?? state(`${server.name} has not released ${endpoint.name}`);
}

/** What keeps the transaction of a synchronous request from ending (kmcl.md S5, R5, Y1). */
function holdsUpRequest(endpoint: Endpoint, packet: PacketObject): HoldUp | null {
  const closed = standsStill(endpoint.partition) ?? notFlowing(endpoint);
  if (closed !== null) return closed;
  const own = packet.wantsCompletion ? packetCallback(endpoint) : null;
  if (own !== null) return own;
  const opposite = oppositeOf(endpoint);
  if (opposite === null) return state(`nobody reads what ${endpoint.name} sends`);
  if (packet.actor.is("awaiting")) {
    const arrived = opposite.incoming.outstandingPackets.awaiting(packet.slot);
    if (arrived !== null) return heldByDriver(arrived);
  }
  return notReading(opposite) ?? notReading(endpoint);
}

/** What keeps bytes from coming on a byte pipe. */
function holdsUpReading(endpoint: Endpoint): HoldUp | null {
  return notReading(endpoint) ?? state(`the opposite side of ${endpoint.name} writes nothing`);
}

/** What keeps what was written on a byte pipe from its ring. */
function holdsUpWriting(endpoint: Endpoint): HoldUp | null {
  const own = standsStill(endpoint.partition) ?? notFlowing(endpoint);
  if (own !== null) return own;
  const opposite = oppositeOf(endpoint);
  if (opposite === null) return state(`nobody reads what ${endpoint.name} sends`);
  return notReading(opposite) ?? state(`${opposite.name} is full, and nobody reads from it`);
}

/** What keeps VmbChannelDeleteGpadl from ending. */
function holdsUpDeletion(client: Endpoint, handle: number, channelId: number): HoldUp | null {
  const paused = standsStill(client.partition) ??
    standsStill(PartitionObject.of(client.partition).root);
  if (paused !== null) return paused;
  const mapping = PartitionObject.of(client.partition).bus.ownHost?.gpadls.of(channelId).find((
    { gpadlId },
  ) => gpadlId === handle);
  if (mapping?.actor.is("mapped") !== true) return null;
  const server = oppositeOf(client);
  const text = `GPADL ${handle} of ${client.name} is mapped by ${server?.name ?? "the host"}`;
  // When EvtChannelClosed returns, every mapping ends, whatever the driver does.
  const isClosing = server?.changes.current === "closed";
  return { text, callback: isClosing ? stateChange(server)?.callback ?? null : null };
}

// -- The parts

function standsStill({ runs, isRoot, name }: PartitionPort): HoldUp | null {
  if (runs) return null;
  return state(isRoot ? "the root is paused" : `the guest is paused (${name})`);
}

function unfinished(endpoint: Endpoint, isIt: (frame: Frame) => boolean): HoldUp | null {
  for (const pending of endpoint.runtime.callbacks.pending) {
    const { frame } = pending;
    if (frame.owner !== endpoint || !isIt(frame)) continue;
    return { text: `${frame.name} of ${frame.ownerName} has not returned`, callback: pending };
  }
  return null;
}

/** The state change callback of `endpoint` that is unfinished: the others wait for it (kmcl.md S10). */
function stateChange(endpoint: Endpoint): HoldUp | null {
  return unfinished(endpoint, (frame) => isStateChangeOf(frame, endpoint));
}

/** The ProcessPacket or ProcessingComplete that is unfinished: the queue waits for it (kmcl.md R2). */
function packetCallback(endpoint: Endpoint): HoldUp | null {
  return endpoint.incoming.isBusy
    ? unfinished(endpoint, ({ name }) => PACKET_CALLBACKS.has(name))
    : null;
}

/** A packet that the driver of `endpoint` has not retired. */
function unretired(endpoint: Endpoint): HoldUp | null {
  const { oldest, outstanding } = endpoint.incoming.outstandingPackets;
  return oldest === null ? null : heldByDriver(oldest, outstanding - 1);
}

function heldByDriver(packet: IncomingPacket, others = 0): HoldUp {
  const { endpoint, transactionIdLow, transactionIdHigh, since100ns } = packet;
  const which = `packet ${showU64(transactionIdLow, transactionIdHigh)} of ${endpoint.name}`;
  const more = others > 0 ? `, and ${others} more` : "";
  return state(
    `${which} is held by its driver since t = ${since100ns / UNITS_PER_MS} ms${more}`,
  );
}

/** Why `endpoint` sends nothing. */
function notFlowing(endpoint: Endpoint): HoldUp | null {
  if (endpoint.flows) return null;
  if (!endpoint.isSound) return state(`${endpoint.name} is faulted: ${endpoint.fault}`);
  const callback = stateChange(endpoint) ?? packetCallback(endpoint);
  if (callback !== null) return callback;
  if (endpoint.is("opened")) return unretired(endpoint) ?? state(`${endpoint.name} is Paused`);
  return notOpen(endpoint);
}

/** Why `endpoint` is not open. */
function notOpen(endpoint: Endpoint): HoldUp | null {
  if (endpoint.side === "server") {
    return state(`no client of the guest has opened ${endpoint.name}`);
  }
  if (!endpoint.is("connecting")) return state(whyNoOffer(endpoint));
  const server = oppositeOf(endpoint);
  if (server === null) return state(`the host has not answered the open of ${endpoint.name}`);
  return standsStill(server.partition) ?? stateChange(server);
}

function whyNoOffer(client: Endpoint): string {
  const { clientTarget } = client.configuration;
  const { interfaceType, instance } = clientTarget ?? { interfaceType: "", instance: null };
  const channel = PartitionObject.of(client.partition).bus.guest.channels.find(({ offer, actor }) =>
    !actor.is("free") && offer.interfaceId === interfaceType &&
    (instance === null || offer.instanceId === instance)
  );
  const which = `offer of type ${interfaceType}`;
  const whose = instance === null ? "" : ` for instance ${instance}`;
  if (channel?.taken === undefined || channel.taken === null) return `no ${which} stands${whose}`;
  return `the ${which}${whose} is taken by ${channel.taken.client.name}`;
}

/** Why `endpoint` takes nothing from its incoming ring. */
function notReading(endpoint: Endpoint): HoldUp | null {
  const still = standsStill(endpoint.partition) ?? notFlowing(endpoint);
  if (still !== null) return still;
  const callback = packetCallback(endpoint);
  if (callback !== null) return callback;
  if (!endpoint.incoming.outstandingPackets.isBlocked) return null;
  const { quota } = endpoint.incoming.outstandingPackets;
  const why = unretired(endpoint)?.text ?? "its completions wait for room in the ring";
  return state(`${endpoint.name} has reached its transaction quota of ${quota}: ${why}`);
}
