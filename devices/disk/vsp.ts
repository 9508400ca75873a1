/**
 * The disk's VSP: the driver in the host that offers a disk to one guest.
 *
 * How a request goes through it:
 * 1. ProcessPacket looks at one packet. It never trusts the guest: what no VSC of ours would send is
 *    malformed and stops the channel (VmbChannelPacketFail); what a VSC may get wrong is answered.
 * 2. A request for the image is only put on a queue. It is held: KMCL counts it as outstanding, and
 *    with the quota reached the rest waits in the ring.
 * 3. ProcessingComplete ends the batch, and there the queue is carried out: real input and output, so
 *    the driver asked for PASSIVE_LEVEL, where a callback may wait, and waits in `fabric.outside`.
 * 4. The status block is brought up to date, and only then are the packets completed: a guest that sees
 *    its request end sees the state that goes with it.
 *
 * When its guest is saved, the driver pauses the channel and saves it: a paused channel holds no
 * request, so what it has to tell beside is its own state. Restored, it makes the channel as at first,
 * gives it the saved state before it is enabled, and starts it when it is told to resume.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import type { DiskImage } from "../image.ts";
import { enableServerChannel, isOffered } from "../server_channel.ts";
import {
  decodeRequest,
  DISK_INTERFACE_TYPE,
  DISK_VERSION,
  type DiskAnswer,
  encodeReply,
  type FlushRequest,
  type NegotiateRequest,
  PAGE_BYTES,
  REQUEST_BYTES,
  type TransferRequest,
} from "./protocol.ts";
import {
  type DiskStatus,
  encodeRegisters,
  encodeStatus,
  STATUS_BLOCK_BYTES,
} from "./shared_blocks.ts";
import { carryOut, type HeldRequest } from "./vsp_image.ts";
import {
  createState,
  type DiskServerOptions,
  type DiskServerState,
  restoreState,
  saveState,
} from "./vsp_state.ts";

const { expectSuccess } = vmbus;
/** MMIO to reserve in the guest: the register block needs less, but this is the unit. */
const MMIO_MEGABYTES = 1;

/** A disk, offered to one guest. */
export class DiskServer implements vmbus.HostDriverInstance {
  /** What it knows. */
  readonly state: DiskServerState;
  readonly #fabric: vmbus.Fabric;
  readonly #guest: vmbus.Partition;
  readonly #image: DiskImage;
  readonly #kmcl: vmbus.KmclServerInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  readonly #held: HeldRequest[] = [];
  /** The guest's status block, where it is mapped. */
  #statusSegments: readonly Uint8Array[] = [];

