import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { type Checker, type FaultRule, runWorld } from "../../../simulator/mod.ts";
import { times } from "../../support/long.ts";
import { pinging } from "../../support/pinging.ts";
import { firedIn, runPinging } from "../../support/pinging_seen.ts";

/** Every interrupt and every message is late, by more than anything else takes. */
const LATE: readonly FaultRule[] = [
  { do: "interruptDelayed", nth: 1, budget: 99, ms: 50, where: { guest: "guest" } },
  { do: "messageDelayed", nth: 1, budget: 99, ms: 50, where: { guest: "guest" } },
];

Deno.test("guestMigrated: what is held back goes with the guest, at whatever moment", async () => {
  let nth = 1;
  for (let happens = true; happens; nth += times(9, 1)) {
    const scenario = pinging([...LATE, { do: "guestMigrated", nth, budget: 1 }]);
    const { findings, faults } = await runWorld({
      ...scenario,
      async end(world) {
        const ends = new Set(world.driver("client").state.ends);
        assertEquals([...ends], [vmbus.STATUS_SUCCESS], `item ${nth}`);
        await scenario.end?.(world);
      },
    }, { schedule: "fifo" });
    assertEquals(findings, [], `item ${nth}`);
    happens = faults.some(({ fault }) => fault === "guestMigrated");
  }
  assert(nth > 30, `${nth} items`);
});

Deno.test("guestPaused: what is held back comes when the guest stands still", async () => {
  const timesOfWorlds = new Set<number>();
  for (let nth = 20; nth < 35; nth++) {
    const { findings, virtualMilliseconds } = await runWorld(
      pinging([
        { do: "interruptDelayed", nth: 3, budget: 1, ms: 50 },
        { do: "guestPaused", nth, budget: 1, ms: 1 },
      ]),
      { schedule: "fifo" },
    );
    assertEquals(findings, []);
    timesOfWorlds.add(virtualMilliseconds);
  }
  // the pause came before the interrupt was sent or after it was there; or while it was held back
  assertEquals([...timesOfWorlds].sort(), [1, 51]);
});

Deno.test("guestPaused: a guest that the workload saves meanwhile is resumed when it is saved or not at all", async () => {
  const scenario = pinging([{ do: "guestPaused", nth: 25, budget: 1, ms: 2 }]);
  const seen: unknown[] = [];
  const { findings } = await runWorld({
    ...scenario,
    async workload(world) {
      const guest = world.guest("guest");
      await world.until(() => !isRunning(guest));
      world.driver("server").beforeSave = () => world.fabric.delay(5); // the pause ends meanwhile
      const { status } = await vmbus.savePartition(guest);
      await world.fabric.delay(5);
      seen.push(vmbus.ntStatusName(status), isRunning(guest));
      guest.resume();
      await scenario.workload(world);
    },
  }, { schedule: "fifo" });
  assertEquals([findings, seen], [[], ["STATUS_SUCCESS", false]]);
});

function isRunning(guest: vmbus.Partition): boolean {
  return (guest as vmbus.Partition & { readonly runs: boolean }).runs;
}

Deno.test("guestSaved: the guest runs on with the drivers that it had", async () => {
  const { result, calls, ends } = await runPinging({ do: "guestSaved", nth: 25, budget: 1 });
  assertEquals(firedIn(result), ["guestSaved: guest"]);
  assertEquals([calls, ends], [["Opened"], ["STATUS_SUCCESS"]]);
});

Deno.test("guestRestored, guestMigrated: other drivers go on where the old ones were", async () => {
  for (const name of ["guestRestored", "guestMigrated"] as const) {
    const { result, client, calls, isThere, ends } = await runPinging({
      do: name,
      nth: 25,
      budget: 1,
    });
    assertEquals([firedIn(result), isThere], [[`${name}: guest`], true]);
    assertEquals(calls, []); // it was not the one that was opened
    assertEquals([client.state.ends.length, ends], [8, ["STATUS_SUCCESS"]]);
  }
});

for (const [nth, call] of [[1, "HostDriver.save"], [2, "GuestDriver.save"]] as const) {
  // save-restore.md: a driver that throws refuses the save, and the guest runs on where it is.
  Deno.test(`saveThrows: ${call} throws, and the guest is not moved`, async () => {
    const { findings, expected, faults } = await runWorld(
      pinging([
        { do: "saveThrows", nth, budget: 1 },
        { do: "guestMigrated", nth: 25, budget: 1 },
      ]),
      { schedule: "fifo" },
    );
    const fired = faults.map(({ fault, place }) => `${fault}: ${place}`);
    assertEquals(fired, ["guestMigrated: guest", `saveThrows: ${call} of guest`]);
    assertEquals([findings, expected], [[], []]);
  });
}

Deno.test("saveThrows: the driver that a rule names, and no other", async () => {
  const rules = (driver: string): readonly FaultRule[] => [
    { do: "saveThrows", nth: 1, budget: 1, where: { driver } },
    { do: "guestSaved", nth: 25, budget: 1 },
  ];
  for (const [driver, call] of [["server", "HostDriver.save"], ["client", "GuestDriver.save"]]) {
    const { faults } = await runWorld(pinging(rules(driver!)), { schedule: "fifo" });
    assertEquals(faults.at(-1)?.place, `${call} of guest`);
  }
});

Deno.test("guestMigrated: checkers go on with what they know of the guest that is left behind", async () => {
  const met: string[] = [];
  const checker: Checker = {
    name: "mine",
    attach: () => ({ meets: ({ name }) => void met.push(name) }),
  };
  const rule = { do: "guestMigrated", nth: 25, budget: 1 } as const;
  const { faults } = await runWorld(pinging([rule], { checkers: [checker] }), { schedule: "fifo" });
  const ofOldOnes = met.filter((name) =>
    name === "channel 1 (client)" || name === "channel 2 (server)"
  );
  assertEquals([faults.length, ofOldOnes.length], [1, 2], met.join(", "));
});
