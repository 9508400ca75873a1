/**
 * Builds a partition, one trust level of a machine, again from its chunks (docs/saved-state.md). Nothing outside of
 * it notices before {@linkcode RestoredPartition.finish}; until then all of it can be taken back.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { MemoryImage } from "../../core/memory/memory_image.ts";
import type { SavedChunks } from "../../core/saved/chunks.ts";
import { mismatched, throwDataError } from "../../core/saved/fault.ts";
import { restoreGuestEnd } from "../bus/guest/image.ts";
import { restoreHostEnd } from "../bus/host/image.ts";
import { stateWith } from "../chart/persisted.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import { CHANNEL_ACTORS } from "../channel/actor_kinds.ts";
import { type ClientImage, prepareClient, resumeClient } from "../channel/client_image.ts";
import type { WorkKind } from "../runtime/processor.ts";
import type { FabricRuntime } from "../fabric/fabric_runtime.ts";
import { LoadedDriver } from "../partition/loaded_driver.ts";
import type { MachineOptions } from "../partition/partition.ts";
import type { TrustLevel } from "../partition/partition_kind.ts";
import type { PartitionObject } from "../partition/partition_object.ts";
import type { PARTITION_CHUNKS, PartitionPart, SavedDriver } from "./partition_image.ts";
import { readMemory } from "./read_memory.ts";

/** A partition that is being built. */
export class RestoredPartition {
  readonly #runtime: FabricRuntime;
  readonly #makeCallbacks: (endpoint: Endpoint) => void;
  #partition: PartitionObject | null = null;
  readonly #clients: Endpoint[] = [];
  readonly #images: ClientImage[] = [];
  /** The packet objects that drivers must take back, by client. */
  readonly #drivers = new Map<Endpoint, ReadonlySet<number>>();
  #items: PartitionPart<"work">["items"] = [];
  #mmio: MemoryImage["mmio"] = [];

  /** Nothing is built yet; `makeCallbacks` gives each endpoint the layer above. */
  constructor(runtime: FabricRuntime, makeCallbacks: (endpoint: Endpoint) => void) {
    this.#runtime = runtime;
    this.#makeCallbacks = makeCallbacks;
  }

  /** The partition, once it was read. */
  get partition(): PartitionObject {
    return this.#partition ?? throwDataError("there is no partition");
  }

  /** Its clients by their numbers. */
  get clients(): readonly Endpoint[] {
    return this.#clients;
  }

  /** Slots of the packet objects of `client` that its driver must take back. */
  packetsDue(client: Endpoint): ReadonlySet<number> {
    return this.#drivers.get(client) ?? new Set();
  }

  /** The MMIO of its memory; none where that is another level's. */
  get mmio(): MemoryImage["mmio"] {
    return this.#mmio;
  }

  /** How many work items are due. */
  get itemCount(): number {
    return this.#items.length;
  }

  // -- Reading

