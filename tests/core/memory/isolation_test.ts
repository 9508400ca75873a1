import { assertEquals, assertThrows } from "@std/assert";
import {
  isHidden,
  Isolation,
  isReachable,
  shareRanges,
  unshareRanges,
} from "../../../core/memory/isolation.ts";
import { makeRam } from "../../support/guest_ram.ts";

// kmcl.md X17
Deno.test("Isolation: a page is shared until the last reason is gone", () => {
  const isolation = new Isolation(() => false);
  isolation.share([1, 2]);
  isolation.share([2, 2]);
  assertEquals([isolation.sharedPages, isolation.areShared([1, 2])], [2, true]);
  assertEquals(isolation.areShared([1, 3]), false);
  isolation.unshare([1, 2]);
  isolation.unshare([2]);
  assertEquals([isolation.sharedPages, isolation.areShared([2]), isolation.areShared([1])], [
    1,
    true,
    false,
  ]);
  isolation.unshare([2]);
  assertEquals(isolation.sharedPages, 0);
  assertThrows(() => isolation.unshare([2]), Error, "a page that becomes private was shared");
});

Deno.test("isReachable: pages of RAM, shared ones where the guest is isolated and not served inside", () => {
  const { ram } = makeRam(8);
  assertEquals([isReachable(ram, [7], false), isReachable(ram, [8], true)], [true, false]);
  shareRanges(ram, [{ byteOffset: 0, byteCount: 1, pfns: [7] }]); // nothing to do
  ram.isolation = new Isolation(() => false);
  const ranges = [{ byteOffset: 0, byteCount: 1, pfns: [3] }];
  shareRanges(ram, ranges);
  const reached = [[3], [4], [3, 4], []].map((pfns) => isReachable(ram, pfns, false));
  assertEquals(reached, [true, false, false, true]);
  assertEquals([isReachable(ram, [4], true), isReachable(ram, [8], true)], [true, false]);
  unshareRanges(ram, ranges);
  assertEquals(isReachable(ram, [3], false), false);
});

Deno.test("isHidden: private RAM is, for whoever runs outside of the guest", () => {
  const { ram, misuses } = makeRam(8, 1);
  let isHostRunning = true;
  assertEquals(isHidden(ram, "read", 0, 1), false);
  ram.isolation = new Isolation(() => isHostRunning);
  ram.isolation.share([1]);
  const places = [[4096, 4096], [8191, 1], [8191, 2], [0, 0], [ram.mmioGpa, 8]] as const;
  assertEquals(places.map(([gpa, byteCount]) => isHidden(ram, "read", gpa, byteCount)), [
    false,
    false,
    true,
    false,
    false,
  ]);
  assertEquals(misuses, [{
    rule: "host access to a private page",
    message: "Cannot read 2 bytes at 0x1fff: the guest has not shared them",
  }]);
  isHostRunning = false;
  assertEquals(isHidden(ram, "read", 0, 1), false);
});

Deno.test("Isolation.onVisibility: hears of changes alone, of each page once", () => {
  const isolation = new Isolation(() => false);
  isolation.share([1]);
  const heard: unknown[] = [];
  isolation.onVisibility = (pfns, isShared) => heard.push([...pfns, isShared]);
  isolation.share([1, 2, 3, 2]);
  isolation.share([3]);
  isolation.share([]);
  isolation.unshare([3, 1]);
  isolation.unshare([2]);
  isolation.unshare([2, 3, 1]);
  assertEquals(heard, [[2, 3, true], [2, 3, 1, false]]);
});
