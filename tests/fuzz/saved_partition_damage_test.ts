// Saved guests that were damaged: every change of a byte is seen, and nothing of the fabric changes
// (docs/saved-state.md; kmcl.md V6 for their channels).

import { assert, assertEquals } from "@std/assert";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { Chance } from "../../core/chance.ts";
import { readEnvelope, writeEnvelope } from "../../core/saved/envelope.ts";
import * as vmbus from "../../mod.ts";
import { stateOf } from "../support/hostile_arena.ts";
import { times } from "../support/long.ts";
import { saveTalk, startTalk, step, TALK_DRIVERS } from "../support/talk_stage.ts";

const RANDOM_CHANGES = times(2_000, 20_000);
const SEED = 5;

interface Stage {
  readonly bytes: Uint8Array;
  readonly world: FabricRuntime;
  readonly before: string;
}

async function setStage(): Promise<Stage> {
  const stage = startTalk({ talk: { channels: 1 } });
  await step(stage, 17);
  const { bytes, summary } = await saveTalk(stage);
  assert(summary.packets.awaiting > 0 && summary.pages > 0);
  const world = stage.fabric;
  assert(world instanceof FabricRuntime);
  return { bytes, world, before: stateOf(world) };
}

/** Tells of a refusal; the fabric is as before. */
function refuse({ world }: Stage, bytes: Uint8Array, what: string): string {
  const { status, partition, reason, loaded } = vmbus.restorePartition(world, bytes, TALK_DRIVERS);
  assert(partition === null && reason !== null && reason !== "" && loaded.length === 0, what);
  return vmbus.ntStatusName(status) ?? String(status);
}

Deno.test("restorePartition: bytes that are cut short anywhere are refused", async () => {
  const stage = await setStage();
  const { bytes, world, before } = stage;
  for (let length = 0; length < bytes.length; length++) {
    const status = refuse(stage, bytes.subarray(0, length), `${length} bytes`);
    assertEquals(status, "STATUS_DATA_ERROR", `${length} bytes`);
  }
  assertEquals(stateOf(world), before);
});

Deno.test("restorePartition: no random change of a byte goes unseen, and none changes the fabric", async () => {
  const stage = await setStage();
  const { bytes, world, before } = stage;
  const chance = Chance.fromSeed(SEED).fork("bytes");
  const changed = bytes.slice();
  for (let count = 0; count < RANDOM_CHANGES; count++) {
    // The first bytes and the last are hit more often: they say what the rest is.
    const at = chance.below(8) === 0 ? chance.below(64) : chance.below(bytes.length);
    changed[at]! ^= 1 + chance.below(255);
    const what = `byte ${at} is ${changed[at]}`;
    const isVersion = at >= 4 && at < 8; // magic, then version and kind
    const expected = isVersion ? "STATUS_REVISION_MISMATCH" : "STATUS_DATA_ERROR";
    assertEquals(refuse(stage, changed, what), expected, what);
    if (count % 100 === 0) assertEquals(stateOf(world), before, what);
    changed[at] = bytes[at]!;
  }
  assertEquals(stateOf(world), before);
});

Deno.test("restorePartition: a codec other than the fabric's is a mismatch, whatever it is called", async () => {
  const stage = await setStage();
  const chunks = readEnvelope("partition", stage.bytes);
  for (const codec of ["vmbus", "msgpack2", ""]) {
    const [header, ...rest] = chunks;
    const fields = header!.data as Record<string, vmbus.PlainData>;
    const other = [{ type: header!.type, data: { ...fields, codec } }, ...rest];
    const status = refuse(stage, writeEnvelope("partition", other), codec);
    assertEquals(status, "STATUS_REVISION_MISMATCH", codec);
  }
  assertEquals(stateOf(stage.world), stage.before);
});
