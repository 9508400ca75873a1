import { assert, assertEquals } from "@std/assert";
import { checkFabricOptions } from "../../../actors/fabric/options.ts";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { WorkItem } from "../../../actors/runtime/processor.ts";
import {
  alternativesOf,
  type ChoiceKind,
  type Chooser,
  collide,
  type Known,
} from "../../../actors/runtime/chooser.ts";
import { touchesOf, WHOLE_BUS } from "../../../actors/channel/touches.ts";
import * as vmbus from "../../../mod.ts";
import { RandomChooser } from "../../../actors/runtime/choosers/random.ts";
import { Chance } from "../../../core/chance.ts";
import { openPair, type Pair } from "../../support/connected_pair.ts";
import { times } from "../../support/long.ts";

/** A name of an item that is the same in whatever order others ran before it. */
function keyOf({ worker, kind }: WorkItem): string {
  return `${String(worker.traceId).padStart(9)} ${kind}`;
}

/**
 * Takes items by chance, and from `after` choices on the first two that do not collide, in either order; then, in
 * both runs alike, whoever comes first by name.
 */
class SwappingChooser implements Chooser {
  /** What the two are, the older one first; null while none were met. */
  swapped: readonly WorkItem[] | null = null;
  readonly #random: RandomChooser;
  readonly #isSwapped: boolean;
  #next: WorkItem | null = null;
  /** When that was scheduled: it is scheduled again where it stops at a point. */
  #nextOrder = 0;
  #after = Infinity;

  constructor(seed: number, isSwapped: boolean) {
    this.#random = new RandomChooser(Chance.fromSeed(seed));
    this.#isSwapped = isSwapped;
  }

  arm(after: number): void {
    this.#after = after;
  }

  /** False where the second one did not come directly after the first one. */
  release(): boolean {
    const hasRun = this.#next?.order !== this.#nextOrder;
    this.#next = null;
    return hasRun;
  }

