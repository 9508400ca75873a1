// What the package's own functions are given: they refuse what cannot be looked at, by the error that they
// document, and change nothing.

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair } from "../../support/connected_pair.ts";
import {
  EIGHT,
  HOSTILE_ARRAYS,
  HOSTILE_OBJECTS,
  NO_ARRAYS,
  unreadable,
} from "../../support/hostile_values.ts";

Deno.test("Fabric: functions of the package's own refuse what they cannot look at", async () => {
  const { fabric, guest } = await openPair();
  const buffer = guest.memory.allocate(16);
  for (const [what, make] of Object.entries(NO_ARRAYS)) {
    const bytes = make() as Uint8Array;
    assertThrows(() => guest.memory.write(buffer.gpa, bytes), TypeError, "no ArrayBufferView");
    assertThrows(() => guest.postControlMessage("toHost", bytes), TypeError, "no ArrayBufferView");
    assertThrows(() => guest.memory.free(bytes as never), RangeError, "is not allocated");
    assertThrows(() => vmbus.createFabric({ seed: bytes as never }), TypeError, "no number");
    assertThrows(() => vmbus.IoAllocateMdl(bytes as never, 0, 1), TypeError);
    assertThrows(() => vmbus.loadGuestDriver(guest, bytes as never), TypeError);
    const { status } = vmbus.restorePartition(fabric, bytes);
    assertEquals(status, vmbus.STATUS_INVALID_PARAMETER, what);
    assertThrows(() => fabric.run(bytes as never), TypeError, "must be an AbortSignal");
  }
  for (const [what, make] of Object.entries(HOSTILE_ARRAYS)) {
    guest.memory.write(buffer.gpa, make());
    assertEquals([...guest.memory.read(buffer.gpa, 8)], [...EIGHT], what);
    assertEquals(vmbus.restorePartition(fabric, make()).status, vmbus.STATUS_DATA_ERROR, what);
  }
  const signal = Object.defineProperty(new AbortController().signal, "aborted", {
    get: () => Promise.reject.call(null),
  });
  await fabric.run(signal); // it cannot say that the run is to go on
  for (const options of [unreadable({ seed: 1 }), Object.values(HOSTILE_OBJECTS)[0]!()]) {
    assertThrows(() => vmbus.createFabric(options), TypeError, "cannot be read");
    assertThrows(() => fabric.createPartition(options as never), TypeError, "cannot be read");
  }
  assertEquals(fabric.partitions.length, 2);
});
