/**
 * The words of the channel endpoint's chart: its sides, its events, its tags.
 *
 * @module
 */

import type { PacketFault } from "../../core/packet/packet.ts";
import type { PipeFault } from "../../core/packet/pipe.ts";
import type { RingFault } from "../../core/ring/ring_memory.ts";

/** Which end of the channel an endpoint is: the server (VSP) or the client (VSC). */
export type Side = "server" | "client";

/** What can happen to an endpoint. */
export type ChannelEvent =
  /** VmbChannelEnable. */
  | { readonly type: "enable" }
  /** VmbChannelDisable. */
  | { readonly type: "disable" }
  /** VmbChannelStart. */
  | { readonly type: "start" }
  /** VmbChannelPause. */
  | { readonly type: "pause" }
  /** A waiting client took an offer and asked the host to open it. */
  | { readonly type: "connecting" }
  /** Server: the guest opened the channel. Client: the host confirmed the open. */
  | { readonly type: "open" }
  /** The host refused the open, or it could not be asked for. */
  | { readonly type: "openRefused" }
  /** The opposite side closed, rescinded, or is gone. */
  | { readonly type: "peerClosed" }
  /** The same on a pipe whose flow runs, where something that was sent before is not read yet (kmcl.md S10). */
  | { readonly type: "peerClosedUnread" }
  /** All of that was read. */
  | { readonly type: "allTaken" }
  /** The opposite side broke the protocol: nothing more is taken from it. */
  | { readonly type: "fault" }
  /** The endpoint's own partition crashed. */
  | { readonly type: "crashed" }
  /** EvtChannelOpened returned a success. */
  | { readonly type: "openedOk" }
  /** EvtChannelOpened returned a failure. */
  | { readonly type: "openedFailed" }
  /** EvtChannelStarted returned. */
  | { readonly type: "startedReturned" }
  /** EvtChannelPostStarted returned, or was left out. */
  | { readonly type: "postStartedReturned" }
  /** EvtChannelSuspend is being called. */
  | { readonly type: "suspendCalled" }
  /** EvtChannelSuspend returned. */
  | { readonly type: "suspendReturned" }
  /** No incoming packet is outstanding any more. */
  | { readonly type: "retired" }
  /** EvtChannelClosed returned, and what the channel had is gone. */
  | { readonly type: "closedReturned" }
  /** Nothing of the channel is left with the opposite side. */
  | { readonly type: "released" }
  /** VmbChannelRestoreFromBuffer has all of a saved server (kmcl.md V10). */
  | { readonly type: "restored" }
  /** A restored server claimed its channel, which the guest has open. */
  | { readonly type: "resumeOpen" }
  /** A restored server claimed its channel, which the guest has closed. */
  | { readonly type: "resumeClosed" }
  /** VmbChannelSaveBegin. */
  | { readonly type: "saveBegin" }
  /** VmbChannelSaveEnd, or what is being saved has changed. */
  | { readonly type: "saveEnd" };

/** What a step of the chart has an endpoint do, in the order in which the step names it. */
export const CHANNEL_EFFECTS = [
  /** Whoever waits in a synchronous request is told that nobody will answer (kmcl.md S10.1). */
  "releaseRequests",
  /** The rings are left behind, what they held ends, and the channel leaves the bus (kmcl.md S10.6, S15). */
  "leaveBus",
  /** The flow came to rest: whoever waits in VmbChannelPause continues (kmcl.md S8). */
  "answerPause",
  /** Disabled: whoever waits in VmbChannelDisable continues (kmcl.md S11). */
  "answerDisable",
  /** The flow began: what the rings hold, and what waits to be sent, moves (kmcl.md S5). */
  "lookAtRings",
  /** The flow ended: completions behind a packet that waits for the next flow leave all the same (kmcl.md S6). */
  "sendCompletions",
  /** The state change callback that the tags ask for is called, once none is running (kmcl.md section 6). */
  "runNextCallback",
  /** Suspend returned: where the driver holds no packet, the flow is at rest at once (kmcl.md S7). */
  "endDraining",
] as const;

/** One of them. */
export type ChannelEffect = typeof CHANNEL_EFFECTS[number];

