/**
 * Control messages: what the two ends of the bus tell each other about channels and GPADLs, and all of them as one
 * type. Those about the connection itself are in connection_messages.ts. This file says what a message holds;
 * layouts.ts where each field lies; versions.ts who may say it, and from which version on; codec.ts turns one into
 * the other.
 *
 * @module
 */

import type {
  InitiateContact,
  InitiateContact2,
  ModifyConnection,
  ModifyConnectionResponse,
  Pause,
  PauseResponse,
  Resume,
  Unload,
  UnloadComplete,
  VersionResponse,
  VersionResponse2,
  VersionResponse3,
} from "./connection_messages.ts";

/** Most bytes of one control message, its 8-byte header included (wire.md 4.1). */
export const CONTROL_MESSAGE_BYTES_MAX = 240;

/** Bytes of the user data of an offer and of an open request (wire.md 4.2, 4.4). */
export const USER_DATA_BYTES = 120;

/** Offer flag: the channel is announced as a device interface (wire.md 4.4). */
export const OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE = 0x1;
/** Offer flag: the rings are in memory that the host cannot read (wire.md 4.4). */
export const OFFER_FLAG_CONFIDENTIAL_RING = 0x2;
/** Offer flag: external data may be in such memory (wire.md 4.4). */
export const OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY = 0x4;
/** Offer flag: external data must be in memory that stays where it is (wire.md 4.4). */
export const OFFER_FLAG_REQUIRES_PINNED_MEMORY = 0x8;
/** Offer flag: the channel carries pipe packets (wire.md 4.4). */
export const OFFER_FLAG_NAMED_PIPE = 0x10;
/** Offer flag: the root offers the channel to itself (wire.md 4.4). */
export const OFFER_FLAG_LOOPBACK = 0x100;
/** Offer flag: the channel belongs to a socket provider (wire.md 4.4). */
export const OFFER_FLAG_TLNPI_PROVIDER = 0x2000;

/** Highest channel id: event flag 0 is reserved (wire.md 5.2). */
export const CHANNEL_ID_MAX = 2047;
/** The monitorId of an offer without one (wire.md 4.4). */
export const MONITOR_ID_NONE = 0xff;
/** The targetVp of a channel whose host never signals (wire.md 4.2). */
export const TARGET_VP_NO_INTERRUPTS = 0xffff_ffff;

/** Message 1, to the guest: a channel exists and may be opened ([wire.md 4.4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface OfferChannel {
  /** Which message this is. */
  readonly message: "offerChannel";
  /** Kind of device, a lower-case GUID. */
  readonly interfaceId: string;
  /** Which device of that kind, a lower-case GUID. */
  readonly instanceId: string;
  /** u16 of `OFFER_FLAG_…` bits; a receiver also keeps the bits that have no name here. */
  readonly flags: number;
  /** u16: MMIO that the channel needs, in MiB. */
  readonly mmioMegabytes: number;
  /** The offering driver's own {@linkcode USER_DATA_BYTES}. */
  readonly userData: Uint8Array;
  /** u16: 0 for a primary channel. */
  readonly subchannelIndex: number;
  /** u16: MMIO that the channel could use beyond what it needs, in MiB. */
  readonly mmioMegabytesOptional: number;
  /** u32: the channel's number on this bus, 1 to 2047. */
  readonly channelId: number;
  /** u8: slot in the monitor pages, or {@linkcode MONITOR_ID_NONE}. */
  readonly monitorId: number;
  /** Whether monitorId means a slot. */
  readonly monitorAllocated: boolean;
  /** Whether the guest signals the host through a connection of this channel alone. */
  readonly isDedicated: boolean;
  /** u32: connection through which the guest signals the host. */
  readonly connectionId: number;
}

/** Message 2, to the guest: the channel is gone ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface RescindChannelOffer {
  /** Which message this is. */
  readonly message: "rescindChannelOffer";
  /** u32: the channel. */
  readonly channelId: number;
}

/** Message 3, to the host: send what you offer ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface RequestOffers {
  /** Which message this is. */
  readonly message: "requestOffers";
}

/** Message 4, to the guest: these were all the offers of now ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface AllOffersDelivered {
  /** Which message this is. */
  readonly message: "allOffersDelivered";
}

