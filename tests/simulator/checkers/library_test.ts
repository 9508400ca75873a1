import { assert, assertEquals, assertThrows } from "@std/assert";
import { CHECKERS, checkFabric, findHangs } from "../../../simulator/mod.ts";
import { everything } from "../../../simulator/scenarios/everything/scenario.ts";
import { runWorld } from "../../../simulator/worlds/run_world.ts";
import { times } from "../../support/long.ts";
import { closePair, enablePair, makePair, openPair } from "../../support/connected_pair.ts";

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
  assertThrows(() => findHangs(null as never), TypeError, "is no fabric");
  pair.fabric.dispose();
});

Deno.test("CHECKERS: find nothing in worlds of honest drivers, whatever the order", async () => {
  for (let seed = 0; seed < times(3, 2000); seed++) {
    const { findings } = await runWorld({ ...everything, faults: [] }, { seed });
    assertEquals(findings, [], `seed ${seed}`);
  }
});
