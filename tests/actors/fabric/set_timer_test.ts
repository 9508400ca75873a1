/**
 * Tests of `Fabric.setTimer`: timers of drivers, which nobody waits for (api.md section 3).
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { createFabric } from "../../support/fabric.ts";

Deno.test("setTimer: each does its work at its time, outside of callbacks, and only once", async () => {
  const fabric = createFabric();
  const done: string[] = [];
  const note = (name: string) => () => {
    done.push(`${name} ${fabric.now()} ${vmbus.KeGetCurrentIrql()}`);
  };
  fabric.setTimer(5, note("later"));
  fabric.setTimer(0, note("now"));
  fabric.setTimer(2.5, note("first"));
  fabric.setTimer(2.5, note("second"));
  assertEquals(done, []);
  await fabric.settle();
  assertEquals(done, ["now 0 0"]);
  await fabric.advance(3);
  assertEquals(done.slice(1), ["first 2.5 0", "second 2.5 0"]);
  await fabric.run();
  assertEquals(done.slice(3), ["later 5 0"]);
});

Deno.test("setTimer: one that is taken back does nothing, and lets no time pass", async () => {
  const fabric = createFabric();
  let count = 0;
  const cancel = fabric.setTimer(10, () => count++);
  cancel();
  cancel();
  await fabric.run();
  assertEquals([count, fabric.now()], [0, 0]);
  const tooLate = fabric.setTimer(1, () => count++);
  await fabric.run();
  tooLate();
  assertEquals([count, fabric.now()], [1, 1]);
});

Deno.test("setTimer: is no leak, and drives nothing by itself", async () => {
  const fabric = createFabric();
  let count = 0;
  fabric.setTimer(1, () => count++);
  assertEquals(fabric.leaks(), []);
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals([count, fabric.now()], [0, 0]);
  fabric.dispose();
});

Deno.test("setTimer: a program that awaits what its work resolves continues within the same call", async () => {
  const fabric = createFabric();
  let count = 0;
  const after = () => new Promise<void>((resolve) => fabric.setTimer(1, resolve));
  const program = async () => {
    for (; count < 100; count++) await after();
  };
  const ended = program();
  await fabric.run();
  assertEquals([count, fabric.now()], [100, 100]);
  await ended;
});

Deno.test("setTimer: what its work throws, the call that drives throws", async () => {
  const fabric = createFabric();
  fabric.setTimer(1, () => {
    throw new Error("of the timer");
  });
  await assertRejects(() => fabric.run(), Error, "of the timer");
});

Deno.test("setTimer: its work may use KMCL's functions, and set the next", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    guest.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
  ));
  const ends: string[] = [];
  fabric.setTimer(1, async () => {
    const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(guest.device, false));
    await kmcl.VmbChannelDisable(channel);
    kmcl.VmbChannelCleanup(channel);
    fabric.setTimer(1, () => ends.push(`${fabric.now()}`));
  });
  await fabric.run();
  await fabric.run();
  assertEquals([ends, fabric.leaks()], [["2"], []]);
});

Deno.test("setTimer: refuses what is no time or no work, and a fabric that was disposed of", () => {
  const fabric = createFabric();
  assertThrows(() => fabric.setTimer(-1, () => {}), RangeError, "Cannot setTimer: milliseconds");
  assertThrows(
    () => fabric.setTimer(1, null as unknown as () => void),
    TypeError,
    "Cannot setTimer: work must be a function, not null",
  );
  const cancel = fabric.setTimer(1, () => {});
  fabric.dispose();
  assertThrows(() => fabric.setTimer(1, () => {}), Error, "Cannot setTimer");
  cancel(); // and to take one back is nothing then
});
