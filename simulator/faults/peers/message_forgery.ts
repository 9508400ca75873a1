/**
 * Control messages that the opposite side has no right to send, or not now: right in their form, about channels
 * and memory that are there, or almost (wire.md 4.2, 4.5).
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import { FEATURES_KNOWN, VERSIONS } from "../../../core/control/versions.ts";
import {
  CHANNEL_ID_MAX,
  type ControlMessage,
  MONITOR_ID_NONE,
  TARGET_VP_NO_INTERRUPTS,
} from "../../../core/control/messages.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { contactMessage, versionMessage } from "../../peers/connection_messages.ts";
import { offerMessage, openMessage } from "../../peers/messages.ts";
import { type Attack, type Attacker, DIRECTION_OF } from "./attack.ts";

/** The type and the instance of a device that nobody drives. */
const NOBODYS = "4d0c7a11-2f4e-4b7b-9a51-8f0d2b6c9e77";
/** The service of port 1 of a socket of Linux (wire.md section 7). */
const VSOCK_PORT_1 = "00000001-facb-11e6-bd58-64006a7986d3";
/** Statuses of answers: a success, a warning, failures. */
const STATUSES: readonly number[] = [0, 0x8000_ffff, 0xc000_0001, 0xc000_0236];

type Make = (guest: PartitionObject, chance: Chance) => ControlMessage;
type Forgeries = Readonly<Partial<Record<ControlMessage["message"], Make>>>;

function oneOf<T>(chance: Chance, ...given: readonly T[]): T {
  return given[chance.below(given.length)]!;
}

/** The number of a channel that is there, or of one that is not. */
function channelId({ bus }: PartitionObject, chance: Chance): number {
  const ids = bus.host.known.flatMap(({ channelId }) => channelId ?? []);
  return oneOf(chance, ...ids, ...ids, 1 + chance.below(CHANNEL_ID_MAX), 0, CHANNEL_ID_MAX + 1);
}

/** The number of a GPADL that is there, or of one that is not. */
function gpadlId({ bus }: PartitionObject, chance: Chance): number {
  const ids = bus.host.gpadls.all.map(({ gpadlId }) => gpadlId);
  return oneOf(chance, ...ids, ...ids, chance.below(2 ** 32));
}

function openId({ bus }: PartitionObject, chance: Chance): number {
  const ids = bus.guest.channels.flatMap(({ taken }) => taken?.openId ?? []);
  return oneOf(chance, ...ids, ...ids, chance.below(100));
}

/** A virtual processor that is there, one that is not, or none. */
function targetVp({ processorCount }: PartitionObject, chance: Chance): number {
  return oneOf(chance, chance.below(processorCount), processorCount, TARGET_VP_NO_INTERRUPTS);
}

/** The addresses of monitor pages: in the guest's last pages, outside of it, between two pages, or none. */
function monitorPages({ memory }: PartitionObject, chance: Chance) {
  const end = memory.pageCount * PAGE_BYTES;
  const gpa = () =>
    oneOf(chance, 0, end - PAGE_BYTES, end - 2 * PAGE_BYTES, end, end - 8, 2 ** 52 + PAGE_BYTES);
  return { parentToChildMonitorGpa: gpa(), childToParentMonitorGpa: gpa() };
}

/** Where a reserved channel is to be heard of. */
function reserved(guest: PartitionObject, chance: Chance) {
  return {
    channelId: channelId(guest, chance),
    targetVp: targetVp(guest, chance),
    targetSint: oneOf(chance, 2, 5, 15, 16),
  };
}

/** Who connects to which service. */
function socket(chance: Chance) {
  return { endpointId: NOBODYS, serviceId: oneOf(chance, NOBODYS, VSOCK_PORT_1) };
}

/** What a guest says to the host about the connection, and about what it does not have. */
const CONNECTION_OF_GUEST: Forgeries = {
  initiateContact: (guest, chance) =>
    contactMessage(oneOf(chance, ...VERSIONS), {
      features: chance.below(FEATURES_KNOWN + 1),
      messageVp: targetVp(guest, chance),
      sint: oneOf(chance, 2, 2, 3, 255),
      vtl: oneOf(chance, guest.vtl, guest.vtl, 1, 2, 255),
      ...monitorPages(guest, chance),
    }),
  unload: () => ({ message: "unload" }),
  pause: () => ({ message: "pause" }),
  resume: () => ({ message: "resume" }),
  modifyConnection: (guest, chance) => ({
    message: "modifyConnection",
    ...monitorPages(guest, chance),
  }),
  modifyChannel: (guest, chance) => ({
    message: "modifyChannel",
    channelId: channelId(guest, chance),
    targetVp: targetVp(guest, chance),
  }),
  openReservedChannel: (guest, chance) => ({
    message: "openReservedChannel",
    ...reserved(guest, chance),
    ringGpadlId: gpadlId(guest, chance),
    downstreamPageOffset: chance.below(12),
  }),
  closeReservedChannel: (guest, chance) => ({
    message: "closeReservedChannel",
    ...reserved(guest, chance),
  }),
  tlConnectRequest: (_guest, chance) => ({
    message: "tlConnectRequest",
    ...socket(chance),
    ...chance.below(2) === 0 && { siloId: NOBODYS },
  }),
};

