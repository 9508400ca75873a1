// docs/save-restore.md: a machine of several trust levels is saved and restored as one (wire.md section 6).

import { assert, assertEquals, assertMatch } from "@std/assert";
import { areEqual } from "../../../core/saved/plain_data.ts";
import * as vmbus from "../../../mod.ts";
import {
  finishLevels,
  type LevelStage,
  MACHINES,
  restoreLevels,
  startLevels,
} from "../../support/level_stage.ts";
import { times } from "../../support/long.ts";
import { type TalkGuest, talkGuestDriver } from "../../support/talk_client.ts";
import { talkHostDriver } from "../../support/talk_server.ts";
import { step } from "../../support/talk_stage.ts";

/** The pair's server for level 2, though loaded for level 0. */
const crossDriver = {
  ...talkHostDriver,
  name: "cross",
  start: (context: vmbus.HostContext, options: vmbus.PlainData) =>
    talkHostDriver.start(forLevel2(context), options),
  restore: (context: vmbus.HostContext, state: vmbus.PlainData) =>
    talkHostDriver.restore(forLevel2(context), state),
};

function forLevel2(context: vmbus.HostContext): vmbus.HostContext {
  const { name, device, vmbusHandle, memory } = context.guest;
  const guest = { name, device, vmbusHandle, memory, vtl: 2 } as vmbus.Partition;
  return { ...context, guest };
}

/** Saves a machine by one of its levels; it must work out. */
async function saveLevels({ talks }: LevelStage, by = 0): Promise<Uint8Array> {
  const { status, bytes, reason } = await vmbus.savePartition(talks[by]!.guest);
  assertEquals([vmbus.ntStatusName(status), reason], ["STATUS_SUCCESS", null]);
  return bytes!;
}

function statesIn(fabric: vmbus.Fabric): string[] {
  return fabric.inspect().partitions.slice(1).map(({ name, state, vtl, levelOf, servedBy }) =>
    `${name} ${vtl} ${levelOf} ${servedBy} ${state}`
  );
}

for (const [what, specs] of Object.entries(MACHINES)) {
  Deno.test(`savePartition: ${what} is restored at items all along, and nobody can tell`, async () => {
    const hasParavisor = specs.some(({ redirect }) => redirect === true);
    const expected = await finishLevels(startLevels(specs));
    const whole = startLevels(specs);
    const before = statesIn(whole.fabric);
    await finishLevels(whole);
    const there = vmbus.createFabric({ seed: 2, schedule: "random" });
    const stride = times(1, 31); // of a quick run the first items each, then ever fewer
    for (let items = 0, isOver = false; !isOver; items += 1 + (items >> stride)) {
      const stage = startLevels(specs);
      await step(stage.talks[0]!, items);
      isOver = stage.talks.every(({ host, client }) =>
        [...host.channels, ...client.channels].every((channel) => channel.isDone())
      );
      const bytes = await saveLevels(stage, items % specs.length);
      const first = restoreLevels(there, bytes);
      assertEquals(statesIn(there), before.map((line) => line.replace("running", "paused")));
      const again = await saveLevels(first);
      // A paravisor runs until the servers in it, which have been told that they are opened, are at rest.
      assert(hasParavisor || areEqual(again, bytes), `the same bytes after ${items} items`);
      first.talks[0]!.guest.destroy();
      const next = restoreLevels(there, again);
      next.talks[0]!.guest.resume();
      assertEquals(await finishLevels(next), expected, `after ${items} items`);
      next.talks[0]!.guest.destroy();
    }
    await there.settle();
    assertEquals([there.leaks(), there.violations], [[], []]);
  });
}

const PARAVISOR = MACHINES["a paravisor that shares its memory"]!;
const BESIDE = MACHINES["two levels that the host serves"]!;

Deno.test("savePartition: a machine that was saved, or could not be, continues at all levels", async () => {
  for (const specs of [PARAVISOR, BESIDE]) {
    const expected = await finishLevels(startLevels(specs));
    const stage = startLevels(specs);
    const refused = new Set<string>();
    for (let save = 0; save < 24; save++) {
      await step(stage.talks[0]!, 5);
      const itemsMax = save % 3 === 0 ? 100_000 : save % 8;
      const { status } = await vmbus.savePartition(stage.talks[save % 2]!.guest, { itemsMax });
      if (status === vmbus.STATUS_SUCCESS) {
        assertEquals(statesIn(stage.fabric).filter((line) => !line.endsWith("paused")), []);
        stage.talks[1]!.guest.resume();
      } else refused.add(String(vmbus.ntStatusName(status)));
      assertEquals(statesIn(stage.fabric).filter((line) => !line.endsWith("running")), []);
    }
    assertEquals([...refused], ["STATUS_TIMEOUT"]);
    assertEquals(await finishLevels(stage), expected);
  }
});

