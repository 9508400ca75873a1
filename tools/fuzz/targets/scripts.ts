/**
 * Inputs that are scripts: what one side of a bus does, act by act. An input is a byte that says how the
 * fabric is made, bit 0 the encoding, bit 1 whether the guest is isolated, a byte that orders its work, and then five bytes for each act: u8 which, with bit 7 where
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
import { type PackageTarget, withCorpus } from "../package_target.ts";

const HEAD_BYTES = 2;
const ACT_BYTES = 5;
const RESTS = 0x80;
const ACTS_MAX = 24;
const MEMORY_PAGES = 64;
/** The same of an isolated guest, whose clients have bounce buffers. */
const ISOLATED_PAGES = 256;
/** What an isolated guest has shared that plays by hand, from the first page on; all behind is private. */
const SHARED_PAGES = 40;
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
type MakePlay = (stage: Stage) => Play;

/** What scripts are of: the acts, by name, and who plays them. */
export interface Plays {
  /** What can be done, in the order of the numbers in a script; the first opens the channel. */
  readonly acts: readonly string[];
  /** Whose memory must stay as it is. */
  readonly guarded: "guest" | "root";
  /** Makes what a script is played with. */
  readonly makePlay: MakePlay;
}

/** How a channel stands. */
export function outcomeOf(channel: vmbus.VMBCHANNEL): string {
  const there = vmbus.inspectChannel(channel);
  return there === null ? "gone" : there.fault ?? `${there.lifecycle} ${there.flow}`;
}

/** The stream of an act; its numbers need only differ. */
function chanceOf(seed: number): Chance {
  const words = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d].map((factor) => {
    const mixed = imul(seed ^ seed >>> 15, factor);
    return mixed ^ mixed >>> 13;
  });
  return Chance.fromState([0, 0, 0, 0, ...words, 1]);
}

/** Plays the script that `input` is, and checks what must hold in any case. */
async function playScript(
  input: Uint8Array,
  note: (value: number) => void,
  { guarded, makePlay }: Plays,
): Promise<string> {
  const codec = ((input[0] ?? 0) & 1) === 0 ? "vmbus" : "msgpack";
  const isolated = ((input[0] ?? 0) & 2) !== 0;
  const order = input[1] ?? 0;
  const fabric = vmbus.createFabric({
    codec,
    trace: "off",
    ...order === 0 ? {} : { schedule: "random", seed: order },
  });
  const guest = fabric.createPartition({
    name: "guest",
    memoryPages: isolated ? ISOLATED_PAGES : MEMORY_PAGES,
    mmioMegabytes: 2,
    isolated,
  }) as
    & PartitionObject
    & vmbus.Partition;
  if (guarded === "root") {
    guest.memory.isolation?.share(Array.from({ length: SHARED_PAGES }, (_, pfn) => pfn));
  }
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
const SCRIPT_BYTES_MAX = HEAD_BYTES + ACTS_MAX * ACT_BYTES;
/** Scripts of a batch: each makes a fabric. */
const SCRIPTS_PER_BATCH = 64;

/** Scripts of a few acts of `count`, the first two of which open the channel. */
function drawScripts(count: number): (seed: number, scripts: number) => Uint8Array[] {
  const act = fc.tuple(fc.nat(count - 1), fc.nat(0xffff_ffff), fc.boolean());
  const script = fc.record({
    head: fc.tuple(fc.nat(3), fc.nat(255)),
    acts: fc.array(act, { maxLength: ACTS_MAX - 2, size: "max" }),
  }).map(({ head, acts }) => scriptOf([[0, 1], [0, 2], ...acts], head));
  return (seed, scripts) => fc.sample(script, { seed, numRuns: scripts });
}

/** A script for each act of `names`, after the channel was opened, and one of all of them. */
function scriptSeeds(names: readonly string[]): NamedSeeds {
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
    "each of them, in an isolated guest": scriptOf([[0, 1], ...all], [2, 0]),
    "each of them, in an isolated guest, msgpack, any order": scriptOf([[0, 1], ...all], [3, 11]),
    "each of them at once": scriptOf([
      [0, 1],
      ...all.map(([act, seed]) => [act, seed, false] as const),
    ]),
  };
}

/** The target whose inputs are scripts of `plays`. */
export function scriptTarget(name: string, title: string, plays: Plays): PackageTarget {
  const { acts } = plays;
  return withCorpus(() => scriptSeeds(acts), {
    name,
    title,
    inputBytesMax: SCRIPT_BYTES_MAX,
    batchCases: SCRIPTS_PER_BATCH,
    draw: drawScripts(acts.length),
    run: (input, note) => playScript(input, note, plays),
  });
}
