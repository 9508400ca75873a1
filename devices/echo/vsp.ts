/**
 * The host's driver of the echo scenario: it sends every piece of the guest's file back, and traffic of
 * its own beside.
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
import { type BesidePacket, fillPayload } from "./payload.ts";

/** Packets of the guest that are with the driver at once, or whose answer waits for room. */
const TRANSACTION_QUOTA = 64;

/** What the driver is asked to send, and what it reports. */
export interface ServerWork {
  /** The next packet of the traffic beside the file; null where there are no more. */
  nextBeside(): BesidePacket | null;
  /** A packet of that traffic has ended; `answer` is its completion's payload. */
  besideEnded(packet: BesidePacket, status: vmbus.NtStatus, answer: Uint8Array): void;
  /** Something is as it must not be. */
  failed(finding: string): void;
}

/** How the driver is set up. */
export interface EchoServerOptions {
  /** Bytes of the largest message, header included. */
  readonly messageBytesMax: number;
  /** Packets of the traffic beside that are under way at once. */
  readonly window: number;
}

/** The host's driver, for one guest. */
export class EchoServer {
  /** What it sent, and which completions it got. */
  readonly counts: DriverCounts = noCounts();
  /** Its endpoint. */
  readonly channel: vmbus.VMBCHANNEL;
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #work: ServerWork;
  readonly #window: number;
  /** A send copies what it is given: one buffer serves all of them. */
  readonly #buffer: Uint8Array;
  /** The guest's packets whose echoes are not in the ring yet. */
  readonly #echoed = new Set<vmbus.VMBPACKETCOMPLETION>();
  #isSending = false;

  /**
   * A server that is offered to `guest` by {@linkcode EchoServer.enable}.
   *
   * @throws {vmbus.KmclError} The channel cannot be had.
   */
  constructor(
    fabric: vmbus.Fabric,
    guest: vmbus.Partition,
    work: ServerWork,
    options: EchoServerOptions,
  ) {
    this.#work = work;
    this.#window = options.window;
    this.#buffer = new Uint8Array(options.messageBytesMax);
    const { device } = fabric.root;
    const { kmcl: vsp } = vmbus.expectSuccess(
      vmbus.WdfFdoQueryForInterface(
        device,
        vmbus.KMCL_SERVER_INTERFACE_TYPE,
        vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
        vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
      ),
      "WdfFdoQueryForInterface",
    );
    this.#vsp = vsp;
    const allocated = vsp.VmbChannelAllocate(device, true);
    this.channel = vmbus.expectSuccess(allocated, "VmbChannelAllocate").channel;
    this.#configure(guest, options.messageBytesMax);
  }

