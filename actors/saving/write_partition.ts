/**
 * The chunks of a saved partition, and how they are written (docs/saved-state.md).
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { PageRun } from "../../core/memory/memory_image.ts";
import type { SavedChunk } from "../../core/saved/envelope.ts";
import { saveAnyText } from "../../core/saved/fields.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import { messagesOfGone } from "../bus/host/gpadl_image.ts";
import { type ClientNumbers, saveGuestEnd } from "../bus/guest/image.ts";
import { saveHostEnd } from "../bus/host/image.ts";
import { persistState } from "../chart/persisted.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import { saveClient } from "../channel/client_image.ts";
import type { WorkKind } from "../runtime/scheduler.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { LoadedDriver } from "../partition/loaded_driver.ts";
import type { PartitionObject } from "../partition/partition_object.ts";

/** The types of the chunks, which come in this order. */
export const PARTITION_CHUNKS = {
  /** What the partition is; one. */
  header: 1,
  /** A loaded driver and its state; any number. */
  driver: 2,
  /** What is allocated, paged out and placed; one. */
  memory: 3,
  /** Pages of RAM in a row; any number. */
  pages: 4,
  /** Pages of MMIO in a row; any number. */
  mmioPages: 5,
  /** A channel endpoint of the guest; any number. */
  client: 6,
  /** The guest's end of the bus; one. */
  guestEnd: 7,
  /** The host's end of the bus; one. */
  hostEnd: 8,
  /** What is on its way or due; one. */
  work: 9,
} as const;

/** A work item that is due. */
type DueItem = {
  /** The client that does it; null: the bus. */
  readonly client: number | null;
  readonly kind: WorkKind;
};

/** The numbers of a guest's channel endpoints: their order of making. */
export function clientNumbers({ endpoints }: PartitionObject): ClientNumbers {
  return new Map([...endpoints].map((endpoint, number) => [endpoint, number]));
}

/** All chunks of `guest`, which stands still, with what its drivers told. */
export function* partitionChunks(
  guest: PartitionObject,
  states: ReadonlyMap<LoadedDriver, PlainData>,
): Generator<SavedChunk> {
  const clients = clientNumbers(guest);
  yield { type: PARTITION_CHUNKS.header, data: saveHeader(guest) };
  for (const driver of guest.drivers) {
    const { kind, name } = driver;
    const state = states.get(driver);
    assert(state !== undefined, "each driver has told its state");
    yield { type: PARTITION_CHUNKS.driver, data: { kind, name, state } };
  }
  yield* memoryChunks(guest);
  for (const endpoint of clients.keys()) {
    yield { type: PARTITION_CHUNKS.client, data: saveClientOf(guest, endpoint) };
  }
  yield { type: PARTITION_CHUNKS.guestEnd, data: saveGuestEnd(guest.bus.guest, clients) };
  yield { type: PARTITION_CHUNKS.hostEnd, data: saveHostEnd(guest.bus.host) };
  yield { type: PARTITION_CHUNKS.work, data: saveWork(guest, clients) };
}

function saveHeader(guest: PartitionObject): PlainData {
  const { name, vtl, processorCount, memory, actor, bus, runtime } = guest;
  return {
    name: saveAnyText(name),
    vtl,
    processors: processorCount,
    memoryPages: memory.pageCount,
    mmioMegabytes: memory.mmioMegabytes,
    codec: runtime.codec.name,
    partition: persistState(actor.chart, actor.snapshot),
    bus: persistState(bus.actor.chart, bus.actor.snapshot),
  };
}

function* memoryChunks({ memory }: PartitionObject): Generator<SavedChunk> {
  const { runs, buffers, pagedOut, mmio } = memory.image;
  const data = {
    buffers: buffers.map(({ gpa, byteCount }) => ({ gpa, byteCount })),
    pagedOut,
    mmio: mmio.map(({ gpa, byteCount, isReserved, backing }) => ({
      gpa,
      byteCount,
      isReserved,
      isPlaced: backing !== null,
    })),
  };
  yield { type: PARTITION_CHUNKS.memory, data };
  yield* runs.map((run) => pagesChunk(PARTITION_CHUNKS.pages, 0, run));
  for (const { gpa, backing } of mmio) {
    yield* (backing ?? []).map((run) => pagesChunk(PARTITION_CHUNKS.mmioPages, gpa, run));
  }
}

/** Pages in a row; `first` counts from the beginning of what begins at `gpa`. */
function pagesChunk(type: number, gpa: number, { first, bytes }: PageRun): SavedChunk {
  return { type, data: { gpa, first, bytes } };
}

function saveClientOf(guest: PartitionObject, endpoint: Endpoint): PlainData {
  const driver = guest.drivers.findIndex((driver) => driver === endpoint.driver);
  const packets = endpoint.outgoing.packets.live.filter(isDrivers).map(({ slot }) => slot);
  return { driver, endpoint: saveClient(endpoint), packets };
}

/** Whether the driver has to take `packet` up again: KMCL frees what has no completion routine. */
function isDrivers({ kind, routine, actor }: PacketObject): boolean {
  return kind !== "request" && (routine !== null || !actor.is("inFlight"));
}

/** What is due on the guest's processors, in the order in which it was scheduled. */
function saveWork(guest: PartitionObject, clients: ClientNumbers): PlainData {
  const { bus, processors } = guest;
  const numbers = new Map([...clients].map(([{ id }, number]) => [id, number]));
  const items = processors.flatMap((processor) => processor.list());
  items.sort((a, b) => a.order - b.order);
  const due = items.flatMap(({ worker, kind }): DueItem[] => {
    const client = numbers.get(worker.traceId) ?? null;
    // What is due for a channel that was cleaned up comes to nothing.
    return client === null && worker.traceId !== guest.traceId ? [] : [{ client, kind }];
  });
  const pending = bus.pending("toGuest");
  const gone = messagesOfGone(bus.host.gpadls);
  if (pending.length === 0 && gone.length > 0) due.push({ client: null, kind: "message" });
  return { messages: [...pending, ...gone], items: due };
}
