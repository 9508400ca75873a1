import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PlainData, VMBPACKETCOMPLETION } from "../../../mod.ts";
import {
  type Checker,
  defineScenario,
  exploreScenario,
  type ScenarioDefinition,
} from "../../../simulator/mod.ts";
import {
  closeAll,
  endInGuest,
  endInHost,
  guestDriver,
  hostDriver,
  RAM,
  ServerEnd,
} from "../../../simulator/scenarios/protocols/ends.ts";
import { ClientEnd } from "../../../simulator/scenarios/protocols/ends.ts";
import { identityOf } from "../../../simulator/scenarios/protocols/set_up.ts";

const IDENTITY = identityOf("b7a1c0de-0099-4d6e-9a3b-5f0c1d2e3a43");

/** A channel that opens and closes. */
function opens(more: Pick<ScenarioDefinition, "checkers" | "stateOf">) {
  const plain = defineScenario({
    name: "opens",
    title: "a channel opens and closes",
    partitions: { guest: RAM },
    drivers: {
      vsp: { serves: "guest", driver: endInHost("vsp", IDENTITY, () => ({})) },
      vsc: { in: "guest", driver: endInGuest("vsc", IDENTITY, ClientEnd) },
    },
    workload: (world) => world.until(() => world.driver("vsp").flows && world.driver("vsc").flows),
    end: (world) => closeAll(world, ["vsc", "vsp"]),
  });
  return { ...plain, ...more };
}

// A held packet stands for its id, and knows the whole fabric.
Deno.test("exploreScenario: a state in which a server holds a packet can be told", async () => {
  let heldStates = 0;
  const scenario = defineScenario({
    name: "holds",
    title: "a server completes when its channel is suspended",
    partitions: { guest: RAM },
    drivers: {
      vsp: {
        serves: "guest",
        driver: hostDriver("vsp", (context) => {
          const held: VMBPACKETCOMPLETION[] = [];
          const end: ServerEnd = new ServerEnd(context, IDENTITY, {
            received: (packet) => void held.push(packet),
            suspended: () => held.splice(0).forEach((packet) => end.complete(packet)),
          });
          return Object.assign(end, { held });
        }),
      },
      vsc: {
        in: "guest",
        driver: guestDriver("vsc", (context) => {
          const end: ClientEnd = new ClientEnd(context, IDENTITY, {
            postStarted: () => end.tell([1]),
          });
          return end.open();
        }),
      },
    },
    workload: (world) => world.until(() => world.driver("vsp").held.length > 0),
    end: (world) => closeAll(world, ["vsc", "vsp"]),
    stateOf: (world) => {
      const { length } = world.driver("vsp").held;
      heldStates += length;
      return length;
    },
  });
  const { states, found } = await exploreScenario(scenario, { executionsMax: 10 });
  assertEquals(found, []);
  assert(states > 0 && heldStates > 0);
});

// Two endpoints touch nothing in common, but who looks at both remembers which came first.
Deno.test("exploreScenario: checkers of the scenario's own see each order", async () => {
  const orders = new Set<string>();
  const checker: Checker = {
    name: "who is the first",
    attach: () => {
      let order = "";
      const sees = ({ endpoint }: { endpoint: { side: string } }) =>
        void (order += endpoint.side[0]);
      return { sees: { callbackBegins: sees }, end: () => void orders.add(order) };
    },
  };
  const scenario = opens({ checkers: [checker], stateOf: () => null });
  const { isComplete, unmatchedReason } = await exploreScenario(scenario, { executionsMax: 100 });
  assert(orders.size > 1, `it saw ${[...orders].join()} alone`);
  assertEquals(isComplete, false);
  assertEquals(unmatchedReason, "nobody knows what the scenario's own checkers remember");
});

Deno.test("exploreScenario: a stateOf that tells no plain data is refused", async () => {
  const refusals: readonly [() => unknown, string][] = [
    [() => new Map([[1, 2]]), "Cannot explore: what stateOf gives is an object with a prototype"],
    [() => [() => 1], "Cannot explore: what stateOf gives[0] is of type function"],
    [() => undefined, "Cannot explore: what stateOf gives is of type undefined"],
    [() => {
      throw new Error("no state");
    }, "Cannot explore: stateOf throws: no state"],
  ];
  for (const [stateOf, message] of refusals) {
    const scenario = opens({ stateOf: stateOf as () => PlainData });
    await assertRejects(() => exploreScenario(scenario), Error, message);
  }
  const { isComplete } = await exploreScenario(opens({ stateOf: () => [1n, NaN, -0] }));
  assert(isComplete);
});
