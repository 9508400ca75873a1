// docs/save-restore.md: a restore is all or nothing.
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { writeEnvelope } from "../../../core/saved/envelope.ts";
import * as vmbus from "../../../mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import { post } from "../../support/driving.ts";
import {
  stubClient,
  type StubGuest,
  stubGuest,
  stubHost,
  stubServer,
  stubWorld,
} from "../../support/stub_drivers.ts";

const CALLBACKS: vmbus.ChannelCallbacks = { processPacket: () => {} };

/** A saved guest whose driver has a channel, an idle packet, one in flight, and one of the server's. */
async function savedGuest(): Promise<{ bytes: Uint8Array; state: vmbus.PlainData }> {
  const { fabric, guest } = stubWorld();
  const vsc = clientTable(guest);
  let channel!: vmbus.VMBCHANNEL;
  let server!: vmbus.VMBCHANNEL;
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const packets: vmbus.VMBPACKET[] = [];
  vmbus.loadHostDriver(
    guest,
    stubHost({
      start(context) {
        server = stubServer(context, "hold");
      },
      save: () => null,
    }),
  );
  vmbus.loadGuestDriver(
    guest,
    stubGuest({
      start(context) {
        channel = stubClient(context, (_kmcl, packet) => void held.push(packet));
      },
      save: (tokens) => ({
        channel: tokens.of(channel),
        packets: packets.map((packet) => tokens.of(packet)),
        held: held.map((packet) => tokens.of(packet)),
      }),
    }),
  );
  await fabric.settle();
  packets.push(vsc.VmbPacketAllocate(channel)!, vsc.VmbPacketAllocate(channel)!);
  vsc.VmbPacketSetCompletionRoutine(packets[1]!, () => {});
  const flags = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  vsc.VmbPacketSend(packets[1]!, new Uint8Array(4), 4, null, flags);
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(channel)!, new Uint8Array(4), 4, null, 0);
  post(serverTable(fabric), server, "for the guest");
  await fabric.settle();
  // The server holds the packet, and is never paused: what it has of the channel is not saved.
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  return {
    bytes: bytes!,
    state: {
      channel: "channel 0",
      packets: ["packet 0/0", "packet 0/1"],
      held: ["completion 0/0"],
    },
  };
}

/** Takes up everything. */
function attachAll(context: vmbus.GuestRestoreContext): void {
  context.attachChannel("channel 0", CALLBACKS);
  context.attachPacket("packet 0/0", {});
  context.attachPacket("packet 0/1", { completionRoutine: () => {} });
  context.attachCompletion("completion 0/0");
}

/** Asks for a restore that must be refused, in a fabric that must stay as it is. */
function refusedIn(
  fabric: vmbus.Fabric,
  bytes: Uint8Array,
  options: vmbus.RestoreOptions,
): readonly [string, string] {
  const before = [fabric.inspect(), fabric.leaks()];
  const { status, partition, reason, loaded } = vmbus.restorePartition(fabric, bytes, options);
  assertEquals([partition, loaded], [null, []]);
  assertEquals([fabric.inspect(), fabric.leaks()], before);
  return [String(vmbus.ntStatusName(status)), String(reason)];
}

function driversWith(stub: StubGuest): vmbus.RestoreOptions {
  return { guestDrivers: [stubGuest(stub)], hostDrivers: [stubHost()] };
}

