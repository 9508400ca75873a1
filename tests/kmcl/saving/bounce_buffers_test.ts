// kmcl.md X21: what a save keeps of an isolated guest, and of the bounce buffers of its clients.

import { assertEquals, assertExists, assertStringIncludes, assertThrows } from "@std/assert";
import { PARTITION_CHUNKS } from "../../../actors/saving/partition_image.ts";
import { readEnvelope, writeEnvelope } from "../../../core/saved/envelope.ts";
import type { PlainData } from "../../../core/saved/plain_data.ts";
import * as vmbus from "../../../mod.ts";
import { PAIR_INSTANCE, PAIR_TYPE, serverTable, setVmbus } from "../../support/connected_pair.ts";
import { clientTableV5 } from "../../support/later_tables.ts";
import { WAIT } from "../../support/sending.ts";
import { stubClient, stubGuest } from "../../support/stub_drivers.ts";
import { withParts } from "./saved_parts.ts";

type Saved = Readonly<Record<string, PlainData>>;

/** Where bounce buffers of a saved client lie. */
interface SavedBounce {
  pagesGpa: number;
  driverGpas: number[];
}

const OTHER_INSTANCE = "11111111-2222-4333-8444-555555555555";

/** A server that stands still until it is resumed, and inverts the first byte of what packets describe. */
function inverterOf(name: string, instance: string): vmbus.HostDriver {
  return {
    name,
    start: (context) => serve(context, instance, null),
    restore: (context, saved) => serve(context, instance, saved as Uint8Array),
  };
}

const inverter = inverterOf("inverter", PAIR_INSTANCE);
const otherInverter = inverterOf("other inverter", OTHER_INSTANCE);

function serve(
  { fabric, device, guest }: vmbus.HostContext,
  instance: string,
  saved: Uint8Array | null,
): vmbus.HostDriverInstance {
  const kmcl = serverTable(fabric);
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, true));
  setVmbus(kmcl, channel, guest);
  kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instance);
  kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
    const { mdl } = vmbus.expectSuccess(kmcl.VmbChannelPacketGetExternalData(packet, 0));
    const bytes = vmbus.mdlSegments(mdl)[0]!;
    bytes[0]! ^= 0xff;
    kmcl.VmbChannelPacketComplete(packet, Uint8Array.of(mdl.pfns[0]!), 1);
  });
  if (saved !== null) vmbus.expectSuccess(vmbus.restoreServerChannel(kmcl, channel, saved));
  vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
  return {
    save: () => vmbus.saveServerChannel(kmcl, channel),
    resume: () => kmcl.VmbChannelStart(channel),
  };
}

/** A guest with three packets that nobody has taken: one copied, one of a bounce buffer, one that waits for pages. */
async function savedGuest(isolated: boolean) {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 32, isolated });
  const kmcl = clientTableV5(guest);
  const packets: vmbus.VMBPACKET[] = [];
  const buffers: vmbus.GuestBuffer[] = [];
  let channel!: vmbus.VMBCHANNEL;
  vmbus.loadHostDriver(guest, inverter);
  const start = (context: vmbus.GuestContext) =>
    void (channel = stubClient(
      context,
      "complete",
      {},
      (made) => vmbus.expectSuccess(kmcl.VmbChannelInitSetBounceBufferSizes(made, 4096, 8192)),
    ));
  const save = (tokens: vmbus.HandleTokens) => [channel, ...packets].map((one) => tokens.of(one));
  vmbus.loadGuestDriver(guest, stubGuest({ start, save }));
  await fabric.settle();
  const { buffer } = vmbus.expectSuccess(kmcl.VmbChannelAllocateBounceBuffer(channel, 4096));
  buffers.push(guest.memory.allocate(4096), buffer!, guest.memory.allocate(4096));
  for (const [at, { gpa }] of buffers.entries()) {
    guest.memory.write(gpa, Uint8Array.of(at));
    const packet = kmcl.VmbPacketAllocate(channel);
    assertExists(packet);
    packets.push(packet);
    kmcl.VmbPacketSetCompletionRoutine(packet, () => {});
    const mdl = vmbus.IoAllocateMdl(guest.memory, gpa, 4096);
    vmbus.expectSuccess(kmcl.VmbPacketSend(packet, null, 0, mdl, WAIT));
  }
  await fabric.settle();
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  return { bytes: bytes!, buffers, state: stateOf(fabric) };
}

