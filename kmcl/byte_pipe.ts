/**
 * Byte pipes: a channel that is a stream of bytes in each direction (kmcl.md section 7, wire.md 2.4).
 *
 * @module
 */

import { type BytePipe as PipeEnd, makeBytePipe } from "../actors/channel/byte_pipe.ts";
import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { PipeRead } from "../actors/channel/stream_reading.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { booleanOf, bytesOf } from "../core/arguments.ts";
import type { SocketOffer } from "../core/control/user_data.ts";
import { NULL_GUID, parseGuid } from "../core/guid.ts";
import { copyBytes, lengthOf, NO_BYTES } from "../core/bytes.ts";
import {
  type NtStatus,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { copyMembers } from "../core/structures.ts";
import { isUint } from "../core/units.ts";
import type { MaybePromise } from "./callbacks.ts";
import type { CallName } from "./call_parameters.ts";
import { canWait } from "./channel_lifecycle.ts";
import { resolveHandle } from "./handles.ts";
import { mayBlock } from "./levels.ts";
import { endpointIn, traced, tracedBy } from "./own_calls.ts";
import { refuseWhereRefused, waiting } from "./resolve.ts";
import type { KmclClientInterfaceV1 } from "./tables.ts";

export type { PipeRead } from "../actors/channel/stream_reading.ts";

/** How a byte pipe is closed. */
export interface PipeCloseOptions {
  /** The longest that the opposite side's end is waited for, in 100 ns of virtual time: a whole number from 0 on. */
  readonly timeout100ns: number;
}

/**
 * One end of a channel that is a stream of bytes in each direction ([kmcl.md section 7](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)).
 * Its functions are for PASSIVE_LEVEL, and wait as KMCL's own do. Beside what each names they answer: DEVICE_REMOVED the
 * channel is Disabled, or this side disabled it; CONNECTION_RESET the opposite side closed it, or broke the protocol;
 * INVALID_HANDLE it was cleaned up; INVALID_DEVICE_REQUEST a call that must not be made where it is made.
 */
export interface BytePipe {
  /** The channel. It is enabled, started and disabled as any other. */
  readonly channel: VMBCHANNEL;
  /**
   * Reads up to `byteCountMax` bytes, from 1 on: what there is, and where there is nothing it waits for some. Several reads
   * are answered in their order. Statuses: SUCCESS; END_OF_FILE the opposite side has ended its stream; `_1` a bad number.
   */
  read(byteCountMax: number): Promise<PipeRead>;
  /**
   * Writes all of `buffer`, which is copied before the call returns, and waits until it is in the ring. Before the channel
   * is open it waits for that. Statuses: SUCCESS; INVALID_DEVICE_STATE after closeWrite; `_1` no buffer.
   */
  write(buffer: ArrayBufferView): Promise<NtStatus>;
  /**
   * Ends the stream to the opposite side, behind what was written, and waits until that is in the ring; the other direction
   * stays as it is. Status: SUCCESS.
   */
  closeWrite(): Promise<NtStatus>;
  /**
   * Ends the stream as closeWrite does, drops what still comes until the opposite side has ended its own, or the time is up,
   * then disables the channel with all that VmbChannelDisable waits for. Statuses: SUCCESS both streams had ended; CANCELLED
   * the time was up; `_1` a bad timeout. In each case the channel is Disabled, but for `_1`, INVALID_HANDLE and
   * INVALID_DEVICE_REQUEST.
   */
  close(options: PipeCloseOptions): Promise<NtStatus>;
}

/** What a driver wants of its byte pipe. */
export interface BytePipeOptions {
  /**
   * Called at PASSIVE_LEVEL each time that the channel has opened and packets move. It may return a promise, and take as long
   * as it likes: nothing waits for it, and what it awaits is never rejected for having to wait for ever.
   */
  readonly opened?: (pipe: BytePipe) => MaybePromise<void>;
  /**
   * Makes it a socket ([wire.md 4.4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)): a server says this in its offer, a client
   * takes offers with the same isForGuestAccept alone.
   */
  readonly socket?: SocketOptions;
}

/** What the offer of a socket says. */
export interface SocketOptions {
  /** True: the host connects, and the guest accepts. False: the guest has asked for it. */
  readonly isForGuestAccept: boolean;
  /** Whether it is for a container; false by default. */
  readonly isForContainer?: boolean;
  /** The container that it is for, a GUID; all zero, for none, by default. */
  readonly siloId?: string;
}

/** Version of a socket's user data: RS5 and later (wire.md 4.4). */
const SOCKET_OFFER_VERSION = 1;

/** A socket's options, read once; undefined where they are wrong. */
function socketOf(options: unknown): SocketOffer | null | undefined {
  if (options === undefined) return null;
  const members = copyMembers(options, ["isForGuestAccept", "isForContainer", "siloId"]);
  const isForGuestAccept = booleanOf(members?.isForGuestAccept);
  const isForContainer = booleanOf(members?.isForContainer ?? false);
  const siloId = parseGuid(members?.siloId ?? NULL_GUID);
  if (isForGuestAccept === null || isForContainer === null || siloId === null) return undefined;
  return { isForGuestAccept, isForContainer, version: SOCKET_OFFER_VERSION, siloId };
}

/** What {@linkcode bytePipe} gives. */
export interface BytePipeResult {
  /** SUCCESS; `_1` no live channel, or one that is not Disabled and initializing; `_3` wrong options. */
  readonly status: NtStatus;
  /** The pipe; null on failure. */
  readonly pipe: BytePipe | null;
}

/**
 * Makes a channel a byte pipe, before it is enabled: a server offers it as one, a client takes such an offer and no other. It
 * needs no ProcessPacket callback, and sending packets on it is STATUS_NOT_SUPPORTED.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 7}
 */
export function bytePipe(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  options: BytePipeOptions = {},
): BytePipeResult {
  const endpoint = endpointIn(kmcl, channel);
  const opened = copyMembers(options, ["opened"])?.opened;
  return traced(kmcl, "bytePipe", [channel, opened], () => make(endpoint, channel, options));
}

function make(
  endpoint: Endpoint | null,
  channel: VMBCHANNEL | null,
  options: BytePipeOptions,
): BytePipeResult {
  const members = copyMembers(options, ["opened", "socket"]);
  const socket = socketOf(members?.socket);
  const opened = members?.opened;
  if (channel === null || endpoint?.is("configurable") !== true || endpoint.bytes !== null) {
    return { status: STATUS_INVALID_PARAMETER_1, pipe: null };
  }
  const isGood = members !== null && socket !== undefined;
  if (!isGood || (opened !== undefined && typeof opened !== "function")) {
    return { status: STATUS_INVALID_PARAMETER_3, pipe: null };
  }
  const end = makeBytePipe(endpoint, opened === undefined ? null : () => opened(pipe), socket);
  const pipe = new DriversPipe(channel, endpoint, end);
  return { status: STATUS_SUCCESS, pipe };
}

/** A pipe as its driver has it. */
class DriversPipe implements BytePipe {
  readonly channel: VMBCHANNEL;
  readonly #endpoint: Endpoint;
  readonly #end: PipeEnd;

  constructor(channel: VMBCHANNEL, endpoint: Endpoint, end: PipeEnd) {
    this.channel = channel;
    this.#endpoint = endpoint;
    this.#end = end;
  }

  read(byteCountMax: number): Promise<PipeRead> {
    const refused = (status: NtStatus) => ({ status, bytes: NO_BYTES });
    return this.#call("pipeRead", [byteCountMax], refused, () => {
      if (!isUint(byteCountMax, 0xffff_ffff) || byteCountMax === 0) {
        return refused(STATUS_INVALID_PARAMETER_1);
      }
      return this.#end.read(byteCountMax);
    });
  }

  write(buffer: ArrayBufferView): Promise<NtStatus> {
    const given = bytesOf(buffer);
    const byteCount = given === null ? 0 : lengthOf(given);
    return this.#call("pipeWrite", [buffer, byteCount], asItIs, () => {
      if (given === null) return STATUS_INVALID_PARAMETER_1;
      const copy = new Uint8Array(byteCount);
      copyBytes(copy, given, 0, byteCount);
      return this.#end.write(copy);
    });
  }

  closeWrite(): Promise<NtStatus> {
    return this.#call("pipeCloseWrite", [], asItIs, () => this.#end.closeWrite());
  }

  close(options: PipeCloseOptions): Promise<NtStatus> {
    const timeout100ns = copyMembers(options, ["timeout100ns"])?.timeout100ns;
    return this.#call("pipeClose", [timeout100ns], asItIs, () => {
      const endpoint = this.#endpoint;
      if (!isUint(timeout100ns, Number.MAX_SAFE_INTEGER)) return STATUS_INVALID_PARAMETER_1;
      if (endpoint.hasEnded || !endpoint.partition.isAlive) return STATUS_SUCCESS;
      if (!canWait(endpoint)) return STATUS_INVALID_DEVICE_REQUEST;
      const deadline100ns = endpoint.runtime.clock.now100ns + timeout100ns;
      return this.#end.close(Math.min(deadline100ns, Number.MAX_SAFE_INTEGER));
    });
  }

  /** What each function begins with; `refused` makes its answer of a status. */
  #call<T>(
    name: CallName,
    given: readonly unknown[],
    refused: (status: NtStatus) => T,
    work: () => T | Promise<T>,
  ): Promise<T> {
    return waiting(() => {
      const endpoint = this.#endpoint;
      const { runtime, partition } = endpoint;
      refuseWhereRefused(endpoint);
      const caller = { runtime, traceId: partition.traceId };
      return tracedBy(caller, name, [this.channel, ...given], () => {
        if (resolveHandle(this.channel, "VMBCHANNEL") !== endpoint) {
          return Promise.resolve(refused(STATUS_INVALID_HANDLE));
        }
        const result = mayBlock(runtime, name) ? work() : refused(STATUS_INVALID_DEVICE_REQUEST);
        return result instanceof Promise ? result : Promise.resolve(result);
      });
    });
  }
}

function asItIs(status: NtStatus): NtStatus {
  return status;
}
