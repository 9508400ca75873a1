/**
 * Control messages that the opposite side has no right to send, or not now: right in their form, about channels
 * and memory that are there, or almost (wire.md 4.2, 4.5).
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import { CHANNEL_ID_MAX, type ControlMessage } from "../../../core/control/messages.ts";
import { offerMessage, openMessage } from "../../peers/messages.ts";
import { type Attack, type Attacker, DIRECTION_OF } from "./attack.ts";

/** The type and the instance of a device that nobody drives. */
const NOBODYS = "4d0c7a11-2f4e-4b7b-9a51-8f0d2b6c9e77";
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

/** What a guest says to the host. */
const OF_GUEST: Forgeries = {
  requestOffers: () => ({ message: "requestOffers" }),
  openChannel: (guest, chance) =>
    openMessage(channelId(guest, chance), gpadlId(guest, chance), chance.below(12), {
      openId: openId(guest, chance),
      targetVp: oneOf(chance, 0, guest.processorCount, 0xffff_ffff),
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

/** What a host says to the guest. */
const OF_HOST: Forgeries = {
  offerChannel: ({ bus }, chance) => {
    const offers = bus.guest.channels.map(({ offer }) => offer);
    const known = offers[chance.below(Math.max(offers.length, 1))];
    const { interfaceId, instanceId } = known ?? { interfaceId: NOBODYS, instanceId: NOBODYS };
    const id = oneOf(chance, known?.channelId ?? 1, 1 + chance.below(CHANNEL_ID_MAX), 0);
    return offerMessage(interfaceId, instanceId, { channelId: id });
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
