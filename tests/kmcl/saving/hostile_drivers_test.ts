// docs/save-restore.md: whatever a driver's save, restore or resume returns or throws, the save or the
// restore is refused with a reason, and the guest continues.

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import {
  HOSTILE_OBJECTS,
  HOSTILE_PROMISES,
  HOSTILE_THROWN,
  unreadable,
} from "../../support/hostile_values.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** A record without members is plain data. */
const PLAIN = ["an object without prototype"];

/** What a driver may do: all of it is no plain data, and nothing that may be awaited gives any. */
const HARMS: readonly (readonly [string, () => unknown])[] = [
  ...Object.entries({ ...HOSTILE_OBJECTS, ...HOSTILE_PROMISES })
    .filter(([name]) => !PLAIN.includes(name))
    .map(([name, make]) => [`returns ${name}`, make] as const),
  ...Object.entries(HOSTILE_THROWN).map(([name, make]) =>
    [`throws ${name}`, (): never => {
      throw make();
    }] as const
  ),
];

function guestDriver(save: () => unknown): vmbus.GuestDriver {
  return {
    name: "guest",
    start: () => ({ save: save as () => vmbus.PlainData }),
    restore: () => ({ save: save as () => vmbus.PlainData }),
  };
}

Deno.test("savePartition: whatever a driver's save does, the save is refused and the guest continues", async () => {
  for (const [what, harm] of HARMS) {
    const fabric = createFabric({ verifier: "record" });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 8 });
    vmbus.loadGuestDriver(guest, guestDriver(harm));
    const { status, reason } = await vmbus.savePartition(guest);
    assertEquals(status, vmbus.STATUS_UNSUCCESSFUL, what);
    assert(reason?.startsWith('guest driver "guest" cannot be saved: '), what);

    const other = fabric.createPartition({ name: "other", memoryPages: 8 });
    const instance = { save: harm as () => vmbus.PlainData, resume: harm as () => void };
    vmbus.loadHostDriver(other, { name: "host", start: () => instance, restore: () => instance });
    const host = await vmbus.savePartition(other);
    assertEquals(host.status, vmbus.STATUS_UNSUCCESSFUL, what);
    assert(host.reason?.startsWith('host driver "host" cannot be saved: '), what);
    await fabric.settle(); // what `resume` did is a violation at most
  }
});

Deno.test("restorePartition: whatever a driver's restore does, it is refused and leaves nothing", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 8 });
  vmbus.loadGuestDriver(guest, guestDriver(() => null));
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(guest));
  for (const [what, harm] of HARMS) {
    const elsewhere = createFabric();
    const driver = { ...guestDriver(() => null), restore: harm as () => vmbus.GuestDriverInstance };
    const { status } = vmbus.restorePartition(elsewhere, bytes, { guestDrivers: [driver] });
    assertEquals(status, vmbus.STATUS_UNSUCCESSFUL, what);
    assertEquals(elsewhere.partitions.length, 1, what);
  }
  // A fault of a driver's own making says no status that is none.
  const odd = Object.defineProperty(new vmbus.SavedStateFault(0, "odd"), "status", {
    get: () => Promise.reject.call(null),
  });
  const driver: vmbus.GuestDriver = {
    ...guestDriver(() => null),
    restore: () => {
      throw odd;
    },
  };
  const { status } = vmbus.restorePartition(createFabric(), bytes, { guestDrivers: [driver] });
  assertEquals(status, vmbus.STATUS_UNSUCCESSFUL);
  assertThrows(
    () => vmbus.restorePartition(fabric, bytes, { guestDrivers: [unreadable(driver)] }),
    TypeError,
    "without a name",
  );
});

// kmcl.md V4
Deno.test("EvtChannelSavePacket: whatever it does, the save fails and can be tried again", async () => {
  for (const [what, harm] of HARMS) {
    let isHarmful = true;
    const pair = await openPair({
      fabric: { verifier: "record" },
      onClientPacket: () => {},
      server: (vsp, channel) => {
        vmbus.expectSuccess(vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(
          channel,
          () => isHarmful ? harm() as vmbus.SavePacketResult : { status: 0, bytesNeeded: 0 },
          () => vmbus.STATUS_SUCCESS,
        ));
      },
    });
    const { vsp, server, fabric } = pair;
    sendPlain(vsp, server, Uint8Array.of(1), WAIT);
    await vsp.VmbChannelPause(server);
    vmbus.expectSuccess(vsp.VmbChannelSaveBegin(server));
    const buffer = new Uint8Array(65_536);
    const save = () => vsp.VmbChannelSaveContinue(server, buffer, buffer.length).status;
    while (save() === vmbus.STATUS_BUFFER_OVERFLOW);
    assertEquals(save(), vmbus.STATUS_UNSUCCESSFUL, what);
    assert(fabric.violations.length > 0, what);
    isHarmful = false;
    assertEquals(save(), vmbus.STATUS_SUCCESS, what);
    vsp.VmbChannelSaveEnd(server);
  }
});

Deno.test("Fabric.outside: whatever the work does, its caller hears and the fabric continues", async () => {
  const fabric = createFabric();
  for (const [what, harm] of HARMS) {
    await fabric.outside(harm as () => Promise<unknown>).catch(() => what);
    await fabric.settle();
  }
});
