import { assert, assertEquals } from "@std/assert";
import {
  defineScenario,
  exploreScenario,
  type ScenarioDefinition,
} from "../../../simulator/mod.ts";
import { PROTOCOLS } from "../../../simulator/scenarios/protocols/all.ts";
import {
  ClientEnd,
  closeAll,
  guestDriver,
  hostDriver,
  ServerEnd,
} from "../../../simulator/scenarios/protocols/ends.ts";
import { identityOf } from "../../../simulator/scenarios/protocols/set_up.ts";
import { smallEcho } from "../../../simulator/scenarios/small/echo.ts";
import { saveAtEachPoint } from "../../../simulator/scenarios/small/save.ts";
import { openAndClose, openAndRescind } from "../../../simulator/scenarios/small/opens.ts";
import { isLong } from "../../support/long.ts";

const IDENTITY = identityOf("b7a1c0de-0009-4d6e-9a3b-5f0c1d2e3a49");

/** A guest opens a channel, and closes it when all is quiet. */
const openOnly: ScenarioDefinition = defineScenario({
  name: "open-only",
  title: "an open",
  partitions: { guest: { memoryPages: 32, mmioMegabytes: 0 } },
  drivers: {
    vsp: {
      serves: "guest",
      driver: hostDriver("vsp", (context) => new ServerEnd(context, IDENTITY, {})),
    },
    vsc: {
      in: "guest",
      driver: guestDriver("vsc", (context) => new ClientEnd(context, IDENTITY, {}).open()),
    },
  },
  workload: () => {},
  stateOf: () => [],
  end: (world) => closeAll(world, ["vsc", "vsp"]),
});

// Sleep sets take fewer ways to a state, and lose none.
async function assertSameStates(scenario: ScenarioDefinition): Promise<void> {
  const reduced = await exploreScenario(scenario);
  const whole = await exploreScenario(scenario, { isReduced: false });
  assertEquals([reduced.found, whole.found], [[], []]);
  assert(reduced.isComplete && whole.isComplete, scenario.name);
  assertEquals(reduced.states, whole.states, scenario.name);
  assert(reduced.executions <= whole.executions);
}

Deno.test("exploreScenario: reduction loses no state of a channel that opens and closes", async () => {
  await assertSameStates(openOnly);
});

// Issue 14: two packets, one of them round the end of the ring, a pause and a close, completely.
Deno.test("exploreScenario: goes through all orders of an echo", async () => {
  const { isComplete, found, executions } = await exploreScenario(smallEcho);
  assertEquals([isComplete, found], [true, []]);
  assert(executions < 1000, `${executions}`);
});

/** They take thousands of runs each. */
const LARGER = [
  PROTOCOLS["ring-signalling"]!(false),
  openAndRescind,
  openAndClose,
  saveAtEachPoint,
];

for (const scenario of LARGER) {
  Deno.test({
    name:
      `exploreScenario: ${scenario.name} is gone through completely, and reduction loses none of its states`,
    ignore: !isLong,
    fn: () => assertSameStates(scenario),
  });
}
