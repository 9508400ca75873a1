/**
 * What goes wrong on a bus: interrupts, control messages, offers, GPADLs (wire.md sections 1, 3 and 4).
 *
 * @module
 */

import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { HostEnd } from "../../../actors/bus/host/host_end.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { AnyRule, ChannelWhere, Deed, FaultTable, GuestWhere } from "../basics.ts";
import type { FaultyWorld } from "../faulty_world.ts";
import { isOn } from "../place.ts";

/** Which way something crosses a bus. */
export interface DirectedWhere extends ChannelWhere {
  /** Who it is for. */
  readonly direction?: "toHost" | "toGuest";
}

/** Which control messages a fault happens to. */
export interface MessageWhere extends GuestWhere {
  /** Who they are for. */
  readonly direction?: "toHost" | "toGuest";
  /** Their name in [wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md), in lower camel case: `openResult`. */
  readonly message?: string;
}

/** An interrupt comes late, and stands for those that follow it. */
export interface InterruptDelayedRule extends AnyRule<"interruptDelayed", DirectedWhere> {
  /** By how much, in virtual milliseconds. */
  readonly ms?: number;
}

/** An interrupt comes with the next one, once for both. */
export interface InterruptMergedRule extends AnyRule<"interruptMerged", DirectedWhere> {
  /** By how much it is late where no other follows, in virtual milliseconds. */
  readonly ms?: number;
}

/** An interrupt that nobody sent. */
export type InterruptSpuriousRule = AnyRule<"interruptSpurious", DirectedWhere>;

/** A control message comes late, and so do those behind it. */
export interface MessageDelayedRule extends AnyRule<"messageDelayed", MessageWhere> {
  /** By how much, in virtual milliseconds. */
  readonly ms?: number;
}

/** An offer is taken back, and made again. */
export interface OfferRescindedRule extends AnyRule<"offerRescinded", ChannelWhere> {
  /** When it is made again, in virtual milliseconds after its server has closed. */
  readonly ms?: number;
}

/** A device is gone for good. */
export type DeviceRemovedRule = AnyRule<"deviceRemoved", ChannelWhere>;

/** The host refuses to open a channel. */
export type OpenRefusedRule = AnyRule<"openRefused", ChannelWhere>;

/** The host takes no GPADL. */
export type GpadlRefusedRule = AnyRule<"gpadlRefused", ChannelWhere>;

/** Pages of external data are not there. */
export type ExternalDataPendingRule = AnyRule<"externalDataPending", ChannelWhere>;

/** What goes wrong on a bus. */
export type BusRule =
  | InterruptDelayedRule
  | InterruptMergedRule
  | InterruptSpuriousRule
  | MessageDelayedRule
  | OfferRescindedRule
  | DeviceRemovedRule
  | OpenRefusedRule
  | GpadlRefusedRule
  | ExternalDataPendingRule;

const CHANNEL = ["guest", "driver", "channel"];
const DIRECTED = [...CHANNEL, "direction"];

/** A server whose offer stands. */
interface OfferedServer {
  readonly server: Endpoint;
  /** The end of the bus that it is on. */
  readonly host: HostEnd;
  readonly guest: PartitionObject;
}

/** The servers of living guests whose offers stand, as `where` has it. */
function offeredServers(world: FaultyWorld, where: ChannelWhere = {}): readonly OfferedServer[] {
  return world.living(where.guest).flatMap(({ guest }) => {
    const { host } = guest.bus;
    return host.channels.flatMap(({ endpoint: server, channelId }) => {
      const isMeant = server !== null && !server.is("leaving") && channelId !== null &&
        (where.channel ?? channelId) === channelId &&
        isDrivers(world, where.driver, guest, server);
      return isMeant ? [{ server, host, guest }] : [];
    });
  });
}

/** Whether a server of `guest`'s is of the driver that a rule names, or serves it. */
function isDrivers(
  world: FaultyWorld,
  name: string | undefined,
  guest: PartitionObject,
  server: Endpoint,
): boolean {
  if (name === undefined) return true;
  const isOwn = server.driver !== null && server.driver === world.loaded(name);
  return isOwn || isOn(name, { guest, channelId: server.channelId }, world);
}

/** Takes offers back. */
function takeBack(
  world: FaultyWorld,
  where: ChannelWhere | undefined,
  afterwards: (server: Endpoint, host: HostEnd) => void,
): readonly Deed[] {
  return offeredServers(world, where).map(({ server, host, guest }) => ({
    place: `${server.name} of ${guest.name}`,
    guest: world.nameOf(guest),
    channelId: server.channelId,
    do() {
      if (host.takeBack(server)) afterwards(server, host);
    },
  }));
}

