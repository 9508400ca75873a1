import { assert, assertEquals } from "@std/assert";
import { pictureOf } from "../../../tools/dissector/picture.ts";

const SHOWN = {
  list: [["1", "0.0", "guest", "host", "unload"], ["2", "0.0", "guest", "host", "note: a < b"]],
  opened: 0,
  tree: [
    "VMBus",
    "    Capture header",
    "    Control message",
    "        message: unload (16)",
    "    [Response in: 3]",
  ],
};

Deno.test("pictureOf: lines with others inside are open, and the header of the capture is not", () => {
  const svg = pictureOf(SHOWN);
  assertEquals([...svg.matchAll(/[▾▸] [^<]*/g)].map(([line]) => line), [
    "▾ VMBus",
    "▸ Capture header",
    "▾ Control message",
  ]);
  assert(svg.includes(`class="generated">  [Response in: 3]<`));
});

Deno.test("pictureOf: what tshark prints is text, and long lines are cut", () => {
  const svg = pictureOf({ ...SHOWN, tree: ["x".repeat(200)] });
  assert(svg.includes("note: a &lt; b"));
  assert(!svg.includes("x".repeat(108)));
});
