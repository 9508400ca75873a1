/**
 * The guest's driver of the echo scenario: it reads a file, sends it to the host piece by piece, and
 * takes the pieces back; beside that it takes the host's own traffic, at once, later or deferred.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { type DriverCounts, noCounts } from "./counts.ts";
import {
  ECHO_INTERFACE_INSTANCE,
  ECHO_INTERFACE_TYPE,
  HEADER_BYTES,
  type Message,
  readMessage,
  writeHeader,
} from "./protocol.ts";

/** By how much interrupts to the host are delayed, so that many packets share one: 0.1 ms. */
const INTERRUPT_LATENCY_100NS = 1000;
/** Bounds of external data: packets have none, so that rings need no room to describe memory. */
export const EXTERNAL_BYTES_MAX = 1;
/** See {@linkcode EXTERNAL_BYTES_MAX}. */
export const EXTERNAL_CHAIN_MAX = 1;
/** Most bytes of the file that are read at once, unless a single piece is larger. */
const READ_BYTES_MAX = 0x10_0000;

/** How a piece of the file comes back: in a completion, or as a packet of its own. */
export type PieceKind = "transaction" | "datagram";
/** What is done with a packet of the host: completed at once, at the end of the batch, or deferred. */
export type Handling = "atOnce" | "later" | "deferred";

/** What the driver is asked to do, and what it reports. */
export interface ClientWork {
  /** Real input: `byteCount` bytes of the file from `offset` on. */
  readFile(offset: number, byteCount: number): Promise<Uint8Array>;
  /** How the next piece of the file is sent. */
  nextKind(): PieceKind;
  /** A piece of the file came back. */
  pieceReturned(sequence: number, payload: Uint8Array): void;
  /** What is to be done with the next packet of the host. */
  nextHandling(): Handling;
  /** A packet of the host was taken. */
  besideTaken(sequence: number, payload: Uint8Array): void;
  /** Something is as it must not be. */
  failed(finding: string): void;
}

/** How the driver is set up. */
export interface EchoClientOptions {
  /** Size of the file. */
  readonly fileBytes: number;
  /** Bytes of the file in a packet; the last packet may have fewer. */
  readonly pieceBytes: number;
  /** Bytes of the largest message, header included. */
  readonly messageBytesMax: number;
  /** Data pages of each ring. */
  readonly ringPages: number;
  /** Pieces of the file that are under way at once. */
  readonly window: number;
}

/** A packet of the host that is completed at the end of its batch. */
interface HeldPacket {
  readonly context: vmbus.VMBPACKETCOMPLETION;
  readonly message: Message;
}

/** The guest's driver. */
export class EchoClient {
  /** What it sent, and which completions it got. */
  readonly counts: DriverCounts = noCounts();
  /** Its endpoint. */
  readonly channel: vmbus.VMBCHANNEL;
  readonly #fabric: vmbus.Fabric;
  readonly #vsc: vmbus.KmclClientInterfaceV1;
  readonly #work: ClientWork;
  readonly #options: EchoClientOptions;
  /** A send copies what it is given, and so does a completion: one buffer serves all of them. */
  readonly #buffer: Uint8Array;
  readonly #held: HeldPacket[] = [];
  /** The host's packet that was deferred and will be offered again; -1 for none. */
  #deferredSequence = -1;
  #offset = 0;
  #pieceCount = 0;
  #underWay = 0;
  #isReading = false;
  #isRunning = false;

  /**
   * A client in `guest` that takes the server's offer after {@linkcode EchoClient.enable}.
   *
   * @throws {vmbus.KmclError} The channel cannot be had.
   */
  constructor(
    fabric: vmbus.Fabric,
    guest: vmbus.Partition,
    work: ClientWork,
    options: EchoClientOptions,
  ) {
    this.#fabric = fabric;
    this.#work = work;
    this.#options = options;
    this.#buffer = new Uint8Array(options.messageBytesMax);
    const { kmcl: vsc } = vmbus.expectSuccess(
      vmbus.WdfFdoQueryForInterface(
        guest.device,
        vmbus.KMCL_CLIENT_INTERFACE_TYPE,
        vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
        vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
      ),
      "WdfFdoQueryForInterface",
    );
    this.#vsc = vsc;
    const allocated = vsc.VmbChannelAllocate(guest.device, false);
    this.channel = vmbus.expectSuccess(allocated, "VmbChannelAllocate").channel;
    this.#configure();
  }