function rescind(world: FaultyWorld, rule: OfferRescindedRule): readonly Deed[] {
  const ms = rule.ms ?? BUS_FAULTS.offerRescinded.parameters.ms.default;
  return takeBack(world, rule.where, (server, host) => {
    const isClosed = () => server.end !== host || !server.is("rings");
    world.once(isClosed, () => world.after(ms, () => host.offerAgain(server)));
  });
}

function interrupt(world: FaultyWorld, { where = {} }: InterruptSpuriousRule): readonly Deed[] {
  const directions = where.direction === undefined
    ? ["toHost", "toGuest"] as const
    : [where.direction];
  return world.living(where.guest).flatMap(({ name, guest }) =>
    guest.bus.host.known.filter(({ rings }) => rings !== null).flatMap(({ channelId }) => {
      const isMeant = channelId !== null && (where.channel ?? channelId) === channelId &&
        (where.driver === undefined || isOn(where.driver, { guest, channelId }, world));
      return !isMeant ? [] : directions.map((direction): Deed => ({
        place: `channel ${channelId} ${direction} of ${name}`,
        guest: name,
        channelId,
        do: () => guest.postInterrupt(direction, channelId),
      }));
    })
  );
}

/** The faults of a bus. */
export const BUS_FAULTS: FaultTable<BusRule> = {
  interruptDelayed: {
    does: "An interrupt comes late; those that follow meanwhile are one with it.",
    realMachine: "The hypervisor delivers a signal when it runs the target processor again.",
    touches: "both drivers of a channel",
    point: "interrupt",
    where: DIRECTED,
    oneIn: 16,
    budget: 8,
    parameters: { ms: { meaning: "by how much, in virtual ms", default: 1 } },
    deeds: null,
  },
  interruptMerged: {
    does: "An interrupt comes with the next one of its kind, once for both.",
    realMachine: "A signal that is pending already is not counted: two are one.",
    touches: "both drivers of a channel",
    point: "interrupt",
    where: DIRECTED,
    oneIn: 16,
    budget: 8,
    parameters: { ms: { meaning: "the latest that it comes, in virtual ms", default: 1 } },
    deeds: null,
  },
  interruptSpurious: {
    does: "An open channel is interrupted though nobody signalled.",
    realMachine: "Interrupts are shared, and a signal may come when its cause was seen to already.",
    touches: "both drivers of a channel",
    point: "item",
    where: DIRECTED,
    oneIn: 100,
    budget: 8,
    parameters: {},
    deeds: interrupt,
  },
  messageDelayed: {
    does: "A control message comes late, and those behind it too: none is lost or overtaken.",
    realMachine: "Messages wait in the hypervisor's queue for a processor that takes them.",
    touches: "opens, closes, offers, GPADLs",
    point: "message",
    where: ["guest", "direction", "message"],
    oneIn: 8,
    budget: 8,
    parameters: { ms: { meaning: "by how much, in virtual ms", default: 1 } },
    deeds: null,
  },
  offerRescinded: {
    does: "An offer is taken back, and made anew once its server has closed.",
    realMachine: "The device is restarted in the host: its offer goes, and comes back.",
    touches: "both drivers of a channel",
    point: "item",
    where: CHANNEL,
    oneIn: 400,
    budget: 2,
    parameters: { ms: { meaning: "when it is offered again, in virtual ms", default: 1 } },
    deeds: rescind,
  },
  deviceRemoved: {
    does: "An offer is taken back for good. To the server it is as if the guest had closed.",
    realMachine: "Somebody takes the device out of the virtual machine.",
    touches: "both drivers of a channel",
    point: "item",
    where: CHANNEL,
    oneIn: 1000,
    budget: 1,
    parameters: {},
    deeds: (world, { where }) => takeBack(world, where, () => {}),
  },
  openRefused: {
    does:
      "The host answers an open with STATUS_INSUFFICIENT_RESOURCES; its server never hears of it.",
    realMachine: "The host cannot map the rings, or has no interrupt left.",
    touches: "the client: EvtChannelPnpFailure",
    point: "open",
    where: CHANNEL,
    oneIn: 4,
    budget: 2,
    parameters: {},
    deeds: null,
  },
  gpadlRefused: {
    does:
      "The host takes no GPADL: its creation fails with STATUS_UNSUCCESSFUL, and so does an open over it.",
    realMachine: "The host has no memory for one more description of pages.",
    touches: "the client",
    point: "gpadl",
    where: CHANNEL,
    oneIn: 4,
    budget: 2,
    parameters: {},
    deeds: null,
  },
  externalDataPending: {
    does: "VmbChannelPacketGetExternalData answers STATUS_PENDING, and the packet comes again.",
    realMachine: "The host has paged out memory of the guest, and brings it in first.",
    touches: "the server",
    point: "externalData",
    where: CHANNEL,
    oneIn: 4,
    budget: 8,
    parameters: {},
    deeds: null,
  },
};
