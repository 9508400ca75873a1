import { assertEquals } from "@std/assert";
import { RefusedGpadls } from "../../../../actors/bus/host/refused_gpadls.ts";

// wire.md 3.3, 3.4
Deno.test("RefusedGpadls: takes as many bytes as were announced, and no more", () => {
  const refused = new RefusedGpadls();
  refused.expect(5, 300);
  assertEquals([refused.take(6, 224), refused.take(5, 224), refused.take(5, 224)], [
    false,
    true,
    true,
  ]);
  assertEquals(refused.take(5, 224), false);
  refused.expect(5, 0); // its header held all of it
  assertEquals(refused.take(5, 224), false);
});

Deno.test("RefusedGpadls: an id that stands for another GPADL expects nothing", () => {
  const refused = new RefusedGpadls();
  refused.expect(5, 300);
  refused.forget(5);
  refused.expect(6, 300);
  refused.clear();
  assertEquals([refused.take(5, 8), refused.take(6, 8)], [false, false]);
});

Deno.test("RefusedGpadls: remembers the latest, whatever a guest makes up", () => {
  const refused = new RefusedGpadls();
  for (let id = 1; id <= 1000; id++) refused.expect(id, 8);
  assertEquals([refused.take(936, 8), refused.take(937, 8), refused.take(1000, 8)], [
    false,
    true,
    true,
  ]);
});
