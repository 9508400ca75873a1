/**
 * Builds a partition again from its chunks (docs/saved-state.md). Nothing outside of it driverCallbacks before
 * {@linkcode RestoredPartition.finish}; until then all of it can be taken back.
 *
 * @module
 */

import { readAnyText, readRecord, type SavedFields } from "../../core/saved/fields.ts";
import { mismatched, throwDataError } from "../../core/saved/fault.ts";
import type { MemoryImage } from "../../core/memory/memory_image.ts";
import { GUEST_PAGES_MAX, MMIO_MEGABYTES_MAX } from "../../core/memory/guest_memory.ts";
import { clientRings, restoreGuestEnd } from "../bus/guest/image.ts";
import { restoreHostEnd } from "../bus/host/image.ts";
import { persistedState } from "../chart/persisted.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import {
  type ClientImage,
  prepareClient,
  readClient,
  resumeClient,
} from "../channel/client_image.ts";
import type { WorkKind } from "../runtime/scheduler.ts";
import type { FabricRuntime } from "../fabric/fabric_runtime.ts";
import { LoadedDriver } from "../partition/loaded_driver.ts";
import {
  type PartitionObject,
  type PartitionOptions,
  PROCESSORS_MAX,
} from "../partition/partition_object.ts";
import {
  type PartitionChunks,
  readItem,
  readMemory,
  type SavedDriver,
  type SavedItem,
} from "./read_partition.ts";

/** Bytes of a control message that a test may have put on its way. */
const MESSAGE_BYTES_MAX = 0xffff_ffff;

interface Range {
  readonly gpa: number;
  readonly byteCount: number;
}

/** A partition that is being built. */
export class RestoredPartition {
  readonly #runtime: FabricRuntime;
  readonly #makeNotices: (endpoint: Endpoint) => void;
  #partition: PartitionObject | null = null;
  readonly #clients: Endpoint[] = [];
  readonly #images: ClientImage[] = [];
  /** The packet objects that drivers must take up again, by client. */
  readonly #drivers = new Map<Endpoint, ReadonlySet<number>>();
  #items: readonly SavedItem[] = [];

  /** Nothing is built yet; `makeNotices` gives each endpoint the layer above. */
  constructor(runtime: FabricRuntime, makeNotices: (endpoint: Endpoint) => void) {
    this.#runtime = runtime;
    this.#makeNotices = makeNotices;
  }

  /** The partition, once it was read. */
  get partition(): PartitionObject {
    return this.#partition ?? throwDataError("there is no partition");
  }

  /** Its clients by their numbers. */
  get clients(): readonly Endpoint[] {
    return this.#clients;
  }

  /** Slots of the packet objects of `client` that its driver must take up again. */
  packetsDue(client: Endpoint): ReadonlySet<number> {
    return this.#drivers.get(client) ?? new Set();
  }

  // -- Reading

  /** Builds everything but the drivers; throws a SavedStateFault where something is wrong. */
  read(chunks: PartitionChunks, drivers: readonly SavedDriver[]): void {
    const partition = chunks.one("header", (fields) => this.#readHeader(fields));
    const memory = readMemory(chunks);
    if (!partition.memory.restore(memory)) {
      throwDataError("the memory is none of this size, or more than this machine can provide");
    }
    for (const { name, kind } of drivers) {
      partition.drivers.push(new LoadedDriver(name, kind, partition));
    }
    chunks.all("client", (fields) => this.#readClient(fields));
    chunks.one("guestEnd", (fields) => restoreGuestEnd(partition.bus.guest, fields, this.#clients));
    chunks.one("hostEnd", (fields) => restoreHostEnd(partition.bus.host, fields));
    this.#clients.forEach((client, at) => this.#resumeClient(client, this.#images[at]!));
    this.#checkMmio(partition, memory);
    chunks.one("work", (fields) => this.#readWork(partition, fields));
  }

  #readHeader(fields: SavedFields): PartitionObject {
    const codec = fields.text("codec");
    const options: Required<PartitionOptions> = {
      name: readAnyText(fields, "name"),
      vtl: fields.uint("vtl", 2),
      processors: fields.uint("processors", PROCESSORS_MAX, 1),
      memoryPages: fields.uint("memoryPages", GUEST_PAGES_MAX, 1),
      mmioMegabytes: fields.uint("mmioMegabytes", MMIO_MEGABYTES_MAX),
    };
    if (options.name === "") throwDataError("the partition has no name");
    const [partitionState, busState] = [fields.data("partition"), fields.data("bus")];
    fields.end();
    if (codec !== this.#runtime.codec.name) {
      mismatched(`its rings are in codec ${codec}, the fabric's in ${this.#runtime.codec.name}`);
    }
    const partition = this.#createDetached(options);
    const { actor, bus } = partition;
    if (persistedState(actor.chart, partitionState, "the partition").value !== "paused") {
      throwDataError("the partition did not stand still");
    }
    partition.pause();
    if (persistedState(bus.actor.chart, busState, "its bus").value !== "offering") {
      throwDataError("the partition had not asked for its offers");
    }
    bus.actor.send({ type: "requestOffers" });
    return partition;
  }

  #createDetached(options: Required<PartitionOptions>): PartitionObject {
    try {
      this.#partition = this.#runtime.createDetached(options);
      return this.#partition;
    } catch (error) {
      if (error instanceof RangeError) throwDataError("this machine cannot provide its memory");
      throw error;
    }
  }

  #readClient(fields: SavedFields): void {
    const { partition } = this;
    const driver = partition.drivers[fields.uint("driver", partition.drivers.length - 1)];
    if (driver?.kind !== "guest") throwDataError(`${fields.where} is of no driver of the guest`);
    const image = readClient(fields.data("endpoint"), fields.where, partition);
    const { state } = image.traffic;
    const endpoint = this.#runtime.createEndpoint({ partition, driver }, "client", state);
    this.#makeNotices(endpoint);
    prepareClient(endpoint, image);
    this.#clients.push(endpoint);
    this.#images.push(image);
    this.#drivers.set(endpoint, this.#readPacketsDue(fields, image));
  }

  /** Those that the driver held: all that are in no transaction, and those with a completion routine. */
  #readPacketsDue(fields: SavedFields, { packets }: ClientImage): ReadonlySet<number> {
    const due = fields.uints("packets", Number.MAX_SAFE_INTEGER);
    const drivers = packets.filter(({ kind }) => kind !== "request");
    const [listed, known] = [new Set(due), new Set(drivers.map(({ slot }) => slot))];
    const isGood = due.every((slot, at) => (at === 0 || due[at - 1]! < slot) && known.has(slot)) &&
      drivers.every(({ slot, stage, kind }) => {
        // KMCL frees at its end what has no completion routine, but never the driver's own memory.
        const isOptional = stage !== "owned" && kind !== "initialized";
        return isOptional || listed.has(slot);
      });
    if (!isGood) throwDataError(`${fields.where} lists packets that its driver cannot have`);
    return listed;
  }

  #resumeClient(client: Endpoint, image: ClientImage): void {
    const { guest } = this.partition.bus;
    const link = client.channelId === null ? null : guest.byId.get(client.channelId)?.link ?? null;
    const hasRings = client.is("connecting") || client.is("rings") ||
      (client.is("tearingDown") && !client.is("releasing"));
    const rings = link === null || !hasRings ? null : clientRings(guest, client, link.ringPages);
    resumeClient(
      client,
      image,
      rings === null ? null : { incoming: rings.downstream, outgoing: rings.upstream },
    );
  }

