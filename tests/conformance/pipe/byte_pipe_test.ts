// Byte pipes (kmcl.md section 7; wire.md 2.4).

import { assertEquals } from "@std/assert";
import { PacketFields } from "../../../core/packet/packet.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair } from "../../support/connected_pair.ts";
import {
  endpointOf,
  makePipe,
  openPipe,
  type PipePair,
  putRaw,
  streamPacket,
} from "../../support/byte_pipes.ts";
import { pattern } from "../../support/sending.ts";

const { STATUS_SUCCESS } = vmbus;
const CODECS = ["msgpack", "vmbus"] as const;

/** Reads until the stream has ended: what came, and how it ended. */
async function readAll(pipe: vmbus.BytePipe, byteCountMax = 1000) {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { status, bytes } = await pipe.read(byteCountMax);
    if (status !== STATUS_SUCCESS) {
      return { bytes: joined(pieces), end: vmbus.ntStatusName(status) };
    }
    pieces.push(bytes);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

for (const codec of CODECS) {
  // wire.md 8, cases 14 and 15
  Deno.test(`BytePipe: 20 000 bytes go through a ring of 4 KiB while nobody loses any (${codec})`, async () => {
    const pipe = await openPipe({ fabric: { codec } });
    const sent = pattern(20_000, 3);
    let isWritten = false;
    const writing = pipe.inGuest.write(sent).then((status) => {
      isWritten = true;
      return status;
    });
    await pipe.fabric.settle();
    assertEquals(isWritten, false); // it waits for the reader
    const closing = writing.then(() => pipe.inGuest.closeWrite());
    assertEquals(await readAll(pipe.host), { bytes: sent, end: "STATUS_END_OF_FILE" });
    assertEquals([await writing, await closing], [STATUS_SUCCESS, STATUS_SUCCESS]);
    await closePair(pipe);
  });
}

// wire.md 2.4: half-close
Deno.test("BytePipe.closeWrite: ends one direction, and the other continues", async () => {
  const pipe = await openPipe();
  const { host, inGuest } = pipe;
  assertEquals(await inGuest.write(pattern(5)), STATUS_SUCCESS);
  assertEquals(await inGuest.closeWrite(), STATUS_SUCCESS);
  assertEquals(await inGuest.write(pattern(1)), vmbus.STATUS_INVALID_DEVICE_STATE);
  assertEquals(await readAll(host), { bytes: pattern(5), end: "STATUS_END_OF_FILE" });
  assertEquals(await host.write(pattern(3000)), STATUS_SUCCESS);
  assertEquals(await host.closeWrite(), STATUS_SUCCESS);
  assertEquals(await readAll(inGuest), { bytes: pattern(3000), end: "STATUS_END_OF_FILE" });
  assertEquals((await host.read(1)).status, vmbus.STATUS_END_OF_FILE); // it stays so
  await closePair(pipe);
});

// wire.md 2.4: "a reader that takes only part of a packet rewrites the header in place to type 2"
for (const codec of CODECS) {
  Deno.test(`BytePipe.read: what is left of a packet stays in the ring, marked as such (${codec})`, async () => {
    const pipe = await openPipe({ fabric: { codec } });
    await pipe.inGuest.write(Uint8Array.of(1, 2, 3, 4, 5));
    const ring = endpointOf(pipe.server).incoming.ring!;
    const index = ring.position.index;
    assertEquals((await pipe.host.read(2)).bytes, Uint8Array.of(1, 2));
    await pipe.fabric.settle();
    const { payloadStart } = look(pipe);
    const written = ring.bytes.subarray(payloadStart, payloadStart + 8);
    assertEquals([...written], [2, 0, 0, 0, 5, 0, 2, 0]);
    assertEquals(ring.position.index, index);
    assertEquals((await pipe.host.read(9)).bytes, Uint8Array.of(3, 4, 5));
    assertEquals(ring.usedBytes(), 0);
    await closePair(pipe);
  });
}

/** Where the payload of the packet lies that is next in the host's incoming ring. */
function look({ server }: PipePair): { readonly payloadStart: number } {
  const { incoming, runtime } = endpointOf(server);
  const ring = incoming.ring!;
  assertEquals(ring.next(), "packet");
  const fields = new PacketFields();
  assertEquals(runtime.codec.decode(ring, fields), null);
  return fields;
}

// wire.md 2.4: "EOF packet is consumed only when no other bytes are being returned"
Deno.test("BytePipe.read: the end is told by itself, not with the bytes before it", async () => {
  const pipe = await openPipe();
  const reading = pipe.host.read(100);
  await pipe.inGuest.write(pattern(4));
  await pipe.inGuest.closeWrite();
  assertEquals(await reading, { status: STATUS_SUCCESS, bytes: pattern(4) });
  assertEquals((await pipe.host.read(100)).status, vmbus.STATUS_END_OF_FILE);
  await closePair(pipe);
});

// wire.md 2.4: the writer keeps room for the last, empty packet.
Deno.test("BytePipe.closeWrite: finds room in a ring that nobody reads", async () => {
  const pipe = await openPipe();
  // 2048 + 32 and 1936 + 32 of 4096 bytes: with 8 that are never used, 40 are left, and 32 of them are kept.
  assertEquals(await pipe.inGuest.write(pattern(2048)), STATUS_SUCCESS);
  assertEquals(await pipe.inGuest.write(pattern(1900)), STATUS_SUCCESS);
  const isPending = await isUnanswered(pipe, pipe.inGuest.write(pattern(1)));
  assertEquals(isPending, true);
  await closePair(pipe);
  const other = await openPipe();
  await other.inGuest.write(pattern(2048));
  await other.inGuest.write(pattern(1900));
  assertEquals(await other.inGuest.closeWrite(), STATUS_SUCCESS);
  await closePair(other);
});

async function isUnanswered({ fabric }: PipePair, promise: Promise<unknown>): Promise<boolean> {
  let isPending = true;
  promise.then(() => isPending = false);
  await fabric.settle();
  return isPending;
}

// wire.md 8, case 12
Deno.test("BytePipe: whose opposite side drops its end is told so, reading and writing", async () => {
  const pipe = await openPipe();
  const reading = pipe.host.read(1);
  const writing = pipe.host.write(pattern(10_000));
  await pipe.vsc.VmbChannelDisable(pipe.client);
  assertEquals((await reading).status, vmbus.STATUS_CONNECTION_RESET);
  assertEquals(await writing, vmbus.STATUS_CONNECTION_RESET);
  assertEquals((await pipe.host.read(1)).status, vmbus.STATUS_CONNECTION_RESET);
  assertEquals(await pipe.host.write(pattern(1)), vmbus.STATUS_CONNECTION_RESET);
  assertEquals((await pipe.inGuest.read(1)).status, vmbus.STATUS_DEVICE_REMOVED);
  await closePair(pipe);
});

// api.md section 3: blocked callers of a guest that crashed get DEVICE_REMOVED.
Deno.test("Partition.crash: whoever reads or writes in the guest is told, and so is the host", async () => {
  const pipe = await openPipe();
  const inGuest = [pipe.inGuest.read(1), pipe.inGuest.write(pattern(9000))] as const;
  const reading = pipe.host.read(20_000);
  pipe.guest.crash();
  assertEquals((await inGuest[0]).status, vmbus.STATUS_DEVICE_REMOVED);
  assertEquals(await inGuest[1], vmbus.STATUS_DEVICE_REMOVED);
  const { status, bytes } = await reading; // what was in the ring by then, or nothing
  assertEquals(
    status === vmbus.STATUS_SUCCESS ? bytes.length > 0 : bytes.length,
    bytes.length > 0 || 0,
  );
  assertEquals(await pipe.host.write(pattern(1)), vmbus.STATUS_CONNECTION_RESET);
  await pipe.vsp.VmbChannelDisable(pipe.server);
  pipe.vsp.VmbChannelCleanup(pipe.server);
  assertEquals(pipe.fabric.leaks(), []);
});

// kmcl.md section 7: what was written before a close is there to be read.
for (const side of ["host", "guest"] as const) {
  Deno.test(`VmbChannelDisable: what a ${side}'s end wrote before it is read by the other, to its end`, async () => {
    const pipe = await openPipe();
    const [from, to] = side === "host" ? [pipe.host, pipe.inGuest] : [pipe.inGuest, pipe.host];
    await from.write(pattern(3000));
    await from.closeWrite();
    if (side === "host") await pipe.vsp.VmbChannelDisable(pipe.server);
    else await pipe.vsc.VmbChannelDisable(pipe.client);
    await pipe.fabric.settle();
    assertEquals(await readAll(to), { bytes: pattern(3000), end: "STATUS_END_OF_FILE" });
    await closePair(pipe);
  });
}

// kmcl.md S4, S10: PostStarted may take its time, and what it reads is read to its end.
Deno.test("EvtChannelPostStarted: reads what was written before the opposite side closed, to its end", async () => {
  const read: { bytes: Uint8Array; end: string | undefined }[] = [];
  const pipe: PipePair = makePipe({
    fabric: { schedule: "random", seed: 5 },
    clientCallbacks: {
      EvtChannelPostStarted: async () => void read.push(await readAll(pipe.inGuest)),
    },
  });
  enablePair(pipe);
  await pipe.fabric.settle();
  assertEquals(await pipe.host.write(pattern(3000)), STATUS_SUCCESS);
  assertEquals(await pipe.host.closeWrite(), STATUS_SUCCESS);
  await pipe.vsp.VmbChannelDisable(pipe.server);
  await pipe.fabric.settle();
  assertEquals(read, [{ bytes: pattern(3000), end: "STATUS_END_OF_FILE" }]);
  await closePair(pipe);
});

// wire.md section 6: both ends say that they are done before the channel goes.
Deno.test("BytePipe.close: waits for the opposite side's end, and drops what it sends before that", async () => {
  const pipe = await openPipe();
  await pipe.host.write(pattern(3900));
  const closing = pipe.inGuest.close({ timeout100ns: 1_000_000 });
  assertEquals(await isUnanswered(pipe, closing), true);
  assertEquals(await readAll(pipe.host), { bytes: new Uint8Array(), end: "STATUS_END_OF_FILE" });
  await pipe.host.write(pattern(9000));
  await pipe.host.closeWrite();
  assertEquals(await closing, STATUS_SUCCESS);
  assertEquals(vmbus.inspectChannel(pipe.client)?.lifecycle, "disabled");
  assertEquals(await pipe.host.close({ timeout100ns: 0 }), STATUS_SUCCESS);
  await closePair(pipe);
});

Deno.test("BytePipe.close: an opposite side that says nothing is waited for until the time is up", async () => {
  const pipe = await openPipe();
  assertEquals(await pipe.inGuest.close({ timeout100ns: 80_000_000 }), vmbus.STATUS_CANCELLED);
  assertEquals(pipe.fabric.now(), 8000);
  assertEquals((await pipe.host.read(1)).status, vmbus.STATUS_END_OF_FILE);
  await closePair(pipe);
});

// kmcl.md section 7: streams and datagrams do not go together.
Deno.test("VmbChannelEnable: a pipe of one kind is not opened by a client of the other", async () => {
  for (const isByte of [true, false]) {
    const pair = makePair({
      server: (vsp, channel) => {
        if (isByte) vmbus.expectSuccess(vmbus.bytePipe(vsp, channel));
        else vsp.VmbChannelInitSetFlags(channel, vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
      },
      client: (vsc, channel) => {
        if (!isByte) vmbus.expectSuccess(vmbus.bytePipe(vsc, channel));
        else vsc.VmbChannelInitSetFlags(channel, vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
      },
    });
    enablePair(pair);
    await pair.fabric.settle();
    assertEquals(pair.calls, ["client PnpFailure STATUS_NOT_SUPPORTED"]);
    await closePair(pair);
  }
});

Deno.test("bytePipe: is made before its channel is enabled, once, and has no packets", async () => {
  const pipe = makePipe();
  const { vsp, server, fabric } = pipe;
  const status = (channel: vmbus.VMBCHANNEL | null, options?: vmbus.BytePipeOptions) =>
    vmbus.bytePipe(vsp, channel, options).status;
  assertEquals(status(server), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(status(null), vmbus.STATUS_INVALID_PARAMETER_1);
  const { channel } = vsp.VmbChannelAllocate(fabric.root.device, true);
  assertEquals(status(channel, { opened: 5 as never }), vmbus.STATUS_INVALID_PARAMETER_3);
  assertEquals(status(channel), STATUS_SUCCESS);
  vsp.VmbChannelCleanup(channel);
  assertEquals((await pipe.host.read(1)).status, vmbus.STATUS_DEVICE_REMOVED); // it is not enabled
  enablePair(pipe);
  await fabric.settle();
  assertEquals(status(server), vmbus.STATUS_INVALID_PARAMETER_1);
  const packet = vsp.VmbPacketAllocate(server);
  assertEquals(vsp.VmbPacketSend(packet, pattern(1), 1, null, 0), vmbus.STATUS_NOT_SUPPORTED);
  vsp.VmbPacketFree(packet!);
  for (const wrong of [0, -1, 1.5, 2 ** 32]) {
    assertEquals((await pipe.host.read(wrong)).status, vmbus.STATUS_INVALID_PARAMETER_1);
  }
  assertEquals(await pipe.host.write(7 as never), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(await pipe.host.close({ timeout100ns: -1 }), vmbus.STATUS_INVALID_PARAMETER_1);
  await closePair(pipe);
  assertEquals((await pipe.host.read(1)).status, vmbus.STATUS_INVALID_HANDLE);
});

// api.md section 4: what the callback awaits is its own, and nothing waits for it.
Deno.test("BytePipeOptions.opened: is called at each open, and may wait for as long as it likes", async () => {
  const ends: string[] = [];
  const pipe = await openPipe({
    opened: async (host) => {
      ends.push((await readAll(host)).end!);
    },
  });
  await pipe.fabric.run();
  assertEquals(ends, []);
  await pipe.vsc.VmbChannelDisable(pipe.client);
  vmbus.expectSuccess(pipe.vsc.VmbChannelEnable(pipe.client));
  await pipe.fabric.settle();
  await pipe.inGuest.closeWrite();
  await pipe.fabric.settle();
  assertEquals(ends, ["STATUS_CONNECTION_RESET", "STATUS_END_OF_FILE"]);
  await closePair(pipe);
});

// wire.md 2.4: incoming packets of up to 16 KiB, whoever wrote them in however large pieces
Deno.test("BytePipe.read: takes larger packets than it writes", async () => {
  const pipe = await openPipe({ ringPages: [8, 8] });
  putRaw(pipe.client, streamPacket(1, 16_384, pattern(16_384)));
  assertEquals((await pipe.host.read(20_000)).bytes, pattern(16_384));
  await closePair(pipe);
});

// wire.md 2.4: "consumed >= length in a type-2 packet = corruption"
for (
  const [what, payload, fault] of [
    ["of which all was taken", streamPacket(2, 3 | 3 << 16, pattern(3)), "badPipeLength"],
    [
      "of which more was taken than there is",
      streamPacket(2, 3 | 9 << 16, pattern(3)),
      "badPipeLength",
    ],
    ["that is longer than its packet", streamPacket(1, 9, pattern(8)), "badPipeLength"],
    ["that is longer than any", streamPacket(1, 16_385, pattern(16_392)), "badPipeLength"],
    ["without a whole header", new Uint8Array(0), "badPipeLength"],
    ["that sets up a buffer", streamPacket(3, 3, pattern(3)), "badPipePacketType"],
    ["of no type", streamPacket(0, 3, pattern(3)), "badPipePacketType"],
  ] as const
) {
  Deno.test(`BytePipe.read: a packet ${what} stops the channel`, async () => {
    const pipe = await openPipe({ ringPages: [8, 8], fabric: { codec: "vmbus" } });
    const reading = pipe.host.read(10);
    putRaw(pipe.client, payload);
    assertEquals((await reading).status, vmbus.STATUS_CONNECTION_RESET);
    assertEquals(vmbus.inspectChannel(pipe.server)?.fault, fault);
    await closePair(pipe);
  });
}

// wire.md 2.4: a writer that says it is done has said all that counts.
Deno.test("BytePipe.read: what comes after the end is dropped, and holds nobody up", async () => {
  const pipe = await openPipe();
  putRaw(pipe.client, streamPacket(1, 0));
  assertEquals((await pipe.host.read(1)).status, vmbus.STATUS_END_OF_FILE);
  for (let count = 0; count < 9; count++) putRaw(pipe.client, streamPacket(1, 2000, pattern(2000)));
  await pipe.fabric.settle();
  assertEquals((await pipe.host.read(1)).status, vmbus.STATUS_END_OF_FILE);
  assertEquals(endpointOf(pipe.client).outgoing.queuedCount, 0);
  await closePair(pipe);
});
