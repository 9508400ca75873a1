// Sockets as the bus has them (wire.md 4.4, 4.5, 5.4; kmcl.md section 7).

import { assertEquals } from "@std/assert";
import { decodeControlMessage } from "../../../core/control/codec.ts";
import type { ControlMessage, OfferChannel } from "../../../core/control/messages.ts";
import { PartitionObject } from "../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../mod.ts";
import { PAIR_INSTANCE, PAIR_TYPE } from "../../support/connected_pair.ts";
import { ByteGuest } from "../../support/byte_guest.ts";
import { makePipe } from "../../support/byte_pipes.ts";
import { createFabric } from "../../support/fabric.ts";

const SILO = "5c1a6d0e-7f2b-4c93-8d41-0b6e9a2f3c58";

/** What was said to `guest` and it has not heard. */
function said(guest: vmbus.Partition): readonly ControlMessage[] {
  const { bus } = PartitionObject.of(guest as PartitionObject);
  return bus.pending("toGuest").map((bytes) => decodeControlMessage(bytes) as ControlMessage);
}

// wire.md 4.4
Deno.test("bytePipe: a socket's offer has flags 0x2011 and says what it is for", async () => {
  const { fabric, guest, vsp, host } = makePipe();
  await fabric.settle();
  const { channel } = vsp.VmbChannelAllocate(fabric.root.device, true);
  const socket = { isForGuestAccept: true, isForContainer: true, siloId: SILO };
  vmbus.expectSuccess(vmbus.bytePipe(vsp, channel, { socket }));
  vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE);
  const { kernelHandle } = vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
  vsp.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle);
  vmbus.ZwClose(kernelHandle);
  vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
  const offer = said(guest).find(({ message }) => message === "offerChannel") as OfferChannel;
  assertEquals(offer.flags, 0x2011);
  // u32 pipeType 0, u8 1, u8 1, u32 version 1, GUID, 2 pad bytes, and nothing else
  const silo = "0e6d1a5c2b7f934c8d410b6e9a2f3c58";
  const bytes = [...offer.userData].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  assertEquals(bytes, "00000000" + "01" + "01" + "01000000" + silo + "0000" + "00".repeat(92));
  await vsp.VmbChannelDisable(channel);
  vsp.VmbChannelCleanup(channel);
  vsp.VmbChannelCleanup(host.channel);
});

Deno.test("bytePipe: what is no socket's option is refused", () => {
  const { fabric, vsp } = makePipe();
  for (const socket of [{}, { isForGuestAccept: 2 }, { isForGuestAccept: true, siloId: "x" }, 5]) {
    const { channel } = vsp.VmbChannelAllocate(fabric.root.device, true);
    const { status } = vmbus.bytePipe(vsp, channel, { socket: socket as never });
    assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_3);
    vsp.VmbChannelCleanup(channel);
  }
});

// wire.md 5.4: "likewise with 16 hvsock requests outstanding"
Deno.test("setSocketProvider: with 16 requests unanswered nothing more of the guest is read", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  await fabric.settle();
  const asked: string[] = [];
  vmbus.setSocketProvider(guest, async ({ endpointId }) => {
    asked.push(endpointId);
    await fabric.delay(1);
    return vmbus.STATUS_CONNECTION_REFUSED;
  });
  const { bus } = PartitionObject.of(guest as PartitionObject);
  const id = (number: number) => PAIR_INSTANCE.slice(0, -2) + number.toString().padStart(2, "0");
  for (let number = 0; number < 20; number++) {
    const endpointId = id(number);
    bus.post("toHost", {
      message: "tlConnectRequest",
      endpointId,
      serviceId: PAIR_TYPE,
      siloId: SILO,
    });
  }
  await fabric.settle();
  assertEquals([bus.pending("toHost").length, bus.host.sockets.unanswered], [4, 16]);
  await fabric.advance(2);
  assertEquals(asked, Array.from({ length: 20 }, (_, number) => id(number)));
  assertEquals(bus.host.sockets.unanswered, 0);
});

// wire.md 5.1, 5.4: a connection knows nothing of what one before it has asked
Deno.test("setSocketProvider: an answer that comes when its guest has left and come again answers nobody", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  const asked: string[] = [];
  vmbus.setSocketProvider(guest.door.partition, async ({ endpointId }) => {
    asked.push(endpointId.slice(0, 2));
    await fabric.delay(asked.length <= 10 ? 2 : 4);
    return vmbus.STATUS_CONNECTION_REFUSED;
  });
  const ask = (first: number, count: number) => {
    guest.connect(0x4_0001);
    for (let at = 0; at < count; at++) {
      const request = new Uint8Array(40);
      request.set([21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, first + at]);
      guest.post(request);
    }
  };
  ask(0, 10);
  await fabric.settle();
  ask(32, 10);
  await fabric.settle();
  const { bus } = PartitionObject.of(guest.door.partition as PartitionObject);
  // The ten of the first connection are still being answered: six more are as many as there may be at once.
  assertEquals([bus.host.sockets.unanswered, bus.pending("toHost").length], [6, 4]);
  const answered = () => guest.take().filter(([type]) => type === 23).map((bytes) => bytes[11]);
  await fabric.advance(3);
  assertEquals([asked.length, answered()], [20, []]);
  await fabric.advance(6);
  assertEquals(answered(), [32, 33, 34, 35, 36, 37, 38, 39, 40, 41]);
  assertEquals(bus.host.sockets.unanswered, 0);
  fabric.dispose();
});