/** What there is of the guest of `fabric` that bounces. */
function stateOf(fabric: vmbus.Fabric) {
  const { sharedPages, pinnedPages, channels } = fabric.inspect().partitions.at(-1)!;
  const { bounceBuffers, queued } = channels[0]!;
  const { packetsCopied: _packets, bytesCopied: _bytes, waits: _waits, ...pages } = bounceBuffers!;
  return { sharedPages, pinnedPages, queued, pages };
}

for (const isolated of [true, false]) {
  const what = isolated ? "an isolated guest" : "another guest";
  Deno.test(`savePartition: bounce buffers of ${what}, and packets on their way in them, come back (X21)`, async () => {
    const { bytes, buffers, state } = await savedGuest(isolated);
    assertEquals([state.queued, state.pages.freePages], [isolated ? 1 : 0, 0]);
    const fabric = vmbus.createFabric();
    const answers: number[] = [];
    const restore = (context: vmbus.GuestRestoreContext) => {
      context.attachChannel("channel 0", { processPacket: () => {} });
      for (let slot = 0; slot < 3; slot++) {
        const completionRoutine: vmbus.EvtPacketCompletionRoutine = (
          _packet,
          status,
          buffer,
        ) => {
          assertEquals(status, vmbus.STATUS_SUCCESS);
          answers.push(buffer[0]!);
        };
        context.attachPacket(`packet 0/${slot}`, { completionRoutine });
      }
    };
    const { reason, partition } = vmbus.restorePartition(fabric, bytes, {
      guestDrivers: [stubGuest({ restore })],
      hostDrivers: [inverter],
    });
    assertEquals(reason, null);
    assertEquals(stateOf(fabric), state);
    partition!.resume();
    await fabric.settle();
    const { memory } = partition!;
    assertEquals(buffers.map(({ gpa }) => memory.read(gpa, 1)[0]), [0xff, 0xfe, 0xfd]);
    const own = buffers.map(({ pfns }, at) => answers[at] === pfns[0]);
    assertEquals(own, isolated ? [false, true, false] : [true, true, true]);
    assertEquals(fabric.violations, []);
    partition!.destroy();
  });
}

/** The saved guest, with what `change` makes of its one client. */
function withClient(bytes: Uint8Array, change: (endpoint: Saved) => Saved): Uint8Array {
  const { client } = PARTITION_CHUNKS;
  const chunks = readEnvelope("partition", bytes).map((chunk) => {
    if (chunk.type !== client.type) return chunk;
    const data = chunk.data as Saved;
    return { ...chunk, data: { ...data, endpoint: change(data["endpoint"] as Saved) } };
  });
  return writeEnvelope("partition", chunks);
}

/** Whether a guest whose client was changed so is refused as damaged. */
function isRefused(bytes: Uint8Array, change: (endpoint: Saved) => Saved): boolean {
  const { status, reason } = vmbus.restorePartition(
    vmbus.createFabric(),
    withClient(bytes, change),
    {
      guestDrivers: [stubGuest({ restore: attachAll })],
      hostDrivers: [inverter],
    },
  );
  assertEquals(reason === null, vmbus.NT_SUCCESS(status));
  return status === vmbus.STATUS_DATA_ERROR;
}

function attachAll(context: vmbus.GuestRestoreContext): void {
  context.attachChannel("channel 0", { processPacket: () => {} });
  for (let slot = 0; slot < 3; slot++) {
    context.attachPacket(`packet 0/${slot}`, { completionRoutine: () => {} });
  }
}

