import { assertEquals, assertMatch } from "@std/assert";
import {
  createFabric,
  type GuestDriver,
  loadGuestDriver,
  ntStatusName,
  type PlainData,
  restorePartition,
  savePartition,
} from "../../../mod.ts";
import { expectSuccess, KMCL_CLIENT_INTERFACE_TYPE } from "../../../mod.ts";
import { KMCL_CLIENT_INTERFACE_V1_SIZE, WdfFdoQueryForInterface } from "../../../mod.ts";

// What does not come back as it was is refused when it is saved (save-restore.md, "Drivers that can be
// saved"; decisions D220 to D222).

/** A driver whose state is whatever it was given last. */
function driverWith(state: unknown): GuestDriver {
  return {
    name: "odd",
    start: () => ({ save: () => state as PlainData }),
    restore: (_context, saved) => ({ save: () => saved }),
  };
}

async function saveWith(state: unknown): Promise<Awaited<ReturnType<typeof savePartition>>> {
  const guest = createFabric().createPartition({ name: "guest", memoryPages: 4 });
  loadGuestDriver(guest, driverWith(state));
  return await savePartition(guest);
}

Deno.test("savePartition: a driver's state that would lose something is refused, with the place", async () => {
  const cases: [state: unknown, reason: RegExp][] = [
    [{ a: [{ [Symbol("mark")]: 1 }] }, /its state\.a\[0\] has a key that is a symbol, mark$/],
    [{ sums: Object.assign([1], { total: 1 }) }, /its state\.sums is a list with a member total$/],
  ];
  for (const [state, reason] of cases) {
    const result = await saveWith(state);
    assertEquals(ntStatusName(result.status), "STATUS_UNSUCCESSFUL");
    assertMatch(result.reason ?? "", reason);
  }
});

Deno.test("savePartition: a driver's state that nobody could read again is refused", async () => {
  const result = await saveWith(new Array(180_000).fill(new Uint8Array(0)));
  assertEquals(ntStatusName(result.status), "STATUS_UNSUCCESSFUL");
  assertMatch(result.reason ?? "", /^what is saved in \d+ bytes would take too much memory to be /);
});

Deno.test("restorePartition: names that are no well-formed text come back as they were", async () => {
  const names = ["a\ud800b", "\udc00", "plain", "😀"];
  for (const name of names) {
    const fabric = createFabric();
    const guest = fabric.createPartition({ name, memoryPages: 64 });
    const named: GuestDriver = {
      name: "named",
      start: ({ device }) => {
        const { kmcl } = expectSuccess(WdfFdoQueryForInterface(
          device,
          KMCL_CLIENT_INTERFACE_TYPE,
          KMCL_CLIENT_INTERFACE_V1_SIZE,
          1,
        ));
        const { channel } = expectSuccess(kmcl.VmbChannelAllocate(device, false));
        kmcl.VmbChannelInitSetFriendlyName(channel, name);
        return { save: (tokens) => tokens.of(channel) };
      },
      restore: (context, token) => {
        context.attachChannel(token as string, { processPacket: () => {} });
        return { save: () => null };
      },
    };
    loadGuestDriver(guest, named);
    const { bytes, reason } = await savePartition(guest);
    assertEquals(reason, null);
    const there = createFabric();
    const { partition } = restorePartition(there, bytes!, { guestDrivers: [named] });
    assertEquals(partition?.name, name);
    assertEquals(there.inspect().partitions.at(-1)?.channels[0]?.friendlyName, name);
  }
});
