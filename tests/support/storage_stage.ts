/**
 * A storage controller in a fabric, and a guest without a storage driver: one that speaks the protocol by hand, well
 * or ill. The stage of the tests of devices/storage.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Cdb,
  createStorage,
  decodeSense,
  encodeCdb,
  encodeStorageRequest,
  packetBytesOf,
  PROPERTIES_ANSWER,
  SCSI_INTERFACE_TYPE,
  type Sense,
  sparseImage,
  SRB_ANSWER,
  SRB_AUTOSENSE_VALID,
  type SrbAnswer,
  type StorageDisk,
  type StorageOperation,
  type StorageRequest,
  type StorageServer,
  type StorageServerOptions,
} from "../../devices/storage/mod.ts";
import * as vmbus from "../../mod.ts";
import { clientTable } from "./connected_pair.ts";
import { createFabric } from "./fabric.ts";

/** Instance of the controllers of tests. */
export const STORAGE_INSTANCE = "f8615163-1111-4222-8333-0123456789ab";
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** How a stage is made. Everything has a default. */
export interface StorageStageOptions {
  readonly fabric?: vmbus.FabricOptions;
  readonly guest?: Partial<vmbus.PartitionOptions>;
  readonly options?: Partial<StorageServerOptions>;
  /** Default: one sparse disk of 1 MiB at 0:0:0. */
  readonly disks?: readonly StorageDisk[];
}

/** A fabric with a guest that is offered a controller. */
export interface StorageStage {
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly server: StorageServer;
}

/** A controller that is offered; nothing has run yet. */
export function offerStorage(options: StorageStageOptions = {}): StorageStage {
  const fabric = createFabric({ codec: "vmbus", ...options.fabric });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 512, ...options.guest });
  const disks = options.disks ?? [{ image: sparseImage(1 << 20) }];
  const server = createStorage(guest, disks, { instance: STORAGE_INSTANCE, ...options.options });
  return { fabric, guest, server };
}

/** How a command ended, as the guest reads it. */
export interface ScsiEnd {
  /** srbStatus, scsiStatus, NTSTATUS in base 16. */
  readonly status: string;
  /** key/ASC/ASCQ in base 16; null without sense. */
  readonly sense: string | null;
  /** Bytes that were moved. */
  readonly moved: number;
  /** The buffer, as it is then. */
  readonly data: Uint8Array;
}

/** The words of sense data. */
export function senseText({ key, code, qualifier }: Sense): string {
  return [key, code, qualifier].map((n) => n.toString(16).padStart(2, "0")).join("/");
}

/** How a command goes out. */
export interface ScsiOptions {
  readonly lun?: number;
  readonly targetId?: number;
  readonly pathId?: number;
  /** What is in the buffer before; a number is as many bytes of 0xee. Default none. */
  readonly data?: Uint8Array | number;
  /** 0 write, 1 read, 2 none. Default 0 with bytes, 1 with a number. */
  readonly direction?: number;
  /** Default: as long as the data. */
  readonly transferBytes?: number;
  /** Offset of the data in its first page. Default 0. */
  readonly byteOffset?: number;
}

/** A request on its way. */
export interface Asked {
  /** The answer; null while there is none. */
  answer: Uint8Array | null;
  /** How its packet ended. */
  status: number | null;
}

/** A guest that speaks the protocol by hand on one channel. */
export class RawStorage {
  readonly stage: StorageStage;
  readonly vsc: vmbus.KmclClientInterfaceV1;
  readonly channel: vmbus.VMBCHANNEL;
  /** What came without being asked for. */
  readonly heard: Uint8Array[] = [];
  /** Buffers of commands whose ends nobody has seen. */
  readonly #buffers = new Set<vmbus.GuestBuffer>();
  /** Bytes of each packet. */
  packetBytes = 64;

