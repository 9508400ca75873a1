// External data as its receiver sees it (kmcl.md section 5, VmbChannelPacketGetExternalData; P6, R1).

import { assertEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, type PairOptions } from "../../support/connected_pair.ts";
import { openReceiver, type Receiving } from "../../support/receiving.ts";
import { type Ended, freeAll, notedPacket, pattern, WAIT } from "../../support/sending.ts";

const PAGE_BYTES = 4096;
const EXTERNAL = vmbus.VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA;
const READ_ONLY = vmbus.VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY;

/** A server that holds what it gets, and 8 pages of its guest with a pattern. */
interface Stage extends Receiving {
  readonly held: vmbus.VMBPACKETCOMPLETION[];
  readonly flags: number[];
  readonly pages: vmbus.GuestBuffer;
  readonly bytes: Uint8Array;
  /** An MDL for `byteCount` bytes from `offset` of the pages on. */
  readonly mdl: (offset: number, byteCount: number) => vmbus.Mdl;
  /** Sends one packet with an MDL chain. */
  readonly sendMdl: (mdl: vmbus.Mdl) => void;
  readonly close: () => Promise<void>;
}

async function setStage(options: PairOptions = {}): Promise<Stage> {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const flags: number[] = [];
  const receiving = await openReceiver("server", {
    onPacket: (_channel, packet, _buffer, _bufferLength, packetFlags) => {
      held.push(packet);
      flags.push(packetFlags);
    },
  }, options);
  const { pair, kmcl } = receiving;
  const { memory } = pair.guest;
  const pages = memory.allocate(8 * PAGE_BYTES);
  const bytes = pattern(8 * PAGE_BYTES);
  memory.write(pages.gpa, bytes);
  return {
    ...receiving,
    held,
    flags,
    pages,
    bytes,
    mdl: (offset, byteCount) => vmbus.IoAllocateMdl(memory, pages.gpa + offset, byteCount),
    sendMdl: (mdl) => {
      const packet = kmcl.VmbPacketAllocate(pair.client);
      assertEquals(kmcl.VmbPacketSend(packet, null, 0, mdl, WAIT), vmbus.STATUS_SUCCESS);
    },
    close: async () => {
      for (const packet of held.splice(0)) kmcl.VmbChannelPacketComplete(packet, null, 0);
      await receiving.fabric.settle();
      memory.free(pages);
      await closePair(pair);
    },
  };
}

function chain(...mdls: vmbus.Mdl[]): vmbus.Mdl {
  for (const [index, mdl] of mdls.entries()) mdl.next = mdls[index + 1] ?? null;
  return mdls[0]!;
}

/** What the server sees of the external data of its oldest packet, one copy for each MDL. */
function received({ kmcl, held }: Stage, flags = 0): Uint8Array[] {
  const { status, mdl } = kmcl.VmbChannelPacketGetExternalData(held[0]!, flags);
  assertEquals(status, vmbus.STATUS_SUCCESS);
  const parts: Uint8Array[] = [];
  for (let at = mdl; at !== null; at = at.next) {
    const rest = at.next;
    at.next = null;
    const segments = vmbus.mdlSegments(at);
    at.next = rest;
    const part = new Uint8Array(at.byteCount);
    let offset = 0;
    for (const segment of segments) {
      part.set(segment, offset);
      offset += segment.length;
    }
    assertEquals(offset, at.byteCount);
    parts.push(part);
  }
  return parts;
}

