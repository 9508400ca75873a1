// Each rule of each image refuses something (docs/saved-state.md, "Refused"), and no rule is left out here:
// they are found in the schemas. Rules that ask the guest itself have their cases in
// tests/kmcl/saving/invalid_guests_test.ts.

import { assert, assertEquals } from "@std/assert";
import { CHANNEL_ACTORS } from "../../../actors/channel/actor_kinds.ts";
import { ChannelConfiguration } from "../../../actors/channel/configuration.ts";
import {
  CHANNEL_RULES,
  type ChannelParts,
  type TrafficImage,
} from "../../../actors/channel/image.ts";
import {
  CHANNEL_CHUNKS,
  SERVER_RULES,
  type ServerImage,
} from "../../../actors/channel/server_image.ts";
import type { StateValue } from "xstate";
import { createConnectionChart } from "../../../actors/bus/host/connection_machine.ts";
import { chartOf } from "../../../actors/chart/chart_actor.ts";
import { stateWith } from "../../../actors/chart/persisted.ts";
import type { PacketImage } from "../../../actors/packet/image.ts";
import { PARTITION_CHUNKS } from "../../../actors/saving/partition_image.ts";
import { SavedChunks } from "../../../core/saved/chunks.ts";
import { readEnvelope } from "../../../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { gpaRange } from "../../../core/saved/forms.ts";
import type { PlainData } from "../../../core/saved/plain_data.ts";
import { checkRules, type Rules, type Schema } from "../../../core/saved/schema.ts";
import { RUN_CHUNKS } from "../../../simulator/cli/copy/saved_run.ts";
import { RICH } from "../../support/rich_drivers.ts";
import { saveRichGuest } from "../../support/rich_guest.ts";

const guest = new SavedChunks(
  PARTITION_CHUNKS,
  readEnvelope("partition", (await saveRichGuest()).bytes),
);
const channel = new SavedChunks(
  CHANNEL_CHUNKS,
  readEnvelope("channel", await Deno.readFile("tests/saved/channel.vmbs")),
);
const clients = guest.all("client").map(({ endpoint }) => endpoint);
const busy = clients[RICH.busy]!;
const waiting = clients[RICH.waiting]!;
const lent = clients[RICH.lent]!;

const tried = new Set<string>();

/** Whoever reads `image`, with some of its fields others, refuses it in these words. */
function refuses<T extends object>(
  schema: Schema<T>,
  refusal: string,
  image: T,
  others: Partial<T>,
): void {
  assertEquals(
    readSaved(() => schema.read(schema.save(image), () => "it")) instanceof Error,
    false,
  );
  says(() => schema.read(schema.save({ ...image, ...others }), () => "it"), refusal);
}

/** As {@linkcode refuses}, for rules that stand by themselves. */
function breaks<T extends object>(
  rules: Rules<T>,
  refusal: string,
  image: T,
  others: Partial<T>,
): void {
  checkRules(rules, image, () => "it");
  says(() => checkRules(rules, { ...image, ...others }, () => "it"), refusal);
}

function says(read: () => unknown, refusal: string): void {
  const outcome = readSaved(read);
  assert(outcome instanceof SavedStateFault, `nobody says that ${refusal}`);
  assertEquals(outcome.message, `it: ${refusal}`);
  tried.add(refusal);
}

/** The state of a side's chart that differs from `state` in one region. */
function stateFrom(
  side: "client" | "server",
  { state }: TrafficImage,
  region: Readonly<Record<string, unknown>>,
): TrafficImage["state"] {
  const { name, createChart } = CHANNEL_ACTORS[side];
  return stateWith(chartOf(name, createChart, "compiled"), {
    ...state.value as object,
    ...region,
  })!;
}

/** Settings like `settings`, but for some of them, whatever a driver could set. */
function configured(
  settings: ChannelConfiguration,
  others: Partial<ChannelConfiguration>,
): ChannelConfiguration {
  return Object.assign(new ChannelConfiguration(), settings, others);
}

