// What arrives of a payload, with either codec: the vmbus codec counts in words of 8 bytes (wire.md 2.1),
// msgpack and pipes carry the exact length (P1, P8).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair } from "../../support/connected_pair.ts";
import { request } from "../../support/requests.ts";
import { PIPE_OPTIONS } from "../../support/send_stage.ts";
import {
  type Ended,
  freeAll,
  notedPacket,
  pattern,
  sendPlain,
  unchangedBy,
  WAIT,
} from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;
const SIZES = [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 255, 256, 1000, 4095, 4096];

/** `bytes` as they arrive in words: zeros up to a multiple of 8. */
function inWords(bytes: Uint8Array): number[] {
  return [...bytes, ...new Array((8 - bytes.length % 8) % 8).fill(0)];
}

const CODECS = [
  ["msgpack", (bytes: Uint8Array) => [...bytes]],
  ["vmbus", inWords],
] as const;

for (const [codec, arriving] of CODECS) {
  Deno.test(`VmbPacketSend: lengths of payloads and answers with the codec ${codec}`, async () => {
    const received: number[][] = [];
    const pair = await openPair({
      fabric: { codec },
      onServerPacket: (_channel, context, buffer, length) => {
        assertEquals(buffer.length, length);
        received.push([...buffer]);
        const answer = pattern(SIZES[received.length - 1]!, 9);
        pair.vsp.VmbChannelPacketComplete(context, answer, answer.length);
      },
    });
    const { vsc, client, fabric } = pair;
    const ends: Ended[] = [];
    const packet = notedPacket(vsc, client, ends);
    for (const [index, byteCount] of SIZES.entries()) {
      const payload = pattern(byteCount, index);
      assertEquals(vsc.VmbPacketSend(packet, payload, byteCount, null, WAIT), GOOD);
      await fabric.settle();
    }
    assertEquals(received, SIZES.map((byteCount, index) => arriving(pattern(byteCount, index))));
    assertEquals(
      ends.map(({ answer }) => answer),
      SIZES.map((bytes) => arriving(pattern(bytes, 9))),
    );
    assertEquals(ends.map(({ status }) => status), SIZES.map(() => GOOD));
    freeAll(vsc, [packet]);
    await closePair(pair);
  });

  Deno.test(`VmbPacketSend: a datagram keeps its length with the codec ${codec}`, async () => {
    // kmcl.md section 7
    const received: number[][] = [];
    const pair = await openPair({
      ...PIPE_OPTIONS,
      fabric: { codec },
      onServerPacket: (_channel, context, buffer, length) => {
        received.push([...buffer.subarray(0, length)]);
        pair.vsp.VmbChannelPacketComplete(context, null, 0);
      },
    });
    for (const [index, byteCount] of SIZES.entries()) {
      assertEquals(sendPlain(pair.vsc, pair.client, pattern(byteCount, index)), GOOD);
    }
    await pair.fabric.settle();
    assertEquals(received, SIZES.map((byteCount, index) => [...pattern(byteCount, index)]));
    await closePair(pair);
  });

  Deno.test(`VmbPacketSend: the largest packet of a channel passes with the codec ${codec}`, async () => {
    // kmcl.md section 5: the client's rings carry a packet at its own bounds, whatever pages it asked for.
    const received: number[] = [];
    const pair = await openPair({
      fabric: { codec },
      ringPages: [1, 1],
      client: (vsc, channel) => {
        vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 500_000));
        vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 65_536, 16));
      },
      server: (vsp, channel) => {
        vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, 500_000));
      },
      onServerPacket: (_channel, context, _buffer, length) => {
        received.push(length);
        pair.vsp.VmbChannelPacketComplete(context, null, 0);
      },
    });
    const { vsc, client, fabric, guest } = pair;
    const ends: Ended[] = [];
    const packet = notedPacket(vsc, client, ends);
    // 16 MDLs, as many pages as 65 536 bytes can touch: each begins with the last byte of a page.
    const mdls = Array.from(
      { length: 16 },
      (_, index) => vmbus.IoAllocateMdl(guest.memory, (index * 3 + 1) * 4096 - 1, 4096),
    );
    for (const [index, mdl] of mdls.entries()) mdl.next = mdls[index + 1] ?? null;
    const status = vsc.VmbPacketSend(packet, new Uint8Array(500_000), 500_000, mdls[0]!, WAIT);
    assertEquals(status, GOOD);
    await fabric.settle();
    assertEquals([received, ends.map(({ status }) => status)], [[500_000], [GOOD]]);
    freeAll(vsc, [packet]);
    await closePair(pair);
  });
}

Deno.test("VmbPacketSend: BufferLength says how much of the buffer counts (P8)", async () => {
  const received: number[][] = [];
  const pair = await openPair({
    onServerPacket: (_channel, context, buffer, length) => {
      received.push([...buffer]);
      pair.vsp.VmbChannelPacketComplete(context, pattern(40, 7), length);
    },
  });
  const { vsc, client, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  for (const byteCount of [0, 1, 12, 40]) {
    assertEquals(vsc.VmbPacketSend(packet, pattern(40), byteCount, null, WAIT), GOOD);
    await fabric.settle();
    assertEquals(received.pop(), [...pattern(40).subarray(0, byteCount)]);
    assertEquals(ends.pop()?.answer, [...pattern(40, 7).subarray(0, byteCount)]);
  }
  freeAll(vsc, [packet]);
  await closePair(pair);
});

Deno.test("VmbPacketSend: a pipe knows no completions, and datagrams of 16384 bytes (P5)", async () => {
  // kmcl.md section 7
  const received: number[][] = [];
  const pair = await openPair({
    server: (vsp, channel) => {
      PIPE_OPTIONS.server(vsp, channel);
      vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, 500_000));
    },
    client: (vsc, channel) => {
      PIPE_OPTIONS.client(vsc, channel);
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 500_000));
    },
    onServerPacket: (_channel, context, buffer) => {
      received.push([...buffer]);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  for (const [table, channel] of [[vsc, client], [vsp, server]] as const) {
    const packet = table.VmbPacketAllocate(channel);
    const send = (byteCount: number, flags: number) =>
      unchangedBy(
        fabric,
        () => table.VmbPacketSend(packet, new Uint8Array(byteCount), byteCount, null, flags),
      );
    assertEquals(send(0, WAIT), vmbus.STATUS_NOT_SUPPORTED);
    assertEquals(send(16_385, 0), vmbus.STATUS_INVALID_PARAMETER_3);
    table.VmbPacketFree(packet);
    const { status } = await request(table, channel, { flags: WAIT });
    assertEquals(status, vmbus.STATUS_NOT_SUPPORTED);
  }
  assertEquals(sendPlain(vsc, client, pattern(16_384)), GOOD);
  const result = await request(vsc, client, { payload: pattern(11, 3) });
  assertEquals(result, { status: GOOD, completionBufferSize: 0 });
  await fabric.settle();
  assertEquals(received, [[...pattern(16_384)], [...pattern(11, 3)]]);
  await closePair(pair);
});
