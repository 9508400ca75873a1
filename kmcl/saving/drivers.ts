/**
 * Drivers that the fabric loads: what a driver's author writes so that a running guest can be saved and
 * restored with it (docs/save-restore.md).
 *
 * @module
 */

import type { Fabric } from "../../actors/fabric/fabric.ts";
import type {
  Device,
  VMBCHANNEL,
  VMBPACKET,
  VMBPACKETCOMPLETION,
} from "../../actors/runtime/handle.ts";
import type { Partition } from "../../actors/partition/partition.ts";
import type { GuestBuffer } from "../../core/memory/types.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import type {
  EvtChannelPnpFailure,
  EvtChannelProcessingComplete,
  EvtChannelProcessPacket,
  EvtPacketCompletionRoutine,
  StateChangeCallbacks,
} from "../callbacks.ts";

/**
 * A handle in a driver's saved state: short text such as `"channel 0"`, `"packet 0/12"` or
 * `"completion 0/3"`. It means something in that saved state alone.
 */
export type HandleToken = string;

/** What a driver in a guest begins with. */
export interface GuestContext {
  /** The fabric that it runs in. */
  readonly fabric: Fabric;
  /** The partition that it is loaded into. */
  readonly partition: Partition;
  /** Its own device: what it allocates for it is the driver's. */
  readonly device: Device;
}

/** What a driver in the root begins with, which serves one guest. */
export interface HostContext {
  /** The fabric that it runs in. */
  readonly fabric: Fabric;
  /** The root partition. */
  readonly partition: Partition;
  /** Its own device: what it allocates for it is the driver's. */
  readonly device: Device;
  /** The guest that it serves: its channels are offered to this one. */
  readonly guest: Partition;
}

/** Turns the handles of a driver into tokens while its guest is saved. */
export interface HandleTokens {
  /**
   * The token of a channel, a packet object or a completion context.
   *
   * @throws {TypeError} It is not a live handle of this driver.
   */
  of(handle: VMBCHANNEL | VMBPACKET | VMBPACKETCOMPLETION): HandleToken;
}

/** What a driver attaches to a channel that it is given back. */
export interface ChannelCallbacks {
  /** EvtChannelProcessPacket, as for VmbChannelInitSetProcessPacketCallbacks. */
  readonly processPacket: EvtChannelProcessPacket;
  /** EvtChannelProcessingComplete; none by default. */
  readonly processingComplete?: EvtChannelProcessingComplete | null;
  /** As for VmbChannelInitSetStateChangeCallbacks; none by default. */
  readonly stateChange?: StateChangeCallbacks | null;
  /** EvtChannelPnpFailure, as for VmbClientChannelInitSetTargetPnp; none by default. */
  readonly pnpFailure?: EvtChannelPnpFailure | null;
  /** As for VmbChannelSetPointer; null by default. */
  readonly pointer?: unknown;
}

/** What a driver attaches to a packet object that it is given back. */
export interface PacketCallbacks {
  /** As for VmbPacketSetCompletionRoutine. By default KMCL frees the packet at the end of its transaction. */
  readonly completionRoutine?: EvtPacketCompletionRoutine | null;
  /** As for VmbPacketSetPointer; null by default. */
  readonly pointer?: unknown;
}

/** A packet that a driver had been given and had not completed. */
export interface HeldPacket {
  /** Its completion context. */
  readonly packet: VMBPACKETCOMPLETION;
  /** Its payload, valid until VmbChannelPacketComplete has returned. */
  readonly buffer: Uint8Array;
  /** Bytes of the payload. */
  readonly bufferLength: number;
}

/**
 * What a driver in a guest is built again with. Everything that it held has to be attached before
 * `restore` returns: its channels, its packet objects (apart from those in flight without a completion
 * routine, which KMCL frees), and the packets that it had not completed. Each method throws an Error for
 * a token that stands for nothing of the driver's, or is attached already, and once `restore` has
 * returned.
 */