Deno.test("setSocketProvider: nobody is asked about a guest that is gone", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  let calls = 0;
  vmbus.setSocketProvider(guest.door.partition, () => {
    calls++;
    return vmbus.STATUS_CONNECTION_REFUSED;
  });
  guest.connect(0x4_0001);
  const { bus } = PartitionObject.of(guest.door.partition as PartitionObject);
  guest.post(Uint8Array.from({ length: 40 }, (_, at) => at === 0 ? 21 : 0).fill(0, 1, 8));
  await fabric.runUntil(() => bus.host.sockets.unanswered === 1);
  guest.door.detach();
  await fabric.settle();
  assertEquals([calls, bus.host.sockets.unanswered], [0, 0]);
  fabric.dispose();
});

Deno.test("setSocketProvider: what is no guest and no provider is refused", () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const status = (...given: unknown[]) =>
    vmbus.setSocketProvider(...given as Parameters<typeof vmbus.setSocketProvider>);
  assertEquals(status(null, null), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(status(guest, 5), vmbus.STATUS_INVALID_PARAMETER_2);
  assertEquals(status(guest, null), vmbus.STATUS_SUCCESS);
  guest.destroy();
  assertEquals(status(guest, null), vmbus.STATUS_INVALID_PARAMETER_1);
});

// wire.md 4.5: the answers of a host that is not to be trusted
Deno.test("connectSocket: an answer to nothing, of success, or about another service says nothing", async () => {
  const pipe = makePipe();
  const { vsc, fabric, guest } = pipe;
  const { channel } = vsc.VmbChannelAllocate(guest.device, false);
  vmbus.expectSuccess(vmbus.bytePipe(vsc, channel, { socket: { isForGuestAccept: false } }));
  vsc.VmbClientChannelInitSetTargetPnp(channel, PAIR_TYPE, PAIR_INSTANCE);
  const options = { timeout100ns: 1_000_000 };
  assertEquals(await vmbus.connectSocket(vsc, channel, options), vmbus.STATUS_DEVICE_REMOVED);
  vmbus.expectSuccess(vsc.VmbChannelEnable(channel));
  await fabric.settle();
  vmbus.setSocketProvider(guest, () => vmbus.STATUS_SUCCESS); // and offers nothing
  const connecting = vmbus.connectSocket(vsc, channel, options);
  const again = vmbus.connectSocket(vsc, channel, options);
  const { bus } = PartitionObject.of(guest as PartitionObject);
  const answer = {
    message: "tlConnectResult",
    endpointId: PAIR_INSTANCE,
    serviceId: PAIR_TYPE,
  } as const;
  bus.post("toGuest", { ...answer, endpointId: SILO, status: 0xc000_0236 });
  bus.post("toGuest", { ...answer, status: 0 });
  bus.post("toGuest", { ...answer, serviceId: SILO, status: 0xc000_0236 });
  assertEquals(await again, vmbus.STATUS_INVALID_DEVICE_STATE);
  assertEquals(await connecting, vmbus.STATUS_CANCELLED);
  assertEquals(bus.faults.map(({ message }) => message), ["tlConnectResult", "tlConnectResult"]);
  assertEquals(
    await vmbus.connectSocket(vsc, channel, { timeout100ns: 0.5 }),
    vmbus.STATUS_INVALID_PARAMETER_2,
  );
  assertEquals(
    await vmbus.connectSocket(vsc, pipe.client, options),
    vmbus.STATUS_INVALID_PARAMETER_1,
  );
  await vsc.VmbChannelDisable(channel);
  vsc.VmbChannelCleanup(channel);
});

// wire.md 4.5, 5.4: a guest that has left waits for nothing, and one that is back for what it has asked since
Deno.test("setSocketProvider: what a guest asked for before it left is not answered when it is back", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  await fabric.settle();
  vmbus.setSocketProvider(guest, async () => {
    await fabric.delay(10);
    return vmbus.STATUS_CONNECTION_REFUSED;
  });
  const { bus } = PartitionObject.of(guest as PartitionObject);
  const ask = () =>
    bus.post("toHost", {
      message: "tlConnectRequest",
      endpointId: PAIR_INSTANCE,
      serviceId: PAIR_TYPE,
      siloId: SILO,
    });
  ask();
  await fabric.settle();
  guest.disconnect();
  await fabric.settle();
  assertEquals(bus.host.sockets.unanswered, 0);
  guest.connect();
  await fabric.advance(5);
  ask();
  await fabric.settle();
  await fabric.advance(5); // the provider's first answer
  assertEquals([bus.host.sockets.unanswered, bus.faults], [1, []]);
  await fabric.advance(5); // and its second
  assertEquals(bus.host.sockets.unanswered, 0);
});
