/**
 * A disk in a fabric, and a guest without the disk's own driver: the stage of the tests of devices/disk.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type CopyFiles,
  type CopyOptions,
  createDisk,
  decodeReply,
  DISK_INTERFACE_TYPE,
  DISK_VERSION,
  type DiskClient,
  type DiskClientOptions,
  type DiskImage,
  type DiskReply,
  type DiskServer,
  type DiskServerOptions,
  encodeRequest,
  type FileCopier,
  fileCopier,
  memoryImage,
  openDisk,
} from "../../devices/disk/mod.ts";
import * as vmbus from "../../mod.ts";
import { clientTable } from "./connected_pair.ts";

/** Instance of the disks of tests, unless they say another. */
export const DISK_INSTANCE = "7d0b8c1e-5a0f-4c44-9a2e-0b6d3f1e2c11";
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** How a stage is made. Everything has a default. */
export interface DiskStageOptions {
  readonly fabric?: vmbus.FabricOptions;
  readonly memoryPages?: number;
  readonly server?: Partial<DiskServerOptions>;
  readonly client?: DiskClientOptions;
  /** Bytes of an image in memory. Default 64 KiB. */
  readonly imageBytes?: number;
  /** Another image. It is given the one in memory. */
  readonly image?: (inMemory: DiskImage, guest: vmbus.Partition) => DiskImage;
}

/** A fabric with a guest that is offered a disk. */
export interface ServerStage {
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly server: DiskServer;
  /** The bytes of the image in memory. */
  readonly bytes: Uint8Array;
}

/** The same, with the disk opened by its own driver. */
export interface DiskStage extends ServerStage {
  readonly disk: DiskClient;
}

/** A disk that is offered; nothing has run yet. */
export function offerDisk(options: DiskStageOptions = {}): ServerStage {
  const fabric = vmbus.createFabric(options.fabric);
  const memoryPages = options.memoryPages ?? 1024;
  const guest = fabric.createPartition({ name: "guest", memoryPages });
  const bytes = new Uint8Array(options.imageBytes ?? 65_536);
  const inMemory = memoryImage(bytes);
  const image = options.image?.(inMemory, guest) ?? inMemory;
  const server = createDisk(guest, image, { instance: DISK_INSTANCE, ...options.server });
  return { fabric, guest, server, bytes };
}

/** A disk that is open. */
export async function openStage(options: DiskStageOptions = {}): Promise<DiskStage> {
  const stage = offerDisk(options);
  const disk = openDisk(stage.guest, options.client);
  await stage.fabric.settle();
  assertEquals(disk.state.refusal, null);
  assertEquals(disk.state.phase, "open");
  return { ...stage, disk };
}

/** Nothing may be left, and nothing may have been misused. */
export function assertClean(fabric: vmbus.Fabric): void {
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
}

/** Closes both drivers, the guest's first. */
export async function closeStage({ fabric, server, disk }: DiskStage): Promise<void> {
  await disk.close();
  await server.close();
  assertClean(fabric);
}

/** Waits for `promise` while the fabric runs, and gives what it resolved with. */
export async function ending<T>(fabric: vmbus.Fabric, promise: Promise<T>): Promise<T> {
  await fabric.settle();
  return await promise;
}

/** Bytes that differ from place to place. */
export function sampleBytes(byteCount: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => salt + at * 31 + (at >>> 8) * 7);
}

/** Both ends of a copy: a file in memory, and what takes the copy. */
export interface MemoryFiles extends CopyFiles {
  /** The bytes of the file. */
  readonly file: Uint8Array;
  /** What came back so far. */
  readonly copy: Uint8Array;
}

/** The two ends of a copy of `file`. `hook` hears of each piece, once it was read or has come back. */
export function filesOf(
  file: Uint8Array,
  hook: (doneBytes: number) => void = () => {},
): MemoryFiles {
  const copy = new Uint8Array(file.length);
  const [source, sink] = [memoryImage(file), memoryImage(copy)];
  let read = 0;
  let written = 0;
  const assertNext = (offset: number, next: number) => {
    assertEquals(offset, next, "each byte is read and written once, in order");
  };
  return {
    file,
    copy,
    source: {
      byteCount: file.length,
      read: (offset, into) => {
        assertNext(offset, read);
        source.read(offset, into);
        read += into.length;
        hook(read + written);
      },
    },
    sink: {
      write: (offset, bytes) => {
        assertNext(offset, written);
        sink.write(offset, bytes);
        written += bytes.length;
        hook(read + written);
      },
    },
  };
}

