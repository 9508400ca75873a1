import { assertEquals, assertThrows } from "@std/assert";
import { MemcpyPipe } from "../../bench/baselines/memcpy_pipe.ts";
import { RingbufPipe } from "../../bench/baselines/ringbuf_pipe.ts";
import { carrying, type Pipe } from "../../bench/pipe.ts";
import { RingPipe } from "../../bench/ring.ts";

const AREA_BYTES = 65_536;

function pipes(): [string, Pipe][] {
  return [
    ["shared ring", new RingPipe(true)],
    ["plain ring", new RingPipe(false)],
    ["ringbuf.js", new RingbufPipe(AREA_BYTES)],
    ["memcpy", new MemcpyPipe(new Uint8Array(2 * AREA_BYTES), AREA_BYTES, "set")],
    ["memcpy in words", new MemcpyPipe(new Uint8Array(2 * AREA_BYTES), AREA_BYTES, "words")],
  ];
}

Deno.test("Pipe: each of them carries the same bytes, also where its memory wraps", () => {
  for (const [name, pipe] of pipes()) {
    // As many bytes go through each as fill it several times over.
    for (let turn = 0; turn < 40; turn++) {
      const byteCount = [64, 1024, 16_384][turn % 3]!;
      const payload = Uint8Array.from({ length: byteCount }, (_, at) => (at * 7 + turn) & 0xff);
      assertEquals(pipe.carry(payload), payload, `${name}, turn ${turn}`);
    }
  }
});

Deno.test("RingPipe: carries batches, also where its memory wraps", () => {
  const pipe = new RingPipe(true);
  for (let turn = 0; turn < 20; turn++) {
    const payload = Uint8Array.from({ length: 1024 + turn }, (_, at) => (at * 7 + turn) & 0xff);
    const copy = pipe.carryBatch(payload, 16);
    assertEquals(copy?.subarray(0, payload.length), payload); // the ring pads to 8
  }
  assertEquals(pipe.carryBatch(new Uint8Array(1024), 63), null); // too much for one batch
});

Deno.test("carrying: stops where a payload gets lost", () => {
  const pipe: Pipe = { carry: () => new Uint8Array(63) };
  const { run } = carrying("a leak", pipe, 64);
  assertThrows(() => run(1), Error, "Cannot measure a leak: a payload of 64 bytes got lost");
});
