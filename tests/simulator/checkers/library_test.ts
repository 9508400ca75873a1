import { assert, assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  type Checker,
  CHECKERS,
  checkFabric,
  type FabricChecks,
  findHangs,
} from "../../../simulator/mod.ts";
import { everything } from "../../../simulator/scenarios/everything/scenario.ts";
import { runWorld } from "../../../simulator/worlds/run_world.ts";
import { times } from "../../support/long.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";

Deno.test("CHECKERS: each has a row in simulator.md", async () => {
  const document = await Deno.readTextFile("docs/simulator.md");
  for (const { name } of CHECKERS) assert(document.includes(`\n| \`${name}\` |`), name);
});

Deno.test("checkFabric: the digest of what is looked at stays what it is", async () => {
  const digestOf = async (isChecked: boolean) => {
    const pair = makePair();
    const checks = isChecked ? checkFabric(pair.fabric) : null;
    enablePair(pair);
    await pair.fabric.settle();
    await closePair(pair);
    assertEquals(checks?.end() ?? [], []);
    return pair.fabric.traceDigest();
  };
  assertEquals(await digestOf(true), await digestOf(false));
});

Deno.test("checkFabric: comes late, and looks no more once it is detached", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { fabric, vsc, client } = pair;
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSend(packet, new Uint8Array(8), 8, null, 1);
  await fabric.settle();
  const checks = checkFabric(fabric);
  const held = checks.end().filter(({ by }) => by === "hangs");
  assertEquals(held.map(({ kind, place }) => `${kind} ${place}`), [
    "liveness driver of server in root",
  ]);
  pair.atServer.complete();
  await fabric.settle();
  checks.detach();
  await closePair(pair);
  assertEquals(checks.findings.filter(({ by }) => by !== "leaks" && by !== "hangs"), []);
});

Deno.test("checkFabric: KMCL functions refuse whoever calls them while he looks", async () => {
  const pair = await openPair();
  const checks = checkFabric(pair.fabric, {
    checkers: [{
      name: "meddler",
      attach: () => ({
        sees: { channelChanges: () => pair.vsc.VmbChannelStart(pair.client) },
      }),
    }],
  });
  await closePair(pair);
  assertEquals(checks.findings.map(({ kind, message }) => `${kind}: ${message}`), [
    "crash: Cannot call KMCL functions in an observer of the fabric",
  ]);
});

Deno.test("checkFabric: what is no fabric, or no checker, is refused", () => {
  assertThrows(() => checkFabric({} as never), TypeError, "is no fabric");
  const pair = makePair();
  assertThrows(
    () => checkFabric(pair.fabric, { checkers: [{} as never] }),
    TypeError,
    "is no checker",
  );
  for (const options of [null, 5, { checkers: 5 }, { checkers: [{ attach: () => ({}) }] }]) {
    assertThrows(() => checkFabric(pair.fabric, options as never), TypeError, "Cannot check");
  }
  assertThrows(() => findHangs(null as never), TypeError, "is no fabric");
  pair.fabric.dispose();
});

Deno.test("checkFabric: a checker that answers later, or with nothing to call, is a finding", async () => {
  const later = () => Promise.reject(new Error("late"));
  const checkers: Record<string, () => unknown> = {
    attach: later,
    end: () => ({ end: later }),
    look: () => ({ sees: { callbackBegins: later } }),
    nothing: () => null,
    five: () => ({ sees: { callbackBegins: 5 } }),
  };
  const pair = await openPair();
  const checks = checkFabric(pair.fabric, {
    checkers: Object.entries(checkers).map(([name, attach]) => ({ name, attach }) as Checker),
  });
  await closePair(pair);
  const found = checks.end().map(({ place, message }) => `${place}: ${message}`);
  assertEquals(found.toSorted(), [
    "checker attach: it must answer at once, not with a promise",
    "checker end: it must answer at once, not with a promise",
    "checker five: sees.callbackBegins must be a function, not 5",
    "checker look: it must answer at once, not with a promise",
    "checker nothing: attach must return an object, not null",
  ]);
});

Deno.test("checkFabric: whoever begins to look inside a callback finds nothing wrong with it", async () => {
  for (const name of ["Opened", "Started", "PostStarted", "Suspend", "Closed"] as const) {
    for (const side of ["serverCallbacks", "clientCallbacks"] as const) {
      const all: FabricChecks[] = [];
      const pair: Pair = makePair({
        [side]: {
          [`EvtChannel${name}`]: () => {
            all.push(checkFabric(pair.fabric));
            return vmbus.STATUS_SUCCESS;
          },
        },
      });
      enablePair(pair);
      await pair.fabric.settle();
      await closePair(pair);
      assert(all.length > 0);
      for (const checks of all) assertEquals([name, side, checks.end()], [name, side, []]);
    }
  }
});

Deno.test("CHECKERS: find nothing in worlds of honest drivers, whatever the order", async () => {
  for (let seed = 0; seed < times(3, 2000); seed++) {
    const { findings } = await runWorld({ ...everything, faults: [] }, { seed });
    assertEquals(findings, [], `seed ${seed}`);
  }
});
