/**
 * Inputs that are scripts: what one side of a bus does, act by act. An input is a byte that says how the
 * fabric is made, a byte that orders its work, and then five bytes for each act: u8 which, with bit 7 where
 * all that is under way comes to rest before the next, and u32 from which all is drawn that the act leaves open.
 *
 * @module
 */

import fc from "fast-check";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { assert } from "../../../core/assert.ts";
import { Chance } from "../../../core/chance.ts";
import * as vmbus from "../../../mod.ts";
import { GuardPages } from "../../../simulator/peers/mod.ts";
import { joined, u32At, u32Bytes } from "../bytes.ts";
import type { NamedSeeds } from "../corpus.ts";

const HEAD_BYTES = 2;
const ACT_BYTES = 5;
const RESTS = 0x80;
const ACTS_MAX = 24;
const MEMORY_PAGES = 64;
const GUARD_PAGES = 2;
const { imul } = Math;

/** What a script is played with. */
export interface Stage {
  /** The fabric. */
  readonly fabric: vmbus.Fabric;
  /** The guest whose bus it is. */
  readonly guest: PartitionObject;
  /** How packets are encoded. */
  readonly codec: "msgpack" | "vmbus";
}

/** One side, which acts, and the drivers on the other. */
export interface Play {
  /** What it can do, by number. */
  readonly acts: readonly ((chance: Chance) => void)[];
  /** What is done after each act: drivers try again what did not work. */
  readonly tend?: () => void;
  /** Ends everything; the guest may be gone by then. */
  end(): Promise<void>;
  /** How it stands, in a word or two, before it ends. */
  outcome(): string;
}

/** Plays scripts. */
export type MakePlay = (stage: Stage) => Play;

/** The stream of an act; its numbers need only differ. */
function chanceOf(seed: number): Chance {
  const words = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d].map((factor) => {
    const mixed = imul(seed ^ seed >>> 15, factor);
    return mixed ^ mixed >>> 13;
  });
  return Chance.fromState([0, 0, 0, 0, ...words, 1]);
}

/**
 * Plays the script that `input` is, with what `makePlay` makes, and checks what must hold in any case. Memory
 * of who is `guarded` must stay as it is.
 */
export async function playScript(
  input: Uint8Array,
  note: (value: number) => void,
  guarded: "guest" | "root",
  makePlay: MakePlay,
): Promise<string> {
  const codec = ((input[0] ?? 0) & 1) === 0 ? "vmbus" : "msgpack";
  const order = input[1] ?? 0;
  const fabric = vmbus.createFabric({
    codec,
    trace: "off",
    ...order === 0 ? {} : { schedule: "random", seed: order },
  });
  const guest = fabric.createPartition({
    name: "guest",
    memoryPages: MEMORY_PAGES,
    mmioMegabytes: 2,
  }) as
    & PartitionObject
    & vmbus.Partition;
  // A guest may describe all of its own memory, and so have it written; never anybody else's.
  const { memory } = guarded === "guest" ? guest : fabric.root;
  const guard = new GuardPages(
    memory,
    GUARD_PAGES,
    Chance.fromState([0, 0, 0, 0, 1, 2, 3, 4]),
  );
  const play = makePlay({ fabric, guest, codec });
  await fabric.settle();
  for (let at = HEAD_BYTES; at < input.length; at += ACT_BYTES) {
    const act = input[at]! & ~RESTS;
    play.acts[act % play.acts.length]!(chanceOf(u32At(input, at + 1)));
    if ((input[at]! & RESTS) !== 0) {
      await fabric.settle();
      play.tend?.();
    }
  }
  await fabric.settle();
  assert(guard.changedAt() === null, "nobody writes where nobody may");
  guard.free();
  const outcome = play.outcome();
  await play.end();
  await fabric.settle();
  const [violation] = fabric.violations;
  if (violation !== undefined) throw new Error(`${violation.rule}: ${violation.message}`);
  const [leak] = fabric.leaks();
  if (leak !== undefined) throw new Error(`${JSON.stringify(leak)} is left behind`);
  note(Number(fabric.now));
  fabric.dispose();
  return outcome;
}

/** A script of acts, each with whether all rests after it. */
function scriptOf(
  acts: readonly (readonly [act: number, seed: number, rests?: boolean])[],
  head: readonly [number, number] = [0, 0],
): Uint8Array {
  const bytes = acts.map(([act, seed, rests = true]) =>
    joined([act | (rests ? RESTS : 0)], u32Bytes(seed))
  );
  return joined(head, ...bytes);
}

/** Bytes of the longest script. */
export const SCRIPT_BYTES_MAX: number = HEAD_BYTES + ACTS_MAX * ACT_BYTES;
/** Scripts of a batch: each makes a fabric. */
export const SCRIPTS_PER_BATCH = 64;

/** Scripts of a few acts of `count`, the first two of which open the channel. */
export function drawScripts(count: number): (seed: number, scripts: number) => Uint8Array[] {
  const act = fc.tuple(fc.nat(count - 1), fc.nat(0xffff_ffff), fc.boolean());
  const script = fc.record({
    head: fc.tuple(fc.nat(1), fc.nat(255)),
    acts: fc.array(act, { maxLength: ACTS_MAX - 2, size: "max" }),
  }).map(({ head, acts }) => scriptOf([[0, 1], [0, 2], ...acts], head));
  return (seed, scripts) => fc.sample(script, { seed, numRuns: scripts });
}

/** A script for each act of `names`, after the channel was opened, and one of all of them. */
export function scriptSeeds(names: readonly string[]): NamedSeeds {
  const one = names.map((
    name,
    act,
  ) => [name, scriptOf([[0, 1], [1, 2], [act, 3], [act, 4], [1, 5]])]);
  const all = names.map((_name, act) => [act, act + 7] as const);
  return {
    ...Object.fromEntries(one),
    "the second and third, many times": scriptOf([
      [0, 1],
      ...Array.from({ length: 20 }, (_, at) => [at % 7 === 0 ? 2 : 1, at] as const),
    ]),
    "each of them, vmbus": scriptOf([[0, 1], ...all]),
    "each of them, msgpack, any order": scriptOf([[0, 1], ...all], [1, 9]),
    "each of them at once": scriptOf([
      [0, 1],
      ...all.map(([act, seed]) => [act, seed, false] as const),
    ]),
  };
}
