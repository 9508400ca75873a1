import { assertEquals } from "@std/assert";
import { bytesOfView, viewOf } from "../../core/views.ts";

Deno.test("bytesOfView: the bytes of any view, and only those", () => {
  const { buffer } = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  assertEquals(bytesOfView(new Uint8Array(buffer, 1, 2)), Uint8Array.of(2, 3));
  assertEquals(bytesOfView(new Uint16Array(buffer, 2, 1)), Uint8Array.of(3, 4));
  assertEquals(bytesOfView(new DataView(buffer, 6)), Uint8Array.of(7, 8));
  assertEquals(bytesOfView(new Uint8Array(new SharedArrayBuffer(1))), Uint8Array.of(0));
  const none = [null, undefined, 1, "x", {}, [], buffer, Object.create(Uint8Array.prototype)];
  for (const value of none) assertEquals(bytesOfView(value), null);
});

Deno.test("bytesOfView: a view whose buffer was transferred has no bytes", () => {
  const views = [new Uint8Array(8), new DataView(new ArrayBuffer(8))];
  for (const { buffer } of views) buffer.transfer();
  assertEquals(views.map((view) => bytesOfView(view)?.length), [0, 0]);
});

Deno.test("bytesOfView, viewOf: own properties of an array do not count", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const lying = bytes.subarray(1);
  for (const key of ["length", "byteLength", "byteOffset", "buffer"]) {
    Object.defineProperty(lying, key, { value: 0 });
  }
  assertEquals(bytesOfView(lying), Uint8Array.of(2, 3, 4));
  const view = viewOf(lying, 2);
  assertEquals([view.byteLength, view.getUint8(0), view.getUint8(1)], [2, 2, 3]);
});
