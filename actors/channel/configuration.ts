/**
 * What a driver configures before it enables a channel (kmcl.md section 5), and where it begins (S1).
 *
 * Each setter checks what it is given, whoever it comes from: a driver by an `*Init*` function, or a
 * saved state. It answers with the status of that function, in which the channel is argument 1, and
 * changes nothing where it refuses.
 *
 * @module
 */

import {
  OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY,
  OFFER_FLAG_CONFIDENTIAL_RING,
  OFFER_FLAG_REQUIRES_PINNED_MEMORY,
  TARGET_VP_NO_INTERRUPTS,
} from "../../core/control/messages.ts";
import type { PipeType, SocketOffer } from "../../core/control/user_data.ts";
import { parseGuid } from "../../core/guid.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import { isU16, isU32, isUint } from "../../core/units.ts";

/** IS_PIPE of VmbChannelInitSetFlags. */
const INIT_FLAG_IS_PIPE = 0x1;
/** The flags of VmbServerChannelInitSetFlags. */
export const SERVER_FLAG_LOOPBACK_OFFER = 0x1;
/** Offered as a device interface. */
export const SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE = 0x2;
/** Offered as a pipe. */
const SERVER_FLAG_OFFER_AS_PIPE = 0x4;
/** Not resumed after a restore, but offered again. */
export const SERVER_FLAG_FORCE_NEW_CHANNEL = 0x8;
/** A socket's offer. */
export const SERVER_FLAG_TLNPI_PROVIDER_OFFER = 0x10;

/** All of the `SERVER_FLAG_*`. */
const SERVER_FLAGS_MAX = 0x1f;
/** The flags of wire.md 4.4 that a server may ask for beside those: confidential ring, external memory, pinned memory. */
const OFFER_FLAGS = OFFER_FLAG_CONFIDENTIAL_RING | OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY |
  OFFER_FLAG_REQUIRES_PINNED_MEMORY;
/** Largest packet that every codec can describe (wire.md 2.1). */
const PACKET_BYTES_MAX = 500_000;
/** Pages that one GPADL can describe: both rings with their control pages (wire.md 3.3). */
const RING_GPADL_PAGES_MAX = 8190;
/** Most bytes of a driver's context in a packet object: it is a part of each. */
const INLINE_CONTEXT_BYTES_MAX = 65_536;
/** Highest virtual trust level. */
const VTL_MAX = 2;

/** Which offer a client wants. */
export interface ClientTarget {
  /** Interface type GUID. */
  readonly interfaceType: string;
  /** Instance GUID, or null for any instance of the type. */
  readonly instance: string | null;
}

/** The offer that VmbClientChannelInitSetTargetPnp asks for; without an instance, any of the type will do. */
export function clientTargetOf(
  interfaceType: unknown,
  interfaceInstance: unknown,
): ClientTarget | NtStatus {
  const type = parseGuid(interfaceType);
  const isAny = interfaceInstance === null || interfaceInstance === undefined;
  const instance = parseGuid(interfaceInstance);
  if (type === null) return STATUS_INVALID_PARAMETER_2;
  if (!isAny && instance === null) return STATUS_INVALID_PARAMETER_3;
  return { interfaceType: type, instance };
}

/** What a server offers. */
export interface ServerTarget {
  /** Interface type GUID. */
  readonly interfaceType: string;
  /** Instance GUID. */
  readonly instance: string;
}

/** What tells an offer from all others of its guest (wire.md 5.2). */
export interface ChannelKey extends ServerTarget {
  /** Which channel of that instance: 0 for the primary, more for its sub-channels. */
  readonly subchannelIndex: number;
}

/** Whether two offers are one and the same. */
export function isSameKey(one: ChannelKey, other: ChannelKey): boolean {
  return isSameDevice(one, other) && one.subchannelIndex === other.subchannelIndex;
}

