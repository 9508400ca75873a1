/**
 * Saving a whole guest (docs/save-restore.md).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { currentFrame } from "../../actors/runtime/irql.ts";
import { ignoreRejection } from "../../actors/runtime/promises.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import { isRestingConnection } from "../../actors/bus/host/connection_image.ts";
import { clientNumbers, partitionChunks } from "../../actors/saving/write_partition.ts";
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

/** The guests that are being saved. */
const underWay = new WeakSet<PartitionObject>();

/** Whether a guest is being saved: until it is, it must not be resumed. */
export function isBeingSaved(guest: PartitionObject): boolean {
  return underWay.has(guest);
}

/**
 * Saves a guest with everything that it has: its memory, its channels, its drivers and those that serve
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
  const itemsMax = options.itemsMax ?? ITEMS_MAX;
  const isGuest = isInstance(partition, PartitionObject) && !partition.isRoot;
  if (!isGuest || !isUint(itemsMax, Number.MAX_SAFE_INTEGER)) {
    return failed({ status: STATUS_INVALID_PARAMETER, reason: "no guest, or a bad bound" });
  }
  const refusal = refusalReason(partition);
  if (refusal !== null) return failed(refusal);
  underWay.add(partition);
  const quiescence = new Quiescence(partition, itemsMax);
  let isSaved = false;
  try {
    const result = await save(partition, quiescence);
    isSaved = result.bytes !== null;
    return result;
  } finally {
    underWay.delete(partition);
    if (!isSaved) await quiescence.undo();
  }
}

function failed({ status, reason }: Refusal): SaveResult {
  return { status, bytes: null, reason, summary: null };
}

/** Why a guest cannot be saved, whatever it is at; `isThis`: the save under way is the one that asks. */
function refusalReason(guest: PartitionObject, isThis: boolean = false): Refusal | null {
  const { name } = guest;
  if (!guest.isAlive) return { status: STATUS_DEVICE_REMOVED, reason: `${name} is gone` };
  if (guest.levels.length > 1) { // they stand still together, and each would have to be safe
    const reason = `${name} is one of ${guest.levels.length} trust levels of its machine`;
    return { status: STATUS_NOT_SUPPORTED, reason };
  }
  if (!isThis && underWay.has(guest)) {
    return { status: STATUS_INVALID_DEVICE_STATE, reason: `${name} is being saved already` };
  }
  if (guest.isForeign) {
    const reason =
      `somebody outside has one end of the bus of ${name}, and knows what is not the fabric's to save`;
    return { status: STATUS_NOT_SUPPORTED, reason };
  }
  const pipe = [...guest.endpoints, ...serversOf(guest)].find(({ bytes }) => bytes !== null);
  if (pipe !== undefined) {
    return { status: STATUS_NOT_SUPPORTED, reason: `${pipe.name} is a byte pipe` };
  }
  const foreign =
    [...guest.endpoints, ...serversOf(guest)].find(({ driver }) => driver?.guest !== guest) ??
      offeredElsewhere(guest);
  if (foreign === undefined) return null;
  const reason = `${foreign.name} is of a driver that was not loaded for ${name}`;
  return { status: STATUS_NOT_SUPPORTED, reason };
}

/** A server of a driver that was loaded for `guest`, offered to another. */
function offeredElsewhere(guest: PartitionObject): Endpoint | undefined {
  return guest.drivers.filter(({ kind }) => kind === "host")
    .flatMap(({ endpoints }) => endpoints)
    .find((endpoint) => endpoint.guest !== null && endpoint.guest !== guest);
}

/** Brings the guest to its safe point, asks all drivers for their states, and writes everything. */
async function save(guest: PartitionObject, quiescence: Quiescence): Promise<SaveResult> {
  for (const server of serversOf(guest)) forgetSave(server);
  const hostStates = await quiescence.reach();
  if (isRefusal(hostStates)) return failed(hostStates);
  const guestStates = askGuestDrivers(guest);
  if (isRefusal(guestStates)) return failed(guestStates);
  // A driver may have ended or resumed its guest, or made channels that are nobody's.
  const stopped = quiescence.refusal ?? refusalReason(guest, true) ?? whyUnrested(guest) ??
    whyStale(guest);
  if (stopped !== null) return failed(stopped);
  const states = new Map([...hostStates, ...guestStates]);
  const bytes = readSaved(() => writeEnvelope("partition", partitionChunks(guest, states)));
  if (bytes instanceof SavedStateFault) {
    return failed({ status: STATUS_UNSUCCESSFUL, reason: bytes.message });
  }
  guest.onResume = () => resumeHosts(guest.drivers);
  const { recorder, clock, observer } = guest.runtime;
  recorder.recordPayload(clock.now100ns, "partitionSaved", guest.traceId, bytes, bytes.length);
  observer?.see({ kind: "partitionChanges", partition: guest.name, change: "saved" });
  return { status: STATUS_SUCCESS, bytes, reason: null, summary: summaryOf(guest, bytes.length) };
}

/** A connection that is on its way has steps of the host before it, which are nobody's to save. */
function whyUnrested({ name, bus }: PartitionObject): Refusal | null {
  if (isRestingConnection(bus.host.connection)) return null;
  const reason = `${name} is about to connect, or to change its connection`;
  return { status: STATUS_INVALID_DEVICE_STATE, reason };
}

/** A server that moved on after its driver had saved it: the guest would not be the one that it knows. */
function whyStale(guest: PartitionObject): Refusal | null {
  const stale = serversOf(guest).find((server) => !isAsSaved(server));
  if (stale === undefined) return null;
  const reason = `${stale.name} has changed since ${stale.driver?.label ?? "its driver"} saved it`;
  return { status: STATUS_UNSUCCESSFUL, reason };
}

function isRefusal(value: DriverStates | Refusal): value is Refusal {
  return "reason" in value;
}

function askGuestDrivers(guest: PartitionObject): DriverStates | Refusal {
  const states = new Map<LoadedDriver, PlainData>();
  for (const driver of guest.drivers.filter(({ kind }) => kind === "guest")) {
    const { data, fault } = stateOf(guest, driver);
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

function summaryOf(guest: PartitionObject, bytes: number): SaveSummary {
  const { runs, mmio } = guest.memory.image;
  const pages = [...runs, ...mmio.flatMap(({ backing }) => backing ?? [])];
  const endpoints = [...guest.endpoints, ...serversOf(guest)];
  const packets = endpoints.flatMap(({ outgoing }) => outgoing.packets.live);
  const inStates = (...states: readonly string[]) =>
    packets.filter(({ actor }) => states.includes(String(actor.snapshot.value))).length;
  return {
    bytes,
    pages: pages.reduce((sum, run) => sum + run.bytes.length / PAGE_BYTES, 0),
    channels: guest.endpoints.size,
    packets: {
      queued: inStates("queued"),
      awaiting: inStates("awaiting", "withdrawn"),
      ended: inStates("ended"),
      held: endpoints.reduce(
        (sum, { incoming }) => sum + incoming.outstandingPackets.outstanding,
        0,
      ),
    },
    ringBytes: [...guest.endpoints].reduce((sum, endpoint) => sum + ringBytesOf(endpoint), 0),
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
