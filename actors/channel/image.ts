/**
 * What both sides of a channel save (docs/saved-state.md): each field by itself, then all of them against
 * each other, so that an image can be put into a new endpoint without a way to fail.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { CHANNEL_ID_MAX } from "../../core/control/messages.ts";
import { bytesInRanges } from "../../core/memory/gpa_ranges.ts";
import { PIPE_HEADER_BYTES } from "../../core/packet/pipe.ts";
import { isRingIndex, RING_DATA_PAGES_MAX } from "../../core/ring/layout.ts";
import { bytes, flag, gpaRange, U16_MAX, U32_MAX, uint, word } from "../../core/saved/forms.ts";
import {
  type Fields,
  list,
  named,
  omissible,
  optional,
  record,
  type RecordOf,
  type Rules,
  type Schema,
  type SchemaType,
} from "../../core/saved/schema.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type { PacketImage } from "../packet/image.ts";
import { actorState } from "../runtime/actor_state.ts";
import { CHANNEL_ACTORS } from "./actor_kinds.ts";
import type { ChannelConfiguration } from "./configuration.ts";
import { INCOMING_PROGRESS } from "./progress.ts";
import { transactionId } from "./transaction_id.ts";
import { CHANNEL_FAULTS, type ChannelTag, type Side } from "./types.ts";

/** What everything in a ring is a multiple of. */
const RING_WORD_BYTES = 8;

const INDEX = uint(U32_MAX);
const DATA_BYTES = uint(RING_DATA_PAGES_MAX * PAGE_BYTES, PAGE_BYTES);

const RING_RULES: Rules<{ readonly index: number; readonly dataBytes: number }> = {
  "its ring is no whole number of pages": ({ dataBytes }) => dataBytes % PAGE_BYTES === 0,
  "its index is outside the ring, or between words": ({ index, dataBytes }) =>
    isRingIndex(index, dataBytes),
};

/** Where both ends of an endpoint stand in its rings, and how large those are. */
const RINGS = record({
  incoming: [
    record({
      index: [INDEX, "the reader's own read index, whatever the control page says"],
      consumedBytes: [uint(U32_MAX), "whole words before it that the writer was not shown yet"],
      isMasked: [flag, "what it last stored as its interrupt mask"],
      dataBytes: [DATA_BYTES, "size of the ring: whole pages"],
    }, {
      ...RING_RULES,
      "it has consumed more than its ring, or no whole words": ({ consumedBytes, dataBytes }) =>
        consumedBytes < dataBytes && consumedBytes % RING_WORD_BYTES === 0,
    }),
    "the end that reads",
  ],
  outgoing: [
    record({
      index: [INDEX, "the writer's own write index"],
      awaitsRoom: [flag, "whether it asked for a signal"],
      dataBytes: [DATA_BYTES, "size of the ring: whole pages"],
    }, RING_RULES),
    "the end that writes",
  ],
});

/** A packet that the driver of a saved endpoint had, by the number by which the sender knows it. */
const HELD = record({
  payload: [bytes(), "what the driver has"],
  ranges: [list(gpaRange), "the parts of a page set that it names, as guest memory"],
  transactionId: [transactionId, "0 where no completion is wanted"],
  wantsCompletion: [flag, "whether the sender waits for a completion packet"],
  area: [
    omissible(bytes()),
    "the driver's area of VmbChannelPacketGetClientContext, where it asked for it",
  ],
});

/** A number by which packets name a GPADL. */
const PAGE_SET = record({
  pageSetId: [uint(U16_MAX), "the number"],
  gpadlHandle: [uint(U32_MAX, 1), "the GPADL"],
});

/** A completion that waited for room in the ring, with the requester's number of the transaction. */
const COMPLETION = record({
  transactionId: [transactionId, "the requester's"],
  answer: [bytes(), "payload of the completion packet"],
  order: [uint(), "place among everything under way that the channel sent"],
});

const SLOT = uint(U32_MAX);