// The program has paused the machine: its paravisor runs as far as its servers need it, and then stands still as well.
Deno.test("savePartition: a machine that stands still is saved, and stands still whatever becomes of that", async () => {
  const expected = await finishLevels(startLevels(PARAVISOR));
  const seen = new Set<string>();
  for (let items = 8; items < 80; items += 9) {
    const stage = startLevels(PARAVISOR);
    await step(stage.talks[0]!, items);
    stage.talks[0]!.guest.pause();
    const itemsMax = items % 2 === 0 ? 1000 : 2;
    const { status } = await vmbus.savePartition(stage.talks[1]!.guest, { itemsMax });
    seen.add(vmbus.ntStatusName(status)!);
    assertEquals(statesIn(stage.fabric).filter((line) => !line.endsWith("paused")), []);
    stage.talks[1]!.guest.resume();
    assertEquals(await finishLevels(stage), expected);
  }
  assertEquals([...seen].sort(), ["STATUS_SUCCESS", "STATUS_TIMEOUT"]);
});

Deno.test("savePartition: one save of a machine at a time, whichever level is named", async () => {
  const { fabric, talks } = startLevels(BESIDE);
  const saves = talks.map(({ guest }) => vmbus.savePartition(guest));
  const results = await Promise.all(saves);
  assertEquals(results.map(({ status }) => vmbus.ntStatusName(status)), [
    "STATUS_SUCCESS",
    "STATUS_INVALID_DEVICE_STATE",
  ]);
  assertEquals(results[1]!.reason, "above is being saved already");
  assertEquals(fabric.violations, []);
});

Deno.test("savePartition: a machine is refused for what any of its levels has", async () => {
  const { talks } = startLevels(PARAVISOR);
  const paravisor = talks[0]!.guest;
  const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    paravisor.device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    1,
  ));
  // A server in the paravisor, of no driver that was loaded, which is offered to nobody yet.
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(paravisor.device, true));
  const { status, reason } = await vmbus.savePartition(talks[1]!.guest);
  assertEquals(vmbus.ntStatusName(status), "STATUS_NOT_SUPPORTED");
  assertMatch(reason!, /is of a driver that was not loaded for paravisor/);
  kmcl.VmbChannelCleanup(channel);
  assertEquals((await vmbus.savePartition(paravisor)).reason, null);
  talks[0]!.guest.crash();
  const after = await vmbus.savePartition(talks[1]!.guest);
  assertEquals([vmbus.ntStatusName(after.status), after.reason], [
    "STATUS_DEVICE_REMOVED",
    "paravisor is gone",
  ]);
});

// A server names a machine by any of its levels, and the level by its target VTL (kmcl.md S14).
Deno.test("restorePartition: a server that names another level's machine finds that level's channel", async () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 80, mmioMegabytes: 0 });
  const above = fabric.createPartition({ name: "above", vtlOf: guest, vtl: 2 });
  const talk = { channels: 1, count: 4 };
  const host = vmbus.loadHostDriver(guest, crossDriver, talk);
  const client = vmbus.loadGuestDriver(above, talkGuestDriver, talk);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(host.channels[0]!.channel).lifecycle, "opened");
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(above));
  const before = vmbus.inspectChannel(client.channels[0]!.channel).channelId;
  guest.destroy();
  const { levels, loaded } = vmbus.expectSuccess(vmbus.restorePartition(fabric, bytes, {
    guestDrivers: [talkGuestDriver],
    hostDrivers: [crossDriver],
  }));
  levels[0]!.resume();
  const restored = loaded.find(({ kind }) => kind === "guest")!;
  assertEquals(restored.level, levels[1]);
  await fabric.run();
  const { channel } = (restored.instance as TalkGuest).channels[0]!;
  const { lifecycle, channelId } = vmbus.inspectChannel(channel);
  assertEquals([lifecycle, channelId], ["opened", before]); // the same channel: it was not rescinded
});
