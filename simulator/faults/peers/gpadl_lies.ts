/**
 * Lies about memory: GPADLs that a guest describes wrongly, and answers about them that a host has no right to
 * give (wire.md 3).
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import type { ControlMessage, GpadlHeader } from "../../../core/control/messages.ts";
import { u32Bytes } from "../../peers/raw_packet.ts";
import { type Attack, type Attacker, DIRECTION_OF } from "./attack.ts";

/** Ids that no honest guest is at. */
const FRESH_ID = 0x4000_0000;

/** A lie about memory, by name. */
export type GpadlLieName =
  | "rangeOutsideMemory"
  | "rangeWithoutBytes"
  | "rangeOffsetTooLarge"
  | "rangeOverflow"
  | "rangeTooSmall"
  | "moreRangesThanWords"
  | "bodyMissing"
  | "halfAWord"
  | "nothing"
  | "idInUse"
  | "unknownChannel"
  | "bodyOfNothing"
  | "teardownOfRing"
  | "createdTwice"
  | "refusedLater"
  | "torndownInUse";

/** What a lie is made of. */
interface Scene {
  readonly guest: PartitionObject;
  readonly channelId: number;
  /** The GPADL of its rings. */
  readonly ringId: number;
  readonly freshId: number;
  readonly chance: Chance;
}

interface GpadlLie {
  readonly by: Attacker;
  readonly what: string;
  readonly say: (scene: Scene) => readonly ControlMessage[];
}

/** A description of one range of one page, unless `changes` say otherwise. */
function header(scene: Scene, words: readonly number[], changes: Partial<GpadlHeader> = {}) {
  const bytes = u32Bytes(...words);
  return [{
    message: "gpadlHeader",
    channelId: scene.channelId,
    gpadlId: scene.freshId,
    byteLength: bytes.length,
    rangeCount: 1,
    readOnly: false,
    words: bytes,
    ...changes,
  }] as const;
}

const PAGE_0 = [8, 0, 0, 0] as const;

/** Each lie by its name. */
const LIES: Readonly<Record<GpadlLieName, GpadlLie>> = {
  rangeOutsideMemory: {
    by: "guest",
    what: "a GPADL of a page that the guest does not have",
    say: (scene) => header(scene, [8, 0, scene.guest.memory.pageCount + scene.chance.below(9), 0]),
  },
  rangeWithoutBytes: {
    by: "guest",
    what: "a GPADL of a range without bytes",
    say: (scene) => header(scene, [0, 0, 1, 0]),
  },
  rangeOffsetTooLarge: {
    by: "guest",
    what: "a GPADL of a range that begins behind its first page",
    say: (scene) => header(scene, [8, 4096 + scene.chance.below(0xffff_f000), 0, 0]),
  },
  rangeOverflow: {
    by: "guest",
    what: "a GPADL of a range whose pages cannot be counted in 32 bits",
    say: (scene) => header(scene, [0xffff_ffff - scene.chance.below(4000), 0, 0, 0]),
  },
  rangeTooSmall: {
    by: "guest",
    what: "a GPADL of a range with fewer PFNs than pages",
    say: (scene) => header(scene, [8192 + scene.chance.below(0x1_0000), 0, 0, 0]),
  },
  moreRangesThanWords: {
    by: "guest",
    what: "a GPADL of more ranges than words",
    say: (scene) => header(scene, PAGE_0, { rangeCount: 2 + scene.chance.below(0xfffe) }),
  },
  bodyMissing: {
    by: "guest",
    what: "a GPADL whose description never ends",
    say: (scene) => header(scene, PAGE_0, { byteLength: 24 + 8 * scene.chance.below(8000) }),
  },
  halfAWord: {
    by: "guest",
    what: "a GPADL of half a word more",
    say: (scene) => header(scene, PAGE_0, { byteLength: 17 + scene.chance.below(7) }),
  },
  nothing: {
    by: "guest",
    what: "a GPADL of nothing",
    say: (scene) => header(scene, [], { rangeCount: 0 }),
  },
  idInUse: {
    by: "guest",
    what: "a GPADL with the id of the rings",
    say: (scene) => header(scene, PAGE_0, { gpadlId: scene.ringId }),
  },
  unknownChannel: {
    by: "guest",
    what: "a GPADL of a channel that is not there",
    say: (scene) => header(scene, PAGE_0, { channelId: 1500 + scene.chance.below(10_000) }),
  },
  bodyOfNothing: {
    by: "guest",
    what: "more of a GPADL that was never begun",
    say: ({ freshId }) => [
      { message: "gpadlBody", messageNumber: 0, gpadlId: freshId, words: u32Bytes(8, 0) },
    ],
  },
  teardownOfRing: {
    by: "guest",
    what: "rings that are wanted back while the channel is open",
    say: ({ channelId, ringId: gpadlId }) => [{ message: "gpadlTeardown", channelId, gpadlId }],
  },
  createdTwice: {
    by: "host",
    what: "rings that are taken a second time",
    say: ({ channelId, ringId: gpadlId }) => [
      { message: "gpadlCreated", channelId, gpadlId, status: 0 },
    ],
  },
  refusedLater: {
    by: "host",
    what: "rings that are refused after they were taken",
    say: ({ channelId, ringId: gpadlId }) => [
      { message: "gpadlCreated", channelId, gpadlId, status: 0x8000_ffff },
    ],
  },
  torndownInUse: {
    by: "host",
    what: "rings that are given back while the channel is open",
    say: ({ ringId: gpadlId }) => [{ message: "gpadlTorndown", gpadlId }],
  },
};

/** The lies about memory that `by` can tell, or the one called `what`: there is a channel with rings. */
export function gpadlLies(
  guest: PartitionObject,
  by: Attacker,
  what?: GpadlLieName,
): readonly Attack[] {
  const channel = guest.bus.host.known.find(({ ring }) => ring !== null);
  const { channelId = null, ring = null } = channel ?? {};
  if (channelId === null || ring === null) return [];
  return Object.entries(LIES)
    .filter(([name, lie]) => lie.by === by && (what ?? name) === name)
    .map(([, lie]) => ({
      what: lie.what,
      make(chance) {
        const freshId = FRESH_ID + chance.below(1000);
        const scene = { guest, channelId, ringId: ring.gpadlId, freshId, chance };
        for (const message of lie.say(scene)) guest.bus.post(DIRECTION_OF[by], message);
      },
    }));
}