for (const codec of ["msgpack", "vmbus"] as const) {
  Deno.test(`VmbChannelPacketGetExternalData: gives the bytes of an MDL that begins and ends anywhere (${codec})`, async () => {
    const stage = await setStage({ fabric: { codec } }); // P6
    for (const [offset, byteCount] of [[0, 1], [100, 4000], [4095, 2], [3, 4 * 4096]] as const) {
      stage.sendMdl(stage.mdl(offset, byteCount));
      await stage.fabric.settle();
      for (const flags of [0, READ_ONLY]) {
        assertEquals(received(stage, flags), [stage.bytes.slice(offset, offset + byteCount)]);
      }
      stage.kmcl.VmbChannelPacketComplete(stage.held.shift()!, null, 0);
    }
    assertEquals(stage.flags, [EXTERNAL, EXTERNAL, EXTERNAL, EXTERNAL]);
    await stage.close();
  });

  Deno.test(`VmbChannelPacketGetExternalData: gives a chain as a chain (${codec})`, async () => {
    const stage = await setStage({ fabric: { codec } }); // P6
    const parts = [[10, 20], [5 * 4096 - 1, 4098], [4096, 4096], [10, 20]] as const;
    stage.sendMdl(chain(...parts.map(([offset, byteCount]) => stage.mdl(offset, byteCount))));
    await stage.fabric.settle();
    const expected = parts.map(([offset, byteCount]) =>
      stage.bytes.slice(offset, offset + byteCount)
    );
    assertEquals(received(stage), expected);
    await stage.close();
  });
}

Deno.test("VmbPacketSendWithExternalMdl: the receiver gets the part that was named", async () => {
  const stage = await setStage(); // P5, P6
  const { kmcl, pair, held, fabric, bytes } = stage;
  const send = (mdl: vmbus.Mdl, offset: number, length: number, flags: number) => {
    const packet = kmcl.VmbPacketAllocate(pair.client);
    return kmcl.VmbPacketSendWithExternalMdl(packet, null, 0, mdl, offset, length, flags);
  };
  const force = WAIT | vmbus.VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH;
  const cases = [
    // A chain of 100 bytes at 50 and 200 at 5000: offset, length, flags, then what arrives.
    [0, 0, WAIT, [[50, 100], [5000, 200]]],
    [99, 2, WAIT, [[149, 1], [5000, 1]]],
    [100, 0, WAIT, [[5000, 200]]],
    [299, 1, WAIT, [[5199, 1]]],
    // Forced: only the first MDL counts, up to the end of its page.
    [0, 4046, force, [[50, 4046]]],
    [90, 30, force, [[140, 30]]],
    // Without a length FORCE_MDL_LENGTH has no effect.
    [0, 0, force, [[50, 100], [5000, 200]]],
  ] as const;
  for (const [offset, length, flags, parts] of cases) {
    const mdl = chain(stage.mdl(50, 100), stage.mdl(5000, 200));
    assertEquals(send(mdl, offset, length, flags), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    const expected = parts.map(([at, byteCount]) => bytes.slice(at, at + byteCount));
    assertEquals(received(stage), expected);
    kmcl.VmbChannelPacketComplete(held.shift()!, null, 0);
  }
  await stage.close();
});

Deno.test("VmbPacketSendWithExternalPfns: the receiver gets whole pages, in the order of the PFNs", async () => {
  const stage = await setStage(); // P5, P6
  const { kmcl, pair, pages, bytes } = stage;
  const pfns = [5, 1, 1, 2].map((page) => pages.pfns[page]!);
  const packet = kmcl.VmbPacketAllocate(pair.client);
  const status = kmcl.VmbPacketSendWithExternalPfns(packet, null, 0, pfns, 3, WAIT);
  assertEquals(status, vmbus.STATUS_SUCCESS);
  await stage.fabric.settle();
  const expected = new Uint8Array(3 * PAGE_BYTES);
  for (const [index, page] of [5, 1, 1].entries()) {
    expected.set(bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), index * PAGE_BYTES);
  }
  assertEquals(received(stage), [expected]);
  await stage.close();
});

Deno.test("VmbChannelPacketGetExternalData: the memory is shared, and the MDL the same each time", async () => {
  const stage = await setStage(); // P6
  const { kmcl, held, pair, pages, fabric } = stage;
  stage.sendMdl(stage.mdl(4000, 200));
  await fabric.settle();
  const first = kmcl.VmbChannelPacketGetExternalData(held[0]!, 0).mdl;
  assertStrictEquals(kmcl.VmbChannelPacketGetExternalData(held[0]!, READ_ONLY).mdl, first);
  const [segment] = vmbus.mdlSegments(first);
  segment!.set([1, 2, 3]);
  assertEquals([...pair.guest.memory.read(pages.gpa + 4000, 3)], [1, 2, 3]);
  pair.guest.memory.write(pages.gpa + 4001, Uint8Array.of(9));
  assertEquals([...segment!.subarray(0, 3)], [1, 9, 3]);
  await stage.close();
});

