// docs/save-restore.md: a channel may be anywhere in its life when its guest is saved.
import { assert, assertEquals } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { areEqual } from "../../../core/saved/plain_data.ts";
import * as vmbus from "../../../mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import { endpointBehind } from "../../support/endpoints.ts";
import {
  type Life,
  lifeGuestDriver,
  lifeHostDriver,
  type LifeOptions,
} from "../../support/life_drivers.ts";

interface Stage {
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly host: Life;
  readonly client: Life;
}

/** Something that happens in a channel's life, before or after it has opened. */
interface Chapter {
  readonly options?: LifeOptions;
  /** The version of the bus that its guest speaks. Default: the newest. */
  readonly vmbusVersion?: vmbus.VmbusVersion;
  /** Whether the channel has opened when it happens. */
  readonly isOpen?: boolean;
  readonly happens?: (stage: Stage) => void;
}

const CHAPTERS: Readonly<Record<string, Chapter>> = {
  "opens": {},
  "opens, with MMIO": { options: { mmioMegabytes: 1 } },
  "is refused by its server": { options: { refuses: "server" } },
  "is refused by its client": { options: { refuses: "client" } },
  "is disabled by its client": {
    isOpen: true,
    happens: ({ guest, client }) => void clientTable(guest).VmbChannelDisable(client.channel),
  },
  "is disabled by its client before it has opened": {
    happens: ({ guest, client }) => void clientTable(guest).VmbChannelDisable(client.channel),
  },
  "is disabled by its server": {
    isOpen: true,
    options: { mmioMegabytes: 1 },
    happens: ({ fabric, host }) => void serverTable(fabric).VmbChannelDisable(host.channel),
  },
  "is disabled by both": {
    isOpen: true,
    happens({ fabric, guest, host, client }) {
      void clientTable(guest).VmbChannelDisable(client.channel);
      void serverTable(fabric).VmbChannelDisable(host.channel);
    },
  },
  "is disabled and enabled again by its client": {
    isOpen: true,
    happens({ guest, client }) {
      const kmcl = clientTable(guest);
      void kmcl.VmbChannelDisable(client.channel).then(() => kmcl.VmbChannelEnable(client.channel));
    },
  },
  "is paused by its client": {
    isOpen: true,
    happens: ({ guest, client }) => void clientTable(guest).VmbChannelPause(client.channel),
  },
  "is to be interrupted on another processor": {
    isOpen: true,
    happens: ({ guest, client }) =>
      void vmbus.setTargetProcessor(clientTable(guest), client.channel, 0),
  },
  "is signalled through the page that all channels share": {
    isOpen: true,
    vmbusVersion: "1.1",
    happens: ({ guest }) => guest.postInterrupt("toGuest", 1),
  },
  // As where an item is due beside what was left of it at a scheduling point, which did its work.
  "has completion routines due in vain": {
    isOpen: true,
    happens: ({ client }) => endpointBehind(client.channel).work.scheduleCompletions(),
  },
  "is described wrongly by its guest": {
    isOpen: true,
    happens: ({ guest }) => guest.postControlMessage("toHost", Uint8Array.of(7, 0, 0, 0)),
  },
  "gets a message from its host that makes no sense": {
    isOpen: true,
    happens: ({ guest }) => guest.postControlMessage("toGuest", new Uint8Array(300).fill(0xff)),
  },
};

function start(
  fabric: vmbus.Fabric,
  options: LifeOptions,
  vmbusVersion: vmbus.VmbusVersion = "6.0",
): Stage {
  const guest = fabric.createPartition({
    name: "guest",
    memoryPages: 16,
    mmioMegabytes: 4,
    vmbusVersion,
  });
  const host = vmbus.loadHostDriver(guest, lifeHostDriver, options);
  return { fabric, guest, host, client: vmbus.loadGuestDriver(guest, lifeGuestDriver, options) };
}

function restore(fabric: vmbus.Fabric, bytes: Uint8Array): Stage {
  const { partition, reason, loaded } = vmbus.restorePartition(fabric, bytes, {
    guestDrivers: [lifeGuestDriver],
    hostDrivers: [lifeHostDriver],
  });
  assertEquals(reason, null);
  const [host, client] = loaded.map(({ instance }) => instance);
  return { fabric, guest: partition!, host: host as never, client: client as never };
}

async function save(stage: Stage, what: string): Promise<Uint8Array> {
  const { bytes, reason } = await vmbus.savePartition(stage.guest);
  assertEquals(reason, null, what);
  return bytes!;
}

