import { assertEquals } from "@std/assert";
import { collide, type Touch } from "../../../actors/runtime/chooser.ts";

const [BUS, OTHER] = [{}, {}];

function touch(of: object, part: number | string, writes: boolean): Touch {
  return { of, part, writes };
}

Deno.test("collide: two that touch the same, unless both only look", () => {
  const cases: readonly (readonly [readonly Touch[], readonly Touch[], boolean])[] = [
    [[], [], false],
    [[touch(BUS, 1, true)], [], false],
    [[touch(BUS, 1, true)], [touch(BUS, 1, true)], true],
    [[touch(BUS, 1, true)], [touch(BUS, 1, false)], true],
    [[touch(BUS, 1, false)], [touch(BUS, 1, false)], false],
    [[touch(BUS, 1, true)], [touch(BUS, 2, true)], false],
    [[touch(BUS, 1, true)], [touch(OTHER, 1, true)], false],
    [[touch(BUS, 1, true), touch(OTHER, "", false)], [touch(OTHER, "", true)], true],
  ];
  for (const [one, other, expected] of cases) {
    assertEquals(collide(one, other), expected);
    assertEquals(collide(other, one), expected);
  }
});
