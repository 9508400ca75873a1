// Pipe mode (kmcl.md section 7, D35; wire.md 2.4).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, type PairOptions } from "../../support/connected_pair.ts";
import { openReceiver, RECEIVERS } from "../../support/receiving.ts";
import { pattern, sendPlain, WAIT } from "../../support/sending.ts";
import { PIPE_OPTIONS } from "../../support/send_stage.ts";

const IS_PIPE = vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE;
const OFFER_AS_PIPE = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE;
/** Largest datagram. */
const DATAGRAM_BYTES_MAX = 16384;

/** Options of a pipe whose ends may send the largest datagram. */
const LARGE: PairOptions = {
  server: (vsp, channel) => {
    PIPE_OPTIONS.server(vsp, channel);
    vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, 20_000));
  },
  client: (vsc, channel) => {
    PIPE_OPTIONS.client(vsc, channel);
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 20_000));
  },
};

for (const side of RECEIVERS) {
  for (const codec of ["msgpack", "vmbus"] as const) {
    Deno.test(`EvtChannelProcessPacket: each write to a ${side}'s pipe is one datagram, of its exact length (${codec})`, async () => {
      const received: Uint8Array[] = [];
      const flagsSeen = new Set<number>();
      const { pair, fabric, kmcl, send } = await openReceiver(side, {
        onPacket: (_channel, packet, buffer, bufferLength, flags) => {
          received.push(buffer.slice(0, bufferLength));
          flagsSeen.add(flags);
          kmcl.VmbChannelPacketComplete(packet, null, 0);
        },
      }, { ...LARGE, fabric: { codec } });
      const lengths = [0, 1, 7, 8, 9, 15, 1001, DATAGRAM_BYTES_MAX];
      for (const [seed, length] of lengths.entries()) send(pattern(length, seed));
      await fabric.settle();
      assertEquals(received, lengths.map((length, seed) => pattern(length, seed)));
      assertEquals([...flagsSeen], [0]);
      await closePair(pair);
    });
  }

  Deno.test(`VmbPacketSend: a datagram to a ${side} has at most 16 384 bytes, and no transaction`, async () => {
    let delivered = 0;
    const { pair, fabric, kmcl, sender } = await openReceiver(side, {
      onPacket: (_channel, packet) => {
        delivered++;
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    }, LARGE);
    const packet = kmcl.VmbPacketAllocate(sender);
    const bytes = new Uint8Array(20_000);
    const page = pair.guest.memory.allocate(1);
    const mdl = vmbus.IoAllocateMdl(pair.guest.memory, page.gpa, 1);
    const refusals = [
      kmcl.VmbPacketSend(packet, bytes, DATAGRAM_BYTES_MAX + 1, null, 0),
      kmcl.VmbPacketSend(packet, bytes, 1, null, WAIT),
      kmcl.VmbPacketSend(packet, bytes, 1, mdl, WAIT),
      kmcl.VmbPacketSendWithExternalMdl(packet, bytes, 1, mdl, 0, 0, WAIT),
      kmcl.VmbPacketSendWithExternalPfns(packet, bytes, 1, page.pfns, 1, WAIT),
    ];
    assertEquals(refusals.map((status) => vmbus.ntStatusName(status)), [
      "STATUS_INVALID_PARAMETER_3",
      ...Array(4).fill("STATUS_NOT_SUPPORTED"),
    ]);
    assertEquals(kmcl.VmbPacketSend(packet, bytes, 1, null, 0), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    assertEquals(delivered, 1);
    pair.guest.memory.free(page);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketComplete: sends nothing through a ${side}'s pipe`, async () => {
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) =>
        kmcl.VmbChannelPacketComplete(packet, buffer, buffer.length),
    }, PIPE_OPTIONS);
    const before = vmbus.inspectChannel(receiver).outgoingRing?.writeIndex;
    send([1, 2, 3]);
    await fabric.settle();
    const { outgoingRing, outstanding } = vmbus.inspectChannel(receiver);
    assertEquals([outgoingRing?.writeIndex, outstanding], [before, 0]);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketDeferToPassive: works on a ${side}'s pipe`, async () => {
    const log: string[] = [];
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`${buffer.join()}@${vmbus.KeGetCurrentIrql()}`);
        if (vmbus.KeGetCurrentIrql() === 2) kmcl.VmbChannelPacketDeferToPassive(packet);
        else kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    }, PIPE_OPTIONS);
    send([1, 2]);
    send([3]);
    await fabric.settle();
    assertEquals(log, ["1,2@2", "1,2@0", "3@2", "3@0"]);
    await closePair(pair);
  });
}