  /** Each reserved range is one client's, each backing one channel's of the host, and the other way round. */
  #checkMmio({ bus }: PartitionObject, { mmio: ranges }: MemoryImage): void {
    const reserved = ranges.filter(({ isReserved }) => isReserved);
    const placed = ranges.filter(({ backing }) => backing !== null);
    const isGood = areSame(reserved, this.#clients.map(({ mmio }) => mmio)) &&
      areSame(placed, bus.host.unclaimed.all.map(({ mmio }) => mmio));
    if (!isGood) throwDataError("MMIO is nobody's, or somebody's who cannot have it");
  }

  #readWork({ bus }: PartitionObject, fields: SavedFields): void {
    const messages = fields.list("messages").map((bytes) =>
      readRecord({ bytes }, "message", (message) => message.bytes("bytes", MESSAGE_BYTES_MAX))
    );
    this.#items = fields.records("items", readItem);
    bus.restore(messages);
    const keys = new Set(this.#items.map(({ client, kind }) => `${client} ${kind}`));
    if (keys.size !== this.#items.length) throwDataError("work is due twice");
    if (keys.has("null message") !== messages.length > 0) throwDataError("messages are stuck");
    for (const { client } of this.#items) {
      if (client !== null && client >= this.#clients.length) {
        throwDataError("work is due for nobody");
      }
    }
    this.#clients.forEach((client, at) => {
      const isStuck = keys.has(`${at} completions`) !== client.completions.isDue ||
        keys.has(`${at} stateChange`) !== (client.changes.current !== null);
      if (isStuck) {
        throwDataError(`client ${at} has work that is not due, or due without being there`);
      }
    });
  }

  // -- Going on

  /** What is due on the guest's processors is scheduled, in the order that it had. */
  schedule(): void {
    const { bus } = this.partition;
    for (const { client, kind } of this.#items) {
      if (client !== null) scheduleClient(this.#clients[client]!, kind);
      else if (kind === "message") bus.scheduleMessage();
      else bus.guest.scheduleMatch();
    }
  }

  /** The drivers are there: the partition is the fabric's, and channels that nobody serves are gone. */
  finish(): void {
    const { partition } = this;
    this.#runtime.requireLive("restorePartition"); // a driver may have disposed of the fabric meanwhile
    this.#runtime.add(partition);
    this.#clients.forEach(({ signal }, at) => {
      const { signalAfter100ns } = this.#images[at]!;
      if (signalAfter100ns !== null) signal.arm(signalAfter100ns);
    });
    partition.bus.host.unclaimed.rescindAll();
  }

  /** Takes everything back. */
  discard(): void {
    for (const client of this.#clients) client.cleanUp(); // else their driver would disable them
    this.#partition?.discard();
  }
}

/** Whether the ranges are those that are held, each by one. Ranges never overlap. */
function areSame(ranges: readonly Range[], held: readonly (Range | null)[]): boolean {
  const left = new Map(ranges.map(({ gpa, byteCount }) => [gpa, byteCount]));
  const isEachThere = held.every((range) =>
    range === null || (left.get(range.gpa) === range.byteCount && left.delete(range.gpa))
  );
  return isEachThere && left.size === 0;
}

function scheduleClient({ work, changes }: Endpoint, kind: WorkKind): void {
  if (kind === "interrupt") work.scheduleInterrupt();
  else if (kind === "completions") work.scheduleCompletions();
  else if (kind === "passivePackets") work.schedulePassivePackets();
  else changes.schedule();
}
