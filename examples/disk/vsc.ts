/**
 * The disk's VSC: the driver in the guest that opens a disk and gives programs read, write and flush.
 *
 * How it gets ready: in Opened it reads the register block, lends memory for the status block and makes
 * a GPADL of it; in PostStarted, where waiting is allowed, a synchronous request negotiates.
 *
 * How a request goes: one of the three send functions posts its packet, with the guest's memory as
 * external data; vsc_requests.ts knows what comes of it.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import {
  decodeReply,
  DISK_INTERFACE_TYPE,
  DISK_VERSION,
  encodeRequest,
  type FlushRequest,
  PAGE_BYTES,
  REPLY_BYTES,
  REQUEST_BYTES,
  type TransferRequest,
} from "./protocol.ts";
import {
  decodeRegisters,
  decodeStatus,
  type DiskRegisters,
  type DiskStatus,
  REGISTER_BLOCK_BYTES,
  STATUS_BLOCK_BYTES,
} from "./shared_blocks.ts";
import { type DiskOutcome, type Post, Requests } from "./vsc_requests.ts";
import { createState, type DiskClientOptions, type DiskClientState } from "./vsc_state.ts";

const { expectSuccess } = vmbus;
const WAIT_FOR_COMPLETION = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** How long a host may take to negotiate: 10 s. Negative is relative, in 100 ns. */
const NEGOTIATE_TIMEOUT_100NS = -100_000_000;

/** A disk, as one guest sees it. */
export class DiskClient {
  /** What it knows. */
  readonly state: DiskClientState = createState();
  /** The guest's memory, from which programs take their buffers. */
  readonly memory: vmbus.GuestMemory;
  readonly #transferBytesMax: number;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  readonly #requests: Requests;