  #configure(guest: vmbus.Partition, messageBytesMax: number): void {
    const { channel } = this;
    const vsp = this.#vsp;
    const { kernelHandle } = vmbus.expectSuccess(
      vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
      "VmbConvertVmbusHandleToKernelHandle",
    );
    vmbus.expectSuccess(vsp.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
    vmbus.expectSuccess(vmbus.ZwClose(kernelHandle));
    vmbus.expectSuccess(vsp.VmbServerChannelInitSetTargetVtl(channel, guest.vtl));
    vmbus.expectSuccess(
      vsp.VmbServerChannelInitSetTargetInterfaceId(
        channel,
        ECHO_INTERFACE_TYPE,
        ECHO_INTERFACE_INSTANCE,
      ),
    );
    vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, messageBytesMax));
    vmbus.expectSuccess(
      vsp.VmbChannelInitSetProcessPacketCallbacks(
        channel,
        (_channel, packet, buffer, length) => this.#receive(packet, buffer, length),
      ),
    );
    vmbus.expectSuccess(
      vsp.VmbChannelInitSetStateChangeCallbacks(channel, {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelPostStarted: () => this.#beginTraffic(),
        EvtChannelSuspend: () => this.#suspended(),
      }),
    );
    vsp.VmbChannelSetTransactionQuota(channel, TRANSACTION_QUOTA);
  }

  /**
   * Offers the channel, and lets it flow once the guest has opened it.
   *
   * @throws {vmbus.KmclError} It cannot be offered.
   */
  enable(): void {
    vmbus.expectSuccess(this.#vsp.VmbChannelEnable(this.channel), "VmbChannelEnable");
    this.#vsp.VmbChannelStart(this.channel);
  }

  /** Takes the offer back, and frees the channel. */
  async close(): Promise<void> {
    await this.#vsp.VmbChannelDisable(this.channel);
    this.#vsp.VmbChannelCleanup(this.channel);
  }

  // -- The guest's file

  #receive(context: vmbus.VMBPACKETCOMPLETION, buffer: Uint8Array, length: number): void {
    const message = readMessage(buffer, length);
    if (typeof message === "string") return this.#refuse(context, `a message is ${message}`);
    switch (message.kind) {
      case "hello":
      case "transaction":
        return this.#vsp.VmbChannelPacketComplete(context, buffer, bytesOf(message));
      case "datagram":
        return this.#sendBack(context, buffer, bytesOf(message));
      case "beside":
        return this.#refuse(context, "the guest sent traffic that only the host may send");
    }
  }

  /** The guest's packet is retired when its echo is in the ring: so the quota bounds what queues here. */
  #sendBack(context: vmbus.VMBPACKETCOMPLETION, buffer: Uint8Array, byteCount: number): void {
    const vsp = this.#vsp;
    const echo = vsp.VmbPacketAllocate(this.channel);
    if (echo === null) {
      this.#work.failed("host: there is no memory for an echo");
      return vsp.VmbChannelPacketComplete(context, null, 0);
    }
    vsp.VmbPacketSetCompletionRoutine(echo, (sent, status) => {
      if (status !== vmbus.STATUS_SUCCESS) this.#work.failed(ended("an echo", status));
      vsp.VmbPacketFree(sent);
      this.#complete(context);
    });
    this.#echoed.add(context);
    const status = vsp.VmbPacketSend(echo, buffer, byteCount, null, 0);
    if (status === vmbus.STATUS_SUCCESS) {
      this.counts.packets++;
      this.counts.payloadBytes += byteCount - HEADER_BYTES;
      return;
    }
    this.#work.failed(ended("the send of an echo", status));
    vsp.VmbPacketFree(echo);
    this.#complete(context);
  }

  /** The guest's packet is done with, if it was not before. */
  #complete(context: vmbus.VMBPACKETCOMPLETION): void {
    if (this.#echoed.delete(context)) this.#vsp.VmbChannelPacketComplete(context, null, 0);
  }

  /**
   * What is held is given back: echoes that still queue end only after that (kmcl.md S10), and a guest that reads
   * nothing would keep the channel from closing.
   */
  #suspended(): void {
    this.#isSending = false;
    for (const context of [...this.#echoed]) this.#complete(context);
  }

  #refuse(context: vmbus.VMBPACKETCOMPLETION, finding: string): void {
    this.#work.failed(`host: ${finding}`);
    this.#vsp.VmbChannelPacketFail(context);
  }

  // -- The traffic beside

  #beginTraffic(): void {
    this.#isSending = true;
    for (let left = this.#window; left > 0; left--) {
      const packet = this.#vsp.VmbPacketAllocate(this.channel);
      if (packet === null) return this.#work.failed("host: there is no memory for a packet");
      if (!this.#sendNext(packet)) return;
    }
  }

  /** Sends the next packet of the traffic; frees `packet` and returns false where there is none. */
  #sendNext(packet: vmbus.VMBPACKET): boolean {
    const vsp = this.#vsp;
    const next = this.#isSending ? this.#work.nextBeside() : null;
    if (next === null) {
      vsp.VmbPacketFree(packet);
      return false;
    }
    const { sequence, byteCount, wantsCompletion } = next;
    const messageBytes = HEADER_BYTES + byteCount;
    writeHeader(this.#buffer, "beside", sequence, byteCount);
    fillPayload(this.#buffer.subarray(HEADER_BYTES, messageBytes), sequence);
    vsp.VmbPacketSetCompletionRoutine(packet, (done, status, answer, length) => {
      if (wantsCompletion && status === vmbus.STATUS_SUCCESS) this.counts.completionsCame++;
      this.#work.besideEnded(next, status, answer.subarray(0, length));
      this.#sendNext(done);
    });
    const flags = wantsCompletion ? vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION : 0;
    const status = vsp.VmbPacketSend(packet, this.#buffer, messageBytes, null, flags);
    if (status !== vmbus.STATUS_SUCCESS) {
      this.#work.failed(ended(`the send of packet ${sequence} beside the file`, status));
      vsp.VmbPacketFree(packet);
      return false;
    }
    this.counts.packets++;
    this.counts.payloadBytes += byteCount;
    if (wantsCompletion) this.counts.completionsWanted++;
    return true;
  }
}

function bytesOf(message: Message): number {
  return HEADER_BYTES + message.payload.length;
}

function ended(what: string, status: vmbus.NtStatus): string {
  return `host: ${what} ended with ${vmbus.ntStatusName(status) ?? status}`;
}