Deno.test("VmbPacketSend: a datagram that queued before the open arrives like any other", async () => {
  const received: string[] = [];
  const pair = makePair({
    ...PIPE_OPTIONS,
    onServerPacket: (_channel, packet, buffer) => {
      received.push(buffer.join());
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  enablePair(pair);
  sendPlain(pair.vsc, pair.client, Uint8Array.of(7, 8, 9));
  await pair.fabric.settle();
  assertEquals(received, ["7,8,9"]);
  await closePair(pair);
});

// Server flags, server's IS_PIPE, client's IS_PIPE; whether it opens.
const MATCHES = [
  [0, 0, 0, true],
  [0, 0, IS_PIPE, false],
  [OFFER_AS_PIPE, 0, 0, false],
  [OFFER_AS_PIPE, 0, IS_PIPE, true], // OFFER_AS_PIPE implies IS_PIPE on the server
  [OFFER_AS_PIPE, IS_PIPE, IS_PIPE, true],
  [0, IS_PIPE, IS_PIPE, true], // a server that is a pipe is offered as one
  [0, IS_PIPE, 0, false],
] as const;

for (const [serverFlags, serverIsPipe, clientIsPipe, opens] of MATCHES) {
  const what = `${serverFlags}, ${serverIsPipe} and ${clientIsPipe}`;
  Deno.test(`VmbChannelInitSetFlags: a pipe ${opens ? "opens" : "fails to open"} with ${what}`, async () => {
    const received: string[] = [];
    const pair = makePair({
      server: (vsp, channel) => {
        vmbus.expectSuccess(vsp.VmbServerChannelInitSetFlags(channel, serverFlags));
        vmbus.expectSuccess(vsp.VmbChannelInitSetFlags(channel, serverIsPipe));
      },
      client: (vsc, channel) => {
        vmbus.expectSuccess(vsc.VmbChannelInitSetFlags(channel, clientIsPipe));
      },
      onServerPacket: (_channel, packet, buffer) => {
        received.push(buffer.join());
        pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    const { fabric, vsc, server, client, calls } = pair;
    enablePair(pair);
    await fabric.settle();
    if (opens) {
      sendPlain(vsc, client, Uint8Array.of(1, 2, 3));
      await fabric.settle();
      assertEquals(received, ["1,2,3"]);
      assertEquals(vmbus.inspectChannel(server).fault, null);
    } else {
      assertEquals(calls, ["client PnpFailure STATUS_NOT_SUPPORTED"]);
      assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled");
      assertEquals(vmbus.inspectChannel(server).lifecycle, "enabled");
    }
    await closePair(pair);
  });
}

Deno.test("VmbChannelSendSynchronousRequest: through a pipe sends one datagram, and may not ask for a completion", async () => {
  const received: string[] = [];
  const { pair, fabric, kmcl } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) => {
      received.push(buffer.join());
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  }, PIPE_OPTIONS);
  const request = (flags: number) =>
    kmcl.VmbChannelSendSynchronousRequest(pair.client, Uint8Array.of(4), 1, null, flags, null, 0);
  const refused = await request(WAIT);
  assertEquals(refused, { status: vmbus.STATUS_NOT_SUPPORTED, completionBufferSize: null });
  assertEquals(await request(0), { status: vmbus.STATUS_SUCCESS, completionBufferSize: 0 });
  await fabric.settle();
  assertEquals(received, ["4"]);
  await closePair(pair);
});

Deno.test("VmbChannelEnable: the rings of a pipe have room for the largest datagram and its header", async () => {
  // In the vmbus codec a datagram has 16 + 8 bytes before it and 8 behind, and a writer leaves 16 bytes
  // of the ring free (wire.md 1.3, 2.4).
  for (const [packetBytes, pages] of [[4096 - 48, 1], [4096 - 47, 2]] as const) {
    const received: number[] = [];
    const { pair, fabric, kmcl, send } = await openReceiver("server", {
      onPacket: (_channel, packet, _buffer, bufferLength) => {
        received.push(bufferLength);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    }, {
      fabric: { codec: "vmbus" },
      ringPages: [1, 1],
      server: PIPE_OPTIONS.server,
      client: (vsc, channel) => {
        PIPE_OPTIONS.client(vsc, channel);
        vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, packetBytes));
      },
    });
    assertEquals(vmbus.inspectChannel(pair.client).outgoingRing?.dataBytes, pages * 4096);
    send(new Uint8Array(packetBytes));
    assertEquals(vmbus.inspectChannel(pair.client).queued, 0);
    await fabric.settle();
    assertEquals(received, [packetBytes]);
    await closePair(pair);
  }
});