/** What the channel came to, and all that was called on the way. */
function outcomeOf({ guest, fabric, host, client }: Stage): unknown {
  const state = vmbus.inspectChannel(client.channel);
  const server = vmbus.inspectChannel(host.channel);
  return {
    client: [state.lifecycle, state.flow, state.fault, state.gpadls],
    calls: client.calls,
    server: [server.lifecycle, server.flow, server.fault],
    mmio: guest.memory.read(0, 1).length,
    violations: fabric.violations,
  };
}

for (const [name, chapter] of Object.entries(CHAPTERS)) {
  const { options = {}, isOpen = false, vmbusVersion, happens } = chapter;
  Deno.test(`savePartition: a channel that ${name} is saved at each moment of it`, async () => {
    const [from, to] = [vmbus.createFabric(), vmbus.createFabric({ seed: 2, schedule: "random" })];
    if (!(from instanceof FabricRuntime)) throw new TypeError("Cannot step through the fabric");
    const begin = async () => {
      const stage = start(from, options, vmbusVersion);
      if (isOpen) await from.settle();
      happens?.(stage);
      return stage;
    };
    const undisturbed = await begin();
    await from.settle();
    const expected = outcomeOf(undisturbed);
    undisturbed.guest.destroy();
    await from.settle();
    for (let item = 0, isOver = false; !isOver; item++) {
      const stage = await begin();
      await from.loop.driveUntil("step", () => false, item);
      isOver = !from.scheduler.hasWork;
      const bytes = await save(stage, `${item}`);
      stage.guest.destroy();
      await from.settle();
      const next = restore(to, bytes);
      assert(areEqual(await save(next, `${item} again`), bytes), `${item} is another again`);
      next.guest.resume();
      await to.settle();
      // A client that was to be enabled again by the program of the old fabric stays as it is.
      if (!name.includes("again")) assertEquals(outcomeOf(next), expected, `after item ${item}`);
      next.guest.destroy();
      await to.settle();
      assertEquals([from.leaks(), to.leaks()], [[], []]);
    }
  });
}

Deno.test("restorePartition: a server with FORCE_NEW_CHANNEL is offered anew (kmcl.md V8)", async () => {
  const stage = start(vmbus.createFabric(), { forceNew: true });
  await stage.fabric.settle();
  const next = restore(vmbus.createFabric(), await save(stage, "saved"));
  next.guest.resume();
  await next.fabric.settle();
  assertEquals(next.client.calls, ["Opened", "Started", "PostStarted", "Suspend", "Closed"]);
  assertEquals(vmbus.inspectChannel(next.client.channel).lifecycle, "disabled");
  assertEquals(vmbus.inspectChannel(next.host.channel).lifecycle, "enabled");
  clientTable(next.guest).VmbChannelEnable(next.client.channel);
  await next.fabric.settle();
  assertEquals(vmbus.inspectChannel(next.client.channel).lifecycle, "opened");
});

Deno.test("restorePartition: a server that refuses the second Opened is offered anew (kmcl.md V10)", async () => {
  const stage = start(vmbus.createFabric(), {});
  await stage.fabric.settle();
  const [there, back] = [vmbus.createFabric(), vmbus.createFabric()];
  const bytes = await save(stage, "saved");
  // The driver finds when it is built again that it has no room for what it had.
  const refusing: typeof lifeHostDriver = {
    ...lifeHostDriver,
    restore: (context, state) =>
      lifeHostDriver.restore(context, {
        ...state as Record<string, vmbus.PlainData>,
        options: { refuses: "server" },
      }),
  };
  const { partition, loaded } = vmbus.expectSuccess(vmbus.restorePartition(there, bytes, {
    guestDrivers: [lifeGuestDriver],
    hostDrivers: [refusing],
  }));
  const [host, client] = loaded.map(({ instance }) => instance as unknown as Life);
  const next: Stage = { fabric: there, guest: partition, host: host!, client: client! };
  // Whether the guest was told already when it is saved again, or not.
  const again = restore(back, await save(next, "saved again"));
  for (const { fabric, guest, host, client } of [next, again]) {
    guest.resume();
    await fabric.settle();
    assertEquals(client.calls, ["Opened", "Started", "PostStarted", "Suspend", "Closed"]);
    assertEquals(vmbus.inspectChannel(client.channel).lifecycle, "disabled");
    assertEquals(vmbus.inspectChannel(host.channel).lifecycle, "enabled");
    assertEquals(fabric.violations, []);
    guest.destroy();
    await fabric.settle();
    assertEquals(fabric.leaks(), []);
  }
});