/** Message 5, to the host: open the channel over these rings ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface OpenChannel {
  /** Which message this is. */
  readonly message: "openChannel";
  /** u32: the channel. */
  readonly channelId: number;
  /** u32: the guest's own number for this open; the answer repeats it. */
  readonly openId: number;
  /** u32: GPADL of the pages of both rings. */
  readonly ringGpadlId: number;
  /** u32: virtual processor that the host signals, or {@linkcode TARGET_VP_NO_INTERRUPTS}. */
  readonly targetVp: number;
  /** u32: index of the page in the GPADL at which the host-to-guest ring begins. */
  readonly downstreamPageOffset: number;
  /** The opening driver's own {@linkcode USER_DATA_BYTES}. */
  readonly userData: Uint8Array;
}

/** Open flag: host-to-guest interrupts of the channel go to the redirect target (wire.md 4.2). */
export const OPEN_FLAG_REDIRECT_INTERRUPT = 0x1;

/**
 * Message 5 as version 6.0 has it, once guest-specified signal parameters or channel interrupt redirection
 * were agreed on ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
 */
export interface OpenChannel2 extends OpenChannel {
  /** u32: connection through which the guest signals the host, where the guest may say so. */
  readonly connectionId: number;
  /** u16: event flag that the host sets to signal the guest, where the guest may say so. */
  readonly eventFlag: number;
  /** u16 of `OPEN_FLAG_…` bits, where interrupts may be redirected. */
  readonly openFlags: number;
}

/** Message 6, to the guest: how the open ended ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface OpenResult {
  /** Which message this is. */
  readonly message: "openResult";
  /** u32: the channel. */
  readonly channelId: number;
  /** u32: the openId of the request. */
  readonly openId: number;
  /** NTSTATUS as an unsigned number, 0 when the channel is open. */
  readonly status: number;
}

/** Message 7, to the host: the guest closes the channel; there is no answer ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface CloseChannel {
  /** Which message this is. */
  readonly message: "closeChannel";
  /** u32: the channel. */
  readonly channelId: number;
}

/** Message 8, to the host: a GPADL's sizes and the first words of its ranges ([wire.md 3.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface GpadlHeader {
  /** Which message this is. */
  readonly message: "gpadlHeader";
  /** u32: the channel that the GPADL belongs to. */
  readonly channelId: number;
  /** u32: the GPADL, numbered by the guest. */
  readonly gpadlId: number;
  /** u16: bytes of the whole range list, those in body messages included. */
  readonly byteLength: number;
  /** u16: ranges in the list. */
  readonly rangeCount: number;
  /** Whether the host may only read the memory; this project's own bit ([wire.md 3.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
  readonly readOnly: boolean;
  /** The first 8-byte words of the list; when received, perhaps words beyond its end too. */
  readonly words: Uint8Array;
}

/** Message 9, to the host: the next words of a GPADL's ranges ([wire.md 3.2, 3.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface GpadlBody {
  /** Which message this is. */
  readonly message: "gpadlBody";
  /** u32: reserved, 0. */
  readonly messageNumber: number;
  /** u32: the GPADL. */
  readonly gpadlId: number;
  /** The next 8-byte words of the list; when received, perhaps words beyond its end too. */
  readonly words: Uint8Array;
}

/** Message 10, to the guest: whether the host took the GPADL ([wire.md 3.4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface GpadlCreated {
  /** Which message this is. */
  readonly message: "gpadlCreated";
  /** u32: the channel. */
  readonly channelId: number;
  /** u32: the GPADL. */
  readonly gpadlId: number;
  /** NTSTATUS as an unsigned number; success is what NT_SUCCESS says. */
  readonly status: number;
}

/** Message 11, to the host: release the GPADL ([wire.md 3.4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface GpadlTeardown {
  /** Which message this is. */
  readonly message: "gpadlTeardown";
  /** u32: the channel. */
  readonly channelId: number;
  /** u32: the GPADL. */
  readonly gpadlId: number;
}

