// What a driver may do with a packet that it was given (kmcl.md section 5, api.md section 1, R4).

import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair } from "../../support/connected_pair.ts";
import { openReceiver, type Receiver, RECEIVERS } from "../../support/receiving.ts";
import { type Ended, freeAll, notedPacket, pattern, WAIT } from "../../support/sending.ts";

const PAGE_BYTES = 4096;

/**
 * Fills the data pages of the ring that `side` reads. The ring pages are the guest's first: 4 data pages
 * of its outgoing ring behind a control page, and the same for its incoming one.
 */
function overwriteRing({ memory }: vmbus.Partition, side: Receiver, value: number): void {
  const firstPage = side === "server" ? 1 : 6;
  memory.write(firstPage * PAGE_BYTES, new Uint8Array(4 * PAGE_BYTES).fill(value));
}

/** Whether guest memory holds `bytes` anywhere in its first pages. */
function isInRing({ memory }: vmbus.Partition, bytes: Uint8Array): boolean {
  const ring = memory.read(0, 10 * PAGE_BYTES);
  return ring.some((_, at) => bytes.every((value, index) => ring[at + index] === value));
}

for (const side of RECEIVERS) {
  for (const codec of ["msgpack", "vmbus"] as const) {
    Deno.test(`EvtChannelProcessPacket: a ${side}'s Buffer stays as it is until PacketComplete (${codec})`, async () => {
      const held: { packet: vmbus.VMBPACKETCOMPLETION; buffer: Uint8Array }[] = [];
      const { pair, fabric, kmcl, send } = await openReceiver(side, {
        onPacket: (_channel, packet, buffer, bufferLength) => {
          assertEquals(bufferLength, buffer.length);
          held.push({ packet, buffer });
        },
      }, { fabric: { codec } });
      const payloads = Array.from({ length: 30 }, (_, index) => pattern(16 * (index + 1), index));
      for (const payload of payloads.slice(0, 10)) send(payload);
      await fabric.settle();
      assertEquals(isInRing(pair.guest, payloads[9]!), true);
      overwriteRing(pair.guest, side, 0xee); // the opposite side cannot change what was delivered
      for (const payload of payloads.slice(10)) send(payload); // nor do further packets
      await fabric.settle();
      assertEquals(held.map(({ buffer }) => buffer), payloads);

      // A packet that is completed leaves the others alone, also when its record serves another one.
      for (const { packet } of held.splice(0, 15)) kmcl.VmbChannelPacketComplete(packet, null, 0);
      for (let i = 0; i < 15; i++) send(new Uint8Array(480).fill(0xaa));
      await fabric.settle();
      assertEquals(held.slice(0, 15).map(({ buffer }) => buffer), payloads.slice(15));
      for (const { packet } of held) kmcl.VmbChannelPacketComplete(packet, null, 0);
      await closePair(pair);
    });
  }

  Deno.test(`EvtChannelProcessPacket: a ${side}'s Buffer holds until the callback returns that handed the packet back`, async () => {
    const seen: number[][] = [];
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        if (vmbus.KeGetCurrentIrql() !== 0) {
          kmcl.VmbChannelPacketDeferToPassive(packet);
          overwriteRing(pair.guest, side, 0xee);
          seen.push([...buffer]);
          return;
        }
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    send([1, 2, 3]);
    const error = await fabric.settle().then(() => null, (error) => error);
    assertEquals(error, null); // a spoiled ring is the peer's fault, and no error
    assertEquals(seen, [[1, 2, 3]]);
    assertNotEquals(vmbus.inspectChannel(pair[side]).fault, null);
    await closePair(pair);
  });

  Deno.test(`EvtChannelProcessPacket: a packet without payload has a Buffer of length 0 (${side})`, async () => {
    const lengths: number[] = [];
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer, bufferLength, flags) => {
        lengths.push(buffer.length, bufferLength, flags);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    send([]);
    await fabric.settle();
    assertEquals(lengths, [0, 0, 0]);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketComplete: of a ${side} answers those who asked, once, and nobody else`, async () => {
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const { pair, fabric, kmcl, receiver, sender, send } = await openReceiver(side, {
      onPacket: (_channel, packet) => void held.push(packet),
    });
    const ends: Ended[] = [];
    const asking = notedPacket(kmcl, sender, ends);
    send([1]);
    kmcl.VmbPacketSend(asking, Uint8Array.of(2), 1, null, WAIT);
    await fabric.settle();
    const [plain, asked] = held;
    const before = vmbus.inspectChannel(receiver).outgoingRing?.writeIndex;
    kmcl.VmbChannelPacketComplete(plain!, pattern(50), 50);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(receiver).outgoingRing?.writeIndex, before);
    assertEquals(vmbus.inspectChannel(receiver).outstanding, 1);

    // It takes no driver callback to complete, the size says how much of the buffer counts.
    kmcl.VmbChannelPacketComplete(asked!, pattern(50), 20);
    assertEquals(ends, []);
    await fabric.settle();
    const answer = [...pattern(50).subarray(0, 20)];
    assertEquals(ends, [{ packet: asking, status: vmbus.STATUS_SUCCESS, answer }]);
    assertEquals(vmbus.inspectChannel(receiver).outstanding, 0);
    freeAll(kmcl, [asking]);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketComplete: a ${side} may complete in any order, and answer with the Buffer itself`, async () => {
    const held: [vmbus.VMBPACKETCOMPLETION, Uint8Array][] = [];
    const { pair, fabric, kmcl, sender } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => void held.push([packet, buffer]),
    });
    const ends: Ended[] = [];
    const packets = [0, 1, 2].map(() => notedPacket(kmcl, sender, ends));
    for (const [index, packet] of packets.entries()) {
      kmcl.VmbPacketSend(packet, pattern(8, index), 8, null, WAIT);
    }
    await fabric.settle();
    for (const [packet, buffer] of held.reverse()) {
      kmcl.VmbChannelPacketComplete(packet, buffer, buffer.length);
    }
    await fabric.settle();
    assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [2, 1, 0]);
    assertEquals(ends.map(({ answer }) => answer), [2, 1, 0].map((seed) => [...pattern(8, seed)]));
    freeAll(kmcl, packets);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketFail: stops a ${side} until the channel is closed and opened again`, async () => {
    const log: string[] = [];
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const { pair, fabric, kmcl, receiver, sender, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`packet ${buffer[0]}`);
        if (buffer[0] === 1) return void held.push(packet);
        if (buffer[0] !== 2) return kmcl.VmbChannelPacketComplete(packet, null, 0);
        kmcl.VmbChannelPacketFail(packet);
        assertEquals([...buffer], [2]); // holds until the callback returns
      },
    });
    const ends: Ended[] = [];
    const failing = notedPacket(kmcl, sender, ends);
    pair.calls.length = 0;
    send([1]);
    kmcl.VmbPacketSend(failing, Uint8Array.of(2), 1, null, WAIT);
    send([3]);
    await fabric.settle();
    assertEquals(log, ["packet 1", "packet 2"]);
    assertEquals(pair.calls, [`${side} Suspend`]);
    const state = vmbus.inspectChannel(receiver);
    assertEquals([state.fault, state.lifecycle, state.outstanding], ["packetFailed", "opened", 1]);
    const refused = notedPacket(kmcl, receiver, ends);
    assertEquals(kmcl.VmbPacketSend(refused, null, 0, null, 0), vmbus.STATUS_DEVICE_REMOVED);
    kmcl.VmbChannelPacketComplete(held.pop()!, null, 0); // what it still has it must retire
    kmcl.VmbChannelStart(receiver); // does not bring it back
    send([4]);
    await fabric.settle();
    assertEquals(log, ["packet 1", "packet 2"]);
    assertEquals(pair.calls, [`${side} Suspend`]);
    assertEquals(ends, []); // no completion packet

    await kmcl.VmbChannelDisable(pair.client);
    await kmcl.VmbChannelDisable(pair.server);
    await fabric.settle(); // Suspend is not called twice
    assertEquals(pair.calls.filter((call) => call === `${side} Suspend`).length, 1);
    if (side === "server") {
      assertEquals(ends.map(({ status }) => status), [vmbus.STATUS_DEVICE_REMOVED]); // S15
    }
    enablePair(pair);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(receiver).fault, null);
    log.length = 0;
    send([5]);
    await fabric.settle();
    assertEquals(log, ["packet 5"]);
    freeAll(kmcl, [failing, refused]);
    await closePair(pair);
  });
}

// api.md section 1: what a driver does with an array is its own affair, and nobody else sees it.
for (const codec of ["msgpack", "vmbus"] as const) {
  Deno.test(`Buffer: a driver may transfer each that it gets, also of length 0, and send it (${codec})`, async () => {
    const seen: number[][] = [];
    const take = (buffer: Uint8Array) => {
      seen.push([...buffer]); // throws where it is somebody else's that was transferred
      (buffer.buffer as ArrayBuffer).transfer();
    };
    const { pair, fabric, kmcl, sender } = await openReceiver("server", {
      onPacket: (_channel, packet, buffer) => {
        const answer = buffer.slice();
        take(buffer);
        if (answer.length === 0) kmcl.VmbChannelPacketComplete(packet, buffer, 0);
        else kmcl.VmbChannelPacketComplete(packet, answer, answer.length);
      },
    }, { fabric: { codec } });
    const packet = kmcl.VmbPacketAllocate(sender);
    const gone: Uint8Array[] = [];
    kmcl.VmbPacketSetCompletionRoutine(packet, (_packet, _status, buffer) => {
      take(buffer);
      gone.push(buffer);
    });
    const payloads = [pattern(8), gone, pattern(320), gone, gone];
    for (const [index, one] of payloads.entries()) {
      const payload = one === gone ? gone[0]! : one as Uint8Array;
      const flags = index % 2 === 0 ? WAIT : 0;
      const status = kmcl.VmbPacketSend(packet, payload, payload.length, null, flags);
      assertEquals(status, vmbus.STATUS_SUCCESS);
      await fabric.settle();
    }
    const [short, long] = [[...pattern(8)], [...pattern(320)]];
    assertEquals(seen, [short, short, [], [], long, long, [], [], [], []]);
    freeAll(kmcl, [packet!]);
    await closePair(pair);
  });
}

Deno.test("VmbChannelPacketComplete: after STATUS_PENDING in the same call completes the packet", async () => {
  let calls = 0; // the packet was not handed back: it is not offered again
  const { pair, fabric, kmcl } = await openReceiver("server", {
    onPacket: (_channel, packet) => {
      calls++;
      const { status, mdl } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
      assertEquals(status, vmbus.STATUS_PENDING);
      assertStrictEquals(mdl, null);
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { memory } = pair.guest;
  const page = memory.allocate(PAGE_BYTES);
  memory.pageOut(page.gpa, 1);
  const ends: Ended[] = [];
  const packet = notedPacket(kmcl, pair.client, ends);
  kmcl.VmbPacketSend(packet, null, 0, vmbus.IoAllocateMdl(memory, page.gpa, 8), WAIT);
  await fabric.settle();
  assertEquals(calls, 1);
  assertEquals(ends.map(({ status }) => status), [vmbus.STATUS_SUCCESS]);
  freeAll(kmcl, [packet]);
  memory.free(page);
  await closePair(pair);
});
