// What a restore checks beyond single fields, and that a refused one leaves nothing behind
// (docs/save-restore.md).

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../../core/control/codec.ts";
import * as vmbus from "../../../mod.ts";
import { stateOf } from "../../support/hostile_arena.ts";
import {
  RICH,
  type RichGuest,
  richGuestDriver,
  richHostDriver,
} from "../../support/rich_drivers.ts";
import { RICH_DRIVERS, richFabric, saveRichGuest } from "../../support/rich_guest.ts";
import { type SavedParts, withParts } from "./saved_parts.ts";
import { stubGuest, stubHost } from "../../support/stub_drivers.ts";

const saved = (await saveRichGuest()).bytes;

/** Restores a changed guest in a fabric with a full trace; the reason, once nothing is seen to be left. */
function refusal(change: (parts: SavedParts) => void, drivers: vmbus.RestoreOptions): string {
  const world = richFabric("full");
  const before = stateOf(world);
  const entries = [...world.trace];
  const told: (string | undefined)[] = [];
  const stop = world.inspectActors(({ event }) => told.push(event?.type));
  const { status, reason } = vmbus.restorePartition(world, withParts(saved, change), drivers);
  assertEquals(vmbus.ntStatusName(status), "STATUS_UNSUCCESSFUL", reason ?? "it came back");
  stop();
  assertEquals([stateOf(world), world.trace], [before, entries]);
  assert(told.includes("allocate") && !told.includes("disable"), "nobody is told of an end");
  return reason ?? "";
}

const failing = (): never => {
  throw new Error("not today");
};

Deno.test("restorePartition: a driver of the host that fails after others takes all that they did along", () => {
  const { hostDrivers, guestDrivers } = RICH_DRIVERS;
  const last = stubHost({ name: "last", restore: failing });
  const reason = refusal(
    ({ drivers, hostEnd }) => {
      // One server finds its channel, the next is offered anew: both leave traces.
      hostEnd.channels[0].instance = "00000000-0000-4000-8000-000000000001";
      drivers.push({ kind: "host", name: "last", state: null });
    },
    { guestDrivers, hostDrivers: [...hostDrivers, last] },
  );
  assertStringIncludes(reason, "not today");
});

Deno.test("restorePartition: a driver of the guest that fails leaves no word to the host", () => {
  const { hostDrivers, guestDrivers } = RICH_DRIVERS;
  const last = stubGuest({ name: "last", restore: failing });
  const reason = refusal(
    ({ drivers }) => void drivers.push({ kind: "guest", name: "last", state: null }),
    { hostDrivers, guestDrivers: [...guestDrivers, last] },
  );
  assertStringIncludes(reason, "not today");
});

Deno.test("restorePartition: a server does not take up a channel of another trust level", () => {
  const reason = refusal(({ header }) => header.vtl = 1, RICH_DRIVERS);
  assertStringIncludes(reason, "STATUS_REVISION_MISMATCH");
});

Deno.test("restorePartition: a server does not take up a channel with other MMIO than it asks for", () => {
  const reason = refusal(({ guestEnd, memory, hostEnd }) => {
    const offer = guestEnd.offers.find(({ link }: { link: { client: number } }) =>
      link.client === RICH.lent
    );
    const message = decodeControlMessage(offer.message);
    assert(!isControlFault(message) && message.message === "offerChannel");
    offer.message = encodeControlMessage({ ...message, mmioMegabytes: 2 });
    const byteCount = 0x20_0000;
    memory.mmio[0].byteCount = byteCount;
    offer.link.mmio.byteCount = byteCount;
    for (const { mmio } of hostEnd.channels) {
      if (mmio !== null) mmio.byteCount = byteCount;
    }
  }, RICH_DRIVERS);
  assertStringIncludes(reason, "STATUS_REVISION_MISMATCH");
});

Deno.test("GuestRestoreContext.attachPacket: an initialized packet in flight needs a completion routine", () => {
  const guest: vmbus.GuestDriver<RichGuest> = {
    ...richGuestDriver,
    restore: (context, state) => {
      const attachPacket = (token: string) => context.attachPacket(token, {});
      const buffer = (gpa: number) => context.buffer(gpa);
      return richGuestDriver.restore({
        fabric: context.fabric,
        partition: context.partition,
        device: context.device,
        attachChannel: (token, callbacks) => context.attachChannel(token, callbacks),
        attachCompletion: (token) => context.attachCompletion(token),
        attachPacket,
        buffer,
        bounceBuffer: (channel, gpa) => context.bounceBuffer(channel, gpa),
      }, state);
    },
  };
  const drivers = { guestDrivers: [guest], hostDrivers: [richHostDriver] };
  assertStringIncludes(
    refusal(() => {}, drivers),
    "an initialized packet has a completion routine",
  );
});

Deno.test("GuestRestoreContext.buffer: rings are no driver's", () => {
  let seen = 0;
  const guest: vmbus.GuestDriver<RichGuest> = {
    ...richGuestDriver,
    restore: (context, state) => {
      assertThrows(() => context.buffer(0), RangeError, "no driver has one that begins at 0");
      assertThrows(() => context.buffer(8), RangeError);
      assertEquals(context.buffer(0xc000).byteCount, 8192);
      seen++;
      return richGuestDriver.restore(context, state);
    },
  };
  const drivers = { guestDrivers: [guest], hostDrivers: [richHostDriver] };
  assertEquals(vmbus.restorePartition(richFabric(), saved, drivers).reason, null);
  assertEquals(seen, 1);
});

Deno.test("restorePartition: a datagram of full size that waits comes back with its header", async () => {
  const bytesMax = 64;
  const type = "51f0f7c4-94a3-4b7e-9d52-0f5f3a1d7e22";
  const begin = (context: vmbus.GuestContext) => {
    const { KMCL_CLIENT_INTERFACE_TYPE: table, KMCL_CLIENT_INTERFACE_V1_SIZE: size } = vmbus;
    const { kmcl } = vmbus.expectSuccess(
      vmbus.WdfFdoQueryForInterface(context.device, table, size, 1),
    );
    const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(context.device, false));
    kmcl.VmbChannelInitSetFlags(channel, vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
    kmcl.VmbChannelInitSetMaximumPacketSize(channel, bytesMax);
    kmcl.VmbClientChannelInitSetTargetPnp(channel, type, null);
    kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
    vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
    const packet = kmcl.VmbPacketAllocate(channel);
    vmbus.expectSuccess(kmcl.VmbPacketSend(packet, new Uint8Array(bytesMax), bytesMax, null, 0));
  };
  const driver = stubGuest({
    start: begin,
    restore: (context) => void context.attachChannel("channel 0", { processPacket: () => {} }),
  });
  const guest = richFabric().createPartition({ name: "pipe", memoryPages: 4 });
  vmbus.loadGuestDriver(guest, driver);
  const { bytes, reason, summary } = await vmbus.savePartition(guest);
  assertEquals([reason, summary?.packets.queued], [null, 1]);
  const restored = vmbus.restorePartition(richFabric(), bytes!, { guestDrivers: [driver] });
  assertEquals(restored.reason, null);
});
