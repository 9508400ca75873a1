/**
 * The disk's VSC: the driver in the guest that opens a disk and gives programs read, write and flush.
 *
 * How it gets ready: in Opened it reads the register block, lends memory for the status block and makes
 * a GPADL of it; in PostStarted, where waiting is allowed, a synchronous request negotiates.
 *
 * How a request goes: one of the three send functions posts its packet, with the guest's memory as
 * external data; vsc_requests.ts knows what comes of it. A program outside the drivers awaits a promise
 * (`write`, `read`, `flush`); one that is a driver itself, such as copier.ts, gives its request a number
 * (`submit`) and hears that number when the request ended, also where both were restored meanwhile.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { decodeReply, DISK_VERSION, encodeRequest, REPLY_BYTES } from "./protocol.ts";
import {
  decodeRegisters,
  decodeStatus,
  type DiskRegisters,
  type DiskStatus,
  REGISTER_BLOCK_BYTES,
  STATUS_BLOCK_BYTES,
} from "./shared_blocks.ts";
import { allocateChannel } from "./vsc_channel.ts";
import { type DiskOutcome, type DiskWork, type RequestEnd, Requests } from "./vsc_requests.ts";
import {
  createState,
  type DiskClientOptions,
  type DiskClientState,
  restoreState,
  saveState,
} from "./vsc_state.ts";

const { expectSuccess } = vmbus;
const WAIT_FOR_COMPLETION = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** How long a host may take to negotiate: 10 s. Negative is relative, in 100 ns. */
const NEGOTIATE_TIMEOUT_100NS = -100_000_000;

/** A driver's program on a disk. */
export interface DiskProgram {
  /** Requests may be made from now on. Runs at PASSIVE_LEVEL and may wait. */
  opened(): void | Promise<void>;
  /** The request with this number ended. Runs at DISPATCH_LEVEL. */
  ended(tag: number, outcome: DiskOutcome): void;
}

/** For a disk that programs outside the drivers use: nothing is done without them. */
const NO_PROGRAM: DiskProgram = { opened: () => {}, ended: () => {} };

/** Gives a disk its channel, with its callbacks: a new one, or the one that it had. */
type GetChannel = (
  kmcl: vmbus.KmclClientInterfaceV1,
  callbacks: vmbus.ChannelCallbacks,
) => vmbus.VMBCHANNEL;

/**
 * A disk, as one guest sees it. What it promises comes while the fabric runs, and awaiting a promise drives
 * nothing: settle the fabric, then await.
 */
export class DiskClient implements vmbus.GuestDriverInstance {
  /** What it knows. */
  readonly state: DiskClientState;
  /** The guest's memory, from which programs take their buffers. */
  readonly memory: vmbus.GuestMemory;
  readonly #program: DiskProgram;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  readonly #requests: Requests;