/** Message 12, to the guest: the host has released the GPADL ([wire.md 3.4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface GpadlTorndown {
  /** Which message this is. */
  readonly message: "gpadlTorndown";
  /** u32: the GPADL. */
  readonly gpadlId: number;
}

/** Message 13, to the host: the channel number may be used again ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface RelIdReleased {
  /** Which message this is. */
  readonly message: "relIdReleased";
  /** u32: the channel. */
  readonly channelId: number;
}

/** Message 18, to the host: open a channel that outlives the connection, without interrupts ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface OpenReservedChannel {
  /** Which message this is. */
  readonly message: "openReservedChannel";
  /** u32: the channel. */
  readonly channelId: number;
  /** u32: virtual processor that gets the answer. */
  readonly targetVp: number;
  /** u32: synthetic interrupt source that gets the answer. */
  readonly targetSint: number;
  /** u32: GPADL of the pages of both rings. */
  readonly ringGpadlId: number;
  /** u32: index of the page in the GPADL at which the host-to-guest ring begins. */
  readonly downstreamPageOffset: number;
}

/** Message 19, to the host, also while there is no connection: close a reserved channel ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface CloseReservedChannel {
  /** Which message this is. */
  readonly message: "closeReservedChannel";
  /** u32: the channel. */
  readonly channelId: number;
  /** u32: virtual processor that gets the answer. */
  readonly targetVp: number;
  /** u32: synthetic interrupt source that gets the answer. */
  readonly targetSint: number;
}

/** Message 20, to the guest: a reserved channel is closed ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface CloseReservedResponse {
  /** Which message this is. */
  readonly message: "closeReservedResponse";
  /** u32: the channel. */
  readonly channelId: number;
}

/** Message 21, to the host: connect to a socket that listens on the host ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface TlConnectRequest {
  /** Which message this is. */
  readonly message: "tlConnectRequest";
  /** The connection, a lower-case GUID of the guest's own. */
  readonly endpointId: string;
  /** What is to be connected to, a lower-case GUID. */
  readonly serviceId: string;
}

/** Message 21 from version 5.2 on, where its size says so ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface TlConnectRequest2 extends TlConnectRequest {
  /** The container that asks, a lower-case GUID; all zero for none. */
  readonly siloId: string;
}

/** Message 22, to the host: signal another virtual processor for an open channel ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface ModifyChannel {
  /** Which message this is. */
  readonly message: "modifyChannel";
  /** u32: the channel. */
  readonly channelId: number;
  /** u32: the virtual processor. */
  readonly targetVp: number;
}

/** Message 23, to the guest: a connect that failed ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface TlConnectResult {
  /** Which message this is. */
  readonly message: "tlConnectResult";
  /** The connection, a lower-case GUID. */
  readonly endpointId: string;
  /** What was to be connected to, a lower-case GUID. */
  readonly serviceId: string;
  /** NTSTATUS as an unsigned number. */
  readonly status: number;
}

/** Message 24, to the guest: how {@linkcode ModifyChannel} ended ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface ModifyChannelResponse {
  /** Which message this is. */
  readonly message: "modifyChannelResponse";
  /** u32: the channel. */
  readonly channelId: number;
  /** NTSTATUS as an unsigned number. */
  readonly status: number;
}

/** Any control message; `message` says which, and forms of one differ by the fields that they have. */
export type ControlMessage =
  | OfferChannel
  | RescindChannelOffer
  | RequestOffers
  | AllOffersDelivered
  | OpenChannel
  | OpenChannel2
  | OpenResult
  | CloseChannel
  | GpadlHeader
  | GpadlBody
  | GpadlCreated
  | GpadlTeardown
  | GpadlTorndown
  | RelIdReleased
  | InitiateContact
  | InitiateContact2
  | VersionResponse
  | VersionResponse2
  | VersionResponse3
  | Unload
  | UnloadComplete
  | OpenReservedChannel
  | CloseReservedChannel
  | CloseReservedResponse
  | TlConnectRequest
  | TlConnectRequest2
  | ModifyChannel
  | TlConnectResult
  | ModifyChannelResponse
  | ModifyConnection
  | ModifyConnectionResponse
  | Pause
  | PauseResponse
  | Resume;

/** The name of a message. */
export type ControlMessageName = ControlMessage["message"];
