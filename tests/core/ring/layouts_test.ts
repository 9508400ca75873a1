import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as layout from "../../../core/ring/layout.ts";
import { Damage, fieldsOf } from "../../../core/layout/mod.ts";
import { CONTROL_PAGE, DESCRIPTOR, TRAILER } from "../../../core/ring/layouts.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { createTestRing, readPacket, writePacket } from "../../support/test_ring.ts";

const u32 = fc.nat({ max: 0xffff_ffff });

// wire.md 1.2. Reader and writer load and store these words by hand.
Deno.test("CONTROL_PAGE: its words lie where the ring's code has them", () => {
  const { pages, memory } = createTestRing("plain", 1);
  const offsets = {
    writeIndex: layout.WRITE_INDEX_OFFSET,
    readIndex: layout.READ_INDEX_OFFSET,
    interruptMask: layout.INTERRUPT_MASK_OFFSET,
    pendingSendSize: layout.PENDING_SEND_SIZE_OFFSET,
    featureBits: layout.FEATURE_BITS_OFFSET,
  };
  const values = Object.entries(offsets).map(([name, offset], place) => {
    memory.store(offset as 0, place + 100);
    return [name, place + 100];
  });
  const expected = { ...Object.fromEntries(values), guestToHostInterruptCount: 0 };
  const page = pages.copy().subarray(0, PAGE_BYTES);
  assertEquals(CONTROL_PAGE.decode(page), expected);
  assertEquals(CONTROL_PAGE.encode(expected), page);
});

// wire.md 1.4, 2.1
Deno.test("DESCRIPTOR, TRAILER: what the ring's writer writes, and its reader reads", () => {
  const packets = fc.record({
    type: fc.constantFrom(6, 11),
    flags: fc.nat({ max: 1 }),
    transactionId: fc.tuple(u32, u32),
    payload: fc.array(fc.nat({ max: 255 }), { maxLength: 100 }),
    index: fc.nat({ max: 511 }).map((word) => word * 8),
  });
  fc.assert(
    fc.property(packets, ({ index, ...fields }) => {
      const packet = { ...fields, header: [] };
      const { pages, outgoing, incoming } = createTestRing("plain", 1, index);
      assertEquals(writePacket(outgoing, packet), "ok");
      outgoing.commit();
      const data = pages.copy().subarray(PAGE_BYTES);
      const around = new Uint8Array([...data, ...data]).subarray(index);
      const [low, high] = packet.transactionId;
      const length8 = 2 + Math.ceil(packet.payload.length / 8);
      const descriptor = DESCRIPTOR.decode(around);
      if (descriptor instanceof Damage) throw new Error(descriptor.reason);
      const { transactionId, ...rest } = descriptor;
      assertEquals(BigInt(transactionId), BigInt(high) << 32n | BigInt(low));
      const { type, flags } = packet;
      assertEquals(rest, { type, dataOffset8: 2, length8, flags });
      assertEquals(TRAILER.decode(around.subarray(length8 * 8)), { descriptorOffset: index });
      const read = readPacket(incoming);
      assertEquals(typeof read === "object" && read.type, type);
      assertEquals(DESCRIPTOR.encode(descriptor), around.slice(0, layout.DESCRIPTOR_BYTES));
      assertEquals(fieldsOf(DESCRIPTOR, around).byteCount, layout.DESCRIPTOR_BYTES);
    }),
    { seed: 21, numRuns: 100 },
  );
});
