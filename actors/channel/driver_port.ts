/**
 * What an endpoint tells the layer above, which turns it into calls of the driver.
 *
 * @module
 */

import type { NtStatus } from "../../core/ntstatus.ts";
import type { HoldUp } from "../runtime/waits.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { IncomingPacket } from "./incoming_packet.ts";

/** What a caller of a channel's functions waits for. */
export type WaitGoal =
  /** VmbChannelPause: the flow comes to rest. */
  | { readonly goal: "rest" }
  /** VmbChannelDisable. */
  | { readonly goal: "disabled" }
  /** VmbChannelSendSynchronousRequest: the transaction of `packet` ends. */
  | { readonly goal: "answer"; readonly packet: PacketObject }
  /** A byte pipe: bytes come. */
  | { readonly goal: "bytes" }
  /** A byte pipe: what was written is in the ring. */
  | { readonly goal: "room" }
  /** VmbChannelDeleteGpadl. */
  | { readonly goal: "unmapped"; readonly gpadlHandle: number; readonly channelId: number };

/** The documented callbacks of channels, and this package's own at the end, in an order that the trace relies on. */
export const CALLBACK_NAMES = [
  "EvtChannelOpened",
  "EvtChannelClosed",
  "EvtChannelSuspend",
  "EvtChannelStarted",
  "EvtChannelPostStarted",
  "EvtChannelProcessPacket",
  "EvtChannelProcessingComplete",
  "EvtPacketCompletionRoutine",
  "EvtChannelPnpFailure",
  "EvtChannelSavePacket",
  "EvtChannelRestorePacket",
  "EvtPipeOpened",
  "EvtSocketConnect",
] as const;

/** The name of a callback. */
export type CallbackName = typeof CALLBACK_NAMES[number];

/** The driver of a channel: what its callback returned comes back as the result. */
export interface DriverCallbacks {
  /** Asks what keeps a wait from its end at present; null: nothing that is known. */
  heldUpBy(wait: WaitGoal): HoldUp | null;
  /** EvtChannelOpened is due; the answer is an NTSTATUS. */
  opened(): unknown;
  /** EvtChannelClosed is due. */
  closed(): unknown;
  /** EvtChannelSuspend is due. */
  suspend(): unknown;
  /** EvtChannelStarted is due. */
  started(): unknown;
  /** EvtChannelPostStarted is due. */
  postStarted(): unknown;
  /** EvtChannelPnpFailure is due. */
  pnpFailure(status: NtStatus): unknown;
  /** Whether the driver has EvtChannelProcessPacket, or a byte pipe: without either the channel cannot be enabled. */
  readonly takesPackets: boolean;
  /** EvtChannelProcessPacket is due. */
  processPacket(packet: IncomingPacket): unknown;
  /** Whether the driver has EvtChannelProcessingComplete: without it nobody need hear of batches. */
  readonly hearsOfBatches: boolean;
  /** EvtChannelProcessingComplete is due. */
  processingComplete(packetsProcessed: number): unknown;
  /** EvtChannelSavePacket is due; what it returned comes back, or else what it throws. */
  savePacket(packet: PacketObject, buffer: Uint8Array): unknown;
  /** EvtChannelRestorePacket is due: `libBuf` is KMCL's part, `saveBuf` the driver's. */
  restorePacket(libBuf: Uint8Array, saveBuf: Uint8Array): unknown;
  /** The context of a packet is dead: it was retired or handed back. */
  packetGone(packet: IncomingPacket): void;
  /** The endpoint is freed: the driver's handles of it and of its packets are dead. */
  freed(): void;
  /** EvtPacketCompletionRoutine is due; `answer[0, answerBytes)` holds until it returns. */
  packetEnded(
    packet: PacketObject,
    status: NtStatus,
    answer: Uint8Array,
    answerBytes: number,
  ): void;
}