  private constructor(
    { device, partition }: vmbus.GuestContext,
    state: DiskClientState,
    program: DiskProgram,
    getChannel: GetChannel,
  ) {
    this.state = state;
    this.memory = partition.memory;
    this.#program = program;
    this.#kmcl = expectSuccess(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    )).kmcl;
    this.#channel = getChannel(this.#kmcl, this.#callbacks());
    this.#requests = new Requests(
      this.#kmcl,
      this.#channel,
      state,
      (tag, outcome) => this.#program.ended(tag, outcome),
    );
  }

  /** Opens a disk that the host offers to the guest, as soon as it does. */
  static start(
    context: vmbus.GuestContext,
    options: DiskClientOptions,
    program: DiskProgram = NO_PROGRAM,
  ): DiskClient {
    const getChannel: GetChannel = (kmcl, callbacks) =>
      allocateChannel(kmcl, context.device, options, callbacks);
    const client = new DiskClient(context, createState(options), program, getChannel);
    expectSuccess(client.#kmcl.VmbChannelEnable(client.#channel), "VmbChannelEnable");
    return client;
  }

  /** Builds a disk again as it was when {@linkcode DiskClient.save} told `data`. */
  static restore(
    context: vmbus.GuestRestoreContext,
    data: vmbus.PlainData,
    program: DiskProgram = NO_PROGRAM,
  ): DiskClient {
    return vmbus.readRecord(data, "disk VSC", (saved) => {
      const state = saved.record("state", (fields) => restoreState(context, fields));
      const getChannel: GetChannel = (_kmcl, callbacks) =>
        context.attachChannel(saved.text("channel"), callbacks);
      const client = new DiskClient(context, state, program, getChannel);
      client.#requireStatusGpadl();
      saved.records("requests", (request) => client.#requests.restore(context, request));
      return client;
    });
  }

  /** Whoever wrote the saved state may have named a GPADL that the channel does not have. */
  #requireStatusGpadl(): void {
    const { statusGpadl } = this.state;
    const known = vmbus.inspectChannel(this.#channel)?.gpadls ?? [];
    if (statusGpadl === null || known.some(({ handle }) => handle === statusGpadl)) return;
    throw new Error(`Cannot restore a disk: its channel has no GPADL ${statusGpadl}`);
  }

  /** See {@linkcode vmbus.GuestDriverInstance.save}; refused while a program awaits a promise of it. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      state: saveState(this.state),
      channel: tokens.of(this.#channel),
      requests: this.#requests.save(tokens),
    };
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
    const ownBytes = this.state.transferBytesMax - this.state.transferBytesMax % blockBytes;
    return Math.min(transferBytesMax, ownBytes);
  }

  /** What the disk has done, as the status block says; null while there is none. */
  get status(): DiskStatus | null {
    const { statusBuffer } = this.state;
    if (statusBuffer === null) return null;
    return decodeStatus(this.memory.read(statusBuffer.gpa, STATUS_BLOCK_BYTES));
  }

  /** Closes the disk. Requests under way end as `"removed"`. */
  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }

  /** What is attached to the channel, the first time and after each restore. */
  #callbacks(): vmbus.ChannelCallbacks {
    return {
      // The host never asks for anything: what it sends is completed and forgotten.
      processPacket: (_channel, packet) => this.#kmcl.VmbChannelPacketComplete(packet, null, 0),
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelOpened: () => this.#opened(),
        EvtChannelPostStarted: () => this.#begin(),
        EvtChannelSuspend: () => {
          this.state.phase = "closed";
        },
        EvtChannelClosed: () => {
          this.state.phase = "closed"; // where the channel never started there was no Suspend
          return this.#unshareStatus();
        },
      },
      pnpFailure: (_channel, status) => this.#refuse(vmbus.ntStatusName(status) ?? String(status)),
    };
  }

  // -- State changes

  #refuse(reason: string): void {
    this.state.phase = "refused";
    this.state.refusal = reason;
  }

  #opened(): vmbus.NtStatus {
    const registers = decodeRegisters(this.#readRegisterBlock());
    if (typeof registers === "string") {
      this.#refuse(registers);
      return vmbus.STATUS_NOT_SUPPORTED;
    }
    this.state.registers = registers;
    const status = this.#shareStatus();
    if (status !== vmbus.STATUS_SUCCESS) this.#refuse(vmbus.ntStatusName(status) ?? String(status));
    return status;
  }

  /** The register block; of a device that is taken away meanwhile there is none. */
  #readRegisterBlock(): Uint8Array {
    const { mmioAddress, mmioSize } = this.#kmcl.VmbChannelGetMmioSpace(this.#channel);
    const byteCount = Math.min(Number(mmioSize), REGISTER_BLOCK_BYTES);
    const none = new Uint8Array(0);
    if (byteCount === 0) return none;
    return unlessOutOfRange(() => this.memory.read(Number(mmioAddress), byteCount)) ?? none;
  }

  /** Lends the host memory for the status block. */
  #shareStatus(): vmbus.NtStatus {
    const buffer = unlessOutOfRange(() => this.memory.allocate(STATUS_BLOCK_BYTES));
    if (buffer === null) return vmbus.STATUS_INSUFFICIENT_RESOURCES;
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

  /** Takes the memory back, once the host has unmapped it. */
  async #unshareStatus(): Promise<void> {
    const { statusBuffer, statusGpadl } = this.state;
    if (statusBuffer === null || statusGpadl === null) return;
    await this.#kmcl.VmbChannelDeleteGpadl(this.#channel, statusGpadl);
    this.memory.free(statusBuffer);
    this.state.statusBuffer = null;
    this.state.statusGpadl = null;
  }

  async #begin(): Promise<void> {
    await this.#negotiate();
    if (this.state.phase === "open") await this.#program.opened();
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
   * @throws {RangeError} They are not whole blocks, or too many, or `firstBlock` is the number of none.
   * @throws {vmbus.KmclError} The send function refuses the chain.
   */
  write(firstBlock: number, mdl: vmbus.Mdl): Promise<DiskOutcome> {
    let byteCount = 0;
    // A chain may be too long, or have no end: it is not walked further than it may reach.
    const most = this.transferBytesMax;
    for (let part: vmbus.Mdl | null = mdl; part !== null && byteCount <= most; part = part.next) {
      byteCount += part.byteCount;
    }
    const blockCount = byteCount / this.registers.blockBytes;
    return this.#await({ operation: "write", firstBlock, blockCount, mdl, offset: null });
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
    const blockCount = byteCount / this.registers.blockBytes;
    return this.#await({ operation: "write", firstBlock, blockCount, mdl, offset });
  }

  /**
   * Reads `blockCount` blocks into whole pages of guest memory, from the first page's start.
   *
   * @throws {RangeError} A number is not whole, or does not fit into the request.
   * @throws {vmbus.KmclError} The send function refuses the pages.
   */
  read(firstBlock: number, blockCount: number, pfns: readonly number[]): Promise<DiskOutcome> {
    return this.#await({ operation: "read", firstBlock, blockCount, pfns });
  }

  /** Ends when all writes that were made before it are safe. */
  flush(): Promise<DiskOutcome> {
    return this.#await({ operation: "flush" });
  }

  #await(work: DiskWork): Promise<DiskOutcome> {
    let resolve!: (outcome: DiskOutcome) => void;
    const promise = new Promise<DiskOutcome>((given) => {
      resolve = given;
    });
    const refusal = this.submit(work, resolve);
    return refusal === null ? promise : Promise.resolve(refusal);
  }

  /**
   * Has a request carried out. Null: it is under way, and the program will hear of its end by the number
   * that `end` is; else why nothing was sent.
   *
   * @throws {RangeError} A write of no whole blocks, or of too many, or a number that does not fit into the request.
   * @throws {vmbus.KmclError} The send function refuses the memory.
   */
  submit(work: DiskWork, end: RequestEnd): DiskOutcome | null {
    if (this.state.phase !== "open") return "notOpen";
    const { blockBytes } = this.registers;
    if (work.operation === "write") this.#checkWrite(work.blockCount * blockBytes);
    return this.#requests.submit(work, blockBytes, end);
  }

  #checkWrite(byteCount: number): void {
    const { blockBytes } = this.registers;
    if (byteCount % blockBytes === 0 && byteCount <= this.transferBytesMax) return;
    throw new RangeError(
      `Cannot write ${byteCount} bytes: it must be whole blocks of ${blockBytes}, and no more than ` +
        `${this.transferBytesMax} at once`,
    );
  }
}

/**
 * What `use` makes of guest memory; null where that is not there: pages run out, and the MMIO of a device
 * goes with it.
 */
function unlessOutOfRange<T>(use: () => T): T | null {
  try {
    return use();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The driver of a disk that programs outside the drivers use. */
export const diskVsc: vmbus.GuestDriver<DiskClient> = {
  name: "disk VSC",
  start: (context, options) => DiskClient.start(context, options as DiskClientOptions),
  restore: (context, data) => DiskClient.restore(context, data),
};

/** Opens a disk that the host offers to `guest`, as soon as it does. Run the fabric until `phase` tells. */
export function openDisk(guest: vmbus.Partition, options: DiskClientOptions = {}): DiskClient {
  return vmbus.loadGuestDriver(guest, diskVsc, options);
}
