/**
 * Makes a story short: packets that went the way of one before are told in one line.
 *
 * @module
 */

import type { Draft, DraftPacket } from "./draft.ts";
import { packetsText } from "../words/packets.ts";

/** So many lines at the end are what they are: there somebody looks for the cause. */
const END_LINES = 24;
/** Lines that are the same but for their packets are told in one, if there are so many. */
const ALIKE_LEAST = 3;
/** Of more packets than this nobody wants to know the transactions. */
const TRANSACTIONS_MAX = 3;

/** A packet, and the places of its lines. */
interface PacketLines {
  readonly of: string;
  readonly name: number;
  readonly places: number[];
}

/** Packets that go in one line. */
interface Folded {
  readonly first: Draft;
  /** By the packet that went that way before. */
  readonly like: Map<PacketLines, number[]>;
}

/** The lines, without those of packets that are told of in one. */
export function fold(drafts: readonly Draft[]): readonly Draft[] {
  const exemplars = exemplarsOf(drafts);
  const packetAt = new Map<number, PacketLines>();
  for (const packet of exemplars.keys()) for (const at of packet.places) packetAt.set(at, packet);
  const lines: Draft[] = [];
  let open: Folded | null = null;
  const close = () => {
    if (open !== null) lines.push(...linesOf(open));
    open = null;
  };
  for (const [at, draft] of drafts.entries()) {
    const packet = packetAt.get(at);
    if (packet === undefined) {
      close();
      lines.push(draft);
      continue;
    }
    if (packet.places[0] !== at) continue;
    const exemplar = exemplars.get(packet)!;
    open ??= { first: draft, like: new Map() };
    const names = open.like.get(exemplar) ?? [];
    open.like.set(exemplar, names);
    names.push(packet.name);
  }
  close();
  return joinAlike(lines);
}

/** Packets to whom the same happened, one right behind the other, are told of in one line; not in the last ones. */
function joinAlike(drafts: readonly Draft[]): readonly Draft[] {
  const lines: Draft[] = [];
  const end = drafts.length - END_LINES;
  for (let at = 0; at < drafts.length;) {
    const first = drafts[at]!;
    const packets = [...packetsAlike(drafts, at)];
    const isRun = packets.length >= ALIKE_LEAST && at + packets.length <= end;
    lines.push(isRun ? { ...first, text: textFor(first, packets), packet: null } : first);
    at += isRun ? packets.length : 1;
  }
  return lines;
}

/** The packets of the lines from `start` on that are the same but for their packets. */
function* packetsAlike(drafts: readonly Draft[], start: number): Iterable<DraftPacket> {
  const { who, to } = drafts[start]!;
  const text = textFor(drafts[start]!, []);
  for (let at = start; at < drafts.length; at++) {
    const draft = drafts[at]!;
    const isAlike = draft.packet !== null && draft.who === who && draft.to === to;
    if (!isAlike || textFor(draft, []) !== text) return;
    yield draft.packet!;
  }
}

/** The text of a line about one packet, for other ones. */
function textFor({ text, packet }: Draft, packets: readonly DraftPacket[]): string {
  return packet === null ? text : text.replace(nameOf([packet]), () => nameOf(packets));
}

function nameOf(packets: readonly DraftPacket[]): string {
  const sorted = [...packets].sort((a, b) => a.name - b.name);
  const names = sorted.map(({ name }) => name);
  if (names.length > TRANSACTIONS_MAX) return packetsText(names);
  return packetsText(names, sorted.map(({ name, transaction = name }) => transaction));
}

/** The packets that need not be told of, each with the one before that went the same way. */
function exemplarsOf(drafts: readonly Draft[]): ReadonlyMap<PacketLines, PacketLines> {
  const told = new Map<string, PacketLines>();
  const exemplars = new Map<PacketLines, PacketLines>();
  for (const packet of packetsOf(drafts)) {
    const way = packet.places.map((at) => `${drafts[at]!.who} ${drafts[at]!.pattern}`).join("\n");
    const key = JSON.stringify([packet.of, way]);
    const exemplar = told.get(key);
    if (exemplar === undefined) told.set(key, packet);
    else if (!packet.places.some((at) => matters(drafts, at))) exemplars.set(packet, exemplar);
  }
  return exemplars;
}

/** Whether a line is among the last ones, or beside one that stands out. */
function matters(drafts: readonly Draft[], at: number): boolean {
  return at >= drafts.length - END_LINES ||
    [at - 1, at + 1].some((beside) => drafts[beside]?.mark !== undefined);
}

function packetsOf(drafts: readonly Draft[]): Iterable<PacketLines> {
  const packets = new Map<string, PacketLines>();
  drafts.forEach(({ packet }, at) => {
    if (packet === null) return;
    const { of, name } = packet;
    const key = JSON.stringify([of, name]);
    const lines = packets.get(key) ?? { of, name, places: [] };
    packets.set(key, lines);
    lines.places.push(at);
  });
  return packets.values();
}

/** One line for all packets that went the way of one before. */
function linesOf({ first, like }: Folded): Draft[] {
  return [...like].map(([exemplar, names]) => {
    const sorted = [...names].sort((a, b) => a - b);
    const go = sorted.length === 1 ? "goes" : "go";
    const text = `${packetsText(sorted)} ${go} as packet ${exemplar.name} did`;
    const { step, at100ns, who } = first;
    return { step, at100ns, who, text, packet: null, pattern: text };
  });
}