Deno.test("PACKET: its rules", () => {
  const packet = CHANNEL_CHUNKS.request.holds;
  const queued = busy.packets.find(({ state }) => state === "queued")!;
  const awaiting = busy.packets.find(({ state }) => state === "awaiting")!;
  const owned: Partial<PacketImage> = { state: "owned", payload: new Uint8Array(0) };
  refuses(packet, "it is in no transaction, and has something of one", queued, {
    ...owned,
    wantsCompletion: true,
  });
  const free = { ...queued, ...owned, order: 0, ranges: [], wantsCompletion: false };
  refuses(packet, "it is a request that goes back to the lookaside list", free, {
    kind: "request",
  });
  refuses(packet, "it awaits a completion that it does not want", awaiting, {
    wantsCompletion: false,
  });
  const transfer = { pageSetId: 1, ranges: [{ byteCount: 8, byteOffset: 0 }] };
  const named = { ...awaiting, ranges: [], transfer };
  refuses(packet, "it describes memory, and names parts of a page set", named, {
    ranges: [{ byteCount: 1, byteOffset: 0, pfns: [1] }],
  });
  says(
    () => packet.fields.transfer[0].read({ pageSetId: 1, ranges: [] }, () => "it"),
    "it names no part",
  );
  refuses(packet, "it is withdrawn, and no request", { ...awaiting, kind: "initialized" }, {
    state: "withdrawn",
  });
  refuses(packet, "it has a status before its end", awaiting, { status: 5 });
  refuses(packet, "it has a payload that is in the ring", awaiting, { payload: Uint8Array.of(1) });
  refuses(gpaRange, "it is no range of pages", { byteCount: 1, byteOffset: 0, pfns: [1] }, {
    byteOffset: 4096,
  });
  const [driver] = channel.all("packet");
  refuses(CHANNEL_CHUNKS.packet.holds, "it is no packet of a driver that is under way", driver!, {
    packet: { ...driver!.packet, kind: "request" },
  });
});

Deno.test("TRAFFIC: its rules", () => {
  const { traffic } = busy;
  const schema = PARTITION_CHUNKS.client.holds.fields.endpoint[0].fields.traffic[0];
  const nothing = { isBlocked: false, isHeadPassive: false, batchCount: 0 };
  const empty: Partial<TrafficImage> = { incoming: nothing, held: [], completions: [] };
  const set = { pageSetId: 1, gpadlHandle: 7 };
  const twice = "a number stands for two page sets, or for one without rings";
  refuses(schema, twice, { ...traffic, pageSets: [set] }, { pageSets: [set, set] });
  refuses(schema, "its rings do not fit its state", traffic, { ...empty, rings: null });
  refuses(schema, "something lies in rings that it has not", waiting.traffic, {
    incoming: { ...nothing, isHeadPassive: true },
  });
  refuses(schema, "what its driver has does not fit its state", traffic, {
    ...empty,
    incoming: { ...nothing, isBlocked: true },
  });
  refuses(schema, "its fault does not fit its state", traffic, { fault: "badRings" });
  refuses(schema, "its channel id does not fit its state", traffic, { channelId: null });
  const { incoming, outgoing } = traffic.rings!;
  const ends = schema.fields["rings"]![0].member!.fields;
  const [reader, writer] = [ends["incoming"]![0], ends["outgoing"]![0]] as [
    Schema<typeof incoming>,
    Schema<typeof outgoing>,
  ];
  const half = { dataBytes: incoming.dataBytes + 2048 };
  refuses(reader, "its ring is no whole number of pages", incoming, half);
  refuses(writer, "its ring is no whole number of pages", outgoing, half);
  const between = "its index is outside the ring, or between words";
  refuses(reader, between, incoming, { index: incoming.dataBytes });
  refuses(writer, between, outgoing, { index: 4 });
  const consumed = "it has consumed more than its ring, or no whole words";
  refuses(reader, consumed, incoming, { consumedBytes: 4 });
  refuses(reader, consumed, incoming, { consumedBytes: incoming.dataBytes });
});

