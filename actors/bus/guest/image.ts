/**
 * What is saved of the guest's end of a bus, and how it is built again (docs/saved-state.md). Whatever
 * live code takes for granted is checked on the way back; what the host may have told the guest is not,
 * as live code takes nothing of that for granted either.
 *
 * @module
 */

import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../../core/control/codec.ts";
import { CHANNEL_ID_MAX, type OfferChannel } from "../../../core/control/messages.ts";
import { GPADL_WORDS_MAX, gpadlWords } from "../../../core/memory/gpadl.ts";
import { throwDataError } from "../../../core/saved/fault.ts";
import { bytes, flag, gpaRange, stretch, U32_MAX, uint } from "../../../core/saved/forms.ts";
import {
  checkRules,
  list,
  mapped,
  omissible,
  optional,
  record,
  type Rules,
  type Schema,
  type SchemaType,
  type Where,
} from "../../../core/saved/schema.ts";
import { areEqual } from "../../../core/saved/plain_data.ts";
import { stateWith } from "../../chart/persisted.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import {
  GUEST_CONNECTION,
  imageOfGuestConnection,
  restoreGuestConnection,
} from "./connection_image.ts";
import type { GuestGpadl } from "./gpadl.ts";
import { GUEST_CHANNEL_ACTOR } from "./channel_machine.ts";
import { ClientChannel, GuestChannel, type TakenChannel } from "./guest_channel.ts";
import type { GuestEnd } from "./guest_end.ts";
import { mmioChoices, suits } from "./offers.ts";
import { clientRings, processorOf } from "./open.ts";

/** Bytes of the largest control message (wire.md 4.1). */
const MESSAGE_BYTES_MAX = 240;

const CLIENT_NUMBER = uint(U32_MAX);

/** An OfferChannel. The guest keeps what it has understood of the message: nothing more is saved. */
const MESSAGE: Schema<OfferChannel> = mapped(
  bytes(MESSAGE_BYTES_MAX),
  encodeControlMessage,
  (saved) => {
    const message = decodeControlMessage(saved);
    const isOffer = !isControlFault(message) && message.message === "offerChannel";
    return isOffer && areEqual(encodeControlMessage(message), saved) ? message : undefined;
  },
  "it is no offer",
);

/** A GPADL of a client's. */
const GPADL = record({
  handle: [uint(U32_MAX, 1), "each once"],
  client: [optional(CLIENT_NUMBER), "whose it is; nil where that channel was cleaned up"],
  channelId: [uint(CHANNEL_ID_MAX, 1), "the channel that it was made for"],
  ranges: [list(gpaRange), "its memory"],
  isRing: [flag, "whether it describes rings"],
  isDeleting: [flag, "whether the host is to answer that it is torn down"],
  isConfidential: [omissible(flag), "true where an isolated guest has not shared it"],
}, {
  "it can be no GPADL: it has no ranges, or too many": ({ ranges }) =>
    ranges.length > 0 && gpadlWords(ranges) <= GPADL_WORDS_MAX,
});

/** An offer that arrived, and who took it. */
const OFFER = record({
  message: [MESSAGE, "the OfferChannel (wire.md 4.4), each channel id once"],
  isRescinded: [flag, "whether the host took it back, and the client has not released it"],
  link: [
    optional(record({
      client: [CLIENT_NUMBER, "the client that took it"],
      openId: [uint(U32_MAX), "what the open is called on the wire"],
      targetVp: [uint(U32_MAX), "the processor that the host signals; 4294967295 for none"],
      wantedVp: [
        optional(uint(U32_MAX)),
        "the processor that it has asked for, if it waits for one",
      ],
      ringGpa: [uint(), "a buffer: the pages of both rings"],
      ringGpadl: [uint(U32_MAX, 1), "the GPADL of that client whose one range is that buffer"],
      mmio: [optional(stretch), "where the channel's MMIO lies, if the client reserved some"],
    })),
    "who took it",
  ],
  isModifying: [flag, "whether the host is to answer a change of processors"],
}, {
  "it waits for a processor that nobody was asked for": ({ isModifying, link }) =>
    isModifying || link === null || link.wantedVp === null,
});

/** The guest's end of a bus. */
export const GUEST_END = record({
  connection: [GUEST_CONNECTION, "what the guest has asked for, and agreed on"],
  nextOpenId: [uint(U32_MAX), "what the next open will be called"],
  lastGpadl: [uint(U32_MAX, 1), "the handle that was given out last"],
  gpadls: [list(GPADL), "in the order of creation"],
  offers: [list(OFFER), "in the order of arrival"],
  waiting: [
    list(CLIENT_NUMBER),
    "clients that are Enabled without an offer, in the order of Enable",
  ],
}, {
  "an offer has a channel id that it cannot have": ({ offers }) => {
    const ids = offers.map(({ message }) => message.channelId);
    return new Set(ids).size === ids.length && ids.every((id) => id > 0 && id <= CHANNEL_ID_MAX);
  },
  "a client waits in vain": ({ waiting }) => new Set(waiting).size === waiting.length,
});