  /** See {@linkcode openDisk}. */
  constructor(guest: vmbus.Partition, options: DiskClientOptions) {
    this.memory = guest.memory;
    this.#transferBytesMax = options.transferBytesMax ?? 65_536;
    this.#kmcl = expectSuccess(vmbus.WdfFdoQueryForInterface(
      guest.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    )).kmcl;
    this.#channel = expectSuccess(this.#kmcl.VmbChannelAllocate(guest.device, false)).channel;
    this.#requests = new Requests(this.#kmcl, this.#channel, this.state);
    this.#configure(options);
    expectSuccess(this.#kmcl.VmbChannelEnable(this.#channel), "VmbChannelEnable");
  }

  /** What the disk can do; throws where it is not known, as no disk was opened. */
  get registers(): DiskRegisters {
    const { registers, phase, refusal } = this.state;
    if (registers !== null) return registers;
    throw new Error(`Cannot tell what the disk can do: it is ${phase} (${refusal ?? "no reason"})`);
  }

  /** Most bytes of one read or write: whole blocks that both drivers can move. */
  get transferBytesMax(): number {
    const { transferBytesMax, blockBytes } = this.registers;
    const ownBytes = this.#transferBytesMax - this.#transferBytesMax % blockBytes;
    return Math.min(transferBytesMax, ownBytes);
  }

  /** What the disk has done, as the status block says; null while there is none. */
  get status(): DiskStatus | null {
    const { statusBuffer } = this.state;
    if (statusBuffer === null) return null;
    return decodeStatus(this.memory.read(statusBuffer.gpa, STATUS_BLOCK_BYTES));
  }

  /** Lets go of the disk. Requests under way end as `"removed"`. */
  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }

  #configure(options: DiskClientOptions): void {
    const kmcl = this.#kmcl;
    const channel = this.#channel;
    const [incomingPages, outgoingPages] = options.ringPages ?? [4, 4];
    expectSuccess(kmcl.VmbClientChannelInitSetTargetPnp(
      channel,
      DISK_INTERFACE_TYPE,
      options.instance ?? null,
      (_channel, status) => this.#refuse(vmbus.ntStatusName(status) ?? String(status)),
    ));
    const pages = Math.ceil(this.#transferBytesMax / PAGE_BYTES) + 1;
    expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, REQUEST_BYTES));
    expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, pages * PAGE_BYTES, pages));
    expectSuccess(
      kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, incomingPages, outgoingPages),
    );
    // The host never asks for anything: what it sends is completed and forgotten.
    expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet) => kmcl.VmbChannelPacketComplete(packet, null, 0),
      null,
    ));
    expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => this.#opened(),
      EvtChannelPostStarted: () => this.#negotiate(),
      EvtChannelSuspend: () => {
        this.state.phase = "closed";
      },
      EvtChannelClosed: () => this.#unshareStatus(),
    }));
  }

  // -- State changes

  #refuse(reason: string): void {
    this.state.phase = "refused";
    this.state.refusal = reason;
  }

  #opened(): vmbus.NtStatus {
    const { mmioAddress, mmioSize } = this.#kmcl.VmbChannelGetMmioSpace(this.#channel);
    const byteCount = Math.min(Number(mmioSize), REGISTER_BLOCK_BYTES);
    const bytes = byteCount === 0
      ? new Uint8Array(0)
      : this.memory.read(Number(mmioAddress), byteCount);
    const registers = decodeRegisters(bytes);
    if (typeof registers === "string") {
      this.#refuse(registers);
      return vmbus.STATUS_NOT_SUPPORTED;
    }
    this.state.registers = registers;
    return this.#shareStatus();
  }

  /** Lends the host memory for the status block. */
  #shareStatus(): vmbus.NtStatus {
    const buffer = this.memory.allocate(STATUS_BLOCK_BYTES);
    const { status, gpadlHandle } = this.#kmcl.VmbChannelCreateGpadlFromBuffer(
      this.#channel,
      0,
      buffer,
      STATUS_BLOCK_BYTES,
    );
    if (gpadlHandle === null) {
      this.memory.free(buffer);
      return status;
    }
    this.state.statusBuffer = buffer;
    this.state.statusGpadl = gpadlHandle;
    return vmbus.STATUS_SUCCESS;
  }

  /** Takes the memory back, once the host has let go of it. */
  async #unshareStatus(): Promise<void> {
    const { statusBuffer, statusGpadl } = this.state;
    if (statusBuffer === null || statusGpadl === null) return;
    await this.#kmcl.VmbChannelDeleteGpadl(this.#channel, statusGpadl);
    this.memory.free(statusBuffer);
    this.state.statusBuffer = null;
    this.state.statusGpadl = null;
  }

  async #negotiate(): Promise<void> {
    const request = encodeRequest({
      operation: "negotiate",
      version: DISK_VERSION,
      statusGpadl: this.state.statusGpadl ?? 0,
    });
    const answer = new Uint8Array(REPLY_BYTES);
    this.state.requests++;
    const { status, completionBufferSize } = await this.#kmcl.VmbChannelSendSynchronousRequest(
      this.#channel,
      request,
      request.length,
      null,
      WAIT_FOR_COMPLETION,
      answer,
      answer.length,
      NEGOTIATE_TIMEOUT_100NS,
    );
    const reply = decodeReply(answer, completionBufferSize ?? 0);
    if (vmbus.NT_SUCCESS(status)) this.state.completions++;
    if (!vmbus.NT_SUCCESS(status)) this.#refuse(vmbus.ntStatusName(status) ?? String(status));
    else if (reply?.answer !== "ok") this.#refuse(reply?.answer ?? "malformedReply");
    else this.state.phase = "open";
  }

  // -- Requests

  /**
   * Writes the bytes of a chain of MDLs, whole blocks, to the disk. The memory is the host's to read
   * until the promise resolves.
   *
   * @throws {RangeError} They are not whole blocks, or too many.
   * @throws {vmbus.KmclError} The send function refuses the chain.
   */
  write(firstBlock: number, mdl: vmbus.Mdl): Promise<DiskOutcome> {
    let byteCount = 0;
    // A chain may be too long, or have no end: it is not walked further than it may reach.
    const most = this.transferBytesMax;
    for (let part: vmbus.Mdl | null = mdl; part !== null && byteCount <= most; part = part.next) {
      byteCount += part.byteCount;
    }
    const request: TransferRequest = {
      operation: "write",
      firstBlock,
      blockCount: this.#blocksOf(byteCount),
    };
    return this.#send(
      request,
      (packet, bytes) =>
        this.#kmcl.VmbPacketSend(packet, bytes, bytes.length, mdl, WAIT_FOR_COMPLETION),
    );
  }

  /**
   * Writes `byteCount` bytes, whole blocks, that begin `offset` bytes into a chain of MDLs. It throws
   * as {@linkcode DiskClient.write}.
   */
  writePart(
    firstBlock: number,
    mdl: vmbus.Mdl,
    offset: number,
    byteCount: number,
  ): Promise<DiskOutcome> {
    const request: TransferRequest = {
      operation: "write",
      firstBlock,
      blockCount: this.#blocksOf(byteCount),
    };
    return this.#send(request, (packet, bytes) =>
      this.#kmcl.VmbPacketSendWithExternalMdl(
        packet,
        bytes,
        bytes.length,
        mdl,
        offset,
        byteCount,
        WAIT_FOR_COMPLETION,
      ));
  }

  /**
   * Reads `blockCount` blocks into whole pages of guest memory, from the first page's start.
   *
   * @throws {vmbus.KmclError} The send function refuses the pages.
   */
  read(firstBlock: number, blockCount: number, pfns: readonly number[]): Promise<DiskOutcome> {
    const request: TransferRequest = { operation: "read", firstBlock, blockCount };
    const byteCount = blockCount * this.registers.blockBytes;
    const pageCount = Math.max(1, Math.ceil(byteCount / PAGE_BYTES));
    return this.#send(request, (packet, bytes) =>
      this.#kmcl.VmbPacketSendWithExternalPfns(
        packet,
        bytes,
        bytes.length,
        pfns,
        pageCount,
        WAIT_FOR_COMPLETION,
      ));
  }

  /** Ends when all writes that were made before it are safe. */
  flush(): Promise<DiskOutcome> {
    return this.#send(
      { operation: "flush" },
      (packet, bytes) =>
        this.#kmcl.VmbPacketSend(packet, bytes, bytes.length, null, WAIT_FOR_COMPLETION),
    );
  }

  #blocksOf(byteCount: number): number {
    const { blockBytes } = this.registers;
    const isWhole = byteCount % blockBytes === 0;
    if (isWhole && byteCount <= this.transferBytesMax) return byteCount / blockBytes;
    throw new RangeError(
      `Cannot write ${byteCount} bytes: it must be whole blocks of ${blockBytes}, and no more than ` +
        `${this.transferBytesMax} at once`,
    );
  }

  #send(request: TransferRequest | FlushRequest, post: Post): Promise<DiskOutcome> {
    if (this.state.phase !== "open") return Promise.resolve("notOpen");
    return this.#requests.send(request, post);
  }
}

/** Opens a disk that the host offers to `guest`, as soon as it does. Run the fabric until `phase` tells. */
export function openDisk(guest: vmbus.Partition, options: DiskClientOptions = {}): DiskClient {
  return new DiskClient(guest, options);
}
