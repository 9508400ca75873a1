/**
 * What a driver configures before it enables a channel (kmcl.md section 5), and where it begins (S1).
 *
 * @module
 */

import type { PartitionObject } from "../partition/partition_object.ts";

/** IS_PIPE of VmbChannelInitSetFlags. */
export const INIT_FLAG_IS_PIPE = 0x1;
/** The flags of VmbServerChannelInitSetFlags. */
export const SERVER_FLAG_LOOPBACK_OFFER = 0x1;
/** Offered as a device interface. */
export const SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE = 0x2;
/** Offered as a pipe. */
export const SERVER_FLAG_OFFER_AS_PIPE = 0x4;
/** Not resumed after a restore, but offered anew. */
export const SERVER_FLAG_FORCE_NEW_CHANNEL = 0x8;
/** A socket's offer. */
export const SERVER_FLAG_TLNPI_PROVIDER_OFFER = 0x10;

/** Which offer a client wants. */
export interface ClientTarget {
  /** Interface type GUID. */
  readonly interfaceType: string;
  /** Instance GUID, or null for any instance of the type. */
  readonly instance: string | null;
}

/** What a server offers. */
export interface ServerTarget {
  /** Interface type GUID. */
  readonly interfaceType: string;
  /** Instance GUID. */
  readonly instance: string;
}

/** The settings of one endpoint, with the defaults that a new channel has (kmcl.md S1). */
export class ChannelConfiguration {
  /** Largest size given to VmbPacketSend. */
  packetBytesMax = 4096;
  /** Bounds of external data, in both directions. */
  externalBytesMax = 65_536;
  /** MDLs in a chain of external data. */
  externalChainMax = 16;
  /** Bytes of driver context with each incoming packet. */
  clientContextBytes = 0;
  /** For debugging and counters. */
  friendlyName = "";
  /** {@linkcode INIT_FLAG_IS_PIPE}. */
  flags = 0;
  /** Whether a ProcessPacket callback is set: without one the channel cannot be enabled. */
  hasProcessPacket = false;

  /** Client: data pages of the incoming ring. */
  incomingRingPages = 16;
  /** Client: data pages of the outgoing ring. */
  outgoingRingPages = 16;
  /** Client: the offer it wants. */
  clientTarget: ClientTarget | null = null;

  /** Server: `SERVER_FLAG_*`. */
  serverFlags = 0;
  /** Server: MMIO that must be granted, in MiB. */
  mmioMegabytes = 0;
  /** Server: further MMIO that may be granted, in MiB. */
  mmioMegabytesOptional = 0;
  /** Server: what it offers. */
  serverTarget: ServerTarget | null = null;
  /** Server: the partition that the offer is for. */
  guest: PartitionObject | null = null;
  /** Server: the virtual trust level that sees the offer. */
  targetVtl = 0;

  /** Whether packets carry the pipe header; OFFER_AS_PIPE implies it (kmcl.md section 7). */
  get isPipe(): boolean {
    return (this.flags & INIT_FLAG_IS_PIPE) !== 0 ||
      (this.serverFlags & SERVER_FLAG_OFFER_AS_PIPE) !== 0;
  }

  /** Whether the offer goes to clients of the root partition. */
  get isLoopback(): boolean {
    return (this.serverFlags & SERVER_FLAG_LOOPBACK_OFFER) !== 0;
  }
}
