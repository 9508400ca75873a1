import { assert, assertEquals } from "@std/assert";
import type { AnyStateMachine } from "xstate";
import { eventTypesOf } from "../../../actors/chart/compile.ts";
import { CHARTS, nodesOf, reachOf } from "../../support/charts.ts";

/** What a chart has and what paths through it come by: states by id, transitions by state and event. */
interface Coverage {
  readonly states: Set<string>;
  readonly transitions: Set<string>;
}

function allOf(machine: AnyStateMachine): Coverage {
  const nodes = nodesOf(machine);
  const transitions = nodes.flatMap(({ id, transitions }) =>
    [...transitions].flatMap(([type, list]) => list.map((_, index) => `${id} ${type} ${index}`))
  );
  return { states: new Set(nodes.map(({ id }) => id)), transitions: new Set(transitions) };
}

/** What the shortest paths to all states, and one step from each of them, come by. */
function reachedOf(machine: AnyStateMachine): Coverage {
  const states = new Set<string>();
  const transitions = new Set<string>();
  for (const { snapshot } of reachOf(machine).values()) {
    const nodes: readonly AnyStateMachine["root"][] = snapshot._nodes;
    for (const { id } of nodes) states.add(id);
    for (const type of eventTypesOf(machine)) {
      for (const transition of machine.getTransitionData(snapshot, { type }) ?? []) {
        const { source } = transition;
        const index = source.transitions.get(type)?.indexOf(transition);
        transitions.add(`${source.id} ${type} ${index}`);
      }
    }
  }
  return { states, transitions };
}

/** States that only the other side of a channel can be in: this one's guards keep them out. */
const OTHER_SIDES: Readonly<Record<string, readonly string[]>> = {
  // Only a client asks for an open.
  server: ["abandoning", "server.lifecycle.enabled.connecting"],
  // Only an offer outlives a close, and only a server is saved.
  client: ["client.saving.saving", "closed", "resuming"],
};

for (const [name, create] of Object.entries(CHARTS)) {
  Deno.test(`CHARTS: each state of the ${name} chart is reached`, () => {
    const machine = create();
    const reached = reachedOf(machine).states;
    const never = [...allOf(machine).states].filter((id) => !reached.has(id));
    assertEquals(never.sort(), OTHER_SIDES[name] ?? []);
  });
}

const ALONE = Object.keys(CHARTS).filter((name) => name !== "server" && name !== "client");

for (const names of [["server", "client"], ...ALONE.map((name) => [name])]) {
  Deno.test(`CHARTS: each transition of ${names.join(" or ")} is taken`, () => {
    const all = new Set<string>();
    const taken = new Set<string>();
    for (const name of names) {
      const machine = CHARTS[name]!();
      // The two sides of a channel have the same transitions, under the names of their charts.
      const plain = (transition: string) => transition.replace(`${name}.`, "");
      for (const transition of allOf(machine).transitions) all.add(plain(transition));
      for (const transition of reachedOf(machine).transitions) taken.add(plain(transition));
    }
    assert(all.size > 0);
    assertEquals([...all].filter((transition) => !taken.has(transition)), []);
  });
}
