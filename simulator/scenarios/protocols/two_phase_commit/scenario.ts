/**
 * Two-phase commit, as the tutorial of the P language describes it: a coordinator in the host, three
 * participants and two clients in guests, a timer, and no failures. Planted: a mistake by which a client waits
 * for ever where several of them contend.
 *
 * @see {@link https://p-org.github.io/P/tutorial/twophasecommit/ | P: two-phase commit}
 *
 * @module
 */

import type { PlainData } from "../../../../mod.ts";
import { defineScenario } from "../../../worlds/define_scenario.ts";
import type { Draws, ScenarioDefinition } from "../../../worlds/world.ts";
import { closeAll, RAM } from "../ends.ts";
import { coordinatorDrivers } from "./coordinator.ts";
import { clientVsc, participantVsc, timerVsc } from "./guests.ts";
import { OUTCOME } from "./messages.ts";

const TRANSACTIONS_PER_CLIENT = 3;
const KEYS = 10;
const VALUES = 10;
/** Ticks until a transaction's time is over: as a rule all have voted long before. */
const TICKS = 6;

const CLIENTS = ["client0Vsc", "client1Vsc"] as const;
const PARTICIPANTS = ["participant0Vsc", "participant1Vsc", "participant2Vsc"] as const;
const SERVERS = [
  "client0Vsp",
  "client1Vsp",
  "participant0Vsp",
  "participant1Vsp",
  "participant2Vsp",
  "timerVsp",
] as const;

/** What a client writes: keys and values are drawn, and no two transactions have the same number. */
function transactionsOf(client: number): (world: Draws) => PlainData {
  return (world) => {
    const transactions: PlainData[] = [];
    for (let left = TRANSACTIONS_PER_CLIENT; left > 0; left--) {
      const id = (client + 1) * 100 + left;
      transactions.push({ id, key: world.draw(KEYS), value: world.draw(VALUES) });
    }
    return { transactions };
  };
}

function driversOf(planted: boolean, ticks: number) {
  const { coordinatorIn, client, participant, timer } = coordinatorDrivers(planted);
  const drivers = {
    participant0Vsp: { serves: "participant0", driver: participant(0) },
    participant1Vsp: { serves: "participant1", driver: participant(1) },
    participant2Vsp: { serves: "participant2", driver: participant(2) },
    timerVsp: { serves: "timer", driver: timer },
    client0Vsp: { serves: "client0", driver: client(0) },
    client1Vsp: { serves: "client1", driver: client(1) },
    participant0Vsc: { in: "participant0", driver: participantVsc(0) },
    participant1Vsc: { in: "participant1", driver: participantVsc(1) },
    participant2Vsc: { in: "participant2", driver: participantVsc(2) },
    timerVsc: { in: "timer", driver: timerVsc(ticks) },
    client0Vsc: { in: "client0", driver: clientVsc(0), options: transactionsOf(0) },
    client1Vsc: { in: "client1", driver: clientVsc(1), options: transactionsOf(1) },
  };
  return { coordinatorIn, drivers };
}

/** Two-phase commit; `planted`: with its mistake. A transaction's time is over after so many ticks. */
export function twoPhaseCommit(planted: boolean, ticks: number = TICKS): ScenarioDefinition {
  const { coordinatorIn, drivers } = driversOf(planted, ticks);
  return defineScenario({
    name: "two-phase-commit",
    title: "Two-phase commit: 3 participants, 2 clients that contend, a timer",
    partitions: {
      participant0: RAM,
      participant1: RAM,
      participant2: RAM,
      timer: RAM,
      client0: RAM,
      client1: RAM,
    },
    drivers,
    reach: ["committed", "refused", "timed out"],
    workload: async (world) => {
      const clients = CLIENTS.map((name) => world.driver(name));
      const participants = PARTICIPANTS.map((name) => world.driver(name));
      const guests = [...clients, ...participants, world.driver("timerVsc")];
      await world.until(() => guests.every(({ flows }) => flows));
      for (const client of clients) client.next();
    },
    end: async (world) => {
      const clients = CLIENTS.map((name) => world.driver(name));
      const participants = PARTICIPANTS.map((name) => world.driver(name));
      const coordinator = coordinatorIn(world.fabric);
      const { outcomes, waiting } = coordinator;
      if (outcomes[OUTCOME.committed]! > 0) world.reach("committed");
      if (outcomes[OUTCOME.refused]! > 0) world.reach("refused");
      if (outcomes[OUTCOME.timedOut]! > 0) world.reach("timed out");
      if (clients.some(({ left }) => left > 0)) {
        const ids = waiting.map(({ id }) => id).join(", ");
        world.fail("every transaction has an outcome", `the coordinator lets ${ids} wait`);
      }
      for (const { mistakes } of [coordinator, ...participants]) {
        for (const mistake of mistakes) world.fail("a transaction is whole", mistake);
      }
      for (const { mistakes } of clients) {
        for (const mistake of mistakes) world.fail("what was committed is read", mistake);
      }
      await closeAll(world, [...CLIENTS, ...PARTICIPANTS, "timerVsc", ...SERVERS]);
    },
  });
}