Deno.test("restorePartition: gives the driver what it had, by the tokens that it made", async () => {
  const { bytes, state } = await savedGuest();
  const fabric = vmbus.createFabric({ seed: 3 });
  const ends: number[] = [];
  let held: vmbus.HeldPacket | null = null;
  const given: vmbus.PlainData[] = [];
  const restore = (context: vmbus.GuestRestoreContext, saved: vmbus.PlainData) => {
    given.push(saved);
    const channel = context.attachChannel("channel 0", { ...CALLBACKS, pointer: "mine" });
    const kmcl = clientTable(context.partition);
    assertEquals(kmcl.VmbChannelGetPointer(channel), "mine");
    const idle = context.attachPacket("packet 0/0", { pointer: 7 });
    assertEquals(kmcl.VmbPacketGetPointer(idle), 7);
    assertEquals(kmcl.VmbPacketGetChannel(idle), channel);
    context.attachPacket("packet 0/1", {
      completionRoutine: (_packet, status) => ends.push(status),
    });
    held = context.attachCompletion("completion 0/0");
    assertThrows(() => context.buffer(1), RangeError, "no driver has one that begins at 1");
  };
  const options = driversWith({ restore });
  const { status, reason, partition, loaded } = vmbus.restorePartition(fabric, bytes, options);
  assertEquals([status, reason], [vmbus.STATUS_SUCCESS, null]);
  assertEquals(given, [state]);
  assertEquals(loaded.map(({ name }) => name), ["stub", "stub"]);
  const { buffer, bufferLength } = held!;
  assertEquals(new TextDecoder().decode(buffer.subarray(0, bufferLength)), "for the guest");
  assertEquals(partition!.name, "guest");
  assertEquals(fabric.inspect().partitions[1]!.state, "paused");
  partition!.resume();
  // The host's driver took nothing up, so the channel is taken back from the guest.
  await fabric.settle();
  assertEquals(ends, []);
  clientTable(partition!).VmbChannelPacketComplete(held!.packet, null, 0);
  await fabric.settle();
  assertEquals(ends, [vmbus.STATUS_DEVICE_REMOVED]);
  const [client] = fabric.inspect().partitions[1]!.channels;
  assertEquals([client!.lifecycle, client!.packets.length], ["disabled", 2]);
});

Deno.test("restorePartition: a driver that is missing restores nothing", async () => {
  const { bytes } = await savedGuest();
  const fabric = vmbus.createFabric();
  const digest = fabric.traceDigest();
  const cases: readonly (readonly [vmbus.RestoreOptions, string])[] = [
    [{}, 'no host driver called "stub"'],
    [{ guestDrivers: [stubGuest()] }, 'no host driver called "stub"'],
    [{ hostDrivers: [stubHost()] }, 'no guest driver called "stub"'],
    [driversWith({ name: "other" }), 'no guest driver called "stub"'],
  ];
  for (const [options, text] of cases) {
    const [status, reason] = refusedIn(fabric, bytes, options);
    assertEquals(status, "STATUS_NOT_FOUND");
    assertStringIncludes(reason, text);
  }
  assertEquals(fabric.traceDigest(), digest);
});

Deno.test("restorePartition: a driver that does not take up what it had is refused", async () => {
  const { bytes } = await savedGuest();
  const fabric = vmbus.createFabric();
  const attach = (token: string, context: vmbus.GuestRestoreContext) => {
    if (token.startsWith("channel")) context.attachChannel(token, CALLBACKS);
    else if (token.startsWith("packet")) context.attachPacket(token, {});
    else context.attachCompletion(token);
  };
  const all = ["channel 0", "packet 0/0", "packet 0/1", "completion 0/0"];
  for (const left of all) {
    const restore = (context: vmbus.GuestRestoreContext) =>
      all.filter((token) => token !== left).forEach((token) => attach(token, context));
    const [status, reason] = refusedIn(fabric, bytes, driversWith({ restore }));
    assertEquals(status, "STATUS_UNSUCCESSFUL");
    assertStringIncludes(reason, `it did not attach ${left}`);
  }
  for (const twice of all) {
    const restore = (context: vmbus.GuestRestoreContext) =>
      [...all, twice].forEach((token) => attach(token, context));
    const [status, reason] = refusedIn(fabric, bytes, driversWith({ restore }));
    assertEquals(status, "STATUS_UNSUCCESSFUL");
    assertStringIncludes(reason, `Cannot attach ${twice}`);
  }
  // One that is in flight without a completion routine is KMCL's: it may be taken up, or not.
  const restore = (context: vmbus.GuestRestoreContext) => {
    attachAll(context);
    const tokens = ["packet 0/3", "packet 1/0", "channel 1", "completion 0/1", "", "channel 00"];
    for (const token of tokens) assertThrows(() => attach(token, context), Error, "Cannot attach");
  };
  assertEquals(
    vmbus.restorePartition(fabric, bytes, driversWith({ restore })).status,
    vmbus.STATUS_SUCCESS,
  );
});