Deno.test("restorePartition: bounce buffers that cannot be are refused (X21)", async () => {
  const { bytes, buffers } = await savedGuest(true);
  assertEquals(isRefused(bytes, (endpoint) => endpoint), false);
  const bounceOf = ({ bounce }: Saved) => bounce as { pagesGpa: number; driverGpas: number[] };
  const withBounce = (change: (bounce: ReturnType<typeof bounceOf>) => PlainData) =>
    isRefused(bytes, (endpoint) => ({ ...endpoint, bounce: change(bounceOf(endpoint)) }));
  const rings = 4 * 4096;
  const refused = [
    withBounce(({ driverGpas }) => ({ pagesGpa: null, driverGpas })),
    withBounce(({ pagesGpa }) => ({ pagesGpa, driverGpas: [] })), // what is private is sent as it is
    withBounce(({ pagesGpa }) => ({ pagesGpa, driverGpas: [pagesGpa] })),
    withBounce(({ pagesGpa, driverGpas }) => ({ pagesGpa: pagesGpa + 1, driverGpas })),
    withBounce(({ pagesGpa, driverGpas }) => ({ pagesGpa, driverGpas: [...driverGpas, rings] })),
    withBounce(({ driverGpas }) => ({ pagesGpa: buffers[2]!.gpa, driverGpas })), // not the copies' pages
    isRefused(bytes, ({ bounce: _bounce, ...endpoint }) => endpoint),
    isRefused(bytes, (endpoint) => ({
      ...endpoint,
      packets: (endpoint["packets"] as Saved[]).map(({ ownRanges: _own, ...packet }) => packet),
    })),
    isRefused(bytes, (endpoint) => ({
      ...endpoint,
      packets: (endpoint["packets"] as Saved[]).map((packet) =>
        "ownRanges" in packet ? { ...packet, ownRanges: [] } : packet
      ),
    })),
  ];
  assertEquals(refused, refused.map(() => true));
});

Deno.test("restorePartition: a buffer that KMCL keeps for something else is no bounce buffer (X21)", async () => {
  const { bytes } = await savedGuest(true);
  const [guestEnd] = readEnvelope("partition", bytes)
    .filter(({ type }) => type === PARTITION_CHUNKS.guestEnd.type)
    .map(({ data }) => data as { offers: { link: { ringGpa: number } }[] });
  const { ringGpa } = guestEnd!.offers[0]!.link;
  const withDrivers = (gpas: readonly number[]) =>
    isRefused(bytes, ({ bounce, configuration, ...endpoint }) => ({
      ...endpoint,
      configuration: { ...configuration as Saved, bounceDriverBytes: 1 << 20 },
      bounce: {
        ...bounce as Saved,
        driverGpas: [...(bounce as { driverGpas: number[] }).driverGpas, ...gpas],
      },
    }));
  assertEquals([withDrivers([]), withDrivers([ringGpa])], [false, true]);
});

Deno.test("GuestRestoreContext.bounceBuffer: gives back what a channel's driver asked for, and buffer none of it (X21)", async () => {
  const { bytes, buffers: [own, bounce] } = await savedGuest(true);
  const [pages, ring] = [0, 8192];
  const refusalOf = (
    named: readonly number[],
    restore: (context: vmbus.GuestRestoreContext) => void,
  ) => {
    const changed = withClient(bytes, ({ bounce: saved, ...endpoint }) => ({
      ...endpoint,
      bounce: { ...saved as Saved, driverGpas: [bounce!.gpa, ...named] },
    }));
    const guestDrivers = [stubGuest({ restore })];
    const drivers = { guestDrivers, hostDrivers: [inverter] };
    return vmbus.restorePartition(vmbus.createFabric(), changed, drivers).reason;
  };
  let isSeen = false;
  const restore = (context: vmbus.GuestRestoreContext) => {
    const early = null as unknown as vmbus.VMBCHANNEL;
    assertThrows(() => context.bounceBuffer(early, bounce!.gpa), RangeError);
    const channel = context.attachChannel("channel 0", { processPacket: () => {} });
    for (const gpa of [own!.gpa, pages, ring, bounce!.gpa + 1, NaN]) {
      assertThrows(
        () => context.bounceBuffer(channel, gpa),
        RangeError,
        "has none of its driver's",
      );
    }
    for (const gpa of [pages, ring, bounce!.gpa]) {
      assertThrows(() => context.buffer(gpa), RangeError, "no driver has one");
    }
    assertEquals(context.bounceBuffer(channel, bounce!.gpa), bounce);
    assertEquals(context.buffer(own!.gpa), own);
    for (let slot = 0; slot < 3; slot++) {
      context.attachPacket(`packet 0/${slot}`, { completionRoutine: () => {} });
    }
    isSeen = true;
  };
  assertEquals([refusalOf([], restore), isSeen], [null, true]);
  // The host would read what the driver keeps to itself, and it would be freed with the channel.
  const reason = refusalOf([own!.gpa], (context) => {
    attachAll(context);
    context.buffer(own!.gpa);
  });
  assertStringIncludes(String(reason), `no driver has one that begins at ${own!.gpa}`);
});

