/**
 * Tests of devices/storage/guest_timer.ts: timers that are the guest's.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { GuestTimers } from "../../../../devices/storage/vsc/guest_timer.ts";
import { createFabric } from "../../../support/fabric.ts";

Deno.test("GuestTimers: what is due while the guest stands still is done when it runs again", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const timers = new GuestTimers(fabric, guest);
  const done: string[] = [];
  timers.after(5, () => done.push(`first ${fabric.now()}`));
  const cancel = timers.after(5, () => done.push("cancelled"));
  guest.pause();
  await fabric.advance(10);
  assertEquals(done, []);
  cancel();
  guest.resume();
  await fabric.run();
  assertEquals(done, ["first 10"]);
});

Deno.test("GuestTimers: nothing is done in a guest that has crashed or is gone", async () => {
  const fabric = createFabric();
  const done: string[] = [];
  for (const end of ["crash", "destroy"] as const) {
    for (const pausesFirst of [false, true]) {
      const guest = fabric.createPartition({ name: "guest" });
      new GuestTimers(fabric, guest).after(1, () => done.push(end));
      if (pausesFirst) guest.pause();
      if (pausesFirst) await fabric.run();
      guest[end]();
      await fabric.run();
    }
  }
  assertEquals(done, []);
});
