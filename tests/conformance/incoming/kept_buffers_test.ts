// api.md section 1: how long a Buffer lives, and what one shows that a driver keeps longer.
import { assertEquals } from "@std/assert";
import type * as vmbus from "../../../mod.ts";
import { closePair, openPair } from "../../support/connected_pair.ts";
import { openReceiver } from "../../support/receiving.ts";
import { pattern, WAIT } from "../../support/sending.ts";

const POISON = 0xdd;

function poisoned(byteCount: number): number[] {
  return Array(byteCount).fill(POISON);
}

for (const side of ["server", "client"] as const) {
  for (const byteCount of [1, 5, 64, 320, 4000]) {
    Deno.test(`EvtChannelProcessPacket: a ${side} that keeps its Buffer of ${byteCount} bytes sees no later packet`, async () => {
      const kept: Uint8Array[] = [];
      const { pair, fabric, kmcl, send } = await openReceiver(side, {
        onPacket: (_channel, packet, buffer) => {
          assertEquals([...buffer], [...pattern(byteCount, kept.length)]);
          kmcl.VmbChannelPacketComplete(packet, buffer, buffer.length);
          kept.push(buffer);
          assertEquals([...buffer], poisoned(byteCount)); // at once
        },
      });
      for (let i = 0; i < 8; i++) {
        send(pattern(byteCount, i));
        await fabric.settle();
        assertEquals([...kept[0]!], poisoned(byteCount));
      }
      await closePair(pair);
    });
  }
}

Deno.test("EvtPacketCompletionRoutine: a Buffer that is kept shows no later answer", async () => {
  const { pair, fabric, kmcl, sender } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) =>
      kmcl.VmbChannelPacketComplete(packet, buffer, buffer.length),
  });
  const kept: Uint8Array[] = [];
  const packet = kmcl.VmbPacketAllocate(sender);
  kmcl.VmbPacketSetCompletionRoutine(packet, (_packet, _status, buffer) => void kept.push(buffer));
  for (let i = 0; i < 8; i++) {
    kmcl.VmbPacketSend(packet, pattern(64, i), 64, null, WAIT);
    await fabric.settle();
    assertEquals(kept.map((buffer) => [...buffer]), kept.map(() => poisoned(64)));
  }
  kmcl.VmbPacketFree(packet);
  await closePair(pair);
});

Deno.test("VmbChannelPacketDeferToPassive: the Buffer is over when the callback has returned, and the packet comes again", async () => {
  const kept: Uint8Array[] = [];
  const seen: number[][] = [];
  const { pair, fabric, kmcl, send } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) => {
      kept.push(buffer);
      const isFirst = kept.length === 1;
      if (isFirst) kmcl.VmbChannelPacketDeferToPassive(packet);
      seen.push([...buffer]);
      if (isFirst) return;
      assertEquals([...kept[0]!], poisoned(3));
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  send([1, 2, 3]);
  await fabric.settle();
  assertEquals(seen, [[1, 2, 3], [1, 2, 3]]);
  await closePair(pair);
});

Deno.test("VmbChannelPacketFail: the Buffer is over when the callback has returned, or the call where it comes later", async () => {
  for (const isLate of [false, true]) {
    let kept: [vmbus.VMBPACKETCOMPLETION, Uint8Array] | undefined;
    const { pair, fabric, kmcl, send } = await openReceiver("server", {
      onPacket: (_channel, packet, buffer) => {
        kept = [packet, buffer];
        if (!isLate) kmcl.VmbChannelPacketFail(packet);
        assertEquals([...buffer], [1, 2, 3]);
      },
    });
    send([1, 2, 3]);
    await fabric.settle();
    const [packet, buffer] = kept!;
    if (isLate) {
      assertEquals([...buffer], [1, 2, 3]);
      kmcl.VmbChannelPacketFail(packet);
    }
    assertEquals([...buffer], poisoned(3));
    await closePair(pair);
  }
});

Deno.test("EvtChannelProcessPacket: a Buffer that its driver transferred is not touched", async () => {
  const taken: ArrayBuffer[] = [];
  const { pair, fabric, kmcl, send } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) => {
      taken.push((buffer.buffer as ArrayBuffer).transfer());
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  for (let i = 0; i < 3; i++) {
    send(pattern(64, i));
    await fabric.settle();
  }
  const found = taken.map((buffer) =>
    pattern(64, 0).every((b) => new Uint8Array(buffer).includes(b))
  );
  assertEquals(found[0], true);
  await closePair(pair);
});

Deno.test("EvtChannelProcessPacket: with the verifier off nothing is overwritten", async () => {
  let kept: Uint8Array | undefined;
  const pair = await openPair({
    fabric: { verifier: "off" },
    onServerPacket: (_channel, packet, buffer) => {
      kept = buffer;
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, vsc, client } = pair;
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), Uint8Array.of(1, 2), 2, null, 0);
  await fabric.settle();
  assertEquals([...kept!], [1, 2]);
  await closePair(pair);
});
