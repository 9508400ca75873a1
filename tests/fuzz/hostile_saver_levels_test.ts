// A saver that changes a saved machine of several trust levels (docs/saved-state.md): refused, or it lives and ends.

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { runCases, saverOfGuest } from "../support/hostile_arena.ts";
import { MACHINES, restoreLevels, startLevels } from "../support/level_stage.ts";
import { times } from "../support/long.ts";
import { withLevels } from "../support/saved_levels.ts";
import { step, TALK_DRIVERS } from "../support/talk_stage.ts";

const SEED = 15;

async function saveMachine(name: string): Promise<Uint8Array> {
  const stage = startLevels(MACHINES[name]!);
  await step(stage.talks[0]!, 60);
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(stage.talks[0]!.guest));
  return bytes!;
}

Deno.test("restorePartition: a machine whose levels were changed by somebody hostile is refused, or lives", async () => {
  for (const name of ["two levels that the host serves", "a paravisor that shares its memory"]) {
    const saver = saverOfGuest(await saveMachine(name), true);
    const { changeCount, lived, refused } = await runCases(saver, {
      seed: SEED,
      first: 0,
      count: times(300, 10_000),
    }, TALK_DRIVERS);
    assert(changeCount > 0 && lived > 10 && refused > 100, `${name}: ${lived} ${refused}`);
  }
});

Deno.test("restorePartition: levels that no machine has are refused, each with its reason", async () => {
  const bytes = await saveMachine("a paravisor that shares its memory");
  const fabric = vmbus.createFabric();
  const refusal = (change: Parameters<typeof withLevels>[1]): string => {
    const { status, reason, levels } = vmbus.restorePartition(
      fabric,
      withLevels(bytes, change),
      TALK_DRIVERS,
    );
    assertEquals([vmbus.ntStatusName(status), levels], ["STATUS_DATA_ERROR", []]);
    return reason!;
  };
  assertEquals(
    refusal(([, guest]) => guest!.one("level").of = 1),
    "a trust level is beside nobody",
  );
  assertEquals(
    refusal(([, guest]) => guest!.one("header").vtl = 2),
    "there are two trust levels 2",
  );
  assertEquals(
    refusal(([paravisor, guest]) => {
      paravisor!.one("header").vtl = 0;
      guest!.one("header").vtl = 1;
    }),
    "the paravisor of trust level 1 is of level 0",
  );
  const other = "guest has other processors or memory than its machine";
  assertEquals(refusal(([, guest]) => guest!.one("header").processors = 2), other);
  assertEquals(refusal(([, guest]) => guest!.one("header").memoryPages = 1), other);
  assertEquals(
    refusal(([, guest]) => guest!.one("level").behind = [10_000]),
    "work is due that is not there, or at no time",
  );
  assertEquals(
    refusal(([paravisor, guest]) => paravisor!.add("level", guest!.one("level"))),
    "there must be no chunk level",
  );
  assertEquals(
    refusal(([paravisor, guest]) => guest!.add("memory", paravisor!.one("memory"))),
    "there must be no chunk memory",
  );
  assertEquals(
    refusal(([, guest]) => guest!.drop("level")),
    "there is not one chunk level",
  );
  // Both levels say that the same pages are their rings.
  assertEquals(
    refusal(([paravisor, guest]) => {
      const [theirs] = paravisor!.one("guestEnd").offers;
      const [own] = guest!.one("guestEnd").offers;
      const ring = guest!.one("guestEnd").gpadls.find(({ isRing }: { isRing: boolean }) => isRing);
      const [range] = ring.ranges;
      const pfns = range.pfns.map((_: number, at: number) => theirs.link.ringGpa / 4096 + at);
      ring.ranges = [{ ...range, pfns }];
      own.link.ringGpa = theirs.link.ringGpa;
    }),
    "two channels have the same rings",
  );
  assertEquals(fabric.inspect().partitions.length, 1);
  // As it was, it is taken.
  assertEquals(restoreLevels(fabric, withLevels(bytes, () => {})).talks.length, 2);
});
