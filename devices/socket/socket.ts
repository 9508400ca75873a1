/**
 * One connected socket, at either end, and what both ends do to have one.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { CLOSE_TIMEOUT_100NS } from "./protocol.ts";

/** What {@linkcode Socket} is made of. */
export interface SocketParts {
  /** The table with which its channel is used. */
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** Its byte pipe. */
  readonly pipe: vmbus.BytePipe;
  /** What is listened on, a GUID. */
  readonly serviceId: string;
  /** The connection, a GUID; null where the other side brings it. */
  readonly endpointId: string | null;
  /** Called when it was closed and its channel is gone. */
  readonly closed: (socket: Socket) => void;
}

/** A socket that was connected: a stream of bytes in each direction. */
export class Socket {
  /** What is listened on, a GUID. */
  readonly serviceId: string;
  #endpointId: string | null;
  readonly #closed: (socket: Socket) => void;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #pipe: vmbus.BytePipe;
  /** How its close has ended; null while it has not. */
  #end: vmbus.NtStatus | null = null;

  /** The socket over a channel that is open, or opens. */
  constructor({ kmcl, pipe, serviceId, endpointId, closed }: SocketParts) {
    this.#kmcl = kmcl;
    this.#pipe = pipe;
    this.serviceId = serviceId;
    this.#endpointId = endpointId;
    this.#closed = closed;
  }

  /** The connection, a GUID; all zero where the other side brings it, and has not connected. */
  get endpointId(): string {
    const id = this.#endpointId ?? this.#kmcl.VmbChannelGetInterfaceInstance(this.#pipe.channel);
    if (vmbus.inspectChannel(this.#pipe.channel)?.lifecycle === "opened") this.#endpointId = id;
    return id;
  }

  /** The pipe below it, for `pipeStreams`. */
  get pipe(): vmbus.BytePipe {
    return this.#pipe;
  }

  /** See `BytePipe.read`. */
  read(byteCountMax: number): Promise<vmbus.PipeRead> {
    return this.#pipe.read(byteCountMax);
  }

  /** See `BytePipe.write`. */
  write(bytes: ArrayBufferView): Promise<vmbus.NtStatus> {
    return this.#pipe.write(bytes);
  }

  /** See `BytePipe.closeWrite`. */
  closeWrite(): Promise<vmbus.NtStatus> {
    return this.#pipe.closeWrite();
  }

  /**
   * Ends its stream, waits for the end of the other one, for 8 s of virtual time at most, and gives its channel up. The status
   * is that of `BytePipe.close`; a later call gives the same.
   */
  close(): Promise<vmbus.NtStatus> {
    return this.#close(CLOSE_TIMEOUT_100NS);
  }

  /** The same without waiting for the other end, also while a close waits. */
  abort(): Promise<vmbus.NtStatus> {
    return this.#close(0);
  }

  async #close(timeout100ns: number): Promise<vmbus.NtStatus> {
    if (this.#end !== null) return this.#end;
    const status = await this.#pipe.close({ timeout100ns });
    if (this.#end !== null) return this.#end; // by another call
    this.#end = status;
    this.#kmcl.VmbChannelCleanup(this.#pipe.channel);
    this.#closed(this);
    return status;
  }
}

/** Does something with a socket that somebody has connected to; when it is done the socket is closed. */
export type SocketHandler = (socket: Socket) => void | Promise<void>;

/** What a connect has come to. */
export interface Connected {
  /** SUCCESS, or that of `connectSocket`. */
  readonly status: vmbus.NtStatus;
  /** The socket; null on failure. */
  readonly socket: Socket | null;
}

/** Waits until `socket` is connected; gives its channel up where it is not. */
export async function connected(
  socket: Socket,
  kmcl: vmbus.KmclClientInterfaceV1,
  timeout100ns: number,
): Promise<Connected> {
  const { channel } = socket.pipe;
  const status = await vmbus.connectSocket(kmcl, channel, { timeout100ns });
  if (status === vmbus.STATUS_SUCCESS) return { status, socket };
  await socket.abort();
  return { status, socket: null };
}

/** Has `handler` use `socket`, and closes that. */
export async function serve(socket: Socket, handler: SocketHandler): Promise<void> {
  try {
    await handler(socket);
  } finally {
    await socket.close();
  }
}