const FIELDS = {
  fault: [
    optional(word(CHANNEL_FAULTS)),
    "what the opposite side did wrong; not nil where `health` is `faulted`, and only there",
  ],
  channelId: [
    optional(uint(CHANNEL_ID_MAX, 1)),
    "nil where the guest was not told of it, or has released it; not nil in `opened`",
  ],
  quota: [uint(U32_MAX, 1), "of VmbChannelSetTransactionQuota"],
  isAlwaysPassive: [flag, "of VmbChannelSetIncomingProcessingAtPassive"],
  dispatchShare: [omissible(uint(99)), "of VmbChannelSetAllowableDpcCpuUsage"],
  rings: [optional(RINGS), "where both ends stand; not nil in `opened`, and only there"],
  incoming: [INCOMING_PROGRESS, "how far the receiving half is"],
  pageSets: [list(PAGE_SET), "of `setPageSet`, each number once; none without rings"],
  held: [list(HELD), "packets that the driver has, in order; none in a server"],
  completions: [list(COMPLETION), "completion packets that found no room, in order"],
  queue: [list(SLOT), "slots of the packets that wait for room or for the flow, in order"],
  ended: [list(SLOT), "slots of the packets whose completion routine is due, in order"],
} satisfies Fields;

/** What is under way in one endpoint, which is in a state of its side's chart. */
export type TrafficImage = RecordOf<typeof FIELDS> & { readonly state: AnyMachineSnapshot };

const RULES: Rules<TrafficImage> = {
  "its rings do not fit its state": ({ state, rings }) =>
    (rings !== null) === hasTag(state, "rings"),
  "something lies in rings that it has not": ({ rings, incoming, held, completions }) =>
    rings !== null ||
    !incoming.isBlocked && !incoming.isHeadPassive && incoming.batchCount === 0 &&
      held.length === 0 && completions.length === 0,
  "a number stands for two page sets, or for one without rings": ({ rings, pageSets }) =>
    new Set(pageSets.map(({ pageSetId }) => pageSetId)).size === pageSets.length &&
    (rings !== null || pageSets.length === 0),
  "what its driver has does not fit its state": isHeldRight,
  "its fault does not fit its state": ({ state, fault }) =>
    (fault === null) === hasTag(state, "sound"),
  // A guest may release what it has closed (wire.md 4.5).
  "its channel id does not fit its state": ({ state, channelId }) =>
    channelId !== null || !hasTag(state, "rings"),
};

function trafficOf(side: Side): Schema<TrafficImage> {
  const state = actorState(CHANNEL_ACTORS[side]);
  const fields = { state: [state, "where the channel stands"], ...FIELDS } satisfies Fields;
  return named("the state of a channel", record(fields, RULES));
}

/** What both sides save, each in the states of its own chart. */
export const TRAFFIC: Readonly<Record<Side, Schema<TrafficImage>>> = {
  server: trafficOf("server"),
  client: trafficOf("client"),
};

/** Where both ends of an endpoint stand in its rings. */
export type RingPositions = SchemaType<typeof RINGS>;

/** Whether a state has a tag. */
export function hasTag(state: AnyMachineSnapshot, tag: ChannelTag): boolean {
  return state.tags.has(tag);
}

/**
 * Before Started and after Suspend's end the driver has nothing; a flow that ends waits for something that
 * it has; the quota is reached by something. Suspend has returned, as no callback is unfinished.
 */
function isHeldRight({ state, incoming, held, completions }: TrafficImage): boolean {
  const isDraining = hasTag(state, "draining");
  const isCalling = hasTag(state, "quiet") && !hasTag(state, "atRest") && !isDraining;
  if (isCalling || (isDraining && held.length === 0)) return false;
  const flows = hasTag(state, "flows") || hasTag(state, "callSuspend");
  const mayHold = flows || (hasTag(state, "quiet") && !hasTag(state, "atRest"));
  return (held.length === 0 || mayHold) && (incoming.batchCount === 0 || flows) &&
    (!incoming.isBlocked || held.length + completions.length > 0);
}

// -- An endpoint and its packets

/** The parts of one endpoint's image, and what bounds them. */
export interface ChannelParts {
  /** Which side it is of. */
  readonly side: Side;
  /** What is under way. */
  readonly traffic: TrafficImage;
  /** Its packet objects. */
  readonly packets: readonly PacketImage[];
  /** Its settings. */
  readonly configuration: Pick<
    ChannelConfiguration,
    "packetBytesMax" | "externalBytesMax" | "clientContextBytes" | "inlineContextBytes" | "isPipe"
  >;
}

/** A rule for each packet of an endpoint. */
function ofEach(holds: (packet: PacketImage, parts: ChannelParts) => boolean): Rule {
  return (parts) => parts.packets.every((packet) => holds(packet, parts));
}