for (const end of ["PacketComplete", "DeferToPassive", "PacketFail"] as const) {
  Deno.test(`VmbChannelPacketGetExternalData: the MDL dies with ${end}`, async () => {
    const mdls: vmbus.Mdl[] = []; // kmcl.md section 9: in mode record its use gives no bytes
    const { pair, fabric, kmcl } = await openReceiver("server", {
      onPacket: (_channel, packet) => {
        const { status, mdl } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
        assertEquals(status, vmbus.STATUS_SUCCESS);
        assertEquals(vmbus.mdlSegments(mdl).length, 2); // two MDLs that lie apart
        mdls.push(mdl!, mdl!.next!);
        if (end === "PacketFail") return kmcl.VmbChannelPacketFail(packet);
        if (end === "DeferToPassive" && vmbus.KeGetCurrentIrql() === 2) {
          return kmcl.VmbChannelPacketDeferToPassive(packet);
        }
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    }, { fabric: { verifier: "record" } });
    const { memory } = pair.guest;
    const pages = memory.allocate(3 * PAGE_BYTES);
    const mdl = chain(
      vmbus.IoAllocateMdl(memory, pages.gpa, 8),
      vmbus.IoAllocateMdl(memory, pages.gpa + 2 * PAGE_BYTES, 8),
    );
    const ends: Ended[] = [];
    const packet = notedPacket(kmcl, pair.client, ends);
    kmcl.VmbPacketSend(packet, null, 0, mdl, WAIT);
    await fabric.settle();
    assertEquals(mdls.length, end === "DeferToPassive" ? 4 : 2);
    assertEquals(new Set(mdls).size, mdls.length);
    for (const dead of mdls) assertEquals(vmbus.mdlSegments(dead), []);
    const rule = "use of an MDL after PacketComplete or Unmap";
    assertEquals(fabric.violations.map((violation) => violation.rule), mdls.map(() => rule));
    assertEquals(fabric.violations[0]?.call, "mdlSegments");
    assertEquals(ends.length, end === "PacketFail" ? 0 : 1);
    assertEquals(vmbus.mdlSegments(mdl).length, 2); // the sender's own is as it was
  });
}

Deno.test("VmbChannelPacketGetExternalData: statuses, in their order", async () => {
  const stage = await setStage({
    server: (vsp, channel) => {
      vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumExternalData(channel, 5000, 2));
    },
  });
  const { kmcl, held, fabric, pages, pair } = stage;
  const get = (context: vmbus.VMBPACKETCOMPLETION | null, flags: number) => {
    const { status, mdl } = kmcl.VmbChannelPacketGetExternalData(context, flags);
    if (status !== vmbus.STATUS_SUCCESS) assertStrictEquals(mdl, null);
    return vmbus.ntStatusName(status);
  };
  const plain = kmcl.VmbPacketAllocate(pair.client);
  kmcl.VmbPacketSend(plain, null, 0, null, WAIT);
  stage.sendMdl(stage.mdl(0, 5001)); // more bytes than the server's bound
  stage.sendMdl(chain(stage.mdl(0, 1), stage.mdl(1, 1), stage.mdl(2, 1))); // more MDLs
  stage.sendMdl(chain(stage.mdl(0, 4999), stage.mdl(0, 1))); // at both bounds
  await fabric.settle();
  const [noData, tooLarge, tooLong, good] = held;
  pair.guest.memory.pageOut(pages.gpa, 8 * PAGE_BYTES);

  assertEquals(get(null, 2), "STATUS_INVALID_PARAMETER_1");
  assertEquals(get(noData!, 2), "STATUS_INVALID_PARAMETER_2");
  for (const flags of [-1, 0.5, NaN, 2 ** 32]) {
    assertEquals(get(good!, flags), "STATUS_INVALID_PARAMETER_2");
  }
  assertEquals(get(noData!, 1), "STATUS_NOT_FOUND");
  assertEquals(get(tooLarge!, 0), "STATUS_INVALID_BUFFER_SIZE");
  assertEquals(get(tooLong!, 0), "STATUS_INVALID_BUFFER_SIZE");
  assertEquals(get(good!, 0), "STATUS_PENDING");
  await fabric.settle();
  assertEquals(get(good!, 0), "STATUS_SUCCESS");
  kmcl.VmbChannelPacketComplete(good!, null, 0);
  assertEquals(get(good!, 2), "STATUS_INVALID_PARAMETER_1");
  held.splice(3, 1);
  await stage.close();
});