/** The guest's end of a bus that was saved. */
export type GuestEndImage = SchemaType<typeof GUEST_END>;

/** The numbers that a saved state knows the guest's clients by. */
export type ClientNumbers = ReadonlyMap<Endpoint, number>;

/** What the guest's end knows. */
export function imageOfGuestEnd(end: GuestEnd, clients: ClientNumbers): GuestEndImage {
  const numberOf = (client: Endpoint): number => clients.get(client)!;
  return {
    connection: imageOfGuestConnection(end),
    nextOpenId: end.nextOpenId,
    lastGpadl: end.gpadls.lastHandle,
    // One that the host never answered is nobody's, and what the host says of it later is refused.
    gpadls: end.gpadls.all.filter(({ actor }) => !actor.is("forsaken")).map((
      { handle, client, channelId, ranges, isRing, isConfidential, actor },
    ) => ({
      handle,
      client: client === null ? null : clients.get(client) ?? null,
      channelId,
      ranges,
      isRing,
      isDeleting: actor.is("deleting"),
      isConfidential: isConfidential ? true : null,
    })),
    offers: end.channels.map(({ offer, actor, taken, wanted }) => ({
      message: offer,
      isRescinded: actor.is("rescinded"),
      link: taken === null ? null : {
        client: numberOf(taken.client),
        openId: taken.openId,
        targetVp: taken.channel.targetVp,
        wantedVp: wanted?.taken === taken ? wanted.targetVp : null,
        ringGpa: taken.ringPages.gpa,
        ringGpadl: taken.ringGpadlId,
        mmio: taken.channel.mmio,
      },
      isModifying: actor.is("modifying"),
    })),
    waiting: end.waiting.map(numberOf),
  };
}

/** Builds a guest's end that is as new again; its clients are in their states already. */
export function restoreGuestEnd(
  end: GuestEnd,
  image: GuestEndImage,
  clients: readonly Endpoint[],
): void {
  const clientOf = (number: number, where: Where): Endpoint =>
    clients[number] ?? throwDataError(`${where()}: client ${number} is not there`);
  restoreGuestConnection(end, image.connection);
  end.nextOpenId = image.nextOpenId;
  end.gpadls.lastHandle = image.lastGpadl;
  image.gpadls.forEach((saved, at) =>
    restoreGpadl(end, saved, clientOf, () => `guestEnd, gpadls ${at}`)
  );
  image.offers.forEach((saved, at) =>
    restoreOffer(end, saved, clientOf, () => `guestEnd, offers ${at}`)
  );
  image.waiting.forEach((number, at) =>
    end.waiting.push(clientOf(number, () => `guestEnd, waiting ${at}`))
  );
  for (const endpoint of clients) checkClient(end, endpoint);
  for (const gpadl of end.gpadls.all) checkGpadl(end, gpadl);
}

type ClientOf = (number: number, where: Where) => Endpoint;

function restoreGpadl(
  end: GuestEnd,
  { client, isDeleting, ...image }: GuestEndImage["gpadls"][number],
  clientOf: ClientOf,
  where: Where,
): void {
  const content = {
    ...image,
    client: client === null ? null : clientOf(client, where),
    isConfidential: image.isConfidential === true,
  };
  const isGood = image.ranges.every(({ pfns }) => end.memory.holdsPfns(pfns)) &&
    end.gpadls.restore(content, isDeleting ? "deleting" : "created");
  if (!isGood) throwDataError(`${where()} can be no GPADL`);
}

function restoreOffer(
  end: GuestEnd,
  { message, isRescinded, link, isModifying }: GuestEndImage["offers"][number],
  clientOf: ClientOf,
  where: Where,
): void {
  const taken = link === null ? null : takenOf(end, message, link, where, clientOf);
  // Where nobody has to release a channel that was taken back, it is gone (kmcl.md S10, wire.md 5.6).
  const isHeld = taken === null
    ? isModifying || end.gpadls.isAwaited(message.channelId)
    : taken.client.is("leaving");
  const { actors } = end.runtime;
  const state = stateWith(
    actors.chart(GUEST_CHANNEL_ACTOR),
    {
      use: { [isRescinded ? "rescinded" : "offered"]: useOf(taken) },
      modify: isModifying ? "asked" : "idle",
    },
  );
  if ((isRescinded && !isHeld) || state === null) {
    throwDataError(`${where()} was taken back, and nobody releases it`);
  }
  const channel = new GuestChannel(actors, end, message, state);
  channel.taken = taken;
  const wantedVp = link?.wantedVp ?? null;
  if (taken !== null && wantedVp !== null) channel.wanted = { targetVp: wantedVp, taken };
  end.byId.set(message.channelId, channel);
  if (taken !== null) restoreTaken({ end, taken, offer: message, wantedVp }, where);
}