Deno.test("restorePartition: a driver that throws is refused, and nothing is left of it", async () => {
  const { bytes } = await savedGuest();
  const fabric = vmbus.createFabric();
  const reference = vmbus.createFabric();
  const fail = () => {
    throw new Error("not here");
  };
  const guestFails: readonly unknown[] = [fail, () => 7, () => Promise.resolve({ save: fail })];
  for (const restore of guestFails) {
    const driver = {
      ...stubGuest(),
      restore: (context: vmbus.GuestRestoreContext) => {
        attachAll(context);
        stubClient(context);
        return (restore as () => never)();
      },
    };
    const options = { guestDrivers: [driver], hostDrivers: [stubHost()] };
    const [status, reason] = refusedIn(fabric, bytes, options);
    assertEquals(status, "STATUS_UNSUCCESSFUL");
    assertStringIncludes(reason, "guest driver");
  }
  const host = stubHost({
    restore(context) {
      const kmcl = serverTable(fabric);
      const channel = stubServer(context);
      const packet = kmcl.VmbPacketAllocate(channel);
      kmcl.VmbPacketSend(packet, new Uint8Array(4), 4, null, 0);
      void kmcl.VmbChannelDisable(channel);
      fail();
    },
  });
  const options = { guestDrivers: [stubGuest({ restore: attachAll })], hostDrivers: [host] };
  const [status, reason] = refusedIn(fabric, bytes, options);
  assertEquals(status, "STATUS_UNSUCCESSFUL");
  assertStringIncludes(reason, 'host driver "stub" cannot be restored: not here');
  await fabric.settle();
  await reference.settle();
  assertEquals(fabric.inspect(), reference.inspect());
  // What comes next has the numbers that it would have had.
  const restored = vmbus.restorePartition(fabric, bytes, driversWith({ restore: attachAll }));
  assertEquals(restored.reason, null);
  assertEquals(fabric.inspect().partitions[1]!.channels[0]!.id, 1);
});

Deno.test("restorePartition: nothing can be attached once restore has returned", async () => {
  const { bytes } = await savedGuest();
  const contexts: vmbus.GuestRestoreContext[] = [];
  const restore = (context: vmbus.GuestRestoreContext) => {
    contexts.push(context);
    attachAll(context);
  };
  vmbus.restorePartition(vmbus.createFabric(), bytes, driversWith({ restore }));
  const [context] = contexts as [vmbus.GuestRestoreContext];
  assertThrows(() => context.attachChannel("channel 0", CALLBACKS), Error, "has returned");
  assertThrows(() => context.attachCompletion("completion 0/0"), Error, "has returned");
  assertThrows(() => context.buffer(0), Error, "has returned");
});

Deno.test("restorePartition: callbacks that are none are refused", async () => {
  const { bytes } = await savedGuest();
  const fabric = vmbus.createFabric();
  const bad: readonly unknown[] = [
    {},
    { processPacket: 1 },
    { ...CALLBACKS, processingComplete: 1 },
    { ...CALLBACKS, pnpFailure: 1 },
    { ...CALLBACKS, stateChange: {} },
    {
      ...CALLBACKS,
      stateChange: { ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(), EvtChannelOpened: 1 },
    },
  ];
  for (const callbacks of bad) {
    const restore = (context: vmbus.GuestRestoreContext) =>
      void context.attachChannel("channel 0", callbacks as vmbus.ChannelCallbacks);
    const [status, reason] = refusedIn(fabric, bytes, driversWith({ restore }));
    assertEquals(status, "STATUS_UNSUCCESSFUL");
    assertStringIncludes(reason, "its callbacks are not valid");
  }
  const restore = (context: vmbus.GuestRestoreContext) =>
    void context.attachPacket("packet 0/0", { completionRoutine: 1 as never });
  assertStringIncludes(
    refusedIn(fabric, bytes, driversWith({ restore }))[1],
    "routine is no function",
  );
});

