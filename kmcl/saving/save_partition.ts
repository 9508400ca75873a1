/**
 * Saving a whole guest (docs/save-restore.md).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { PartitionPort } from "../../actors/channel/partition_port.ts";
import { currentFrame } from "../../actors/runtime/irql.ts";
import { ignoreRejection } from "../../actors/runtime/promises.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import { isRestingConnection } from "../../actors/bus/host/connection_image.ts";
import { clientNumbers, machineChunks } from "../../actors/saving/write_partition.ts";
import { whileKmclRefuses } from "../../actors/partition/fabric_port.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { Partition } from "../../actors/partition/partition.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import {
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
  STATUS_UNSUCCESSFUL,
} from "../../core/ntstatus.ts";
import { isInstance, messageOf } from "../../core/describe.ts";
import { usedBetween } from "../../core/ring/layout.ts";
import { writeEnvelope } from "../../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../../core/saved/fault.ts";
import { copyPlainData, type PlainData } from "../../core/saved/plain_data.ts";
import { isUint, PAGE_BYTES } from "../../core/units.ts";
import { forgetSave, isAsSaved } from "../channel_save.ts";
import type { GuestDriverInstance } from "./drivers.ts";
import { type DriverStates, Quiescence, type Refusal, resumeHosts } from "./quiesce.ts";
import { serversOf } from "./safe_point.ts";
import { TokenWriter } from "./tokens.ts";

/** How a guest is saved. */
export interface SaveOptions {
  /**
   * Most work items, timers and idle turns that any one part of the way to the safe point may take.
   * Default 100 000.
   */
  readonly itemsMax?: number;
}

/** What a saved guest is made of: for people who look. */
export interface SaveSummary {
  /** Bytes of the saved state. */
  readonly bytes: number;
  /** Pages of RAM and MMIO in it: those that are not all zero. */
  readonly pages: number;
  /** Channels that the guest's drivers had. */
  readonly channels: number;
  /** Packets in flight, of both sides of these channels, by stage. */
  readonly packets: {
    /** Sent, but not in the ring yet. */
    readonly queued: number;
    /** In the ring or with the receiver, their completion awaited. */
    readonly awaiting: number;
    /** Over, but for their completion routine. */
    readonly ended: number;
    /** Of those that arrived: held by a driver of the guest, which has not completed them. */
    readonly held: number;
  };
  /** Unread bytes in the rings. */
  readonly ringBytes: number;
}

/** What saving a guest gives. */
export interface SaveResult {
  /** See {@linkcode savePartition}. */
  readonly status: NtStatus;
  /** The saved state; null on failure. */
  readonly bytes: Uint8Array | null;
  /** Why it failed, in words; null on success. */
  readonly reason: string | null;
  /** What is in the saved state; null on failure. */
  readonly summary: SaveSummary | null;
}

const ITEMS_MAX = 100_000;

/** The machines that are being saved, by their trust levels. */
const underWay = new WeakSet<readonly PartitionObject[]>();

/** Whether a guest is being saved: until it is, it must not be resumed. */
export function isBeingSaved(guest: PartitionObject): boolean {
  return underWay.has(guest.levels);
}

/**
 * Saves a guest with everything that it has, all trust levels of its machine: its memory, its channels, its drivers and those that serve
 * it. The fabric runs on to a safe point, where no callback of theirs is unfinished; then the guest's
 * processors stand still, and the drivers save. On success the guest stays so, and with it the drivers
 * that serve it, until the program destroys it (the saved one continues elsewhere) or resumes it. On
 * failure it runs on as before.
 *
 * Statuses: INVALID_PARAMETER no guest, or a bad option; DEVICE_REMOVED it crashed, before or meanwhile;
 * NOT_SUPPORTED it has a channel of a driver that was not loaded with loadGuestDriver or loadHostDriver, or a byte pipe, or
 * somebody outside has one end of its bus;
 * INVALID_DEVICE_STATE it is being saved already, was resumed meanwhile, or its connection to the host is about to
 * change; TIMEOUT no safe point within the bound, or a driver that never gets done: the reason names the callback; UNSUCCESSFUL a driver that
 * cannot be saved.
 *
 * @throws {Error} Inside a callback. It rejects as `fabric.settle()` does where a driver throws; then,
 * too, the guest runs on.
 */
export async function savePartition(
  partition: Partition,
  options: SaveOptions = {},
): Promise<SaveResult> {
  const frame = currentFrame();
  if (frame !== null) {
    throw new Error(`Cannot save a partition inside a callback: ${frame.name} runs`);
  }
  const result = await savedOrRefused(partition, options.itemsMax ?? ITEMS_MAX);
  if (result.bytes === null) recordRefusal(partition, result.status);
  return result;
}

