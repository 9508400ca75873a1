// The pictures of docs/wire.md: drawn from bytes, and current.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { bytes, bytesToEnd, fieldsOf, struct, u16, u32 } from "../../../core/layout/mod.ts";
import { bytesPicture } from "../../../tools/wire_pictures/bytes_picture.ts";
import { withPictures } from "../../../tools/wire_pictures/main.ts";
import { wirePictures } from "../../../tools/wire_pictures/pictures.ts";
import { ringPicture } from "../../../tools/wire_pictures/ring_picture.ts";

Deno.test("wirePictures: docs/wire.md has them all, as the package writes their bytes", async () => {
  const pictures = await wirePictures();
  const text = await Deno.readTextFile("docs/wire.md");
  assertEquals(withPictures(text, pictures), text);
  // wire.md 10, worked by hand: the trailer of a packet that began at 4072.
  assertStringIncludes(pictures.get("wrap")!.join("\n"), "   8  00 00 00 00 e8 0f 00 00");
  assertEquals(pictures.get("exchange")![1]!.includes("initiateContact, 56 bytes"), true);
});

Deno.test("withPictures: a picture without a place, or a place without a picture, is an error", () => {
  const place = "<!-- picture: one -->\n<!-- end of picture -->\n";
  const drawn = withPictures(place, new Map([["one", ["line"]]]));
  assertEquals(drawn, "<!-- picture: one -->\n```text\nline\n```\n<!-- end of picture -->\n");
  assertEquals(withPictures(drawn, new Map([["one", ["line"]]])), drawn);
  assertThrows(() => withPictures("", new Map([["one", []]])), Error, "it has no place for one");
  assertThrows(() => withPictures(place, new Map()), Error, "there is no picture one");
});

Deno.test("bytesPicture: a bar stands where a field begins in a row, and long fields are cut", () => {
  const layout = struct("sample", 64, {
    one: [0, u16],
    two: [2, u16],
    three: [4, u32],
    long: [8, bytes(56)],
    rest: [64, bytesToEnd()],
  });
  const image = new Uint8Array(67).fill(7, 64);
  assertEquals(bytesPicture(image, fieldsOf(layout, image).fields), [
    "0000  00 00│00 00│00 00 00 00   one 0 │ two 0 │ three 0",
    "0008  00 00 00 00 00 00 00 00   long, 56 bytes of 0",
    "  ⋮",
    "0038  00 00 00 00 00 00 00 00",
    "0040  07 07 07                  rest, 3 bytes",
  ]);
});

Deno.test("ringPicture: shows an empty ring, and where both indices stand", () => {
  const image = new Uint8Array(8192);
  new Uint32Array(image.buffer).fill(2048, 0, 2);
  const [area, marks, size] = ringPicture(image);
  assertEquals([area, size], [`[${"·".repeat(64)}]`, "4096 bytes of data, 0 used"]);
  assertEquals(marks, `${" ".repeat(33)}↑readIndex 2048 ↑writeIndex 2048`);
});