Deno.test("restorePartition: two clients have no bounce buffer together (X21)", async () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 32, isolated: true });
  const kmcl = clientTableV5(guest);
  const channels: vmbus.VMBCHANNEL[] = [];
  for (const driver of [inverter, otherInverter]) vmbus.loadHostDriver(guest, driver);
  const start = (context: vmbus.GuestContext) => {
    for (const instance of [PAIR_INSTANCE, OTHER_INSTANCE]) {
      channels.push(stubClient(context, "complete", {}, (made) => {
        kmcl.VmbClientChannelInitSetTargetPnp(made, PAIR_TYPE, instance);
        kmcl.VmbChannelInitSetBounceBufferSizes(made, 4096, 4096);
      }));
    }
  };
  const save = (tokens: vmbus.HandleTokens) => channels.map((one) => tokens.of(one));
  vmbus.loadGuestDriver(guest, stubGuest({ start, save }));
  await fabric.settle();
  for (const one of channels) vmbus.expectSuccess(kmcl.VmbChannelAllocateBounceBuffer(one, 4096));
  const { bytes } = await vmbus.savePartition(guest);
  const restore = (context: vmbus.GuestRestoreContext) => {
    for (const at of [0, 1]) context.attachChannel(`channel ${at}`, { processPacket: () => {} });
  };
  const drivers = {
    guestDrivers: [stubGuest({ restore })],
    hostDrivers: [inverter, otherInverter],
  };
  const reasonOf = (change: (one: SavedBounce, other: SavedBounce) => void) =>
    vmbus.restorePartition(
      vmbus.createFabric(),
      withParts(
        bytes!,
        ({ clients: [one, other] }) => change(one.endpoint.bounce, other.endpoint.bounce),
      ),
      drivers,
    ).reason;
  assertEquals(reasonOf(() => {}), null);
  const refused = [
    reasonOf((one, other) => one.pagesGpa = other.pagesGpa),
    reasonOf((one, other) => one.driverGpas = other.driverGpas),
    reasonOf((one, other) => one.driverGpas = [other.pagesGpa]),
  ];
  const text = "a buffer of rings, of bounce buffers or of signals is another one of them as well";
  for (const reason of refused) assertStringIncludes(String(reason), text);
});

Deno.test("savePartition: who is not isolated, and asks for no bounce buffer, saves what was saved before there were any (X1, X21)", async () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  let channel!: vmbus.VMBCHANNEL;
  vmbus.loadGuestDriver(
    guest,
    stubGuest({
      start: (context) => void (channel = stubClient(context)),
      save: (tokens) => [tokens.of(channel)],
    }),
  );
  await fabric.settle();
  const text = new TextDecoder("latin1").decode((await vmbus.savePartition(guest)).bytes!);
  for (const name of ["isolated", "bounce", "ownRanges", "isConfidential"]) {
    assertEquals(text.includes(name), false, name);
  }
});
