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
import type { GuestBuffer } from "../../../core/memory/guest_memory.ts";
import { GPADL_WORDS_MAX, gpadlWords } from "../../../core/memory/gpadl.ts";
import { throwDataError } from "../../../core/saved/fault.ts";
import { type SavedFields, saveRanges } from "../../../core/saved/fields.ts";
import { areEqual, type PlainData } from "../../../core/saved/plain_data.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import { GuestChannel, type Link } from "./guest_channel.ts";
import type { GuestEnd } from "./guest_end.ts";
import type { GuestGpadl } from "./gpadls.ts";
import { mmioChoices, suits } from "./offers.ts";
import { type ChannelRings, ringsOf } from "../rings.ts";

const U32_MAX = 0xffff_ffff;
/** Bytes of the largest control message (wire.md 4.1). */
const MESSAGE_BYTES_MAX = 240;

/** The numbers that a saved state knows the guest's clients by. */
export type ClientNumbers = ReadonlyMap<Endpoint, number>;

/** What the guest's end knows. */
export function saveGuestEnd(end: GuestEnd, clients: ClientNumbers): PlainData {
  const numberOf = (client: Endpoint | null) =>
    client === null ? null : clients.get(client) ?? null;
  return {
    nextOpenId: end.nextOpenId,
    lastGpadl: end.gpadls.lastHandle,
    offers: end.channels.map(({ offer, isRescinded, link }) => ({
      message: encodeControlMessage(offer),
      isRescinded,
      link: link === null ? null : {
        client: numberOf(link.client),
        openId: link.openId,
        ringGpa: link.ringPages.gpa,
        ringGpadl: link.ringGpadlId,
      },
    })),
    waiting: end.waiting.map(numberOf),
    gpadls: end.gpadls.all.map((gpadl) => ({
      handle: gpadl.handle,
      client: numberOf(gpadl.client), // null: the channel was cleaned up, the host has not answered
      channelId: gpadl.channelId,
      ranges: saveRanges(gpadl.ranges),
      isRing: gpadl.isRing,
      isDeleting: gpadl.stage === "deleting",
    })),
  };
}

/** Builds a guest's end that is as new again; its clients are in their states already. */
export function restoreGuestEnd(
  end: GuestEnd,
  saved: SavedFields,
  clients: readonly Endpoint[],
): void {
  end.nextOpenId = saved.uint("nextOpenId", U32_MAX);
  end.gpadls.lastHandle = saved.uint("lastGpadl", U32_MAX, 1);
  const client = (fields: SavedFields, key: string): Endpoint =>
    clients[fields.uint(key, clients.length - 1)] ??
      throwDataError(`${fields.where}: ${key} is no client`);
  saved.records("gpadls", (fields) => restoreGpadl(end, fields, client));
  saved.records("offers", (fields) => restoreOffer(end, fields, client));
  for (const index of saved.uints("waiting", U32_MAX)) {
    const waiting = clients[index];
    if (waiting === undefined || end.waiting.includes(waiting)) {
      throwDataError("a client waits in vain");
    }
    end.waiting.push(waiting);
  }
  for (const endpoint of clients) checkClient(end, endpoint);
  for (const gpadl of end.gpadls.all) checkGpadl(end, gpadl);
}

type ClientOf = (fields: SavedFields, key: string) => Endpoint;

function restoreGpadl(end: GuestEnd, fields: SavedFields, client: ClientOf): void {
  const gpadl: GuestGpadl = {
    handle: fields.uint("handle", U32_MAX, 1),
    client: fields.orNull("client", () => client(fields, "client")),
    channelId: fields.uint("channelId", CHANNEL_ID_MAX, 1),
    ranges: fields.ranges("ranges"),
    isRing: fields.flag("isRing"),
    stage: fields.flag("isDeleting") ? "deleting" : "created",
    waits: [],
    answer: null,
  };
  const { ranges } = gpadl;
  const isGood = ranges.length > 0 && gpadlWords(ranges) <= GPADL_WORDS_MAX &&
    ranges.every(({ pfns }) => end.memory.holdsPfns(pfns));
  if (!isGood || !end.gpadls.add(gpadl)) throwDataError(`${fields.where} can be no GPADL`);
}

