import { assert, assertEquals } from "@std/assert";
import {
  type FaultName,
  type FaultRule,
  runInTurn,
  simulatedScenarios,
} from "../../../simulator/mod.ts";
import { isLong } from "../../support/long.ts";

/** What is tried at each of its opportunities, and how often that is at least. */
const QUICK: readonly (readonly [FaultName, number])[] = [
  ["memoryExhausted", 9],
  ["openRefused", 2],
  ["gpadlRefused", 2],
];

const THOROUGH: readonly (readonly [FaultName, number])[] = [
  ["guestMigrated", 40],
  ["guestRestored", 40],
  ["guestSaved", 40],
  ["guestCrashed", 40],
  ["guestPaused", 40],
  ["offerRescinded", 40],
  ["deviceRemoved", 40],
  ["processorTaken", 40],
  ["interruptSpurious", 40],
  ["messageDelayed", 4],
  ["interruptDelayed", 4],
  ["interruptMerged", 4],
];

/** Worlds of each scenario in which there is something to do for each of these. */
const SEEDS: Readonly<Record<string, number>> = { disk: 5, everything: 4 };

for (const [fault, least] of isLong ? [...QUICK, ...THOROUGH] : QUICK) {
  Deno.test(`runInTurn: ${fault}, whenever it can happen to the package's own drivers`, async () => {
    for (const name of isLong ? ["disk", "everything"] : ["disk"]) {
      const scenario = simulatedScenarios.find((each) => each.name === name)!;
      let worlds = 0;
      const rule = { do: fault } as FaultRule;
      for await (
        const { findings, faults } of runInTurn(scenario, rule, {
          schedule: "fifo",
          seed: SEEDS[name]!,
        })
      ) {
        const what = `${name}, the ${++worlds}th: ${faults[0]?.place}`;
        assertEquals(findings.map(({ rule, message }) => `${rule}: ${message}`), [], what);
      }
      assert(worlds >= least, `${name}: ${worlds} worlds`);
    }
  });
}