/** A refused save is on the trace, of whatever fabric the partition is. */
function recordRefusal(partition: unknown, status: NtStatus): void {
  if (!isInstance(partition, PartitionObject) || partition.runtime.isDisposed) return;
  const { runtime: { recorder, clock }, traceId } = partition;
  recorder.record(clock.now100ns, "saveRefused", traceId, status);
}

async function savedOrRefused(partition: Partition, itemsMax: number): Promise<SaveResult> {
  const isGuest = isInstance(partition, PartitionObject) && !partition.isRoot;
  if (!isGuest || !isUint(itemsMax, Number.MAX_SAFE_INTEGER)) {
    return failed({ status: STATUS_INVALID_PARAMETER, reason: "no guest, or a bad bound" });
  }
  const { levels } = partition;
  if (partition.isAlive && underWay.has(levels)) {
    const reason = `${partition.name} is being saved already`;
    return failed({ status: STATUS_INVALID_DEVICE_STATE, reason });
  }
  const refusal = refusalReason(levels);
  if (refusal !== null) return failed(refusal);
  underWay.add(levels);
  const quiescence = new Quiescence(levels, itemsMax);
  let isSaved = false;
  try {
    const result = await save(partition, quiescence);
    isSaved = result.bytes !== null;
    return result;
  } finally {
    underWay.delete(levels);
    if (!isSaved) await quiescence.undo();
  }
}

function failed({ status, reason }: Refusal): SaveResult {
  return { status, bytes: null, reason, summary: null };
}

/** Why a machine of these trust levels cannot be saved, whatever it is at. */
function refusalReason(levels: readonly PartitionObject[]): Refusal | null {
  const gone = levels.find(({ isAlive }) => !isAlive);
  if (gone !== undefined) return { status: STATUS_DEVICE_REMOVED, reason: `${gone.name} is gone` };
  const foreign = levels.find(({ isForeign }) => isForeign);
  if (foreign !== undefined) {
    const reason =
      `somebody outside has one end of the bus of ${foreign.name}, and knows what is not the fabric's to save`;
    return { status: STATUS_NOT_SUPPORTED, reason };
  }
  const endpoints = endpointsOf(levels);
  const pipe = endpoints.find(({ bytes }) => bytes !== null);
  if (pipe !== undefined) {
    return { status: STATUS_NOT_SUPPORTED, reason: `${pipe.name} is a byte pipe` };
  }
  const isOurs = (guest: PartitionPort | null) => levels.some((level) => level === guest);
  const others = endpoints.find(({ driver }) => !isOurs(driver?.guest ?? null)) ??
    driversOf(levels).flatMap(({ endpoints }) => endpoints)
      .find(({ guest }) => guest !== null && !isOurs(guest)); // offered to another machine
  if (others === undefined) return null;
  const reason = `${others.name} is of a driver that was not loaded for ${levels[0]!.name}`;
  return { status: STATUS_NOT_SUPPORTED, reason };
}

/** The drivers of a machine, and those that serve it. */
function driversOf(levels: readonly PartitionObject[]): readonly LoadedDriver[] {
  return levels.flatMap(({ drivers }) => drivers);
}

/** The endpoints of a machine's drivers, and of those that serve it. */
function endpointsOf(levels: readonly PartitionObject[]): readonly Endpoint[] {
  return [...new Set(levels.flatMap((level) => [...level.endpoints, ...serversOf(level)]))];
}

/** Brings the machine to its safe point, asks all drivers for their states, and writes everything. */
async function save(guest: PartitionObject, quiescence: Quiescence): Promise<SaveResult> {
  const { levels } = guest;
  for (const server of levels.flatMap(serversOf)) forgetSave(server);
  const hostStates = await quiescence.reach();
  if (isRefusal(hostStates)) return failed(hostStates);
  const guestStates = askGuestDrivers(levels);
  if (isRefusal(guestStates)) return failed(guestStates);
  // A driver may have ended or resumed its guest, or made channels that are nobody's.
  const stopped = quiescence.refusal ?? refusalReason(levels) ?? whyUnrested(levels) ??
    whyStale(levels, quiescence.servers);
  if (stopped !== null) return failed(stopped);
  const states = new Map([...hostStates, ...guestStates]);
  const bytes = readSaved(() => writeEnvelope("partition", machineChunks(levels, states)));
  if (bytes instanceof SavedStateFault) {
    return failed({ status: STATUS_UNSUCCESSFUL, reason: bytes.message });
  }
  const { recorder, clock, observer } = guest.runtime;
  recorder.recordPayload(clock.now100ns, "partitionSaved", guest.traceId, bytes, bytes.length);
  for (const level of levels) {
    level.onResume = () => resumeHosts(level.drivers);
    observer?.see({ kind: "partitionChanges", partition: level.name, change: "saved" });
  }
  return { status: STATUS_SUCCESS, bytes, reason: null, summary: summaryOf(levels, bytes.length) };
}