/** What a guest says to the host. */
const OF_GUEST: Forgeries = {
  ...CONNECTION_OF_GUEST,
  requestOffers: () => ({ message: "requestOffers" }),
  openChannel: (guest, chance) =>
    openMessage(channelId(guest, chance), gpadlId(guest, chance), chance.below(12), {
      openId: openId(guest, chance),
      targetVp: targetVp(guest, chance),
      ...chance.below(2) === 0 && {
        connectionId: 0x2000 | channelId(guest, chance),
        eventFlag: chance.below(CHANNEL_ID_MAX + 2),
        openFlags: chance.below(4),
      },
    }),
  closeChannel: (guest, chance) => ({
    message: "closeChannel",
    channelId: channelId(guest, chance),
  }),
  gpadlTeardown: (guest, chance) => ({
    message: "gpadlTeardown",
    channelId: channelId(guest, chance),
    gpadlId: gpadlId(guest, chance),
  }),
  relIdReleased: (guest, chance) => ({
    message: "relIdReleased",
    channelId: channelId(guest, chance),
  }),
};

/** What a host says to the guest about the connection, and about what the guest has not asked. */
const CONNECTION_OF_HOST: Forgeries = {
  versionResponse: (guest, chance) => ({
    ...versionMessage(oneOf(chance, ...VERSIONS), {
      isSupported: chance.below(3) > 0,
      connectionState: chance.below(4),
      connectionId: oneOf(chance, 4, 1, 0x80_0074, 0),
      features: chance.below(2 * FEATURES_KNOWN),
      ...chance.below(3) === 0 && monitorPages(guest, chance),
    }),
    ...chance.below(4) === 0 && { supported: 255 },
  }),
  unloadComplete: () => ({ message: "unloadComplete" }),
  pauseResponse: () => ({ message: "pauseResponse" }),
  modifyConnectionResponse: (_guest, chance) => ({
    message: "modifyConnectionResponse",
    connectionState: chance.below(4),
  }),
  modifyChannelResponse: (guest, chance) => ({
    message: "modifyChannelResponse",
    channelId: channelId(guest, chance),
    status: oneOf(chance, ...STATUSES),
  }),
  closeReservedResponse: (guest, chance) => ({
    message: "closeReservedResponse",
    channelId: channelId(guest, chance),
  }),
  tlConnectResult: (_guest, chance) => ({
    message: "tlConnectResult",
    ...socket(chance),
    status: oneOf(chance, ...STATUSES),
  }),
};

/** What a host says to the guest. */
const OF_HOST: Forgeries = {
  ...CONNECTION_OF_HOST,
  offerChannel: ({ bus }, chance) => {
    const offers = bus.guest.channels.map(({ offer }) => offer);
    const known = offers[chance.below(Math.max(offers.length, 1))];
    const { interfaceId, instanceId } = known ?? { interfaceId: NOBODYS, instanceId: NOBODYS };
    const id = oneOf(chance, known?.channelId ?? 1, 1 + chance.below(CHANNEL_ID_MAX), 0);
    return offerMessage(interfaceId, instanceId, {
      channelId: id,
      subchannelIndex: oneOf(chance, 0, 0, 1, 0xffff),
      monitorId: oneOf(chance, MONITOR_ID_NONE, chance.below(0x100)),
      monitorAllocated: chance.below(2) === 0,
      flags: oneOf(chance, 0, 0, 0x1, 0x10, 0x11, 0x2011, 0x6),
    });
  },
  rescindChannelOffer: (guest, chance) => ({
    message: "rescindChannelOffer",
    channelId: channelId(guest, chance),
  }),
  allOffersDelivered: () => ({ message: "allOffersDelivered" }),
  openResult: (guest, chance) => ({
    message: "openResult",
    channelId: channelId(guest, chance),
    openId: openId(guest, chance),
    status: oneOf(chance, ...STATUSES),
  }),
  gpadlCreated: (guest, chance) => ({
    message: "gpadlCreated",
    channelId: channelId(guest, chance),
    gpadlId: gpadlId(guest, chance),
    status: oneOf(chance, ...STATUSES),
  }),
  gpadlTorndown: (guest, chance) => ({
    message: "gpadlTorndown",
    gpadlId: gpadlId(guest, chance),
  }),
};

/** What each side may say; what the other one says is wrong whatever it says. */
const FORGERIES: Readonly<Record<Attacker, Forgeries>> = { guest: OF_GUEST, host: OF_HOST };
const OTHER: Readonly<Record<Attacker, Attacker>> = { guest: "host", host: "guest" };

/** Each message that `by` can make up, or that called `message`. */
export function forgedMessages(
  guest: PartitionObject,
  by: Attacker,
  message?: ControlMessage["message"],
): readonly Attack[] {
  const direction = DIRECTION_OF[by];
  const made = [...Object.entries(FORGERIES[by]), ...Object.entries(FORGERIES[OTHER[by]])];
  return made
    .filter(([name]) => (message ?? name) === name)
    .map(([name, make]) => ({
      what: `${name} is made up`,
      make: (chance) => guest.bus.post(direction, make(guest, chance)),
    }));
}