  #configure(): void {
    const { channel } = this;
    const { messageBytesMax, ringPages } = this.#options;
    const vsc = this.#vsc;
    vmbus.expectSuccess(
      vsc.VmbClientChannelInitSetTargetPnp(
        channel,
        ECHO_INTERFACE_TYPE,
        ECHO_INTERFACE_INSTANCE,
        (_channel, status) => this.#work.failed(ended("the open", status)),
      ),
    );
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, messageBytesMax));
    vmbus.expectSuccess(
      vsc.VmbChannelInitSetMaximumExternalData(channel, EXTERNAL_BYTES_MAX, EXTERNAL_CHAIN_MAX),
    );
    vmbus.expectSuccess(
      vsc.VmbClientChannelInitSetRingBufferPageCount(channel, ringPages, ringPages),
    );
    vmbus.expectSuccess(
      vsc.VmbChannelInitSetProcessPacketCallbacks(
        channel,
        (_channel, packet, buffer, length) => this.#receive(packet, buffer, length),
        () => this.#completeHeld(),
      ),
    );
    vmbus.expectSuccess(
      vsc.VmbChannelInitSetStateChangeCallbacks(channel, {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelOpened: () =>
          vsc.VmbChannelSetInterruptLatency(channel, INTERRUPT_LATENCY_100NS).status,
        EvtChannelPostStarted: () => this.#greet(),
        EvtChannelSuspend: () => {
          this.#isRunning = false;
        },
      }),
    );
  }

  /**
   * Looks for the server's offer, opens the channel, and sends the file while virtual time passes, as it
   * asks for a latency of its interrupts: `fabric.run()` brings it to its end, `settle()` does not.
   *
   * @throws {vmbus.KmclError} It cannot be enabled.
   */
  enable(): void {
    vmbus.expectSuccess(this.#vsc.VmbChannelEnable(this.channel), "VmbChannelEnable");
  }

  /** Closes the channel, and frees it. */
  async close(): Promise<void> {
    await this.#vsc.VmbChannelDisable(this.channel);
    this.#vsc.VmbChannelCleanup(this.channel);
  }

  // -- The file

  /** Tells the host how large the file is, waits for its answer, and begins to send. */
  async #greet(): Promise<void> {
    const { fileBytes } = this.#options;
    const hello = new Uint8Array(HEADER_BYTES);
    writeHeader(hello, "hello", fileBytes, 0);
    const answer = new Uint8Array(HEADER_BYTES);
    this.counts.packets++;
    this.counts.completionsWanted++;
    const { status, completionBufferSize } = await this.#vsc.VmbChannelSendSynchronousRequest(
      this.channel,
      hello,
      hello.length,
      null,
      vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
      answer,
      answer.length,
    );
    if (status !== vmbus.STATUS_SUCCESS) return this.#work.failed(ended("the greeting", status));
    this.counts.completionsCame++;
    const message = readMessage(answer, completionBufferSize ?? 0);
    const isRight = typeof message !== "string" && message.kind === "hello" &&
      message.sequence === fileBytes;
    if (!isRight) return this.#work.failed("guest: the host answered the greeting wrongly");
    this.#isRunning = true;
    this.#readOn();
  }

  /** Reads more of the file once half of the pieces under way are back, and sends it. */
  #readOn(): void {
    const { fileBytes, pieceBytes, window } = this.#options;
    const room = window - this.#underWay;
    const isDue = this.#isRunning && !this.#isReading && this.#offset < fileBytes;
    if (!isDue || room < window / 2) return;
    const pieces = Math.max(1, Math.min(room, Math.floor(READ_BYTES_MAX / pieceBytes)));
    const byteCount = Math.min(pieces * pieceBytes, fileBytes - this.#offset);
    this.#isReading = true;
    this.#fabric.outside(() => this.#work.readFile(this.#offset, byteCount)).then(
      (bytes) => this.#send(bytes, byteCount),
      (error) => this.#work.failed(`guest: the file cannot be read: ${error}`),
    );
  }

  #send(bytes: Uint8Array, byteCount: number): void {
    const { fileBytes, pieceBytes } = this.#options;
    if (bytes.length !== byteCount) {
      const at = this.#offset + bytes.length;
      return this.#work.failed(`guest: the file ends at ${at}, not at ${fileBytes} any more`);
    }
    for (let start = 0; start < byteCount && this.#isRunning; start += pieceBytes) {
      this.#sendPiece(bytes.subarray(start, start + pieceBytes));
    }
    this.#offset += byteCount;
    this.#isReading = false;
    this.#readOn();
  }

  #sendPiece(piece: Uint8Array): void {
    const vsc = this.#vsc;
    const sequence = this.#pieceCount++;
    const kind = this.#work.nextKind();
    const wantsCompletion = kind === "transaction";
    writeHeader(this.#buffer, kind, sequence, piece.length);
    this.#buffer.set(piece, HEADER_BYTES);
    const packet = vsc.VmbPacketAllocate(this.channel);
    if (packet === null) {
      return this.#work.failed(`guest: there is no memory for packet ${sequence}`);
    }
    vsc.VmbPacketSetCompletionRoutine(packet, (done, status, answer, length) => {
      vsc.VmbPacketFree(done);
      if (status !== vmbus.STATUS_SUCCESS) {
        this.#work.failed(ended(`packet ${sequence} of the file`, status));
      } else if (wantsCompletion) {
        this.counts.completionsCame++;
        this.#takeAnswer(answer, length);
      }
    });
    const flags = wantsCompletion ? vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION : 0;
    const messageBytes = HEADER_BYTES + piece.length;
    const status = vsc.VmbPacketSend(packet, this.#buffer, messageBytes, null, flags);
    if (status !== vmbus.STATUS_SUCCESS) {
      vsc.VmbPacketFree(packet);
      return this.#work.failed(ended(`the send of packet ${sequence} of the file`, status));
    }
    this.#underWay++;
    this.counts.packets++;
    this.counts.payloadBytes += piece.length;
    if (wantsCompletion) this.counts.completionsWanted++;
  }

  /** A piece came back in a completion. */
  #takeAnswer(answer: Uint8Array, length: number): void {
    const message = readMessage(answer, length);
    if (typeof message === "string") return this.#work.failed(`guest: an answer is ${message}`);
    if (message.kind !== "transaction") {
      return this.#work.failed(`guest: an answer is of kind ${message.kind}`);
    }
    this.#takePiece(message);
  }

  #takePiece({ sequence, payload }: Message): void {
    this.#underWay--;
    this.#work.pieceReturned(sequence, payload);
    this.#readOn();
  }

  // -- What the host sends

  #receive(context: vmbus.VMBPACKETCOMPLETION, buffer: Uint8Array, length: number): void {
    const message = readMessage(buffer, length);
    if (typeof message === "string") return this.#refuse(context, `a message is ${message}`);
    switch (message.kind) {
      case "datagram":
        this.#takePiece(message);
        return this.#vsc.VmbChannelPacketComplete(context, null, 0);
      case "beside":
        return this.#takeBeside(context, message);
      case "hello":
      case "transaction":
        return this.#refuse(context, `the host sent a ${message.kind}`);
    }
  }

  #takeBeside(context: vmbus.VMBPACKETCOMPLETION, message: Message): void {
    const isOfferedAgain = this.#deferredSequence === message.sequence;
    const handling = isOfferedAgain ? "atOnce" : this.#work.nextHandling();
    if (handling === "deferred") {
      this.#deferredSequence = message.sequence;
      return this.#vsc.VmbChannelPacketDeferToPassive(context);
    }
    this.#deferredSequence = -1;
    this.#work.besideTaken(message.sequence, message.payload);
    if (handling === "later") this.#held.push({ context, message });
    else this.#completeBeside(context, message);
  }

  /** Answers with the first half of what came, where the host wants an answer. */
  #completeBeside(context: vmbus.VMBPACKETCOMPLETION, { sequence, payload }: Message): void {
    const half = payload.length >> 1;
    writeHeader(this.#buffer, "beside", sequence, half);
    this.#buffer.set(payload.subarray(0, half), HEADER_BYTES);
    this.#vsc.VmbChannelPacketComplete(context, this.#buffer, HEADER_BYTES + half);
  }

  #completeHeld(): void {
    for (const { context, message } of this.#held.splice(0)) this.#completeBeside(context, message);
  }

  #refuse(context: vmbus.VMBPACKETCOMPLETION, finding: string): void {
    this.#work.failed(`guest: ${finding}`);
    this.#vsc.VmbChannelPacketFail(context);
  }
}

function ended(what: string, status: vmbus.NtStatus): string {
  return `guest: ${what} ended with ${vmbus.ntStatusName(status) ?? status}`;
}
