import { assertEquals } from "@std/assert";
import { showU64 } from "../../core/units.ts";

Deno.test("showU64: a number where it is exact, else decimal text", () => {
  const table: [low: number, high: number, shown: number | string][] = [
    [0, 0, 0],
    [0xffff_ffff, 0, 0xffff_ffff],
    [0, 1, 2 ** 32],
    [0xffff_ffff, 0x1f_ffff, Number.MAX_SAFE_INTEGER],
    [0, 0x20_0000, "9007199254740992"],
    [1, 0x20_0000, "9007199254740993"],
    [0xffff_fffd, 0xffff_ffff, "18446744073709551613"],
  ];
  for (const [low, high, shown] of table) assertEquals(showU64(low, high), shown);
});