  /**
   * Builds everything but the drivers, as a further `level` of a machine or, null, as one by itself; throws a
   * SavedStateFault where something is wrong.
   */
  read(
    chunks: SavedChunks<typeof PARTITION_CHUNKS>,
    drivers: readonly SavedDriver[],
    level: TrustLevel<PartitionObject> | null,
  ): void {
    const partition = this.#restoreHeader(chunks.one("header"), level);
    if (level?.sharesMemory === true) chunks.none("memory", "pages", "mmioPages");
    else this.#restoreMemory(partition, readMemory(chunks));
    for (const { name, kind } of drivers) {
      partition.drivers.push(new LoadedDriver(name, kind, partition));
    }
    chunks.all("client").forEach((client, at) => this.#restoreClient(client, `client ${at}`));
    restoreGuestEnd(partition.bus.guest, chunks.one("guestEnd"), this.#clients);
    restoreHostEnd(partition.bus.host, chunks.one("hostEnd"));
    checkHostPage(partition);
    this.#clients.forEach((client, at) => this.#resumeClient(client, this.#images[at]!));
    this.#restoreWork(partition, chunks.one("work"));
  }

  #restoreMemory({ memory }: PartitionObject, image: MemoryImage): void {
    if (!memory.restore(image)) {
      throwDataError("the memory has another size, or more pages than this machine can provide");
    }
    this.#mmio = image.mmio;
  }

  #restoreHeader(
    { codec, ...saved }: PartitionPart<"header">,
    level: TrustLevel<PartitionObject> | null,
  ): PartitionObject {
    if (codec !== this.#runtime.codec.name) {
      mismatched(`its rings are in codec ${codec}, the fabric's in ${this.#runtime.codec.name}`);
    }
    const { name, vtl, processors, memoryPages, mmioMegabytes } = saved;
    const { vmbusFeatures, monitorPages } = saved;
    const isolated = saved.isolated === true;
    const vmbusVersion = { lowest: saved.lowestVersion, highest: saved.highestVersion };
    const options = { name, vtl, processors, memoryPages, mmioMegabytes };
    const { sharesMemory = false, of } = level ?? {};
    const isOfMachine = of === undefined || (processors === of.processorCount &&
      isolated === of.isIsolated &&
      (!sharesMemory ||
        (memoryPages === of.memory.pageCount && mmioMegabytes === of.memory.mmioMegabytes)));
    if (!isOfMachine) throwDataError(`${name} has other processors or memory than its machine`);
    const partition = this.#createDetached({
      ...options,
      vmbusVersion,
      vmbusFeatures,
      monitorPages,
      isolated,
    }, level);
    partition.pause();
    return partition;
  }

  #createDetached(
    options: MachineOptions,
    level: TrustLevel<PartitionObject> | null,
  ): PartitionObject {
    try {
      this.#partition = this.#runtime.createDetached(options, level);
      return this.#partition;
    } catch (error) {
      if (error instanceof RangeError) throwDataError("this machine cannot provide its memory");
      throw error;
    }
  }

  #restoreClient(saved: PartitionPart<"client">, where: string): void {
    const { partition } = this;
    const { endpoint: image, packets } = saved;
    const driver = partition.drivers[saved.driver];
    if (driver === undefined) {
      throwDataError(`${where}: driver is not one of ${partition.drivers.length}`);
    }
    if (driver.kind !== "guest") throwDataError(`${where} is of no driver of the guest`);
    const { held } = image.traffic;
    const own = image.packets.flatMap(({ ownRanges }) => ownRanges ?? []);
    const ranges = [...own, ...[...image.packets, ...held].flatMap((packet) => packet.ranges)];
    if (!ranges.every(({ pfns }) => partition.memory.holdsPfns(pfns))) {
      throwDataError(`${where}: a packet describes memory that the guest has not`);
    }
    if (!image.configuration.hasProcessorOf(partition.processorCount)) {
      throwDataError(`${where} wants a processor that the guest has not`);
    }
    const chart = this.#runtime.actors.chart(CHANNEL_ACTORS.client);
    const state = stateWith(chart, image.traffic.state.value);
    assert(state !== null, "both interpreters know the same states");
    const endpoint = this.#runtime.createEndpoint({ partition, driver }, "client", state);
    this.#makeCallbacks(endpoint);
    prepareClient(endpoint, image);
    this.#clients.push(endpoint);
    this.#images.push(image);
    this.#drivers.set(endpoint, new Set(packets));
  }

  #resumeClient(client: Endpoint, image: ClientImage): void {
    const taken = this.partition.bus.guest.byId.get(client.channelId ?? 0)?.taken ?? null;
    resumeClient(client, image, taken?.channel.rings ?? null);
  }

  #restoreWork({ bus }: PartitionObject, { messages, items }: PartitionPart<"work">): void {
    this.#items = items;
    bus.restore(messages);
    if (items.some(({ client }) => client !== null && client >= this.#clients.length)) {
      throwDataError("work is due for nobody");
    }
    const keys = new Set(items.map(({ client, kind }) => `${client} ${kind}`));
    this.#clients.forEach((client, at) => {
      const isStuck = keys.has(`${at} completions`) !== client.completions.isDue ||
        keys.has(`${at} stateChange`) !== (client.changes.current !== null);
      if (isStuck) {
        throwDataError(`client ${at} has work that is not due, or due without being there`);
      }
    });
  }

  // -- Continuing

  /** Work item `at` of those that are due is scheduled. */
  schedule(at: number): void {
    const { bus } = this.partition;
    const { client, kind } = this.#items[at]!;
    if (client !== null) scheduleClient(this.#clients[client]!, kind);
    else if (kind === "message") bus.scheduleMessage();
    else if (kind === "signal") bus.guest.signals.scheduleShared();
    else bus.guest.scheduleMatch();
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
    partition.bus.host.connection.look();
  }

  /** Takes everything back. */
  discard(): void {
    for (const client of this.#clients) client.cleanUp(); // else their driver would disable them
    this.#partition?.discard();
  }
}

function scheduleClient({ work, changes }: Endpoint, kind: WorkKind): void {
  if (kind === "interrupt") work.scheduleInterrupt();
  else if (kind === "completions") work.scheduleCompletions();
  else if (kind === "passivePackets") work.schedulePassivePackets();
  else changes.schedule();
}

/** A guest that is connected writes the monitor page that its host has brought, and no other page in its place. */
function checkHostPage({ bus: { guest, host } }: PartitionObject): void {
  if (guest.connection.actor.tags.connected !== true) return;
  const { hostMonitorGpa } = guest.signals.image;
  if (hostMonitorGpa !== (host.signals.hostPage?.gpa ?? 0)) {
    throwDataError("guestEnd, connection: the host has brought another monitor page, or none");
  }
}