  /** A disk that is offered as soon as its channel is enabled. */
  constructor(context: vmbus.HostContext, image: DiskImage, state: DiskServerState) {
    this.state = state;
    this.#fabric = context.fabric;
    this.#guest = context.guest;
    this.#image = image;
    this.#kmcl = expectSuccess(vmbus.WdfFdoQueryForInterface(
      context.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
    )).kmcl;
    this.#channel = expectSuccess(this.#kmcl.VmbChannelAllocate(context.device, true)).channel;
    this.#configure();
  }

  /** Whether the disk is offered to the guest: not so where it was taken away, by `close` or another. */
  get isOffered(): boolean {
    return isOffered(this.#channel);
  }

  /** Offers the disk; `saved` is what was saved of its channel, null where it is new. */
  enable(saved: Uint8Array | null): void {
    enableServerChannel(this.#kmcl, this.#channel, saved);
  }

  /** The guest is being saved: brings the channel to rest. Of a disk that was taken away nothing is left. */
  async save(): Promise<vmbus.PlainData> {
    const channel = this.isOffered
      ? await vmbus.saveServerChannel(this.#kmcl, this.#channel)
      : null;
    return { state: saveState(this.state), channel };
  }

  /** Takes requests, from now on or again. */
  resume(): void {
    if (!this.isOffered) return;
    this.#kmcl.VmbChannelStart(this.#channel);
  }

  /** Takes the disk away from the guest, and frees the channel. A second time it does nothing. */
  async close(): Promise<void> {
    if (vmbus.inspectChannel(this.#channel) === null) return;
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }

  /** The channel's settings; they can be made only before it is enabled. */
  #configure(): void {
    const kmcl = this.#kmcl;
    const channel = this.#channel;
    const { instance, registers: { transferBytesMax, queueDepth } } = this.state;
    // Which guest gets the offer.
    const { kernelHandle } = expectSuccess(
      kmcl.VmbConvertVmbusHandleToKernelHandle(this.#guest.vmbusHandle),
    );
    expectSuccess(kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
    vmbus.ZwClose(kernelHandle);
    expectSuccess(kmcl.VmbServerChannelInitSetTargetVtl(channel, this.#guest.vtl));
    // What is offered.
    expectSuccess(
      kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, DISK_INTERFACE_TYPE, instance),
    );
    expectSuccess(kmcl.VmbServerChannelInitSetMmioMegabytes(channel, MMIO_MEGABYTES, 0));
    expectSuccess(kmcl.VmbChannelInitSetFriendlyName(channel, "disk"));
    // How large packets and their external data may be. A guest may scatter a transfer over as many
    // pieces as it has pages, and reads come in whole pages.
    const pages = Math.ceil(transferBytesMax / PAGE_BYTES) + 1;
    expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, REQUEST_BYTES));
    expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, pages * PAGE_BYTES, pages));
    // Who is called.
    expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, buffer, byteCount) => this.#processPacket(packet, buffer, byteCount),
      () => this.#carryOutHeld(),
    ));
    expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => this.#opened(),
      // What is held must be retired; writes that were taken are still done.
      EvtChannelSuspend: () => this.#carryOutHeld(),
      EvtChannelClosed: () => this.#unshareStatus(),
    }));
    kmcl.VmbChannelSetIncomingProcessingAtPassive(channel, true);
    kmcl.VmbChannelSetTransactionQuota(channel, queueDepth);
  }

  // -- State changes

  /**
   * The guest has opened the channel: now there is MMIO, and the registers go there. After a restore it
   * is open already; then this is called for what no saved state can hold, the mapping of a GPADL.
   */
  #opened(): vmbus.NtStatus {
    const { mmioAddress } = this.#kmcl.VmbChannelGetMmioSpace(this.#channel);
    this.#guest.memory.write(Number(mmioAddress), encodeRegisters(this.state.registers));
    const { statusGpadl } = this.state;
    const isShared = statusGpadl === null || this.#shareStatus(statusGpadl);
    return isShared ? vmbus.STATUS_SUCCESS : vmbus.STATUS_UNSUCCESSFUL;
  }

  /** Maps the guest's status block; false where there is none in this GPADL. */
  #shareStatus(gpadl: number): boolean {
    const { mdl } = this.#kmcl.VmbChannelMapGpadl(this.#channel, 0, gpadl);
    if (mdl === null) return false;
    const segments = vmbus.mdlSegments(mdl);
    if (byteCountOf(segments) < STATUS_BLOCK_BYTES) {
      this.#kmcl.VmbChannelUnmapGpadl(this.#channel, gpadl);
      return false;
    }
    this.state.statusGpadl = gpadl;
    this.#statusSegments = segments;
    return true;
  }

  #unshareStatus(): void {
    const { statusGpadl } = this.state;
    if (statusGpadl === null) return;
    this.#kmcl.VmbChannelUnmapGpadl(this.#channel, statusGpadl);
    this.state.statusGpadl = null;
    this.#statusSegments = [];
  }

  // -- Requests

  #processPacket(packet: vmbus.VMBPACKETCOMPLETION, buffer: Uint8Array, byteCount: number): void {
    const request = decodeRequest(buffer, byteCount);
    if (request === null) return this.#kmcl.VmbChannelPacketFail(packet);
    if (request.operation === "negotiate") return this.#reply(packet, this.#negotiate(request));
    const refusal = this.#findRefusal(request);
    if (refusal !== null) return this.#reply(packet, refusal);
    if (request.operation !== "flush") return this.#hold(packet, request);
    this.#held.push({ packet, request, segments: [], answer: "ok" });
  }

  /** Holds a read or write with the memory that its packet describes. */
  #hold(packet: vmbus.VMBPACKETCOMPLETION, request: TransferRequest): void {
    const flags = request.operation === "write"
      ? vmbus.VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY
      : 0;
    const { status, mdl } = this.#kmcl.VmbChannelPacketGetExternalData(packet, flags);
    // The guest's pages are brought in: this packet will be given to us again.
    if (status === vmbus.STATUS_PENDING) return;
    const segments = vmbus.mdlSegments(mdl);
    const neededBytes = request.blockCount * this.state.registers.blockBytes;
    // Here a packet without external data, or with too much of it, ends as well: it has no segments.
    if (byteCountOf(segments) < neededBytes) return this.#kmcl.VmbChannelPacketFail(packet);
    this.#held.push({ packet, request, segments, answer: "ok" });
  }

  #negotiate({ version, statusGpadl }: NegotiateRequest): DiskAnswer {
    if (version !== DISK_VERSION) return "wrongVersion";
    // A guest that was paused and started negotiates again, with the same GPADL or another.
    this.#unshareStatus();
    return this.#shareStatus(statusGpadl) ? "ok" : "badStatusBlock";
  }

  /** Why a request is not even tried. */
  #findRefusal(request: TransferRequest | FlushRequest): DiskAnswer | null {
    const { blockBytes, blockCount, transferBytesMax, isReadOnly } = this.state.registers;
    if (this.state.statusGpadl === null) return "notNegotiated";
    if (request.operation === "flush") return null;
    const isSize = request.blockCount >= 1 && request.blockCount * blockBytes <= transferBytesMax;
    const isInside = request.firstBlock <= blockCount - request.blockCount;
    if (!isSize || !isInside) return "outOfRange";
    return isReadOnly && request.operation === "write" ? "readOnly" : null;
  }

  /** Completes a packet that was not held. */
  #reply(packet: vmbus.VMBPACKETCOMPLETION, answer: DiskAnswer): void {
    this.#note(answer === "ok" ? {} : { lastError: answer });
    this.#complete(packet, answer, 0);
  }

  #complete(packet: vmbus.VMBPACKETCOMPLETION, answer: DiskAnswer, blockCount: number): void {
    const reply = encodeReply({ answer, blockCount });
    this.#kmcl.VmbChannelPacketComplete(packet, reply, reply.length);
  }

  /** Carries out what is held, in the order in which it came, and completes it. */
  async #carryOutHeld(): Promise<void> {
    const batch = this.#held.splice(0);
    if (batch.length === 0) return;
    const { blockBytes } = this.state.registers;
    await this.#fabric.outside(async () => {
      for (const held of batch) {
        await carryOut(this.#image, blockBytes, held, (error) => {
          this.state.imageFault = error instanceof Error ? error.message : String(error);
        });
      }
    });
    let { blocksRead, blocksWritten, lastError, deepestQueue } = this.state.status;
    for (const { request, answer } of batch) {
      if (answer !== "ok") lastError = answer;
      else if (request.operation === "read") blocksRead = added(blocksRead, request.blockCount);
      else if (request.operation === "write") {
        blocksWritten = added(blocksWritten, request.blockCount);
      }
    }
    deepestQueue = Math.max(deepestQueue, batch.length);
    this.#note({ blocksRead, blocksWritten, lastError, deepestQueue });
    for (const { packet, request, answer } of batch) {
      const isMoved = answer === "ok" && request.operation !== "flush";
      this.#complete(packet, answer, isMoved ? request.blockCount : 0);
    }
  }

  /** Notes what has changed, and shows it to the guest. */
  #note(change: Partial<DiskStatus>): void {
    const { status } = this.state;
    const generation = (status.generation + 1) >>> 0;
    this.state.status = { ...status, ...change, generation };
    const bytes = encodeStatus(this.state.status);
    // The guest may have laid its block over pages that do not follow each other.
    let at = 0;
    for (const segment of this.#statusSegments) {
      const part = bytes.subarray(at, at + segment.length);
      segment.set(part);
      at += part.length;
    }
  }
}

