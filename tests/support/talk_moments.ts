/**
 * What a talk is at in one moment: what a test of saving must have come upon.
 *
 * @module
 */

import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { endpointOf } from "./saving_server.ts";
import type { TalkStage } from "./talk_stage.ts";

type Seen = (endpoints: readonly Endpoint[], stage: TalkStage) => boolean;

const server = ({ side }: Endpoint) => side === "server";
const client = ({ side }: Endpoint) => side === "client";
const packets = ({ outgoing }: Endpoint) => outgoing.packets.live;
const awaits = (endpoint: Endpoint) =>
  packets(endpoint).some(({ actor }) => actor.snapshot.value === "awaiting");

/** Whether bytes without a transaction of their sender's wait in a ring. */
function hasPosts(endpoint: Endpoint): boolean {
  const control = endpoint.rings?.outgoing.snapshot();
  const isUsed = control !== undefined && control.writeIndex !== control.readIndex;
  return isUsed && !awaits(endpoint);
}

/** Whether root work of a kind is due for one of the talk's servers. */
function isDue(kind: string, endpoints: readonly Endpoint[], { fabric }: TalkStage): boolean {
  if (!(fabric instanceof FabricRuntime)) throw new TypeError("Cannot look into another's fabric");
  const due = fabric.root.processors.flatMap((processor) => processor.list());
  const ids = new Set(endpoints.map(({ id }) => id));
  return due.some((item) => item.kind === kind && ids.has(item.worker.traceId));
}

/** A moment that only a talk with a Paused server lacks. */
export const ACTIVE_MOMENT = "a flow that is active on both sides";
/** A moment that only such a talk has. */
export const PAUSED_MOMENT = "a Paused flow of an open channel";

const MOMENTS: Readonly<Record<string, Seen>> = {
  "the host awaits a completion": (all) => all.filter(server).some(awaits),
  "the guest awaits a completion": (all) => all.filter(client).some(awaits),
  "packets in a ring, of which none asks for a completion": (all) => all.some(hasPosts),
  "external data in flight": (all) =>
    all.some((one) => packets(one).some(({ ranges }) => ranges.length > 0)),
  "pages of external data that a driver waits for": (all, stage) => isDue("pageIn", all, stage),
  "a GPADL": (all) => all.some((one) => (one.end?.gpadlsOf(one) ?? []).length > 0),
  "a full ring of the host": (all) =>
    all.filter(server).some(({ outgoing }) => outgoing.ring?.position.awaitsRoom === true),
  "a full ring of the guest": (all) =>
    all.filter(client).some(({ outgoing }) => outgoing.ring?.position.awaitsRoom === true),
  "a quota that is reached": (all) => all.some(({ incoming }) => incoming.progress.isBlocked),
  "a packet that was handed back": (all) =>
    all.some(({ incoming }) => incoming.progress.isHeadPassive),
  "a packet that its driver keeps": (all) =>
    all.some(({ incoming }) => incoming.outstandingPackets.outstanding > 0),
  "a completion that finds no room": (all) =>
    all.some(({ outgoing }) => outgoing.progress.completions.length > 0),
  "a completion routine that is due": (all) =>
    all.some(({ outgoing }) => outgoing.progress.ended.length > 0),
  "a signal that is delayed": (all) => all.some(({ signal }) => signal.remaining100ns !== null),
  [ACTIVE_MOMENT]: (all) => all.every((one) => one.is("active")),
  [PAUSED_MOMENT]: (all) => all.some((one) => one.is("opened") && !one.is("active")),
  "a channel that is opening": (all) => all.some((one) => one.is("connecting")),
};

/** The names of all moments. */
export const MOMENT_NAMES: readonly string[] = Object.keys(MOMENTS);

/** The moments that this is. */
export function momentsOf(stage: TalkStage): readonly string[] {
  const { host, client } = stage;
  const endpoints = [...host.channels, ...client.channels].map(({ channel }) =>
    endpointOf(channel)
  );
  return MOMENT_NAMES.filter((name) => MOMENTS[name]!(endpoints, stage));
}
