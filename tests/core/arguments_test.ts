// kmcl.md I7: the forms in which drivers hand values over.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { booleanOf, bytesOf, copyPfns, requireBytes } from "../../core/arguments.ts";
import { lengthOf } from "../../core/bytes.ts";

Deno.test("booleanOf: true and 1, false and 0, and nothing else", () => {
  assertEquals([true, 1].map(booleanOf), [true, true]);
  assertEquals([false, 0].map(booleanOf), [false, false]);
  for (const value of [null, undefined, 2, -1, 0.5, NaN, 1n, 0n, "1", "", {}, Object(true)]) {
    assertEquals(booleanOf(value), null);
  }
});

Deno.test("bytesOf: shows the bytes of any view, shared, with lengths in bytes", () => {
  const buffer = Uint8Array.from({ length: 16 }, (_, at) => at).buffer;
  const views = [
    new Uint8Array(buffer, 8, 8),
    new Uint8ClampedArray(buffer, 8, 8),
    new Uint16Array(buffer, 8, 4),
    new Float64Array(buffer, 8, 1),
    new BigInt64Array(buffer, 8, 1),
    new DataView(buffer, 8, 8),
    Buffer.from(buffer, 8, 8),
  ];
  for (const view of views) {
    const bytes = bytesOf(view);
    assertEquals([...bytes ?? []], [8, 9, 10, 11, 12, 13, 14, 15]);
    assertStrictEquals(bytes?.buffer, buffer);
    assert(bytes instanceof Uint8Array);
  }
  const plain = new Uint8Array(3);
  assertStrictEquals(bytesOf(plain), plain); // nothing is made for the common form
  const shared = new Int32Array(new SharedArrayBuffer(8));
  assertStrictEquals(bytesOf(shared)?.buffer, shared.buffer);
});

Deno.test("bytesOf: what is no view has no bytes to show", () => {
  const values = [null, undefined, 0, "text", [1], {}, new ArrayBuffer(8), { buffer: 1 }];
  for (const value of [...values, new Proxy(new Uint8Array(1), {})]) {
    assertEquals(bytesOf(value), null);
  }
});

Deno.test("bytesOf: a view of a buffer that was transferred or cut shows nothing", () => {
  const buffer = new ArrayBuffer(8);
  const views = [new Uint8Array(buffer), new Uint16Array(buffer), new DataView(buffer)];
  buffer.transfer();
  assertEquals(views.map((view) => bytesOf(view)?.length), [0, 0, 0]);
  const resizable = new ArrayBuffer(8, { maxByteLength: 8 });
  const beyond = [new Uint32Array(resizable, 4, 1), new DataView(resizable, 4, 4)];
  resizable.resize(4);
  assertEquals(beyond.map((view) => bytesOf(view)?.length), [0, 0]);
});

Deno.test("bytesOf: a class that extends Uint8Array cannot say what its bytes are", () => {
  class Odd extends Uint8Array {
    override get length(): number {
      return 1000;
    }
    override subarray(): Uint8Array<ArrayBuffer> {
      throw new Error("not for you");
    }
  }
  const bytes = bytesOf(new Odd(4));
  assert(bytes !== null);
  assertEquals(lengthOf(bytes), 4);
});

Deno.test("requireBytes: throws where there are no bytes, and says what was to be done", () => {
  assertEquals([...requireBytes("act", new DataView(Uint8Array.of(1, 2).buffer))], [1, 2]);
  for (const value of [null, undefined, 1, "text", [1], new ArrayBuffer(1)]) {
    const text = `Cannot act: a value of type ${typeof value} is no ArrayBufferView`;
    assertThrows(() => requireBytes("act", value as never), TypeError, text);
  }
  const buffer = new ArrayBuffer(1);
  const views = [new Uint8Array(buffer), new DataView(buffer)];
  buffer.transfer();
  for (const view of views) {
    const text = "Cannot act: the buffer of the bytes is detached";
    assertThrows(() => requireBytes("act", view), TypeError, text);
  }
});

Deno.test("copyPfns: copies numbers and bigints of arrays and typed arrays", () => {
  const lists = [
    [3, 5, 7],
    [3n, 5, 7n],
    Uint8Array.of(3, 5, 7),
    Uint32Array.of(3, 5, 7),
    Float64Array.of(3, 5, 7),
    BigUint64Array.of(3n, 5n, 7n),
    BigInt64Array.of(3n, 5n, 7n),
  ];
  for (const list of lists) {
    assertEquals([copyPfns(list, 2), copyPfns(list, 9)], [[3, 5], [3, 5, 7]]);
  }
  for (
    const value of [null, undefined, 1, "12", {}, { length: 1 }, new DataView(new ArrayBuffer(8))]
  ) {
    assertEquals(copyPfns(value, 1), null);
  }
});