/** Whether two offers are of one instance of one interface: a primary and its sub-channels are. */
export function isSameDevice(one: ServerTarget, other: ServerTarget): boolean {
  return one.interfaceType === other.interfaceType && one.instance === other.instance;
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
  /** Which channel of its instance it is: 0 for the primary, more for a sub-channel (wire.md 6). */
  subchannelIndex = 0;
  /** Whether it is any sub-channel of its device: one that is free when it is enabled or an offer comes (kmcl.md X9). */
  isAnySubchannel = false;
  /** Most packet objects of its driver at once; null: any number. */
  packetCountMax: number | null = null;
  /** Bytes of the driver's context in each packet object. */
  inlineContextBytes = 0;
  /** Bytes of the pages for copies of external data (kmcl.md X18). */
  bouncePacketBytes = 262_144;
  /** Most bytes of bounce buffers that its driver asks for (kmcl.md X20). */
  bounceDriverBytes = 0;
  /** Whether a pipe keeps the boundaries of messages, or is a stream of bytes. */
  pipeType: PipeType = "message";
  /** What a socket's offer says, or which such offers a client takes; null: it is no socket. */
  socket: SocketOffer | null = null;

  /** Client: data pages of the incoming ring. */
  incomingRingPages = 16;
  /** Client: data pages of the outgoing ring. */
  outgoingRingPages = 16;
  /** Client: the virtual processor on which it is interrupted; 4294967295 for none, null for any. */
  targetProcessor: number | null = null;
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
  /** Server: the virtual trust level that sees the offer. */
  targetVtl = 0;
  /** Server: `OFFER_FLAG_*` of wire.md 4.4 that no function of KMCL sets. */
  offerFlags = 0;
  /** Server: where among the offers of its interface it stands; null: behind those that say (wire.md 5.2). */
  offerOrder: number | null = null;

  /** Whether packets carry the pipe header; OFFER_AS_PIPE implies it (kmcl.md section 7). */
  get isPipe(): boolean {
    return (this.flags & INIT_FLAG_IS_PIPE) !== 0 ||
      (this.serverFlags & SERVER_FLAG_OFFER_AS_PIPE) !== 0;
  }

  /** Makes it a pipe that is a stream of bytes, and perhaps a socket: the flags cannot say otherwise from then on. */
  setBytePipe(socket: SocketOffer | null): void {
    this.pipeType = "byte";
    this.flags = INIT_FLAG_IS_PIPE;
    this.socket = socket;
  }

  /** Whether the offer goes to clients of the root partition. */
  get isLoopback(): boolean {
    return (this.serverFlags & SERVER_FLAG_LOOPBACK_OFFER) !== 0;
  }

  /** Server: what tells its offer from others; null as long as it has not said what it offers. */
  get serverKey(): ChannelKey | null {
    const { serverTarget, subchannelIndex } = this;
    return serverTarget === null ? null : { ...serverTarget, subchannelIndex };
  }

  /** initSetSubchannelIndex, of this package. */
  setSubchannelIndex(subchannelIndex: unknown): NtStatus {
    if (!isU16(subchannelIndex)) return STATUS_INVALID_PARAMETER_2;
    this.subchannelIndex = subchannelIndex;
    this.isAnySubchannel = false;
    return STATUS_SUCCESS;
  }

  /**
   * VmbChannelInitSetPrimaryChannel, with the settings of the primary: false where they do not say which device that
   * is, or it is a sub-channel itself. `instance` is the one that a client's primary has taken, if it has.
   */
  setPrimary(primary: ChannelConfiguration, instance: string | null): boolean {
    const { clientTarget, serverTarget } = primary;
    const target = serverTarget ?? clientTarget;
    const known = instance ?? target?.instance ?? null;
    if (target === null || known === null || primary.isSubchannel) return false;
    const device = { interfaceType: target.interfaceType, instance: known };
    if (serverTarget === null) this.clientTarget = device;
    else {
      this.serverTarget = device;
      this.targetVtl = primary.targetVtl;
      this.serverFlags |= primary.serverFlags & SERVER_FLAG_LOOPBACK_OFFER;
    }
    this.isAnySubchannel = this.subchannelIndex === 0;
    return true;
  }

  /** Whether it is no primary. */
  get isSubchannel(): boolean {
    return this.isAnySubchannel || this.subchannelIndex > 0;
  }

  /** VmbChannelInitSetMaximumPacketCount. */
  setMaximumPacketCount(packetCount: unknown): NtStatus {
    if (!isU32(packetCount) || packetCount === 0) return STATUS_INVALID_PARAMETER_2;
    this.packetCountMax = packetCount;
    return STATUS_SUCCESS;
  }

  /** VmbChannelInitSetInlinePacketContextSize. */
  setInlineContextSize(contextBytes: unknown): NtStatus {
    if (!isUint(contextBytes, INLINE_CONTEXT_BYTES_MAX)) return STATUS_INVALID_PARAMETER_2;
    this.inlineContextBytes = contextBytes;
    return STATUS_SUCCESS;
  }

  /** VmbChannelInitSetBounceBufferSizes. */
  setBounceBufferSizes(packetBytes: unknown, driverBytes: unknown): NtStatus {
    if (!isU32(packetBytes)) return STATUS_INVALID_PARAMETER_2;
    if (!isU32(driverBytes)) return STATUS_INVALID_PARAMETER_3;
    this.bouncePacketBytes = packetBytes;
    this.bounceDriverBytes = driverBytes;
    return STATUS_SUCCESS;
  }

  /** initSetTargetProcessor, of this package: one of `processorCount`, or null for no interrupts. */
  setTargetProcessor(processorIndex: unknown, processorCount: number): NtStatus {
    if (processorIndex !== null && !isUint(processorIndex, processorCount - 1)) {
      return STATUS_INVALID_PARAMETER_2;
    }
    this.targetProcessor = processorIndex ?? TARGET_VP_NO_INTERRUPTS;
    return STATUS_SUCCESS;
  }

  /** Client: whether the processor that it wants, if any, is one of `processorCount`. */
  hasProcessorOf(processorCount: number): boolean {
    const { targetProcessor } = this;
    return targetProcessor === null || targetProcessor === TARGET_VP_NO_INTERRUPTS ||
      targetProcessor < processorCount;
  }

  /** initSetOfferFlags, of this package. */
  setOfferFlags(flags: unknown): NtStatus {
    if (!isUint(flags, OFFER_FLAGS) || (flags & ~OFFER_FLAGS) !== 0) {
      return STATUS_INVALID_PARAMETER_2;
    }
    this.offerFlags = flags;
    return STATUS_SUCCESS;
  }

  /** initSetOfferOrder, of this package. */
  setOfferOrder(offerOrder: unknown): NtStatus {
    if (!isU32(offerOrder)) return STATUS_INVALID_PARAMETER_2;
    this.offerOrder = offerOrder;
    return STATUS_SUCCESS;
  }

  /** VmbChannelInitSetMaximumPacketSize. */
  setMaximumPacketSize(packetBytes: unknown): NtStatus {
    if (!isUint(packetBytes, PACKET_BYTES_MAX) || packetBytes === 0) {
      return STATUS_INVALID_PARAMETER_2;
    }
    this.packetBytesMax = packetBytes;
    return STATUS_SUCCESS;
  }

  /** VmbChannelInitSetMaximumExternalData. */
  setMaximumExternalData(dataBytes: unknown, chainLength: unknown): NtStatus {
    if (!isU32(dataBytes) || dataBytes === 0) return STATUS_INVALID_PARAMETER_2;
    if (!isU32(chainLength) || chainLength === 0) return STATUS_INVALID_PARAMETER_3;
    this.externalBytesMax = dataBytes;
    this.externalChainMax = chainLength;
    return STATUS_SUCCESS;
  }

  /** VmbChannelInitSetClientContextSize. */
  setClientContextSize(contextBytes: unknown): NtStatus {
    if (!isU32(contextBytes)) return STATUS_INVALID_PARAMETER_2;
    this.clientContextBytes = contextBytes;
    return STATUS_SUCCESS;
  }

  /** VmbChannelInitSetFriendlyName. */
  setFriendlyName(name: unknown): NtStatus {
    if (typeof name !== "string") return STATUS_INVALID_PARAMETER_2;
    this.friendlyName = name;
    return STATUS_SUCCESS;
  }

  /** VmbChannelInitSetFlags. */
  setFlags(flags: unknown): NtStatus {
    if (!isUint(flags, INIT_FLAG_IS_PIPE)) return STATUS_INVALID_PARAMETER_2;
    this.flags = this.pipeType === "byte" ? INIT_FLAG_IS_PIPE : flags;
    return STATUS_SUCCESS;
  }

  /** VmbClientChannelInitSetRingBufferPageCount. */
  setRingPages(incoming: unknown, outgoing: unknown): NtStatus {
    // Each is wrong by itself where no partner would do; the second one where only the sum is too large.
    const fits = (count: number, other: number) => count + other + 2 <= RING_GPADL_PAGES_MAX;
    if (!isU32(incoming) || incoming === 0 || !fits(incoming, 1)) return STATUS_INVALID_PARAMETER_2;
    if (!isU32(outgoing) || outgoing === 0 || !fits(incoming, outgoing)) {
      return STATUS_INVALID_PARAMETER_3;
    }
    this.incomingRingPages = incoming;
    this.outgoingRingPages = outgoing;
    return STATUS_SUCCESS;
  }

  /** VmbServerChannelInitSetFlags. */
  setServerFlags(flags: unknown): NtStatus {
    if (!isUint(flags, SERVER_FLAGS_MAX)) return STATUS_INVALID_PARAMETER_2;
    this.serverFlags = flags;
    return STATUS_SUCCESS;
  }

  /** VmbServerChannelInitSetMmioMegabytes. */
  setMmioMegabytes(megabytes: unknown, optional: unknown): NtStatus {
    if (!isU16(megabytes)) return STATUS_INVALID_PARAMETER_2;
    if (!isU16(optional)) return STATUS_INVALID_PARAMETER_3;
    if (megabytes === 0 && optional === 0) return STATUS_INVALID_PARAMETER;
    this.mmioMegabytes = megabytes;
    this.mmioMegabytesOptional = optional;
    return STATUS_SUCCESS;
  }

  /** VmbServerChannelInitSetTargetInterfaceId. */
  setServerTarget(interfaceType: unknown, interfaceInstance: unknown): NtStatus {
    const type = parseGuid(interfaceType);
    const instance = parseGuid(interfaceInstance);
    if (type === null) return STATUS_INVALID_PARAMETER_2;
    if (instance === null) return STATUS_INVALID_PARAMETER_3;
    this.serverTarget = { interfaceType: type, instance };
    return STATUS_SUCCESS;
  }

  /** VmbServerChannelInitSetTargetVtl. */
  setTargetVtl(vtl: unknown): NtStatus {
    if (!isUint(vtl, VTL_MAX)) return STATUS_INVALID_PARAMETER_2;
    this.targetVtl = vtl;
    return STATUS_SUCCESS;
  }
}
