// docs/save-restore.md: what a program or a driver does beside a save that it should not, or need not.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { stubGuest, stubHost } from "../../support/stub_drivers.ts";
import {
  finishTalk,
  isOver,
  restoreTalk,
  saveTalk,
  startTalk,
  step,
  TALK_DRIVERS,
  type TalkStage,
} from "../../support/talk_stage.ts";

const TALK = { talk: { channels: 2, count: 10 } };

/** A talk under way, with whatever drivers `load` adds to it. */
async function talking(load: (stage: TalkStage) => unknown = () => {}): Promise<TalkStage> {
  const stage = startTalk(TALK);
  load(stage);
  await step(stage, 40);
  return stage;
}

Deno.test("savePartition: a fabric that is driven beside it stands still for the guest, too", async () => {
  const expected = await finishTalk(startTalk(TALK));
  for (const items of [0, 25, 60]) {
    for (const schedule of ["fifo", "random"] as const) {
      const stage = startTalk({ ...TALK, fabric: { seed: 6, schedule } });
      await step(stage, items);
      const before = items === 25 ? stage.fabric.run() : null;
      const saved = saveTalk(stage);
      const run = before ?? stage.fabric.run();
      const { bytes } = await saved;
      await run;
      stage.guest.destroy();
      const next = restoreTalk(stage.fabric, bytes);
      next.guest.resume();
      assertEquals(await finishTalk(next), expected, `${schedule}, after ${items}`);
    }
  }
});

Deno.test("savePartition: two guests of a running fabric are saved at once", async () => {
  const expected = await finishTalk(startTalk(TALK));
  const fabric = vmbus.createFabric();
  const stages = [startTalk({ ...TALK, within: fabric }), startTalk({ ...TALK, within: fabric })];
  await step(stages[0]!, 70);
  const run = fabric.run();
  const saved = await Promise.all(stages.map(saveTalk));
  await run;
  const there = vmbus.createFabric({ seed: 3, schedule: "random" });
  const next = saved.map(({ bytes }) => restoreTalk(there, bytes));
  for (const { guest } of next) guest.resume();
  for (const stage of next) assertEquals(await finishTalk(stage), expected);
});

const ENDS = {
  resume: "STATUS_INVALID_DEVICE_STATE",
  crash: "STATUS_DEVICE_REMOVED",
  destroy: "STATUS_DEVICE_REMOVED",
} as const;

for (const [end, expected] of Object.entries(ENDS) as [keyof typeof ENDS, string][]) {
  Deno.test(`savePartition: a guest whose driver does ${end} in its save is not saved`, async () => {
    const stage = await talking(({ guest }) => {
      const save = () => {
        guest[end]();
        return null;
      };
      vmbus.loadGuestDriver(guest, stubGuest({ name: "rash", save }));
    });
    const { status, bytes } = await vmbus.savePartition(stage.guest);
    assertEquals([vmbus.ntStatusName(status), bytes], [expected, null]);
    await stage.fabric.settle();
    assertEquals(stage.fabric.violations, []);
    if (end === "resume") await finishTalk(stage);
  });
}

for (const end of ["crash", "destroy"] as const) {
  Deno.test(`savePartition: a guest that is gone by ${end} goes on nowhere, and no driver hears so`, async () => {
    const resumed: string[] = [];
    const stage = await talking(({ fabric, guest }) => {
      vmbus.loadHostDriver(
        guest,
        stubHost({
          name: "slow",
          save: () => fabric.delay(3).then(() => null),
          resume: () => void resumed.push("resume"),
        }),
      );
    });
    const saved = vmbus.savePartition(stage.guest);
    void stage.fabric.delay(2).then(() => stage.guest[end]());
    assertEquals(vmbus.ntStatusName((await saved).status), "STATUS_DEVICE_REMOVED");
    stage.guest.destroy();
    await stage.fabric.run();
    assertEquals([resumed, stage.fabric.leaks(), stage.fabric.violations], [[], [], []]);
  });
}

Deno.test("savePartition: a driver of the host that is loaded on the way is told as well", async () => {
  const late = stubHost({ name: "late" });
  let isLoaded = false;
  const stage = await talking(({ guest }) => {
    const save = () => {
      if (!isLoaded) vmbus.loadHostDriver(guest, late, "its state");
      isLoaded = true;
      return null;
    };
    vmbus.loadHostDriver(guest, stubHost({ name: "first", save }));
  });
  const { bytes } = await saveTalk(stage);
  const given: vmbus.PlainData[] = [];
  const { guestDrivers, hostDrivers } = TALK_DRIVERS;
  const { reason, loaded } = vmbus.restorePartition(vmbus.createFabric(), bytes, {
    guestDrivers,
    hostDrivers: [
      ...hostDrivers,
      stubHost({ name: "first" }),
      { ...late, restore: (context, state) => (given.push(state), late.restore(context, state)) },
    ],
  });
  assertEquals([reason, given], [null, ["its state"]]);
  assertEquals(loaded.map(({ name }) => name), ["talk-host", "talk-guest", "first", "late"]);
});

Deno.test("loadGuestDriver: not inside the save of a driver of the guest", async () => {
  const stage = await talking(({ guest }) => {
    const save = () => {
      vmbus.loadGuestDriver(guest, stubGuest({ name: "late" }));
      return null;
    };
    vmbus.loadGuestDriver(guest, stubGuest({ name: "first", save }));
  });
  const { status, reason } = await vmbus.savePartition(stage.guest);
  assertEquals(vmbus.ntStatusName(status), "STATUS_UNSUCCESSFUL");
  assertStringIncludes(reason!, "Cannot load a guest driver inside a guest driver's save");
  await finishTalk(stage);
});

Deno.test("HostDriverInstance.resume: what it throws or rejects with, whoever drives the loop hears", async () => {
  const fail = () => {
    throw new Error("no way on");
  };
  for (const resume of [fail, () => Promise.resolve().then(fail)]) {
    const stage = await talking(({ guest }) =>
      vmbus.loadHostDriver(guest, stubHost({ name: "stuck", resume }))
    );
    await saveTalk(stage);
    stage.guest.resume();
    const error = await assertRejects(() => stage.fabric.run(), Error, "no way on");
    assertStringIncludes(error.message, 'HostDriver.resume of host driver "stuck"');
    await stage.fabric.run();
    assert(isOver(stage), "all others go on");
  }
});

Deno.test("HostDriverInstance.resume: one that takes its time is waited for by the next save", async () => {
  const stage = await talking(({ fabric, guest }) => {
    const resume = () => fabric.delay(7);
    vmbus.loadHostDriver(guest, stubHost({ name: "slow", resume }));
  });
  await saveTalk(stage);
  const before = stage.fabric.now();
  stage.guest.resume();
  assertEquals(stage.fabric.inspect().callbacks, ['HostDriver.resume of host driver "slow"']);
  await saveTalk(stage);
  assert(stage.fabric.now() >= before + 7);
  stage.guest.resume();
  await finishTalk(stage);
});