type Rule = (parts: ChannelParts) => boolean;

/** What must hold of the parts together: what the sending functions see to (kmcl.md P5, Y4), among others. */
export const CHANNEL_RULES: Rules<ChannelParts> = {
  "its packets do not fit its state": ofEach(isStateRight),
  "its packets are not those of its lists": areListsRight,
  "the order of what is under way is not one": isOrderRight,
  "a packet is larger than those of its channel": ofEach(({ payload }, { configuration }) =>
    // A datagram that is queued has its header.
    payload.length <= configuration.packetBytesMax + (configuration.isPipe ? PIPE_HEADER_BYTES : 0)
  ),
  "a driver's context is not as large as those of its channel": ofEach((
    { context, kind },
    { configuration },
  ) =>
    context === null || // one that was transferred has no bytes
    kind !== "request" &&
      (context.length === 0 || context.length === configuration.inlineContextBytes)
  ),
  "a server has external data, or a request that is not over": ofEach((packet, { side }) =>
    side === "client" ||
    packet.ranges.length === 0 && packet.ownRanges === null &&
      (packet.kind !== "request" || packet.state === "ended")
  ),
  "a packet of a pipe wants a completion": ofEach(({ wantsCompletion }, { configuration }) =>
    !wantsCompletion || !configuration.isPipe
  ),
  "external data is sent without a completion": ofEach(({ ranges, transfer, wantsCompletion }) =>
    ranges.length === 0 && transfer === null || wantsCompletion
  ),
  "a packet has more external data than its channel's": ofEach((packet, { configuration }) =>
    bytesInRanges(packet.transfer?.ranges ?? packet.ranges) <= configuration.externalBytesMax
  ),
  "a driver's area is not as large as those of its channel": ({ traffic, configuration }) =>
    traffic.held.every(({ area }) =>
      // one that was transferred has no bytes
      area === null || area.length === 0 || area.length === configuration.clientContextBytes
    ),
  "a packet that arrived on a pipe wants a completion": ({ traffic, configuration }) =>
    !configuration.isPipe || traffic.completions.length === 0 &&
      traffic.held.every(({ wantsCompletion }) => !wantsCompletion),
  // As the codecs have it. On a pipe there are datagrams alone.
  "a packet that arrived has an id, and wants no completion": ({ traffic, configuration }) =>
    configuration.isPipe ||
    traffic.held.every(({ wantsCompletion, transactionId }) =>
      wantsCompletion ||
      transactionId.transactionIdLow === 0 && transactionId.transactionIdHigh === 0
    ),
};

/** What is sent is in a ring, and what is queued on a channel that is not going away for good. */
function isStateRight({ state }: PacketImage, { traffic }: ChannelParts): boolean {
  const isTagged = (tag: ChannelTag) => hasTag(traffic.state, tag);
  if (state === "awaiting" || state === "withdrawn") return isTagged("rings");
  if (state === "queued") return !isTagged("disabled") && !isTagged("releasing");
  return state !== "ended" || !isTagged("disabled");
}

function areListsRight({ traffic: { queue, ended }, packets }: ChannelParts): boolean {
  const bySlot = new Map(packets.map((packet) => [packet.slot, packet]));
  if (bySlot.size !== packets.length) return false;
  const isListOf = (slots: readonly number[], state: PacketImage["state"]) =>
    new Set(slots).size === slots.length &&
    slots.length === packets.filter((packet) => packet.state === state).length &&
    slots.every((slot) => bySlot.get(slot)?.state === state);
  const isInOrder = (slots: readonly number[]) =>
    slots.every((slot, at) =>
      at === 0 || bySlot.get(slots[at - 1]!)!.order < bySlot.get(slot)!.order
    );
  return isListOf(queue, "queued") && isInOrder(queue) && isListOf(ended, "ended");
}

/** Everything under way has a number of its own, from 0 on, and completions wait in their order. */
function isOrderRight({ traffic: { completions }, packets }: ChannelParts): boolean {
  const orders = [
    ...packets.filter(({ state }) => state !== "owned").map(({ order }) => order),
    ...completions.map(({ order }) => order),
  ];
  const isNumbered = new Set(orders).size === orders.length &&
    orders.every((order) => order < orders.length);
  return isNumbered &&
    completions.every(({ order }, at) => at === 0 || completions[at - 1]!.order < order);
}
