// The same as hostile_saver_test.ts, of a guest that uses the functions of later versions: isolated, with bounce
// buffers, a sub-channel, client contexts and inline contexts under way (kmcl.md X3, X14, X21; docs/saved-state.md).

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { isolatedGuest } from "../../simulator/scenarios/later/isolated_guest.ts";
import { isolatedHost } from "../../simulator/scenarios/later/isolated_host.ts";
import { createFabric } from "../support/fabric.ts";
import { runCases, saverOfGuest } from "../support/hostile_arena.ts";
import { isLong, times } from "../support/long.ts";

const CASES = times(100, 4_000);
const SEED = 3;
/** Requests of each channel: more than there are packet objects, and pages for. */
const REQUESTS = 6;
/** An order, and work items after which something of all kinds is under way. */
const ORDER = { schedule: "random", seed: 10 } as const;
const ITEMS = 10;
const DRIVERS = { guestDrivers: [isolatedGuest], hostDrivers: [isolatedHost] };

/** Such a guest, saved. */
async function savedGuest(): Promise<Uint8Array> {
  const fabric = createFabric(ORDER);
  const options = { name: "guest", memoryPages: 128, processors: 2, isolated: true };
  const guest = fabric.createPartition(options);
  vmbus.loadHostDriver(guest, isolatedHost);
  const { channels } = vmbus.loadGuestDriver(guest, isolatedGuest);
  await fabric.settle();
  for (const channel of channels) channel.askAll(REQUESTS);
  await fabric.step(ITEMS);
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  return bytes!;
}

Deno.test("restorePartition: a hostile saver of a guest that uses later functions gets an error, or a guest that works", async () => {
  const saver = saverOfGuest(await savedGuest(), false);
  const fields = saver.untouched.join("\n");
  for (
    const field of [
      "isolated",
      "bounce pagesGpa",
      "bounce driverGpas []",
      "ownRanges [] pfns []",
      "configuration isAnySubchannel",
      "configuration packetCountMax",
      "configuration inlineContextBytes",
      "configuration bouncePacketBytes",
      "context",
      "area",
    ]
  ) assert(fields.includes(field), field);
  const run = { seed: SEED, first: 0, count: CASES };
  const { refused, lived } = await runCases(saver, run, DRIVERS, true);
  assert(refused > CASES / 2 && lived > CASES / 50, `${refused} refused, ${lived} lived`);
  if (isLong) assertEquals(saver.untouched, [], "every field of every chunk was changed");
});