Deno.test("CLIENT: its rules", () => {
  const schema = PARTITION_CHUNKS.client.holds.fields.endpoint[0];
  const { configuration } = busy;
  refuses(schema, "it wants no offer", busy, {
    configuration: configured(configuration, { clientTarget: null }),
  });
  refuses(schema, "its channel does not fit its state", waiting, {
    traffic: { ...waiting.traffic, channelId: 5 },
  });
  const lifecycle = { tearingDown: "releasing" };
  refuses(schema, "it waits for an end that has come", waiting, {
    traffic: { ...waiting.traffic, state: stateFrom("client", waiting.traffic, { lifecycle }) },
  });
  refuses(schema, "its latency is that of no channel", waiting, { latency100ns: 5 });
  refuses(schema, "its packets are out of order", busy, { packets: busy.packets.toReversed() });
  refuses(schema, "its open was refused with a success", busy, { refusal: 0 });
  refuses(schema, "its packets are not those of its lists", busy, {
    traffic: { ...busy.traffic, queue: [] },
  });
  const bad = schema.save({
    ...busy,
    configuration: configured(configuration, { packetBytesMax: 0 }),
  });
  const outcome = readSaved(() => schema.read(bad, () => "it"));
  assert(outcome instanceof SavedStateFault);
  assertEquals(outcome.message, "it, configuration: a setting is out of its bounds");
  tried.add("a setting is out of its bounds");
  const chunk = guest.all("client")[RICH.busy]!;
  refuses(PARTITION_CHUNKS.client.holds, "it lists packets that its driver cannot have", chunk, {
    packets: [99],
  });
});

Deno.test("CHANNEL_RULES: each of them", () => {
  const parts: ChannelParts = { side: "client", ...lent };
  const { traffic, packets, configuration } = lent;
  const at = packets.findIndex(({ ranges }) => ranges.length > 0);
  const patched = (others: Partial<PacketImage>) => ({
    packets: packets.with(at, { ...packets[at]!, ...others }),
  });
  const none: Partial<ChannelParts> = { packets: [] };
  const quiet: TrafficImage = { ...traffic, queue: [], ended: [], completions: [], held: [] };
  const held = { payload: new Uint8Array(0), ranges: [], wantsCompletion: true, area: null };
  const [zero, five] = [0, 5].map((transactionIdLow) => ({
    transactionIdLow,
    transactionIdHigh: 0,
  }));
  const pipe = configured(configuration, { flags: 1 });
  breaks(CHANNEL_RULES, "its packets do not fit its state", parts, {
    traffic: { ...traffic, state: clients[RICH.fresh]!.traffic.state },
  });
  breaks(CHANNEL_RULES, "the order of what is under way is not one", parts, patched({ order: 99 }));
  breaks(CHANNEL_RULES, "a packet is larger than those of its channel", parts, {
    ...patched({ payload: new Uint8Array(configuration.packetBytesMax + 1) }),
  });
  const large = patched({ context: new Uint8Array(9) });
  breaks(CHANNEL_RULES, "a driver's context is not as large as those of its channel", parts, large);
  breaks(CHANNEL_RULES, "a server has external data, or a request that is not over", parts, {
    side: "server",
  });
  breaks(CHANNEL_RULES, "a packet of a pipe wants a completion", parts, { configuration: pipe });
  breaks(CHANNEL_RULES, "external data is sent without a completion", parts, {
    ...patched({ wantsCompletion: false }),
  });
  breaks(CHANNEL_RULES, "a packet has more external data than its channel's", parts, {
    configuration: configured(configuration, { externalBytesMax: 1 }),
  });
  const idle: ChannelParts = { ...parts, ...none, traffic: quiet };
  breaks(CHANNEL_RULES, "a packet that arrived on a pipe wants a completion", idle, {
    configuration: pipe,
    traffic: { ...quiet, held: [{ ...held, transactionId: zero! }] },
  });
  breaks(CHANNEL_RULES, "a driver's area is not as large as those of its channel", idle, {
    traffic: { ...quiet, held: [{ ...held, transactionId: five!, area: new Uint8Array(9) }] },
  });
  breaks(CHANNEL_RULES, "a packet that arrived has an id, and wants no completion", idle, {
    traffic: { ...quiet, held: [{ ...held, wantsCompletion: false, transactionId: five! }] },
  });
});

