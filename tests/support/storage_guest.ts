/**
 * The guest's storage driver against the host by hand: the stage of its tests.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BlockError,
  type GuestDisk,
  type StorageClient,
  type StorageClientOptions,
  storageDriver,
  type StorageProgram,
} from "../../devices/storage/mod.ts";
import * as vmbus from "../../mod.ts";
import { HandHost, type HandHostOptions } from "./storage_host.ts";

/** A program that notes what it hears. */
export class NotingProgram implements StorageProgram {
  readonly disks: GuestDisk[] = [];
  /** `disk 0`, `change 0`, `gone 0`, by LUN. */
  readonly heard: string[] = [];

  onDisk(disk: GuestDisk): void {
    this.disks.push(disk);
    this.heard.push(`disk ${disk.facts.lun}`);
  }

  onChange(disk: GuestDisk): void {
    this.heard.push(`change ${disk.facts.lun}`);
  }

  onGone(disk: GuestDisk): void {
    assert(disk.isGone);
    this.heard.push(`gone ${disk.facts.lun}`);
  }
}

/** A guest with its driver, and its host. */
export interface StorageStage {
  readonly host: HandHost;
  readonly program: NotingProgram;
  readonly client: StorageClient;
}

/** Opens a controller of a host by hand. */
export async function openStorage(
  hostOptions: HandHostOptions = {},
  options: StorageClientOptions = {},
): Promise<StorageStage> {
  const host = new HandHost(hostOptions);
  const program = new NotingProgram();
  const client = vmbus.loadGuestDriver(host.guest, storageDriver(program), options);
  await host.fabric.settle();
  return { host, program, client };
}

/** Closes both; nothing may be left, and nothing may have been misused. */
export async function closeStorage({ host, client }: StorageStage): Promise<void> {
  await client.close();
  await host.rescind();
  await host.fabric.run();
  assertEquals(client.state.phase, "closed");
  assertEquals(host.fabric.leaks(), []);
  assertEquals(host.fabric.violations, []);
}

/** Runs the fabric, and time, until nothing is left to do; then `promise` must have settled. */
export async function ending(fabric: vmbus.Fabric, promise: Promise<void>): Promise<void> {
  let isOver = false;
  const settled = promise.finally(() => {
    isOver = true;
  });
  settled.catch(() => {}); // it is awaited below
  await fabric.run();
  assert(isOver, "the request has ended");
  await settled;
}

/** The same for a request that must fail. */
export async function failing(
  fabric: vmbus.Fabric,
  promise: Promise<void>,
): Promise<readonly [vmbus.NtStatus, srbStatus: number | null, sense: string]> {
  const { status, srbStatus, sense } = await assertRejects(
    () => ending(fabric, promise),
    BlockError,
  );
  const triple = sense === null ? "" : `${sense.key}/${sense.code}/${sense.qualifier}`;
  return [status, srbStatus, triple];
}

/** Bytes that differ from place to place. */
export function patterned(byteCount: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => salt + at * 31 + (at >>> 8) * 7);
}

/** The operation codes of the commands that the host has heard, from the `from`th request on. */
export function opcodes({ host }: StorageStage, from = 0): number[] {
  return host.heard.slice(from).flatMap(({ request }) =>
    request.operation === "executeSrb" ? [request.cdb[0]!] : []
  );
}