/** Loads a copier, lets it copy, and gives it back. */
export async function copyWith(
  { fabric, guest }: ServerStage,
  files: CopyFiles,
  options: CopyOptions = {},
): Promise<FileCopier> {
  const copier = vmbus.loadGuestDriver(guest, fileCopier(files), options);
  await fabric.run();
  return copier;
}

/** Closes a copier and the disk that it worked on. */
export async function closeCopy(
  { fabric, server }: ServerStage,
  copier: FileCopier,
): Promise<void> {
  await copier.close();
  await server.close();
  assertClean(fabric);
}

/** Whether two arrays hold the same bytes; says so quickly where they are long. */
export function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The state of the channel that the root's driver offers to a guest. */
export function serverChannel(fabric: vmbus.Fabric, index = 0): vmbus.ChannelState {
  const channel = fabric.inspect().partitions[0]?.channels[index];
  assert(channel !== undefined);
  return channel;
}

/** A guest that speaks the protocol by hand, well or ill. */
export interface RawGuest {
  readonly vsc: vmbus.KmclClientInterfaceV1;
  readonly channel: vmbus.VMBCHANNEL;
  /** Sends bytes; resolves with the reply, null where none came. */
  ask(bytes: Uint8Array, mdl?: vmbus.Mdl): Promise<DiskReply | null>;
  /** Negotiates with a status block of its own; gives the buffer and its GPADL. */
  negotiate(): Promise<{ buffer: vmbus.GuestBuffer; gpadl: number }>;
  close(): Promise<void>;
}

/** Opens the disk of a stage by hand. `onClosed` runs in the Closed callback, where GPADLs must go. */
export async function openRaw({ fabric, guest }: ServerStage): Promise<RawGuest> {
  const vsc = clientTable(guest);
  const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  const shared: { buffer: vmbus.GuestBuffer; gpadl: number }[] = [];
  const statuses = [
    vsc.VmbClientChannelInitSetTargetPnp(channel, DISK_INTERFACE_TYPE, null, null),
    vsc.VmbChannelInitSetMaximumExternalData(channel, 1 << 20, 300),
    vsc.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null),
    vsc.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelClosed: async () => {
        for (const { gpadl } of shared) await vsc.VmbChannelDeleteGpadl(channel, gpadl);
      },
    }),
    vsc.VmbChannelEnable(channel),
  ];
  assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
  await fabric.settle();
  const ask = async (bytes: Uint8Array, mdl: vmbus.Mdl | null = null) => {
    let reply: DiskReply | null = null;
    const packet = vsc.VmbPacketAllocate(channel);
    vsc.VmbPacketSetCompletionRoutine(packet, (ended, status, buffer, byteCount) => {
      if (status === vmbus.STATUS_SUCCESS) reply = decodeReply(buffer, byteCount);
      vsc.VmbPacketFree(ended);
    });
    vmbus.expectSuccess(vsc.VmbPacketSend(packet, bytes, bytes.length, mdl, WAIT));
    await fabric.settle();
    return reply;
  };
  const negotiate = async () => {
    const buffer = guest.memory.allocate(4096);
    const { gpadlHandle: gpadl } = vmbus.expectSuccess(
      vsc.VmbChannelCreateGpadlFromBuffer(channel, 0, buffer, 4096),
    );
    shared.push({ buffer, gpadl });
    const request = { operation: "negotiate", version: DISK_VERSION, statusGpadl: gpadl } as const;
    assertEquals(await ask(encodeRequest(request)), { answer: "ok", blockCount: 0 });
    return { buffer, gpadl };
  };
  const close = async () => {
    await vsc.VmbChannelDisable(channel);
    vsc.VmbChannelCleanup(channel);
    for (const { buffer } of shared) guest.memory.free(buffer);
  };
  return { vsc, channel, ask, negotiate, close };
}