/** How far the client has taken its channel: the host is told of the close when the rings go (kmcl.md S10.4). */
function useOf(taken: TakenChannel | null): "free" | "opening" | "open" | "closing" {
  if (taken === null) return "free";
  const { client } = taken;
  if (client.is("rings")) return "open";
  const isAsked = client.is("connecting") || (client.is("tearingDown") && !client.is("releasing"));
  return isAsked ? "opening" : "closing";
}

function takenOf(
  end: GuestEnd,
  offer: OfferChannel,
  image: NonNullable<GuestEndImage["offers"][number]["link"]>,
  where: Where,
  clientOf: ClientOf,
): TakenChannel {
  const client = clientOf(image.client, where);
  const ringPages = end.memory.buffers.get(image.ringGpa) ??
    throwDataError(`${where()}: ringGpa is no buffer`);
  const channel = new ClientChannel(offer, end.memory, end.partition.port.isTrusted);
  channel.mmio = image.mmio;
  channel.targetVp = image.targetVp;
  channel.rings = clientRings(client, end.memory, ringPages, end.signals.hasPendingSendSize);
  return { client, openId: image.openId, ringPages, ringGpadlId: image.ringGpadl, channel };
}

/** An offer that a client took, and the guest as far as it is restored. */
interface TakenOffer {
  readonly end: GuestEnd;
  readonly offer: OfferChannel;
  readonly taken: TakenChannel;
  readonly wantedVp: number | null;
}

/** What must hold of an offer that a client took. */
export const LINK_RULES: Rules<TakenOffer> = {
  "it is linked to a wrong client": ({ taken: { client } }) =>
    isUp(client) && client.channelId === null,
  "it is interrupted on a processor that is not there": ({ end, taken, wantedVp }) =>
    Math.max(processorOf(taken.channel, 0), wantedVp ?? 0) < end.partition.processorCount,
  "it has the rings of another": ({ end, offer, taken: { ringPages } }) =>
    end.channels.every((other) => other.offer === offer || other.taken?.ringPages !== ringPages),
  "it is not one that its client wants": ({ offer, taken: { client } }) => suits(client, offer),
  "it has not the MMIO that it asks for": ({ offer, taken: { channel } }) =>
    mmioChoices(offer).includes(channel.mmio?.byteCount ?? 0),
  "it has rings that are not its own": ({ end, offer, taken }) => {
    const ring = end.gpadls.at(taken.ringGpadlId);
    const [range, ...more] = ring?.ranges ?? [];
    const { byteCount, pfns } = taken.ringPages;
    return ring !== null && ring.isRing && ring.client === taken.client &&
      ring.actor.is("deleting") === taken.client.is("releasing") &&
      ring.channelId === offer.channelId && more.length === 0 && range?.byteCount === byteCount &&
      range.pfns.every((pfn, at) => pfn === pfns[at]);
  },
  "it has no room for its rings": ({ taken }) => taken.channel.rings !== null,
};

/** Gives a client the channel that it has taken: its id, its rings, its processor. */
function restoreTaken(takenOffer: TakenOffer, where: Where): void {
  checkRules(LINK_RULES, takenOffer, where);
  const { end, taken, offer } = takenOffer;
  const { client } = taken;
  end.enter(client, taken.channel);
  end.signals.attach(taken.channel, client);
  const given = offer.channelId % end.partition.processorCount;
  client.work.setProcessor(processorOf(taken.channel, given));
}

/** Whether a client may have a channel. */
function isUp(client: Endpoint): boolean {
  return client.is("connecting") || client.is("rings") || client.is("tearingDown");
}

/** A client's state says whether it waits for an offer, and whether it has one. */
function checkClient(end: GuestEnd, client: Endpoint): void {
  const waits = !isUp(client) && !client.is("disabled");
  const mustHave = isUp(client) && !client.is("releasing");
  if (waits !== end.waiting.includes(client) || (mustHave && client.channelId === null)) {
    throwDataError(`${client.name} is in another state than its bus has it`);
  }
}

function checkGpadl(end: GuestEnd, { client, channelId, isRing, actor, handle }: GuestGpadl): void {
  const taken = end.byId.get(channelId)?.taken;
  const isLinked = taken?.client === client && client !== null;
  const isGood = isRing
    ? isLinked && taken.ringGpadlId === handle
    : actor.is("deleting") || (isLinked && client.is("rings"));
  if (!isGood) throwDataError(`GPADL ${handle} of the guest is nobody's`);
}