Deno.test("VmbChannelPacketGetExternalData: of a deferred packet is that of a bad context", async () => {
  const statuses: (string | undefined)[] = [];
  const { pair, fabric, kmcl } = await openReceiver("server", {
    onPacket: (_channel, packet) => {
      if (vmbus.KeGetCurrentIrql() === 0) return kmcl.VmbChannelPacketComplete(packet, null, 0);
      kmcl.VmbChannelPacketDeferToPassive(packet);
      const { status } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
      statuses.push(vmbus.ntStatusName(status));
    },
  });
  const page = pair.guest.memory.allocate(PAGE_BYTES);
  const mdl = vmbus.IoAllocateMdl(pair.guest.memory, page.gpa, 8);
  kmcl.VmbPacketSend(kmcl.VmbPacketAllocate(pair.client), null, 0, mdl, WAIT);
  await fabric.settle();
  assertEquals(statuses, ["STATUS_INVALID_PARAMETER_1"]);
  pair.guest.memory.free(page);
  await closePair(pair);
});

Deno.test("VmbChannelPacketGetExternalData: pages that are out come in, and the packet keeps its place", async () => {
  const log: string[] = []; // R1
  const stale: vmbus.VMBPACKETCOMPLETION[] = [];
  const { pair, fabric, kmcl } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) => {
      const { status, mdl } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
      log.push(`${buffer[0]} ${vmbus.ntStatusName(status)} ${vmbus.mdlSegments(mdl)[0]?.[0]}`);
      if (status === vmbus.STATUS_PENDING) return void stale.push(packet);
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { memory } = pair.guest;
  const pages = memory.allocate(2 * PAGE_BYTES);
  memory.write(pages.gpa, Uint8Array.of(77));
  memory.pageOut(pages.gpa + PAGE_BYTES, 1); // one of the two
  const packets: vmbus.VMBPACKET[] = [];
  const ends: Ended[] = [];
  for (const value of [1, 2]) {
    const packet = notedPacket(kmcl, pair.client, ends);
    const mdl = vmbus.IoAllocateMdl(memory, pages.gpa, value === 1 ? 2 * PAGE_BYTES : 1);
    kmcl.VmbPacketSend(packet, Uint8Array.of(value), 1, mdl, WAIT);
    packets.push(packet);
  }
  await fabric.settle();
  assertEquals(log, ["1 STATUS_PENDING undefined", "1 STATUS_SUCCESS 77", "2 STATUS_SUCCESS 77"]);
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0, 1]);
  const { status } = kmcl.VmbChannelPacketGetExternalData(stale[0]!, 0); // its context is dead
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1);
  freeAll(kmcl, packets);
  memory.free(pages);
  await closePair(pair);
});

Deno.test("VmbChannelPacketGetExternalData: may be asked after ProcessPacket returned, and brings pages in then", async () => {
  const stage = await setStage();
  const { kmcl, held, fabric, pair, pages, receiver } = stage;
  kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
  stage.sendMdl(stage.mdl(0, 100));
  await fabric.settle();
  pair.guest.memory.pageOut(pages.gpa, 1);
  const ask = () => vmbus.ntStatusName(kmcl.VmbChannelPacketGetExternalData(held[0]!, 0).status);
  assertEquals(ask(), "STATUS_PENDING");
  stage.sendMdl(stage.mdl(0, 100)); // a packet that comes while pages are brought in
  await fabric.settle();
  assertEquals(held.length, 2); // it was delivered; the first one is with the driver, and not again
  assertEquals(ask(), "STATUS_SUCCESS");
  await stage.close();
});