  constructor(stage: StorageStage, index = 0) {
    this.stage = stage;
    const vsc = this.vsc = clientTable(stage.guest);
    const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(stage.guest.device, false));
    this.channel = channel;
    const statuses = [
      vsc.VmbClientChannelInitSetTargetPnp(channel, SCSI_INTERFACE_TYPE, null, null),
      vsc.VmbChannelInitSetMaximumExternalData(channel, 1 << 20, 300),
      vsc.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet, buffer, length) => {
        this.heard.push(buffer.slice(0, length));
        vsc.VmbChannelPacketComplete(packet, null, 0);
      }, null),
      ...index === 0 ? [] : [vmbus.initSetSubchannelIndex(vsc, channel, index)],
      vsc.VmbChannelEnable(channel),
    ];
    assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
  }

  /** Offered, open, and initialized in `version`, with the sub-channels that are asked for before the end. */
  static async ready(
    options: StorageStageOptions = {},
    version = 0x600,
    subChannels = 0,
  ): Promise<RawStorage> {
    const raw = new RawStorage(offerStorage(options));
    await raw.stage.fabric.settle();
    await raw.initialize(version, subChannels);
    return raw;
  }

  /** Sends bytes. */
  send(bytes: Uint8Array, mdl: vmbus.Mdl | null = null): Asked {
    const asked: Asked = { answer: null, status: null };
    const packet = this.vsc.VmbPacketAllocate(this.channel);
    this.vsc.VmbPacketSetCompletionRoutine(packet, (ended, status, buffer, byteCount) => {
      asked.status = status;
      if (status === vmbus.STATUS_SUCCESS) asked.answer = buffer.slice(0, byteCount);
      this.vsc.VmbPacketFree(ended);
    });
    const sent = this.vsc.VmbPacketSend(packet, bytes, bytes.length, mdl, WAIT);
    if (sent !== vmbus.STATUS_SUCCESS) {
      this.vsc.VmbPacketFree(packet);
      asked.status = sent;
    }
    return asked;
  }

  /** Sends bytes, and gives the answer; null where none came. */
  async ask(bytes: Uint8Array, mdl: vmbus.Mdl | null = null): Promise<Uint8Array | null> {
    const asked = this.send(bytes, mdl);
    await this.stage.fabric.settle();
    return asked.answer;
  }

  /** Sends a request, and gives the status in the answer's header; null where none came. */
  async say(
    operation: Exclude<StorageOperation, "executeSrb">,
    fields: { readonly version?: number; readonly subChannels?: number } = {},
  ): Promise<string | null> {
    const none = { version: 0, revision: 0, subChannels: 0 };
    const request = { operation, flags: 1, status: 0, ...none, ...fields };
    const bytes = encodeStorageRequest(request as StorageRequest, this.packetBytes);
    const answer = await this.ask(bytes);
    return answer && statusOf(answer);
  }

  /** The handshake; every answer must be a success. */
  async initialize(version = 0x600, subChannels = 0): Promise<void> {
    this.packetBytes = packetBytesOf(version);
    assertEquals(await this.say("beginInitialization"), "0");
    assertEquals(await this.say("queryProtocolVersion", { version }), "0");
    assertEquals(await this.say("queryProperties"), "0");
    if (subChannels > 0) assertEquals(await this.say("createSubChannels", { subChannels }), "0");
    assertEquals(await this.say("endInitialization"), "0");
  }

  /** Begins a command. `end` gives how it ended; null while it has not. */
  begin(cdb: Cdb | Uint8Array, options: ScsiOptions = {}): { end: () => ScsiEnd | null } {
    const { lun = 0, targetId = 0, pathId = 0, data = new Uint8Array(0) } = options;
    const bytes = typeof data === "number" ? new Uint8Array(data).fill(0xee) : data;
    const { direction = typeof data === "number" ? 1 : 0 } = options;
    const { byteOffset = 0, transferBytes = bytes.length } = options;
    const { memory } = this.stage.guest;
    const buffer = bytes.length === 0 ? null : memory.allocate(byteOffset + bytes.length);
    if (buffer !== null) {
      memory.write(buffer.gpa + byteOffset, bytes);
      this.#buffers.add(buffer);
    }
    const mdl = buffer &&
      vmbus.IoAllocateMdl(memory, buffer.gpa + byteOffset, bytes.length);
    const area = cdb instanceof Uint8Array ? cdb : encodeCdb(cdb);
    const asked = this.send(
      srbRequest({
        pathId,
        targetId,
        lun,
        direction,
        dataTransferBytes: transferBytes,
        cdb: area,
      }, this.packetBytes),
      mdl,
    );
    let end: ScsiEnd | null = null;
    return {
      end: () => {
        if (end !== null || asked.status === null) return end;
        const now = buffer && memory.read(buffer.gpa + byteOffset, bytes.length);
        if (buffer !== null && this.#buffers.delete(buffer)) memory.free(buffer);
        if (asked.answer === null) return null;
        end = endOf(asked.answer, now ?? new Uint8Array(0));
        return end;
      },
    };
  }

  /** Runs a command; null where no answer came. */
  async scsi(cdb: Cdb | Uint8Array, options: ScsiOptions = {}): Promise<ScsiEnd | null> {
    const begun = this.begin(cdb, options);
    await this.stage.fabric.settle();
    return begun.end();
  }

  /** Runs a command that must be answered: how it ended in short, `06 02 c0000185 05/21/00 0`. */
  async end(cdb: Cdb | Uint8Array, options: ScsiOptions = {}): Promise<string> {
    const end = await this.scsi(cdb, options);
    assert(end !== null, "the command is answered");
    return [end.status, end.sense ?? "-", end.moved].join(" ");
  }

  /** Closes and frees the guest's end. */
  async close(): Promise<void> {
    await this.vsc.VmbChannelDisable(this.channel);
    this.vsc.VmbChannelCleanup(this.channel);
    for (const buffer of this.#buffers) this.stage.guest.memory.free(buffer);
    this.#buffers.clear();
  }

  /** Closes both ends; nothing may be left. */
  async finish(): Promise<void> {
    await this.close();
    await this.stage.server.close();
    const { fabric } = this.stage;
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
    await fabric[Symbol.asyncDispose]();
  }
}

/** The bytes of an SRB. */
export function srbRequest(
  fields: {
    readonly pathId?: number;
    readonly targetId?: number;
    readonly lun?: number;
    readonly direction?: number;
    readonly dataTransferBytes?: number;
    readonly cdb: Uint8Array;
  },
  byteCount = 64,
): Uint8Array {
  const request = {
    operation: "executeSrb",
    flags: 1,
    status: 0,
    srbBytes: 0x34,
    srbStatus: 0,
    scsiStatus: 0,
    portNumber: 0,
    pathId: 0,
    targetId: 0,
    lun: 0,
    cdbBytes: 16,
    senseBytes: 0x14,
    direction: 2,
    dataTransferBytes: 0,
    ...fields,
  } as const;
  return encodeStorageRequest(request, byteCount);
}

/** The status in a packet's header, in base 16. */
export function statusOf(packet: Uint8Array): string {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(8, true).toString(16);
}

/** What an answer to an SRB says. */
export function srbAnswerOf(answer: Uint8Array): SrbAnswer {
  return SRB_ANSWER.decode(answer) as SrbAnswer;
}

/** What an answer to queryProperties says. */
export function propertiesOf(answer: Uint8Array): readonly number[] {
  const read = PROPERTIES_ANSWER.decode(answer);
  assert("subChannelsMax" in read);
  return [read.subChannelsMax, read.propertyFlags, read.transferBytesMax];
}

function endOf(answer: Uint8Array, data: Uint8Array): ScsiEnd {
  const read = srbAnswerOf(answer);
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  const isValid = (read.srbStatus & SRB_AUTOSENSE_VALID) !== 0;
  const sense = isValid ? decodeSense(read.sense) : null;
  return {
    status: [hex(read.srbStatus), hex(read.scsiStatus), read.status.toString(16)].join(" "),
    sense: sense && senseText(sense),
    moved: read.dataTransferBytes,
    data,
  };
}