Deno.test("SERVER_RULES: each of them", () => {
  const traffic = channel.one("state");
  const packets = channel.all("packet");
  const image: ServerImage = { identity: channel.one("identity"), traffic, packets, requests: [] };
  breaks(SERVER_RULES, "a server is not saved in such a state", image, {
    traffic: { ...traffic, state: stateFrom("server", traffic, { saving: "saving" }) },
  });
  breaks(SERVER_RULES, "a packet of KMCL's own is no request", image, {
    requests: [packets[0]!.packet],
  });
  breaks(SERVER_RULES, "its packets are out of order", image, {
    packets: [packets[0]!, packets[0]!],
  });
});

Deno.test("PARTITION_CHUNKS: the rules of the others", () => {
  const { header, memory, guestEnd, hostEnd, work, level } = PARTITION_CHUNKS;
  const further = { of: 0, isRedirected: false, sharesMemory: false, behind: [1, 1, 2] };
  refuses(level.holds, "its work is not in order", further, { behind: [2, 1] });
  refuses(header.holds, "the partition has no name", guest.one("header"), { name: "" });
  const range = { gpa: 0, byteCount: 1, isReserved: false, isPlaced: true };
  refuses(memory.holds, "there is more MMIO than there can be channels", guest.one("memory"), {
    mmio: Array.from({ length: 2048 }, () => range),
  });
  const guests = guest.one("guestEnd");
  const [offer] = guests.offers;
  const noOffer = "an offer has a channel id that it cannot have";
  refuses(guestEnd.holds, noOffer, guests, { offers: [offer!, offer!] });
  refuses(guestEnd.holds, noOffer, guests, {
    offers: [{ ...offer!, message: { ...offer!.message, channelId: 2048 } }],
  });
  const taken = guests.offers.find(({ link }) => link !== null)!;
  const takenOffer = guestEnd.holds.fields.offers[0].member as Schema<typeof taken>;
  refuses(takenOffer, "it waits for a processor that nobody was asked for", taken, {
    link: { ...taken.link!, wantedVp: 0 },
  });
  refuses(guestEnd.holds, "a client waits in vain", guests, { waiting: [1, 1] });
  const { gpadls, offers } = guestEnd.holds.fields;
  const gpadl = gpadls[0].member as Schema<typeof guests.gpadls[number]>;
  const noGpadl = "it can be no GPADL: it has no ranges, or too many";
  refuses(gpadl, noGpadl, guests.gpadls[0]!, { ranges: [] });
  const message = offers[0].member!.fields["message"]![0];
  says(() => message.read(new Uint8Array(4), () => "it"), "it is no offer");
  const due = guest.one("work");
  refuses(work.holds, "work is due twice", due, { items: [due.items[0]!, due.items[0]!] });
  refuses(work.holds, "messages are stuck", due, { items: [] });
  const item = work.holds.fields.items[0].member as Schema<typeof due.items[number]>;
  refuses(item, "its kind is not such work", { client: 0, kind: "interrupt" }, { client: null });
  const host = guest.one("hostEnd");
  const [one, other] = host.channels;
  refuses(hostEnd.holds, "one of its channels has another's id", host, { channels: [one!, one!] });
  refuses(hostEnd.holds, "one of its channels has another's instance", host, {
    channels: [one!, { ...one!, channelId: other!.channelId }],
  });
  const channel = hostEnd.holds.fields.channels[0].member as Schema<typeof host.channels[number]>;
  const open = host.channels.find(({ ring }) => ring !== null)!;
  refuses(channel, "it has MMIO, and is not open", open, {
    state: "closed",
    ring: null,
    mmio: { gpa: 0, byteCount: 1 },
  });
  const noRings = "it has rings and is not open, or the other way round";
  refuses(channel, noRings, open, { ring: null });
  refuses(channel, noRings, open, { state: "closed" });
  const known = hostEnd.holds.fields.gpadls[0].member as Schema<typeof host.gpadls[number]>;
  const whole = host.gpadls.find(({ ranges }) => ranges !== null)!;
  const half = host.gpadls.find(({ incomplete }) => incomplete !== null)!;
  refuses(known, "it is complete and incomplete, or neither", whole, { ranges: null });
  refuses(known, "it has more words than were announced", whole, { words: 0 });
  refuses(known, "it is not incomplete", half, {
    incomplete: { rangeCount: half.incomplete!.rangeCount, arrived: new Uint8Array(3) },
  });
});