  choose(kind: ChoiceKind, count: number, known: Known): number {
    const alternatives = alternativesOf(known);
    const all = Array.from({ length: count }, (_, offset) => alternatives?.at(offset));
    const items = all.filter((one) => one instanceof WorkItem && one.isScheduled) as WorkItem[];
    if (this.swapped !== null) {
      // Whether a signal is put off, and callers continue together, is chosen as well.
      if (items.length < count) return 0;
      if (this.#next === null) return this.#firstByName(items);
      return Math.max(0, items.indexOf(this.#next));
    }
    const drawn = this.#random.choose(kind, count, known);
    if (items.length < count || this.#after-- > 0) return drawn;
    const pair = items.flatMap((one, at) =>
      items.slice(at + 1).map((other) => [one, other] as const)
    )
      .find(([one, other]) => !collide(one.touches, other.touches));
    if (pair === undefined) return drawn;
    this.swapped = pair;
    const [first, second] = this.#isSwapped ? pair.toReversed() : pair;
    this.#next = second!;
    this.#nextOrder = second!.order;
    return items.indexOf(first!);
  }

  #firstByName(items: readonly WorkItem[]): number {
    const keys = items.map(keyOf);
    return keys.indexOf(keys.toSorted()[0]!);
  }
}

function send({ vsc, client, vsp, server }: Pair): void {
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), new Uint8Array(8), 8, null, 1);
  vsp.VmbPacketSend(vsp.VmbPacketAllocate(server), new Uint8Array(8), 8, null, 1);
}

/** Two pairs in guest a, one in guest b. */
async function openPairs(fabric: FabricRuntime): Promise<readonly [Pair, Pair, Pair]> {
  const [a, b] = ["a", "b"].map((name) =>
    fabric.createPartition({ name, memoryPages: 256, processors: 2 })
  );
  const open = (guest: vmbus.Partition, at: number) =>
    openPair({ within: { fabric, guest }, instance: `0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a3${at}` });
  return [await open(a!, 1), await open(a!, 2), await open(b!, 3)];
}

/** Lets `turns` items run, each up to its next scheduling point; false where nothing is left to run. */
function turns(fabric: FabricRuntime, count: number): Promise<boolean> {
  let asked = 0;
  return fabric.runUntil(() => asked++ >= count);
}

/** What is to be seen of a fabric after two items that do not collide ran; null where none were met. */
async function seenAfter(
  seed: number,
  isSwapped: boolean,
  points: boolean,
): Promise<{ kinds: string; seen: unknown; rest: unknown } | null> {
  const chooser = new SwappingChooser(seed, isSwapped);
  const schedule = { name: "random", points } as const;
  const options = checkFabricOptions({ rootMemoryPages: 256, schedule });
  const fabric = new FabricRuntime(options, chooser);
  const pairs = await openPairs(fabric);
  const { vsp, server } = pairs[seed % 3]!;
  chooser.arm(seed % 20);
  for (const pair of pairs) for (let count = seed % 7; count >= 0; count--) send(pair);
  if (seed % 5 === 0) vsp.VmbChannelDisable(server);
  const calls = pairs.map((pair) => pair.calls.length);
  const told = () => pairs.map((pair, at) => pair.calls.slice(calls[at]));
  while (chooser.swapped === null) if (!await turns(fabric, 1)) return null;
  await turns(fabric, 1);
  // At PASSIVE_LEVEL it waits for what the first one has scheduled on its processor at DISPATCH_LEVEL.
  if (!chooser.release()) return null;
  const kinds = chooser.swapped.map(({ kind }) => kind).join(" and ");
  const seen = { told: told(), fabric: fabric.inspect() };
  await fabric.settle();
  const rest = { told: told(), fabric: fabric.inspect() };
  fabric.dispose();
  return { kinds, seen, rest };
}

Deno.test("touchesOf: an endpoint collides with its channel's other end, and with who speaks on its bus", async () => {
  const fabric = new FabricRuntime(checkFabricOptions({}));
  const [first, second, elsewhere] = await openPairs(fabric);
  const { memory } = first.guest;
  const unused = first.vsc.VmbChannelAllocate(first.guest.device, false).channel!;
  const idOf = (channel: vmbus.VMBCHANNEL) => vmbus.inspectChannel(channel)!.id;
  const endpoints = fabric.partitions.flatMap((partition) => [...partition.endpoints]);
  const touchesAt = (channel: vmbus.VMBCHANNEL) =>
    touchesOf(endpoints.find(({ id }) => id === idOf(channel))!);
  const message = [{ of: memory, part: WHOLE_BUS, writes: true }];
  const cases: readonly (readonly [vmbus.VMBCHANNEL, vmbus.VMBCHANNEL | "message", boolean])[] = [
    [first.server, first.server, true],
    [first.server, first.client, true],
    [first.server, second.client, false],
    [first.server, second.server, true], // both speak to the guest
    [first.client, second.client, true], // both speak to the host
    [first.client, elsewhere.client, false],
    [first.server, elsewhere.server, false], // their processor is the same
    [first.client, unused, true],
    [first.server, unused, false],
    [first.server, "message", true],
    [second.client, "message", true],
    [unused, "message", true],
    [elsewhere.client, "message", false],
    [elsewhere.server, "message", false],
  ];
  for (const [at, [one, other, expected]] of cases.entries()) {
    const others = other === "message" ? message : touchesAt(other);
    assertEquals(collide(touchesAt(one), others), expected, `case ${at}`);
  }
});

// What `touches` is for: such items may be swapped, and nobody can tell.
for (const points of [false, true]) {
  const where = points ? "up to their next scheduling points" : "to their ends";
  Deno.test(`touchesOf: two work items that touch nothing in common commute, ${where}`, async () => {
    let swaps = 0;
    for (let seed = 0; seed < times(24, 4000); seed++) {
      const inOrder = await seenAfter(seed, false, points);
      if (inOrder === null) continue;
      const swapped = await seenAfter(seed, true, points);
      if (swapped === null) continue;
      swaps++;
      assertEquals(swapped, inOrder, `seed ${seed}`);
    }
    assert(swaps > times(10, 1000), `${swaps}`);
  });
}
