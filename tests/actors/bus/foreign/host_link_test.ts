// The link of a bus whose host is outside: an exchange inside a call (kmcl.md G5) waits for what the host says.

import { assertEquals } from "@std/assert";
import {
  ForeignHostLink,
  type ForeignHostListener,
} from "../../../../actors/bus/foreign/host_link.ts";
import type { PartitionObject } from "../../../../actors/partition/partition_object.ts";
import { createFabric } from "../../../support/fabric.ts";

/** Where the guest hears what is said to it. */
const PLACE = { vp: 0, sint: 2, vtl: 0 };
const bytes = (...values: number[]) => Uint8Array.from(values);

/** A link whose guest is the test's, what each side heard, and how often the host was waited for. */
function makeLink(wait: (link: ForeignHostLink, waits: number) => boolean) {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 1 }) as PartitionObject;
  const seen = { toHost: [] as number[], toGuest: [] as number[], waits: 0 };
  const listener: ForeignHostListener = {
    onMessage: ([value]) => void seen.toHost.push(value!),
    onSignal: () => {},
    waitForMessage: () => wait(link, ++seen.waits),
  };
  const fail = (error: Error) => {
    throw error;
  };
  const root = fabric.root as PartitionObject;
  const link = new ForeignHostLink(guest.runtime, guest, root, listener, fail);
  link.guest.connect(([value]) => void seen.toGuest.push(value!));
  return { fabric, link, seen };
}

// kmcl.md G5
Deno.test("ForeignHostLink: an exchange waits for its answer, after all that was said before it", async () => {
  const { fabric, link, seen } = makeLink((to, waits) => {
    to.post(bytes(waits), PLACE);
    return true;
  });
  link.guest.post(bytes(7), 1);
  const answer = link.guest.roundTrip([bytes(8), bytes(9)], 1, ([value]) => value === 3);
  assertEquals([answer, seen.toHost, seen.waits], [bytes(3), [7, 8, 9], 3]);
  await fabric.settle(); // what else the host said comes in its turn
  assertEquals(seen.toGuest, [1, 2]);
});

Deno.test("ForeignHostLink: a host that gives up, or never answers, ends the exchange without an answer", () => {
  const silent = makeLink(() => false);
  assertEquals(silent.link.guest.roundTrip([bytes(1)], 1, () => true), null);
  assertEquals(silent.seen.waits, 1);
  const endless = makeLink(() => true);
  assertEquals(endless.link.guest.roundTrip([bytes(1)], 1, () => true), null);
});