/** What an endpoint asks of its chart's state. */
export type ChannelTag =
  /** Disabled, before the first Enable: `*Init*` functions are valid (kmcl.md I3). */
  | "configurable"
  /** Disabled, of either kind. */
  | "disabled"
  /** EvtChannelOpened has returned success, and the channel is not closed yet. */
  | "opened"
  /** The guest closed the channel, the offer stands. */
  | "closed"
  /** A client whose open request is out. */
  | "connecting"
  /** The rings exist: from EvtChannelOpened until EvtChannelClosed has returned (kmcl.md G1). */
  | "rings"
  /** The channel is going away: nobody may wait for its packets (kmcl.md S10.1). */
  | "leaving"
  /** This endpoint's driver disabled the channel: the opposite side must be told (kmcl.md S10.4). */
  | "byUs"
  /** Only the opposite side's answer keeps the endpoint from being Disabled. */
  | "tearingDown"
  /** Nothing more is owed to this endpoint but the release of its rings. */
  | "releasing"
  /** EvtChannelOpened is due or running. */
  | "callOpened"
  /** EvtChannelOpened is for a channel that the guest has open: only a failure concerns it (kmcl.md V10). */
  | "resuming"
  /** EvtChannelStarted is due or running. */
  | "callStarted"
  /** EvtChannelPostStarted is due or running. */
  | "callPostStarted"
  /** EvtChannelSuspend is due; nothing is taken from the ring any more. */
  | "callSuspend"
  /** EvtChannelSuspend returned: the driver retires what it holds. */
  | "draining"
  /** No callback of the flow is due or running. */
  | "atRest"
  /** EvtChannelClosed is due or running, once the flow is at rest. */
  | "callClosed"
  /** Packets move, unless the endpoint is faulted. */
  | "flows"
  /** The opposite side closed a pipe, and what it sent before is read. */
  | "emptying"
  /** A send is a violation: Suspend was called, Started not again (kmcl.md S6). */
  | "quiet"
  /** The flow is Active, or on its way there. */
  | "active"
  /** The opposite side has kept to the protocol. */
  | "sound"
  /** VmbChannelSaveBegin was called, and what it saves is as it was then. */
  | "saving";

/** What the opposite side of a channel did wrong: the ring's, the packets' and these of its own. */
export type ChannelFault =
  | RingFault
  | PacketFault
  | PipeFault
  /** The driver called VmbChannelPacketFail. */
  | "packetFailed"
  /** The driver completed a packet with more than the requester's ring can ever carry. */
  | "completionTooLarge"
  /** A completion for a transaction that awaits none. */
  | "unknownTransaction"
  /** External data outside the guest's memory. */
  | "rangeOutsideMemory"
  /** A part of a page set that leaves its buffer (wire.md 2.3). */
  | "rangeOutsideBuffer"
  /** External data or a request for a completion on a pipe. */
  | "transactionOnPipe"
  /** A control message that the channel's state does not allow. */
  | "unexpectedMessage"
  /** A GPADL that is unknown, incomplete, in use, or described wrongly. */
  | "badGpadl"
  /** The rings of the open request cannot be used. */
  | "badRings"
  /** External data in pages that an isolated guest has not shared (kmcl.md X17). */
  | "rangeNotShared";

/** Each of them: the type sees to it that none is missing. */
const FAULTS: Readonly<Record<ChannelFault, true>> = {
  invalidWriteIndex: true,
  invalidReadIndex: true,
  invalidDataAvailable: true,
  invalidDescriptorLengths: true,
  invalidDescriptorFlags: true,
  invalidDescriptorType: true,
  invalidGpaDirectRangeCount: true,
  interruptsExternallyMasked: true,
  unexpectedPacketType: true,
  unexpectedFlags: true,
  badTransactionId: true,
  malformedMsgpack: true,
  surplusBytes: true,
  emptyRange: true,
  emptyByteCount: true,
  offsetTooLarge: true,
  rangeOverflow: true,
  rangeTooSmall: true,
  badPipePacketType: true,
  badPipeLength: true,
  packetFailed: true,
  completionTooLarge: true,
  unknownTransaction: true,
  rangeOutsideMemory: true,
  rangeOutsideBuffer: true,
  transactionOnPipe: true,
  unexpectedMessage: true,
  badGpadl: true,
  badRings: true,
  rangeNotShared: true,
};

/** Every {@linkcode ChannelFault}. */
export const CHANNEL_FAULTS: readonly ChannelFault[] = Object.keys(FAULTS) as ChannelFault[];
