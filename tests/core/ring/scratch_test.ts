// Packets that are not in one run of their rings, in a buffer that many rings have in common (decisions.md D833).
import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { CopyRoom } from "../../../core/blocks.ts";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import { Scratch } from "../../../core/ring/scratch.ts";
import { createTestRing } from "../../support/test_ring.ts";

const BODY_BYTES = 64;

/** A packet wraps that begins here: its body, or its descriptor as well. */
const BODY_WRAPS = 4096 - 32;
const DESCRIPTOR_WRAPS = 4096 - 8;

/** Rings whose next packet begins at these indices: their writers have one buffer, and their readers another. */
function ringsInCommon(
  indices: readonly number[] = [BODY_WRAPS, BODY_WRAPS],
): { outgoing: OutgoingRing; incoming: IncomingRing }[] {
  const [written, read] = [new Scratch(), new Scratch()];
  return indices.map((index) => {
    const { memory } = createTestRing("plain", 1, index);
    return {
      outgoing: new OutgoingRing(memory, null, true, written),
      incoming: new IncomingRing(memory, null, true, read),
    };
  });
}

function write(ring: OutgoingRing, value: number): void {
  assertEquals(ring.reserve(BODY_BYTES), "ok");
  ring.body.fill(value, ring.bodyStart, ring.bodyStart + BODY_BYTES);
  ring.finish(6, 0, 0, 0, 0);
  ring.commit();
}

Deno.test("Scratch: rings that have it in common carry their own packets, one after the other", () => {
  const rings = ringsInCommon();
  for (const [at, { outgoing }] of rings.entries()) write(outgoing, 1 + at);
  for (const [at, { incoming }] of rings.entries()) {
    assertEquals(incoming.next(), "packet");
    assertEquals(
      incoming.bytes.slice(incoming.start, incoming.end),
      new Uint8Array(64).fill(1 + at),
    );
    const copy = incoming.takePayload(new CopyRoom(), incoming.payloadStart, BODY_BYTES);
    assertEquals(copy, new Uint8Array(64).fill(1 + at));
    incoming.advance();
  }
});

Deno.test("Scratch: a payload whose packet was not copied before it is taken is the ring's own, whoever copied since", () => {
  const rings = ringsInCommon();
  for (const [at, { outgoing }] of rings.entries()) write(outgoing, 1 + at);
  const [one, other] = [rings[0]!.incoming, rings[1]!.incoming];
  assertEquals([one.next(), other.next()], ["packet", "packet"]);
  assertEquals(other.bytes[other.start], 2);
  const copy = one.takePayload(new CopyRoom(), one.payloadStart, BODY_BYTES);
  assertEquals(copy, new Uint8Array(64).fill(1));
});

Deno.test("Scratch: to begin another ring's packet before one is finished is a fault of ours", () => {
  const [one, other] = ringsInCommon().map(({ outgoing }) => outgoing);
  one!.reserve(BODY_BYTES);
  other!.reserve(BODY_BYTES);
  assertThrows(() => one!.finish(6, 0, 0, 0, 0), BrokenInvariant, "finished before another ring's");
  other!.finish(6, 0, 0, 0, 0);
});

Deno.test("Scratch: a packet is not loaded twice, not even where another's was copied over it", () => {
  for (const otherIndex of [BODY_WRAPS, DESCRIPTOR_WRAPS]) {
    const rings = ringsInCommon([BODY_WRAPS, otherIndex]);
    for (const { outgoing } of rings) write(outgoing, 1);
    const [one, other] = [rings[0]!.incoming, rings[1]!.incoming];
    one.next();
    assertEquals(one.bytes[one.start], 1);
    other.next(); // which copies a descriptor that wraps
    if (otherIndex === BODY_WRAPS) assertEquals(other.bytes[other.start], 1);
    const take = () => one.takePayload(new CopyRoom(), one.payloadStart, BODY_BYTES);
    assertThrows(take, BrokenInvariant, "before another ring's");
    assertThrows(() => one.bytes, BrokenInvariant, "before another ring's");
  }
});