Deno.test("restorePartition: other formats, other codecs and no bytes are told apart", async () => {
  const { bytes } = await savedGuest();
  const options = driversWith({ restore: attachAll });
  const fabric = vmbus.createFabric();
  const changed = (at: number, value: number) => {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  };
  const cases: readonly (readonly [string, vmbus.Fabric, unknown])[] = [
    ["STATUS_INVALID_PARAMETER", fabric, null],
    ["STATUS_INVALID_PARAMETER", fabric, [...bytes]],
    ["STATUS_DATA_ERROR", fabric, new Uint8Array(0)],
    ["STATUS_DATA_ERROR", fabric, changed(0, 0)],
    ["STATUS_REVISION_MISMATCH", fabric, changed(4, 2)],
    ["STATUS_REVISION_MISMATCH", fabric, writeEnvelope("channel", [])],
    ["STATUS_DATA_ERROR", fabric, writeEnvelope("partition", [])],
    ["STATUS_REVISION_MISMATCH", vmbus.createFabric({ codec: "vmbus" }), bytes],
  ];
  for (const [expected, where, what] of cases) {
    assertEquals(refusedIn(where, what as Uint8Array, options)[0], expected);
  }
  const nowhere = vmbus.restorePartition({} as vmbus.Fabric, bytes, options);
  assertEquals(nowhere.status, vmbus.STATUS_INVALID_PARAMETER);
  assertThrows(
    () => vmbus.restorePartition(fabric, bytes, { guestDrivers: [{} as vmbus.GuestDriver] }),
    TypeError,
  );
});

Deno.test("restorePartition: cannot be asked for inside a callback", async () => {
  const { bytes } = await savedGuest();
  const { fabric, guest } = stubWorld();
  const seen: string[] = [];
  const start = (context: vmbus.HostContext) =>
    void stubServer(context, "complete", {
      EvtChannelOpened: () => {
        assertThrows(() => vmbus.restorePartition(fabric, bytes), Error, "inside a callback");
        seen.push("Opened");
        return vmbus.STATUS_SUCCESS;
      },
    });
  vmbus.loadHostDriver(guest, stubHost({ start }));
  vmbus.loadGuestDriver(guest, stubGuest({ start: (context) => void stubClient(context) }));
  await fabric.settle();
  assertEquals(seen, ["Opened"]);
});

Deno.test("Partition.destroy: the program's waiting calls end once the saved guest is gone", async () => {
  const { fabric, guest } = stubWorld();
  let channel!: vmbus.VMBCHANNEL;
  vmbus.loadHostDriver(
    guest,
    stubHost({ start: (context) => void stubServer(context, "hold"), save: () => null }),
  );
  vmbus.loadGuestDriver(
    guest,
    stubGuest({
      start(context) {
        channel = stubClient(context);
      },
    }),
  );
  await fabric.settle();
  const flags = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  const request = clientTable(guest).VmbChannelSendSynchronousRequest(
    channel,
    new Uint8Array(4),
    4,
    null,
    flags,
    null,
    0,
  );
  const { bytes, summary } = await vmbus.savePartition(guest);
  assertEquals(summary!.packets.awaiting, 1);
  guest.destroy();
  assertEquals((await request).status, vmbus.STATUS_DEVICE_REMOVED);
  // Where it continues nobody waits for the request; its packet is KMCL's own, and ends with the channel.
  const restore = (context: vmbus.GuestRestoreContext) =>
    void context.attachChannel("channel 0", CALLBACKS);
  const options = driversWith({ restore });
  const { partition } = vmbus.expectSuccess(vmbus.restorePartition(fabric, bytes!, options));
  partition.resume();
  await fabric.settle();
  assertEquals(fabric.inspect().partitions[1]!.channels[0]!.packets, []);
  assert(fabric.violations.length === 0);
});

Deno.test("restorePartition: a driver that finds its state to be none refuses it with the fault's status", async () => {
  const { bytes } = await savedGuest();
  const fabric = vmbus.createFabric();
  const refuse = (state: vmbus.PlainData, read: (fields: vmbus.SavedFields) => unknown) =>
    refusedIn(
      fabric,
      bytes,
      driversWith({ restore: () => void vmbus.readRecord(state, "mine", read) }),
    );
  const cases: readonly [vmbus.PlainData, (fields: vmbus.SavedFields) => unknown, string][] = [
    [7, () => 0, "mine is no record"],
    [{}, (fields) => fields.uint("a"), "mine has no a"],
    [{ a: -1 }, (fields) => fields.uint("a"), "mine: a is not a whole number"],
    [{ a: 1 }, () => 0, "mine has a field a, which is unknown"],
  ];
  for (const [state, read, reason] of cases) {
    const [status, said] = refuse(state, read);
    assertEquals(status, "STATUS_DATA_ERROR");
    assertStringIncludes(said, reason);
  }
});
