import { assert, assertEquals } from "@std/assert";
import { Chance } from "../../../../core/chance.ts";
import * as vmbus from "../../../../mod.ts";
import { runWorld } from "../../../../simulator/mod.ts";
import {
  type EverythingGuest,
  type EverythingHost,
  everythingVsc,
  everythingVsp,
} from "../../../../simulator/scenarios/everything/drivers.ts";
import { drawPlan } from "../../../../simulator/scenarios/everything/plan.ts";
import { everything } from "../../../../simulator/scenarios/everything/scenario.ts";
import { times } from "../../../support/long.ts";
import {
  checkTotals,
  describeUnfinished,
} from "../../../../simulator/scenarios/everything/totals.ts";

/** Pairs of drivers that are moved twice. */
const MOVED = times(8, 200);
const DRIVERS = { guestDrivers: [everythingVsc], hostDrivers: [everythingVsp] };

/** A pair of drivers of the scenario, in a fabric of its own. */
interface Stage {
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly host: EverythingHost;
  readonly client: EverythingGuest;
}

function begin(chance: Chance, codec: "msgpack" | "vmbus"): Stage {
  const fabric = vmbus.createFabric({ verifier: "record", codec, rootMemoryPages: 64 });
  const guest = fabric.createPartition({ name: "moving", memoryPages: 96, mmioMegabytes: 0 });
  const draw = (count: number) => chance.below(count);
  const number = (name: string) => name === "packets" ? 12 : 2;
  const plan = drawPlan({ draw, number, numberAnew: number });
  const host = vmbus.loadHostDriver(guest, everythingVsp, plan);
  const client = vmbus.loadGuestDriver(guest, everythingVsc, plan);
  return { fabric, guest, host, client };
}

async function move({ fabric, guest }: Stage, codec: "msgpack" | "vmbus"): Promise<Stage> {
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  guest.destroy();
  await fabric.settle();
  assertEquals([fabric.violations, fabric.leaks()], [[], []]);
  fabric.dispose();
  const next = vmbus.createFabric({ verifier: "record", codec, rootMemoryPages: 64 });
  const restored = vmbus.restorePartition(next, bytes!, DRIVERS);
  assertEquals(restored.reason, null);
  const [host, client] = restored.loaded.map(({ instance }) => instance);
  restored.partition!.resume();
  return {
    fabric: next,
    guest: restored.partition!,
    host: host as EverythingHost,
    client: client as EverythingGuest,
  };
}

/** Runs it to its end, and closes it; what is wrong with it. */
async function finish({ fabric, host, client }: Stage): Promise<readonly string[]> {
  const sides = [...host.channels, ...client.channels];
  for (
    let look = 0;
    look < 40 && !sides.every((side) => describeUnfinished(side) === null);
    look++
  ) {
    for (const side of sides) {
      side.open();
      side.start();
      side.tend();
    }
    await fabric.advance(1);
  }
  const wrongs = sides.map((side) => describeUnfinished(side)).filter((text) => text !== null);
  for (const [index, server] of host.channels.entries()) {
    await client.channels[index]!.close();
    await server.close();
    checkTotals(
      client.channels[index]!,
      server,
      (rule, message) => wrongs.push(`${rule}: ${message}`),
    );
  }
  for (const side of sides) side.cleanup();
  wrongs.push(...fabric.violations.map(({ message }) => message));
  wrongs.push(...fabric.leaks().map(({ message }) => message));
  fabric.dispose();
  return wrongs;
}

Deno.test("everything: nothing is wrong where nothing is made to go wrong", async () => {
  for (let seed = 0; seed < times(6, 500); seed++) {
    const { findings } = await runWorld(everything, { seed, isFaulty: false });
    assertEquals([seed, findings], [seed, []]);
  }
});

Deno.test("everything: what must hold does, whatever goes wrong", async () => {
  for (let seed = 0; seed < times(8, 500); seed++) {
    const { findings } = await runWorld(everything, { seed });
    assertEquals([seed, findings], [seed, []]);
  }
});

// save-restore.md
Deno.test("everything: its drivers go on elsewhere, from wherever they were", async () => {
  let moves = 0;
  for (let seed = 0; seed < MOVED; seed++) {
    const chance = Chance.fromSeed(seed);
    const codec = seed % 2 === 0 ? "msgpack" : "vmbus";
    let stage = begin(chance, codec);
    for (let move_ = 0; move_ < 2; move_++) {
      await stage.fabric.step(1 + chance.below(60));
      stage = await move(stage, codec);
      moves++;
    }
    assertEquals([seed, await finish(stage)], [seed, []]);
  }
  assertEquals(moves, 2 * MOVED);
});

Deno.test("everything: behaviours that ought to be reached are", async () => {
  const reached = new Set<string>();
  for (let seed = 0; seed < 400 && reached.size < 8; seed++) {
    const result = await runWorld(everything, { seed, isFaulty: false, trace: "digest" });
    for (const [name, times] of Object.entries(result.reached)) if (times > 0) reached.add(name);
  }
  assert(reached.has("open again") && reached.has("packets were lost"), [...reached].join(", "));
});
