// docs/save-restore.md: a guest continues elsewhere, and the other way round.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { areEqual } from "../../../core/saved/plain_data.ts";
import * as vmbus from "../../../mod.ts";
import { runDeno } from "../../support/deno_process.ts";
import {
  finishTalk,
  isOver,
  migrateTalk,
  restoreTalk,
  saveTalk,
  startTalk,
  step,
} from "../../support/talk_stage.ts";

const TALK = { talk: { channels: 3, count: 60 } };

Deno.test("savePartition: a guest migrates back and forth fifty times in the midst of its work", async () => {
  const long = { talk: { channels: 3, count: 140 } };
  const expected = await finishTalk(startTalk(long));
  const fabrics = [
    vmbus.createFabric({ seed: 1 }),
    vmbus.createFabric({ seed: 2, schedule: "random" }),
  ] as const;
  let stage = startTalk({ ...long, within: fabrics[0] });
  let inFlight = 0;
  for (let move = 1; move <= 50; move++) {
    await step(stage, 11);
    assert(!isOver(stage), `the talk is over before move ${move}`);
    const { packets } = (await saveTalk(stage)).summary;
    if (packets.queued + packets.awaiting + packets.held > 0) inFlight++;
    stage = await migrateTalk(stage, fabrics[move % 2]!);
  }
  assertEquals(await finishTalk(stage), expected);
  assert(inFlight >= 45, `packets were in flight ${inFlight} times`);
  stage.guest.destroy();
  for (const fabric of fabrics) {
    await fabric.settle();
    assertEquals(fabric.inspect().partitions.length, 1);
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  }
});

Deno.test("savePartition: save, restore and save give the same bytes, whatever the fabric", async () => {
  for (
    const [items, codec] of [[0, "msgpack"], [17, "vmbus"], [48, "msgpack"], [90, "vmbus"]] as const
  ) {
    const stage = startTalk({ ...TALK, fabric: { codec } });
    await step(stage, items);
    const { bytes } = await saveTalk(stage);
    const options: readonly vmbus.FabricOptions[] = [
      { seed: 9n, schedule: "random" },
      { interpreter: "stock", trace: "full" },
      { verifier: "off", trace: "off" },
    ];
    for (const option of options) {
      const next = restoreTalk(vmbus.createFabric({ codec, ...option }), bytes);
      assert(areEqual((await saveTalk(next)).bytes, bytes));
      assert(areEqual((await saveTalk(next)).bytes, bytes), "and again, without a restore between");
    }
  }
});

Deno.test("savePartition: who looks on changes no byte of what is saved", async () => {
  const saved = async (looks: boolean): Promise<readonly Uint8Array[]> => {
    const stage = startTalk(TALK);
    let seen = 0;
    const stop = stage.fabric.inspectActors(() => seen++);
    if (!looks) stop();
    const saves: Uint8Array[] = [];
    for (const items of [5, 40, 60]) {
      await step(stage, items);
      if (looks) stage.fabric.inspect();
      saves.push((await saveTalk(stage)).bytes);
      stage.guest.resume();
    }
    stop();
    assertEquals(seen > 0, looks);
    return saves;
  };
  const [seen, unseen] = [await saved(true), await saved(false)];
  assert(seen.every((bytes, at) => areEqual(bytes, unseen[at]!)));
});

Deno.test("savePartition: a guest that is not saved in time continues unharmed", async () => {
  const expected = await finishTalk(startTalk(TALK));
  const stage = startTalk(TALK);
  let refusals = 0;
  for (let save = 0; save < 40; save++) {
    await step(stage, 7);
    const { status, reason } = await vmbus.savePartition(stage.guest, { itemsMax: save % 8 });
    if (status === vmbus.STATUS_SUCCESS) stage.guest.resume();
    else {
      assertEquals(vmbus.ntStatusName(status), "STATUS_TIMEOUT");
      assertMatch(reason!, /(does not end|has work to do|has not taken|is closing)/);
      refusals++;
    }
    assertEquals(stage.fabric.inspect().partitions[1]!.state, "running");
  }
  assert(refusals > 10 && refusals < 40, `${refusals} refusals`);
  assertEquals(await finishTalk(stage), expected);
});

Deno.test("savePartition: a guest that is resumed after it was saved continues where it is", async () => {
  const expected = await finishTalk(startTalk(TALK));
  const stage = startTalk(TALK);
  for (let save = 0; save < 8; save++) {
    await step(stage, 23);
    await saveTalk(stage);
    assertEquals(stage.fabric.inspect().partitions[1]!.state, "paused");
    stage.guest.resume();
  }
  assertEquals(await finishTalk(stage), expected);
});

Deno.test("savePartition: two guests come of one saved state, and of both the same", async () => {
  const expected = await finishTalk(startTalk(TALK));
  const stage = startTalk(TALK);
  await step(stage, 70);
  const { bytes } = await saveTalk(stage);
  const fabric = vmbus.createFabric({ seed: 4, schedule: "random" });
  const twins = [restoreTalk(fabric, bytes), restoreTalk(fabric, bytes)];
  for (const { guest } of twins) guest.resume();
  for (const twin of twins) assertEquals(await finishTalk(twin), expected);
});

Deno.test("savePartition: a guest of a fabric on the stock interpreter continues in a compiled one", async () => {
  const talk = { talk: { channels: 2, count: 10 } };
  const stage = startTalk({ ...talk, fabric: { interpreter: "stock" } });
  await step(stage, 45);
  const next = await migrateTalk(stage, vmbus.createFabric());
  assertEquals(await finishTalk(next), await finishTalk(startTalk(talk)));
});

Deno.test("restorePartition: a guest continues in another process, and comes back", async () => {
  const expected = await finishTalk(startTalk(TALK));
  const stage = startTalk(TALK);
  await step(stage, 60);
  const folder = await Deno.makeTempDir();
  try {
    const [there, back] = [`${folder}/there.vmbs`, `${folder}/back.vmbs`];
    await Deno.writeFile(there, (await saveTalk(stage)).bytes);
    const args = [there, back, "55", "8"];
    const script = new URL("./talk_process.ts", import.meta.url).pathname;
    const { code, stdout, stderr } = await runDeno([
      "run",
      `--allow-read`,
      `--allow-write=${folder}`,
      script,
      ...args,
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(JSON.parse(stdout), expected);
    const next = restoreTalk(vmbus.createFabric({ seed: 5 }), await Deno.readFile(back));
    next.guest.resume();
    assertEquals(await finishTalk(next), expected);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
