/**
 * Writes the chunks of a partition (docs/saved-state.md).
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { PageRun } from "../../core/memory/memory_image.ts";
import { chunkOf, inGroup } from "../../core/saved/chunks.ts";
import type { SavedChunk } from "../../core/saved/envelope.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import { type ClientNumbers, imageOfGuestEnd } from "../bus/guest/image.ts";
import { torndownMessages } from "../bus/host/gpadl_image.ts";
import { imageOfHostEnd } from "../bus/host/image.ts";
import { imageOfClient } from "../channel/client_image.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { LoadedDriver } from "../partition/loaded_driver.ts";
import type { PartitionObject } from "../partition/partition_object.ts";
import { PARTITION_CHUNKS, type PartitionPart } from "./partition_image.ts";

/** The numbers of a guest's channel endpoints: their order of making. Those that serve another level are not its own. */
export function clientNumbers({ endpoints }: PartitionObject): ClientNumbers {
  const clients = [...endpoints].filter(({ side }) => side === "client");
  return new Map(clients.map((endpoint, number) => [endpoint, number]));
}

/** Work that is due, and its place among all that is scheduled. */
interface DueWork {
  readonly item: PartitionPart<"work">["items"][number];
  readonly order: number;
}

/** All chunks of a machine whose `levels`, each with what its drivers told, stand still. */
export function* machineChunks(
  levels: readonly PartitionObject[],
  states: ReadonlyMap<LoadedDriver, PlainData>,
): Generator<SavedChunk> {
  const before: DueWork[] = [];
  for (const [place, level] of levels.entries()) {
    const due = dueWork(level);
    for (const chunk of levelChunks(level, due, states)) yield inGroup(chunk, place);
    if (place > 0) {
      yield inGroup(chunkOf(PARTITION_CHUNKS.level, levelOf(level, due, before)), place);
    }
    before.push(...due);
    before.sort((a, b) => a.order - b.order);
  }
}

/** How `level` is a further one of its machine; `before` is due at those before it. */
function levelOf(
  level: PartitionObject,
  due: readonly DueWork[],
  before: readonly DueWork[],
): PartitionPart<"level"> {
  const { levels, root, memory, sharesMemory } = level;
  const paravisor = levels.indexOf(root);
  return {
    of: paravisor >= 0
      ? paravisor
      : levels.findIndex((other) => other.memory === memory || !sharesMemory),
    isRedirected: paravisor >= 0,
    sharesMemory,
    behind: placesAmong(due, before),
  };
}

/** How many of `before` were scheduled before each of `due`; both are in order. */
function placesAmong(due: readonly DueWork[], before: readonly DueWork[]): readonly number[] {
  let count = 0;
  return due.map(({ order }) => {
    while (count < before.length && before[count]!.order < order) count++;
    return count;
  });
}

function* levelChunks(
  guest: PartitionObject,
  due: readonly DueWork[],
  states: ReadonlyMap<LoadedDriver, PlainData>,
): Generator<SavedChunk> {
  const { header, driver, client, guestEnd, hostEnd, work } = PARTITION_CHUNKS;
  const { drivers, bus } = guest;
  const clients = clientNumbers(guest);
  yield chunkOf(header, headerOf(guest));
  for (const loaded of drivers) {
    const state = states.get(loaded);
    assert(state !== undefined, "each driver has told its state");
    yield chunkOf(driver, { kind: loaded.kind, name: loaded.name, state });
  }
  if (!guest.sharesMemory) yield* memoryChunks(guest);
  for (const endpoint of clients.keys()) yield chunkOf(client, clientOf(guest, endpoint));
  yield chunkOf(guestEnd, imageOfGuestEnd(bus.guest, clients));
  yield chunkOf(hostEnd, imageOfHostEnd(bus.host));
  yield chunkOf(work, { messages: messagesOf(guest), items: due.map(({ item }) => item) });
}