/** A count and so many more: it stays at the largest number, near which one from a file may be. */
function added(count: number, more: number): number {
  return Math.min(count + more, Number.MAX_SAFE_INTEGER);
}

function byteCountOf(segments: readonly Uint8Array[]): number {
  return segments.reduce((sum, segment) => sum + segment.length, 0);
}

/**
 * The driver of a disk on `image`: the image is the program's, and given again to whoever restores.
 *
 * @param name By this name it is asked for in a restore: one for each disk that a guest has.
 */
export function diskVsp(image: DiskImage, name: string = "disk VSP"): vmbus.HostDriver<DiskServer> {
  return {
    name,
    start: (context, options) => {
      const state = createState(image, options as DiskServerOptions);
      const server = new DiskServer(context, image, state);
      server.enable(null);
      server.resume();
      return server;
    },
    restore: (context, data) =>
      vmbus.readRecord(data, name, (saved) => {
        const state = saved.record("state", (fields) => restoreState(image, fields));
        const server = new DiskServer(context, image, state);
        const channel = saved.orNull("channel", () => saved.bytes("channel"));
        if (channel !== null) server.enable(channel);
        return server;
      }),
  };
}

/**
 * Offers a disk on `image` to `guest`: its driver is loaded, its channel enabled and started.
 *
 * @throws {RangeError} The numbers of the options do not go together, or the image is not whole blocks.
 */
export function createDisk(
  guest: vmbus.Partition,
  image: DiskImage,
  options: DiskServerOptions,
): DiskServer {
  return vmbus.loadHostDriver(guest, diskVsp(image), options);
}
