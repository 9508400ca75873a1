import { assertThrows } from "@std/assert";
import { memoryImage } from "../../devices/image.ts";

Deno.test("memoryImage: has no bytes beyond its end", () => {
  const image = memoryImage(new Uint8Array(10));
  assertThrows(() => image.read(8, new Uint8Array(3)), RangeError, "the image has 10");
  assertThrows(() => image.write(11, new Uint8Array(1)), RangeError, "Cannot reach byte 12");
  image.write(8, Uint8Array.of(1, 2));
});