function headerOf(guest: PartitionObject): PartitionPart<"header"> {
  const { name, vtl, processorCount, memory, runtime, actor, dialect, monitorPages } = guest;
  assert(actor.snapshot.value === "paused", "a guest that is saved stands still");
  return {
    name,
    vtl,
    processors: processorCount,
    memoryPages: memory.pageCount,
    mmioMegabytes: memory.mmioMegabytes,
    codec: runtime.codec.name,
    partition: "paused",
    lowestVersion: dialect.versions.lowest,
    highestVersion: dialect.versions.highest,
    vmbusFeatures: dialect.features,
    monitorPages,
    isolated: guest.isIsolated ? true : null,
  };
}

function* memoryChunks({ memory }: PartitionObject): Generator<SavedChunk> {
  const { runs, buffers, pagedOut, mmio } = memory.image;
  const ranges = mmio.map(({ backing, ...range }) => ({ ...range, isPlaced: backing !== null }));
  yield chunkOf(PARTITION_CHUNKS.memory, { buffers, pagedOut, mmio: ranges });
  const { pages, mmioPages } = PARTITION_CHUNKS;
  yield* runs.map((run) => chunkOf(pages, { gpa: 0, ...run }));
  for (const { gpa, backing } of mmio) {
    yield* (backing ?? []).map((run: PageRun) => chunkOf(mmioPages, { gpa, ...run }));
  }
}

function clientOf(guest: PartitionObject, endpoint: Endpoint): PartitionPart<"client"> {
  const driver = guest.drivers.findIndex((driver) => driver === endpoint.driver);
  const packets = endpoint.outgoing.packets.live.filter(isDrivers).map(({ slot }) => slot);
  return { driver, endpoint: imageOfClient(endpoint), packets };
}

/** Whether the driver has to take `packet` up again: KMCL frees what has no completion routine. */
function isDrivers({ kind, routine, actor }: PacketObject): boolean {
  return kind !== "request" && (routine !== null || !actor.is("inFlight"));
}

/** Control messages on their way to the guest; the answers that the host still owes it are said by then. */
function messagesOf({ bus }: PartitionObject): readonly Uint8Array[] {
  return [...bus.pending("toGuest"), ...torndownMessages(bus.host.gpadls)];
}

/** What is due on the guest's processors, in the order in which it was scheduled. */
function dueWork(guest: PartitionObject): readonly DueWork[] {
  const { bus, processors } = guest;
  const clients = clientNumbers(guest);
  const endpoints = new Map([...clients.keys()].map((endpoint) => [endpoint.id, endpoint]));
  const items = processors.flatMap((processor) => processor.list());
  items.sort((a, b) => a.order - b.order);
  const due = items.flatMap(({ worker, kind, order }): DueWork[] => {
    const endpoint = endpoints.get(worker.traceId) ?? null;
    // What is due for a channel that was cleaned up comes to nothing.
    if (endpoint === null && worker.traceId !== guest.traceId) return [];
    // So do completion routines where what was left of an item at a scheduling point has called all of them.
    if (kind === "completions" && endpoint?.completions.isDue === false) return [];
    // The bits of an interrupt page that are to be taken are in memory: whoever hears them looks when it begins.
    if (endpoint === null && kind === "signal") return [];
    const client = endpoint === null ? null : clients.get(endpoint)!;
    // What a writer has put off, it does whenever it looks at its rings; the bus has the event that all channels share.
    const item = { client, kind: kind === "signal" && client !== null ? "interrupt" : kind };
    return [{ item, order }];
  });
  const isNews = bus.pending("toGuest").length === 0 &&
    torndownMessages(bus.host.gpadls).length > 0;
  return onceEach(
    isNews ? [...due, { item: { client: null, kind: "message" }, order: Infinity }] : due,
  );
}

/** An item that stopped at a scheduling point may be due beside what is left of it. */
function onceEach(due: readonly DueWork[]): readonly DueWork[] {
  const byKey = new Map<string, DueWork>();
  for (const work of due) {
    const key = `${work.item.client} ${work.item.kind}`;
    if (!byKey.has(key)) byKey.set(key, work);
  }
  return [...byKey.values()];
}
