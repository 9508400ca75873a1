/**
 * What a world of the scenario is made of: drawn once for each, and given to the drivers of both sides as
 * their options. All that a driver sends follows from its plan and a number, so that a driver which is
 * restored continues with the same.
 *
 * @module
 */

import type { SavedFields } from "../../../mod.ts";
import type { Draws } from "../../worlds/world.ts";
import { HEADER_BYTES, type Kind, type Treatment } from "./message.ts";

/** Most packets that a side may send on a channel: each has a bit in a word. */
export const PACKETS_MAX = 30;

const NUMBERS = [
  "guestPackets",
  "hostPackets",
  "bytesMax",
  "window",
  "quota",
  "latency100ns",
  "refusals",
  "salt",
  "vtl",
] as const;
const FLAGS = [
  "isPipe",
  "isGuestPassive",
  "isHostPassive",
  "shares",
  "lends",
  "isEarly",
  "isLate",
  "isSlowToOpen",
  "isSub",
] as const;

/**
 * One channel. `guestPackets`, `hostPackets`: what each side sends. `bytesMax`: the largest message.
 * `window`: most that a side has under way. `quota`: most that the host takes at once; 0 for any number.
 * `latency100ns`: by how much the guest's signals may be late. `refusals`: opens that the host refuses.
 * `salt`: what the packets are drawn from. `vtl`: the trust level of the guest's drivers. `isPipe`: datagrams alone. `isGuestPassive`, `isHostPassive`:
 * packets are processed at PASSIVE_LEVEL there, where some take a while. `shares`: GPADLs. `lends`: external
 * data. `isEarly`: the guest sends before it has opened. `isLate`: what is to be completed later waits for
 * the program. `isSlowToOpen`: the host takes a while to open. `isSub`: it is a sub-channel
 * of the guest's first one.
 */
export type ChannelPlan =
  & { readonly [Name in typeof NUMBERS[number]]: number }
  & { readonly [Name in typeof FLAGS[number]]: boolean };

/** What both drivers of a guest are given. */
export type GuestPlan = {
  /** The channels between them. */
  readonly channels: readonly ChannelPlan[];
};

/** Which side sends. */
export type Sender = "guest" | "host";

/** One packet of a plan. */
export interface Errand {
  /** What it is. */
  readonly kind: Exclude<Kind, "answer">;
  /** What its receiver does with it. */
  readonly treat: Treatment;
  /** Bytes of its message. */
  readonly byteCount: number;
  /** What of several ways is taken where there are several: 0 to 2^8 - 1. */
  readonly variant: number;
}

/** A number that looks drawn, from three others. */
function mixed(first: number, second: number, third: number): number {
  let hash = 0x811c_9dc5;
  for (const number of [first, second, third]) {
    hash = Math.imul(hash ^ number, 0x0100_0193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  }
  return (hash ^ (hash >>> 13)) >>> 0;
}

const TREATED: readonly Treatment[] = [
  "now",
  "now",
  "later",
  "defer",
  "slow",
  "now",
  "later",
  "now",
];

function kindOf(plan: ChannelPlan, sender: Sender, number: number, draw: number): Errand["kind"] {
  if (plan.isPipe) return "post";
  if (sender === "guest" && plan.shares && number % 5 === 0) return "share";
  if (sender === "guest" && plan.shares && number % 5 === 3) return "unshare";
  if (sender === "guest" && plan.lends && draw % 4 === 0) return "lend";
  return draw % 3 === 0 ? "post" : "ask";
}

/** Packet `number` of a side. */
export function errandOf(plan: ChannelPlan, sender: Sender, number: number): Errand {
  const draw = mixed(plan.salt, sender === "guest" ? 1 : 2, number);
  return {
    kind: kindOf(plan, sender, number, draw),
    treat: TREATED[(draw >>> 8) % TREATED.length]!,
    byteCount: HEADER_BYTES + 8 * ((draw >>> 12) % ((plan.bytesMax - HEADER_BYTES) / 8 + 1)),
    variant: draw >>> 24,
  };
}

/** Bytes of the answer to a message. */
export function answerBytesOf(plan: ChannelPlan, sender: Sender, number: number): number {
  const room = (plan.bytesMax - HEADER_BYTES) / 8 + 1;
  return HEADER_BYTES + 8 * (mixed(plan.salt, sender === "guest" ? 3 : 4, number) % room);
}

const BYTES_MAX = [64, 256, 1024, 2048];
const QUOTAS = [0, 0, 1, 3];

function drawChannel(world: Draws, vtl: number, packetsMax: number, maySub: boolean): ChannelPlan {
  const isOneIn = (count: number) => world.draw(count) === count - 1;
  const isPipe = isOneIn(6);
  return {
    guestPackets: world.draw(packetsMax + 1),
    hostPackets: world.draw(packetsMax + 1),
    bytesMax: BYTES_MAX[world.draw(BYTES_MAX.length)]!,
    window: 1 + world.draw(5),
    quota: QUOTAS[world.draw(QUOTAS.length)]!,
    latency100ns: isOneIn(3) ? 50 : 0,
    refusals: isOneIn(6) ? 1 : 0,
    salt: world.draw(2 ** 16),
    vtl,
    isPipe,
    isGuestPassive: isOneIn(3),
    isHostPassive: isOneIn(3),
    shares: !isPipe && isOneIn(2),
    lends: !isPipe && isOneIn(2),
    isEarly: isOneIn(3),
    isLate: isOneIn(3),
    isSlowToOpen: isOneIn(4),
    isSub: maySub && isOneIn(2),
  };
}

/** What a guest is, as far as its plan depends on it. */
export interface PlannedGuest {
  /** Whether its version of the bus has sub-channels. */
  readonly hasSubchannels: boolean;
  /** The trust level of its drivers. */
  readonly vtl: number;
}

/** A guest of whatever version. */
const PLAIN_GUEST: PlannedGuest = { hasSubchannels: false, vtl: 0 };

/** Draws the plan of a guest. */
export function drawPlan(world: Draws, guest: PlannedGuest = PLAIN_GUEST): GuestPlan {
  const { hasSubchannels, vtl } = guest;
  const packetsMax = world.number("packets");
  const count = world.number("channels");
  return {
    channels: Array.from(
      { length: count },
      (_, at) => drawChannel(world, vtl, packetsMax, hasSubchannels && at > 0),
    ),
  };
}

/** Reads a channel's plan out of what was saved. */
export function readPlan(saved: SavedFields): ChannelPlan {
  const numbers = NUMBERS.map((name) => [name, saved.uint(name, 2 ** 16)]);
  const flags = FLAGS.map((name) => [name, saved.flag(name)]);
  return Object.fromEntries([...numbers, ...flags]);
}