Deno.test("PARTITION_CHUNKS: the rules of connections", () => {
  const { header, guestEnd, hostEnd } = PARTITION_CHUNKS;
  const guests = guest.one("guestEnd");
  const host = guest.one("hostEnd");
  const { connection } = host;
  const stateOf = (value: StateValue) =>
    stateWith(chartOf("connection", createConnectionChart, "compiled"), value)!;
  const connections = hostEnd.holds.fields.connection[0];
  refuses(hostEnd.holds, "a guest that is not connected has channels that are not reserved", host, {
    connection: { ...connection, state: stateOf("disconnected") },
  });
  refuses(connections, "its connection cannot rest in that state", connection, {
    state: stateOf({ connecting: "asked" }),
  });
  refuses(connections, "it is connected in no version", connection, { agreed: null });
  for (const next of ["thenContact", "thenRefusal"]) {
    refuses(connections, "what is to follow is not there", connection, {
      state: stateOf({ leaving: next }),
    });
  }
  refuses(connections, "messages wait for a guest that hears", connection, {
    queued: [new Uint8Array(8)],
  });
  const contacts = connections.fields.agreed[0].member as Schema<typeof connection.agreed & object>;
  const noFeatures = "it has features that its version does not have";
  refuses(contacts, noFeatures, connection.agreed!, { version: "5.3", clientId: null });
  refuses(
    contacts,
    "it has pages or a name that its version does not have",
    connection.agreed!,
    { interruptPageGpa: 4096 },
  );
  refuses(guestEnd.holds.fields.connection[0], noFeatures, guests.connection, { version: "5.3" });
  refuses(header.holds, "its guest speaks no version", guest.one("header"), {
    lowestVersion: "6.0",
    highestVersion: "5.3",
  });
});

Deno.test("RUN_CHUNKS: their rules", () => {
  const { totals } = RUN_CHUNKS.run.holds.fields;
  const { roomWaits } = totals[0].fields;
  for (const data of [[], [1], [1, 2, 3]]) {
    says(() => roomWaits[0].read(data, () => "it"), "it is not two numbers");
  }
  const image = { isKept: true, byteCount: 5, writtenBytes: 5, sha256: "" };
  const copy = { readBytes: 5, returnedBytes: 5, image, partition: new Uint8Array(0) };
  refuses(RUN_CHUNKS.guest.holds, "more came back than was read", copy, { returnedBytes: 6 });
  const images = RUN_CHUNKS.guest.holds.fields.image[0].member as Schema<typeof image>;
  refuses(images, "more of it is written than there is", image, { writtenBytes: 6 });
});

function refusalsOf({ fields, member, refusals }: Schema<unknown>): readonly string[] {
  const inside = [...Object.values(fields).map(([schema]) => schema), ...(member ? [member] : [])];
  return [...refusals, ...inside.flatMap(refusalsOf)];
}

Deno.test("Schema: no rule of an image is left out above", () => {
  const kinds: readonly { readonly holds: Schema<unknown> }[] = [
    ...Object.values(PARTITION_CHUNKS),
    ...Object.values(CHANNEL_CHUNKS),
    ...Object.values(RUN_CHUNKS),
  ];
  const rules = [...kinds.flatMap(({ holds }) => refusalsOf(holds)), ...Object.keys(SERVER_RULES)];
  assertEquals(rules.filter((refusal) => !tried.has(refusal)), [] satisfies PlainData);
});