export interface GuestRestoreContext extends GuestContext {
  /** Gives back a channel, in the state that it had. */
  attachChannel(token: HandleToken, callbacks: ChannelCallbacks): VMBCHANNEL;
  /** Gives back a packet object, in the transaction that it was in. */
  attachPacket(token: HandleToken, callbacks: PacketCallbacks): VMBPACKET;
  /** Gives back a packet that the driver had not completed. */
  attachCompletion(token: HandleToken): HeldPacket;
  /**
   * Gives back a buffer that the driver has allocated in the guest's memory, by its address.
   *
   * @throws {RangeError} No such buffer begins there: what is allocated may be KMCL's, or a bounce buffer.
   */
  buffer(gpa: number): GuestBuffer;
  /**
   * Gives back a buffer that the driver had of VmbChannelAllocateBounceBuffer for `channel`, by its address.
   *
   * @throws {RangeError} `channel` is none of the driver's that is attached, or no such buffer of it begins there.
   */
  bounceBuffer(channel: VMBCHANNEL, gpa: number): GuestBuffer;
}

/** One driver at work in a guest. */
export interface GuestDriverInstance {
  /**
   * The guest is being saved: tells the driver's own state, which the next `restore` is given. It is
   * called once all callbacks have returned, with the guest's processors standing still. It returns at
   * once and changes nothing: KMCL functions throw inside it.
   *
   * @param tokens What stands for the driver's handles in that state.
   */
  save(tokens: HandleTokens): PlainData;
}

/** A driver for guests, such as a VSC: a value with a name. */
export interface GuestDriver<Instance extends GuestDriverInstance = GuestDriverInstance> {
  /** By this name a saved state asks for it. */
  readonly name: string;
  /** Begins afresh: allocates and enables its channels. */
  start(context: GuestContext, options: PlainData): Instance;
  /**
   * Builds the driver again from what `save` told. The guest's processors stand still until the program
   * resumes it. An Error that it throws refuses the restore.
   */
  restore(context: GuestRestoreContext, state: PlainData): Instance;
}

/** One driver at work in the root, for one guest. */
export interface HostDriverInstance {
  /**
   * The guest, which stands still, is being saved: brings the driver's channels to rest
   * (VmbChannelPause), saves each, and tells what the next `restore` is given. An Error that it throws
   * ends the save; then the driver's `resume` is called, and the guest runs on.
   */
  save(): PlainData | Promise<PlainData>;
  /**
   * The guest runs on: the driver starts its channels (VmbChannelStart). Called after a restore, after a
   * save when the saved guest is resumed instead of destroyed, and after a save that failed; not where
   * the guest is gone. It is a callback like any other: what it throws, the call that drives the loop
   * throws, and the next save waits until its promise is settled.
   */
  resume(): void;
}

/** A driver for the root, such as a VSP: a value with a name. It serves one guest. */
export interface HostDriver<Instance extends HostDriverInstance = HostDriverInstance> {
  /** By this name a saved state asks for it. */
  readonly name: string;
  /** Begins afresh: allocates, enables and starts its channels. */
  start(context: HostContext, options: PlainData): Instance;
  /**
   * Builds the driver again from what `save` told: allocates and configures its channels, restores each
   * and enables it, all before it returns, and starts none of them yet. An Error that it throws refuses
   * the restore.
   */
  restore(context: HostContext, state: PlainData): Instance;
}

/** A driver that a restore has built again. */
export interface LoadedInstance {
  /** Its name. A guest driver and a host driver may share one. */
  readonly name: string;
  /** Whether it is a guest driver or a host driver. */
  readonly kind: "guest" | "host";
  /** What its `restore` returned. */
  readonly instance: GuestDriverInstance | HostDriverInstance;
  /** The guest, or the trust level of it, that it was loaded for. */
  readonly level: Partition;
}