/** A connection that is on its way has steps of the host before it, which are nobody's to save. */
function whyUnrested(levels: readonly PartitionObject[]): Refusal | null {
  const level = levels.find(({ bus }) => !isRestingConnection(bus.host.connection));
  if (level === undefined) return null;
  const reason = `${level.name} is about to connect, or to change its connection`;
  return { status: STATUS_INVALID_DEVICE_STATE, reason };
}

/** A server that moved on, or went, after its driver had saved it: the guest would not be the one that it knows. */
function whyStale(levels: readonly PartitionObject[], told: readonly Endpoint[]): Refusal | null {
  const stale = [...levels.flatMap(serversOf), ...told].find((server) => !isAsSaved(server));
  if (stale === undefined) return null;
  const reason = `${stale.name} has changed since ${stale.driver?.label ?? "its driver"} saved it`;
  return { status: STATUS_UNSUCCESSFUL, reason };
}

function isRefusal(value: DriverStates | Refusal): value is Refusal {
  return "reason" in value;
}

function askGuestDrivers(levels: readonly PartitionObject[]): DriverStates | Refusal {
  const states = new Map<LoadedDriver, PlainData>();
  for (const driver of driversOf(levels).filter(({ kind }) => kind === "guest")) {
    const { data, fault } = stateOf(PartitionObject.of(driver.guest), driver);
    if (fault !== null) {
      const reason = `${driver.label} cannot be saved: ${fault}`;
      return { status: STATUS_UNSUCCESSFUL, reason };
    }
    states.set(driver, data);
  }
  return states;
}

/** Asks a driver of the guest for its state: no handle is good for anything but a token meanwhile. */
function stateOf(guest: PartitionObject, driver: LoadedDriver): ReturnType<typeof copyPlainData> {
  const tokens = new TokenWriter(driver, clientNumbers(guest));
  const { driverFaults } = FabricRuntime.of(guest.runtime);
  const ask = () => {
    const returned = (driver.instance as GuestDriverInstance).save(tokens);
    ignoreRejection(returned);
    const state = driverFaults === null ? returned : driverFaults.saved(driver, returned);
    return copyPlainData(state, "its state");
  };
  try { // until it has told, nothing of it may change
    return whileKmclRefuses(guest.runtime, "inside a guest driver's save", ask);
  } catch (error) {
    return { data: null, fault: messageOf(error) };
  }
}

function summaryOf(levels: readonly PartitionObject[], bytes: number): SaveSummary {
  const memories = levels.filter(({ sharesMemory }) => !sharesMemory);
  const pages = memories.map(({ memory }) => memory.image).flatMap(({ runs, mmio }) => [
    ...runs,
    ...mmio.flatMap(({ backing }) => backing ?? []),
  ]);
  const endpoints = endpointsOf(levels);
  const clients = endpoints.filter(({ side }) => side === "client");
  const packets = endpoints.flatMap(({ outgoing }) => outgoing.packets.live);
  const inStates = (...states: readonly string[]) =>
    packets.filter(({ actor }) => states.includes(String(actor.snapshot.value))).length;
  return {
    bytes,
    pages: pages.reduce((sum, run) => sum + run.bytes.length / PAGE_BYTES, 0),
    channels: clients.length,
    packets: {
      queued: inStates("queued"),
      awaiting: inStates("awaiting", "withdrawn"),
      ended: inStates("ended"),
      held: endpoints.reduce(
        (sum, { incoming }) => sum + incoming.outstandingPackets.outstanding,
        0,
      ),
    },
    ringBytes: clients.reduce((sum, endpoint) => sum + ringBytesOf(endpoint), 0),
  };
}

/** Bytes in both rings of a channel, as its client's control pages have it. */
function ringBytesOf({ rings }: Endpoint): number {
  if (rings === null) return 0;
  return [rings.incoming, rings.outgoing].reduce((sum, ring) => {
    const { writeIndex, readIndex } = ring.snapshot();
    return sum + usedBetween(writeIndex, readIndex, ring.dataBytes);
  }, 0);
}