function restoreOffer(end: GuestEnd, fields: SavedFields, client: ClientOf): void {
  const offer = readOffer(fields);
  if (offer.channelId === 0 || offer.channelId > CHANNEL_ID_MAX || end.byId.has(offer.channelId)) {
    throwDataError(`${fields.where} has a channel id that it cannot have`);
  }
  const channel = new GuestChannel(offer);
  channel.isRescinded = fields.flag("isRescinded");
  channel.link = fields.orNull("link", () =>
    fields.record("link", (link): Link => {
      const endpoint = client(link, "client");
      return {
        client: endpoint,
        openId: link.uint("openId", U32_MAX),
        ringPages: readBuffer(end, link, "ringGpa"),
        ringGpadlId: link.uint("ringGpadl", U32_MAX, 1),
        // The host is told of the close when the rings go (kmcl.md S10.4).
        isOpen: endpoint.is("rings"),
        doorbell: end.link.doorbell(offer.channelId),
      };
    }));
  // Where nobody has to let go of a channel that was taken back, it is gone (kmcl.md S10, wire.md 5.6).
  const isHeld = channel.link === null
    ? end.gpadls.isAwaited(offer.channelId)
    : channel.link.client.is("leaving");
  if (channel.isRescinded && !isHeld) {
    throwDataError(`${fields.where} was taken back, and nobody lets go of it`);
  }
  end.byId.set(offer.channelId, channel);
  if (channel.link !== null) restoreLink(end, channel.link, offer, fields.where);
}

function readOffer(fields: SavedFields): OfferChannel {
  const bytes = fields.bytes("message", MESSAGE_BYTES_MAX);
  const message = decodeControlMessage(bytes);
  const isOffer = !isControlFault(message) && message.message === "offerChannel";
  // The guest keeps what it has understood of the message: there is nothing more to be saved.
  if (!isOffer || !areEqual(encodeControlMessage(message), bytes)) {
    throwDataError(`${fields.where} is no offer`);
  }
  return message;
}

function readBuffer(end: GuestEnd, fields: SavedFields, key: string): GuestBuffer {
  const buffer = end.memory.buffers.get(fields.uint(key, Number.MAX_SAFE_INTEGER));
  return buffer ?? throwDataError(`${fields.where}: ${key} is no buffer`);
}

/** Gives a client the channel that it has taken: its id, its rings, its processor. */
function restoreLink(end: GuestEnd, link: Link, offer: OfferChannel, where: string): void {
  const { client, ringPages } = link;
  const hasChannel = client.is("connecting") || client.is("rings") || client.is("tearingDown");
  if (!hasChannel || client.channelId !== null) {
    throwDataError(`${where} is linked to a wrong client`);
  }
  const isShared = end.channels.some((other) =>
    other.offer !== offer && other.link?.ringPages === ringPages
  );
  if (isShared) throwDataError(`${where} has the rings of another`);
  if (!suits(client, offer)) throwDataError(`${where} is none that its client wants`);
  const mmioBytes = client.mmio?.byteCount ?? 0;
  if (!mmioChoices(offer).includes(mmioBytes)) {
    throwDataError(`${where} has not the MMIO that it asks for`);
  }
  const ring = end.gpadls.at(link.ringGpadlId);
  const isRing = ring !== null && ring.isRing && ring.client === client &&
    ring.stage === "created" && ring.ranges.length === 1 &&
    ring.channelId === offer.channelId && ring.ranges[0]!.byteCount === ringPages.byteCount &&
    ring.ranges[0]!.pfns.every((pfn, at) => pfn === ringPages.pfns[at]);
  if (!isRing) throwDataError(`${where} has rings that are not its own`);
  client.channelId = offer.channelId;
  client.activeInstance = offer.instanceId;
  end.link.listen(offer.channelId, client.work.interrupt);
  client.work.setProcessor(offer.channelId % end.partition.processorCount);
  if (clientRings(end, client, ringPages) === null) {
    throwDataError(`${where} has no room for its rings`);
  }
}

/** The rings of a client, as its configuration divides their pages; null where it divides others. */
export function clientRings(
  end: GuestEnd,
  client: Endpoint,
  { byteCount, pfns }: GuestBuffer,
): ChannelRings | null {
  const { incomingRingPages, outgoingRingPages } = end.ringPages(client);
  if (byteCount !== (incomingRingPages + outgoingRingPages + 2) * PAGE_BYTES) return null;
  return ringsOf(end.memory, [{ byteOffset: 0, byteCount, pfns }], outgoingRingPages + 1);
}

/** A client's state says whether it waits for an offer, and whether it has one. */
function checkClient(end: GuestEnd, client: Endpoint): void {
  const isUp = client.is("connecting") || client.is("rings") || client.is("tearingDown");
  const waits = !isUp && !client.is("disabled");
  const mustHave = isUp && !client.is("releasing");
  if (waits !== end.waiting.includes(client) || (mustHave && client.channelId === null)) {
    throwDataError(`${client.name} is in another state than its bus has it`);
  }
}

function checkGpadl(end: GuestEnd, { client, channelId, isRing, stage, handle }: GuestGpadl): void {
  const link = end.byId.get(channelId)?.link;
  const isLinked = link?.client === client && client !== null;
  const isGood = isRing
    ? isLinked && link.ringGpadlId === handle
    : stage === "deleting" || (isLinked && client.is("rings"));
  if (!isGood) throwDataError(`GPADL ${handle} of the guest is nobody's`);
}
