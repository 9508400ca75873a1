import { assert, assertEquals } from "@std/assert";
import { DRIVER_FAULTS } from "../../../../simulator/faults/catalogue/drivers.ts";
import { PEER_FAULTS } from "../../../../simulator/faults/catalogue/peers.ts";
import type { FaultRule } from "../../../../simulator/mod.ts";
import { everything } from "../../../../simulator/scenarios/everything/scenario.ts";
import { runWorld } from "../../../../simulator/worlds/run_world.ts";
import type { WorldResult } from "../../../../simulator/worlds/settings.ts";
import { isLong, times } from "../../../support/long.ts";

const NAMES = [...Object.keys(DRIVER_FAULTS), ...Object.keys(PEER_FAULTS)] as FaultRule["do"][];

/** What has the opportunity come for a fault that has none by itself. */
const BESIDE: Partial<Record<FaultRule["do"], readonly FaultRule[]>> = {
  saveThrows: [{ do: "guestSaved", oneIn: 40, budget: 9 }],
  restoreThrows: [{ do: "guestRestored", oneIn: 12, budget: 20 }],
};

/** One guest with one channel is enough to try each fault; a thorough run has all there may be. */
const SMALL = {
  ...everything.numbers,
  guests: { title: "guests", least: 1, most: 1 },
  channels: { title: "channels", least: 1, most: 1 },
};
const SCENARIO = isLong ? everything : { ...everything, numbers: SMALL };

/** One run of everything in which that goes wrong. */
function run(
  faults: readonly FaultRule[],
  seed: number,
  choices?: WorldResult["choices"],
): Promise<WorldResult> {
  const settings = choices === undefined ? { seed } : { seed, choices };
  return runWorld({ ...SCENARIO, faults }, settings);
}

/** What is wrong with a run; what drivers say of a guest that was tampered with is no failure. */
function wrongOf({ findings, faults, seed }: WorldResult): readonly string[] {
  const isTampered = faults.some(({ tampered }) => tampered !== null);
  return findings.filter(({ by }) => !isTampered || by !== "workload")
    .map(({ rule, place, message }) => `seed ${seed}: ${rule}, ${place}: ${message}`);
}

for (const name of NAMES) {
  Deno.test(`${name}: it happens, nothing else goes wrong, and it happens again in a replay`, async () => {
    const { tampers = false } = { ...DRIVER_FAULTS, ...PEER_FAULTS }[
      name as keyof typeof PEER_FAULTS
    ];
    const beside = BESIDE[name] ?? [];
    const oneIn = beside.length > 0 ? 2 : 20;
    const rules = [{ do: name, oneIn, budget: 2 } as FaultRule, ...beside];
    let fired = 0;
    let isReplayed = false;
    for (let seed = 1; fired < times(1, 300); seed++) {
      assert(seed < times(60, 3000), `${name} happens in one world of many`);
      const world = await run(rules, seed);
      assertEquals(wrongOf(world), []);
      const faults = world.faults.filter(({ fault }) => fault === name);
      assert(faults.length <= 2, `seed ${seed}: the budget holds`);
      assertEquals(
        world.expected.length > 0,
        faults.some(({ bringsAbout }) => bringsAbout !== null),
      );
      for (const fault of faults) {
        assertEquals([fault.fault, fault.tampered !== null], [name, tampers]);
        fired++;
      }
      if (fired === 0 || (isReplayed && seed % 8 > 0)) continue;
      isReplayed = true;
      const again = await run(rules, seed, world.choices);
      assertEquals([again.faults, again.traceDigest], [world.faults, world.traceDigest]);
    }
  });
}

Deno.test("misdeeds: happen to the drivers, sides and callbacks that a rule names, and to no others", async () => {
  const places: string[] = [];
  for (let seed = 1; seed <= times(6, 60); seed++) {
    const { faults } = await run([
      {
        do: "callbackThrows",
        where: { driver: "alphaVsc", callback: "EvtChannelSuspend" },
        nth: 1,
        budget: 9,
      },
      { do: "completionLate", where: { guest: "alpha", side: "server" }, nth: 2, budget: 1 },
      { do: "packetDeferred", where: { guest: "gamma" }, nth: 1 },
    ], seed);
    places.push(...faults.map(({ fault, place }) => `${fault}: ${place}`));
  }
  const known = [
    "callbackThrows: EvtChannelSuspend of client of alpha",
    "completionLate: VmbChannelPacketComplete of server of alpha",
  ];
  const others = isLong
    ? [
      "packetDeferred: EvtChannelProcessPacket of client of gamma",
      "packetDeferred: EvtChannelProcessPacket of server of gamma",
    ]
    : [];
  assertEquals([...new Set(places)].sort(), [...known, ...others].sort());
});
