/**
 * What can be seen of a fabric: everything that its drivers can see of it, as it happens. A fabric tells
 * nobody unless a checker looks; then nothing that it does is another, and its digests stay what they are.
 *
 * @module
 */

import type { NtStatus } from "../../core/ntstatus.ts";
import type { ChannelPlace } from "./violation_details.ts";

/** An endpoint of a channel, as an observation names it: one object for as long as the channel lives. */
export interface ObservedEndpoint {
  /** Its number in the fabric, in the order of VmbChannelAllocate. */
  readonly id: number;
  /** Which end of the channel it is. */
  readonly side: "server" | "client";
  /** For reports: `channel 3 (server)`. */
  readonly name: string;
  /** The same as data, and with its partition. */
  readonly place: ChannelPlace;
}

/** What there is to tell of each kind of thing that happens, beside that it happens. */
export interface ObservedFacts {
  /** A callback that is about to be called. */
  readonly callbackBegins: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Its documented name. ProcessPacket and completion routines are `packetArrives` and `transactionEnds`. */
    readonly callback: string;
    /** The level that it runs at. */
    readonly irql: 0 | 2;
    /** ProcessingComplete: packets of the batch; 0 with others. */
    readonly count: number;
  };
  /** A callback that has returned, its promise included; one that its partition's end cut off never does. */
  readonly callbackReturns: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Its documented name. */
    readonly callback: string;
  };
  /** A packet that its driver sent waits for room or for the flow. */
  readonly packetQueued: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Its transaction, on its channel. */
    readonly packet: number;
    /** What it carries, from the beginning of the array; it holds during the observation. */
    readonly payload: Uint8Array;
    /** Bytes of it. */
    readonly payloadBytes: number;
  };
  /** A packet is in the ring: it was sent just now, or was queued before. */
  readonly packetEnters: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Its transaction, on its channel. */
    readonly packet: number;
    /** What it carries, from the beginning of the array; it holds during the observation. */
    readonly payload: Uint8Array;
    /** Bytes of it. */
    readonly payloadBytes: number;
    /** Whether a completion packet is to end its transaction. */
    readonly wantsCompletion: boolean;
    /** Whether it describes memory. */
    readonly hasExternalData: boolean;
  };
  /** A packet is given to its receiver: EvtChannelProcessPacket is about to be called. */
  readonly packetArrives: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Its number among those that arrived at the endpoint. */
    readonly packet: number;
    /** The number by which its sender knows the transaction: the lower half. */
    readonly transactionIdLow: number;
    /** And the upper one. */
    readonly transactionIdHigh: number;
    /** Whether its sender awaits a completion. */
    readonly wantsCompletion: boolean;
    /** Whether it describes memory. */
    readonly hasExternalData: boolean;
    /** What it carries, from the beginning of the array; it holds during the observation. */
    readonly payload: Uint8Array;
    /** Bytes of it. */
    readonly payloadBytes: number;
    /** The level of the call. */
    readonly irql: 0 | 2;
  };
  /** A receiver is done with a packet that it was given. */
  readonly packetRetired: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Its number among those that arrived at the endpoint. */
    readonly packet: number;
    /** VmbChannelPacketComplete, VmbChannelPacketFail, or it goes back to the queue and comes again. */
    readonly how: "completed" | "failed" | "handedBack";
    /** The answer, from the beginning of the array; it holds during the observation. */
    readonly answer: Uint8Array;
    /** Bytes of it. */
    readonly answerBytes: number;
  };
  /** A packet that was completed counts no more: its completion is in the ring, or nobody gets one. */
  readonly packetSettled: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Its number among those that arrived at the endpoint. */
    readonly packet: number;
    /** Whether its completion is in the ring. */
    readonly isAnswered: boolean;
  };
  /** A transaction is over for who began it: its completion routine is about to be called, if it has one. */
  readonly transactionEnds: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** The transaction, on its channel. */
    readonly packet: number;
    /** How it ended. */
    readonly status: NtStatus;
    /** Whether a completion packet ended it. */
    readonly isAnswered: boolean;
    /** The answer, from the beginning of the array; it holds during the observation. */
    readonly answer: Uint8Array;
    /** Bytes of it. */
    readonly answerBytes: number;
  };
  /** Something happened to the channel: its chart is told. */
  readonly channelChanges: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** The event, in the chart's words. */
    readonly event: string;
  };
  /** The opposite side did something that it must not do. */
  readonly channelFaults: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** What that was, by its name. */
    readonly fault: string;
  };
  /** The endpoint has rings from now on. */
  readonly ringsAttached: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
    /** Whether they are those of an endpoint that was saved, with what was in them. */
    readonly isResumed: boolean;
  };
  /** Its rings are gone. */
  readonly ringsDetached: {
    /** The endpoint. */
    readonly endpoint: ObservedEndpoint;
  };
  /** A caller begins to wait. */
  readonly waitBegins: {
    /** The documented function, or `delay`. */
    readonly call: string;
    /** Of which channel it is; null: of none. */
    readonly endpoint: ObservedEndpoint | null;
    /** Its number in the fabric. */
    readonly wait: number;
    /** Whether it ends in time, whatever holds it up. */
    readonly isTimed: boolean;
  };
  /** A caller is answered. */
  readonly waitReturns: {
    /** The documented function, or `delay`. */
    readonly call: string;
    /** Of which channel it was; null: of none. */
    readonly endpoint: ObservedEndpoint | null;
    /** Its number in the fabric. */
    readonly wait: number;
    /** The status that it returns; null: it returns none. */
    readonly status: NtStatus | null;
  };
  /** A documented function has returned. At trace level `"off"` nobody hears of those. */
  readonly functionReturns: {
    /** Its name. */
    readonly call: string;
    /** The channel that it was about; null: none, or none that was given rightly. */
    readonly endpoint: ObservedEndpoint | null;
    /** The status that it returned; null: it returns none, or waits. */
    readonly status: NtStatus | null;
    /** All that it returned: look, and change nothing. */
    readonly result: unknown;
  };
  /** A work item or timer is about to run: between two of them everything is whole. */
  readonly itemBegins: { readonly endpoint?: undefined };
  /** Something happened to a partition. */
  readonly partitionChanges: {
    /** Its name. */
    readonly partition: string;
    /**
     * What that is; `left`: its guest gives all of its channels back, and leaves the bus; `discarded`: its restore was
     * refused, and whatever was said on its bus meanwhile never was.
     */
    readonly change:
      | "crashed"
      | "destroyed"
      | "paused"
      | "resumed"
      | "left"
      | "saved"
      | "restored"
      | "discarded";
  };
  /** A program wrote to the memory of a partition by itself. */
  readonly memoryWritten: {
    /** The partition's name. */
    readonly partition: string;
    /** Where, in its memory. */
    readonly gpa: number;
    /** How many bytes. */
    readonly byteCount: number;
  };
  /** Something is said on a bus, by one of its ends or in the place of one. */
  readonly messageSaid: {
    /** The guest whose bus it is. */
    readonly partition: string;
    /** Whom it is for. */
    readonly direction: "toHost" | "toGuest";
    /** Its bytes: look, and change nothing. */
    readonly message: Uint8Array;
  };
  /** A fault of a simulation happens. */
  readonly faultFires: {
    /** Its name. */
    readonly fault: string;
    /** The partition that it happens to. */
    readonly partition: string;
    /** The channel, by its number on the partition's bus; null: it is about none. */
    readonly channelId: number | null;
  };
  /**
   * Somebody other than this package changes, behind the back of both sides, what a channel's rings or
   * messages hold: from now on its peers are not bound to what was sent.
   */
  readonly channelTampered: {
    /** The guest that it is in. */
    readonly partition: string;
    /** The channel, by its number on the guest's bus; null: any of them. */
    readonly channelId: number | null;
  };
}

/** What kind of thing happened. */
export type ObservationKind = keyof ObservedFacts;

/** An observation by its kind. */
export type ObservationOf<Kind extends ObservationKind> = Kind extends ObservationKind
  ? { readonly kind: Kind } & ObservedFacts[Kind]
  : never;

/** One thing that happened. */
export type Observation = ObservationOf<ObservationKind>;

/** Looks on. It is in the middle of a step: it must not call into the fabric, nor throw. */
export interface Observer {
  /** Something happens. */
  see(observation: Observation): void;
}

/** A work item begins: it is told of often, and has nothing to say. */
export const ITEM_BEGINS: Observation = { kind: "itemBegins" };
