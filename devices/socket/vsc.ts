/**
 * The guest's end of sockets: it connects to what the host listens on, and listens itself.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { CONNECT_TIMEOUT_100NS, requireGuid, requireHandler, RING_PAGES } from "./protocol.ts";
import { type Connected, connected, serve, Socket, type SocketHandler } from "./socket.ts";

const { expectSuccess } = vmbus;

/** How a guest has its sockets. */
export interface SocketGuestOptions {
  /** Data pages of each ring, from 1 on; 5 by default. */
  readonly ringPages?: number;
}

/** A service that the guest listens on. */
interface Listener {
  handler: SocketHandler;
  /** The socket that waits for the host to connect. */
  waiting: Socket | null;
}

/** The sockets of one guest. */
export class SocketGuest {
  readonly #guest: vmbus.Partition;
  readonly #ringPages: number;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #listeners = new Map<string, Listener>();
  readonly #sockets = new Set<Socket>();

  /**
   * Those of `guest`.
   *
   * @throws {RangeError} `ringPages` is no whole number from 1 on.
   */
  constructor(guest: vmbus.Partition, { ringPages = RING_PAGES }: SocketGuestOptions = {}) {
    if (!Number.isInteger(ringPages) || ringPages < 1) {
      throw new RangeError(
        `Cannot have sockets in a guest: ringPages must be a whole number from 1, not ${ringPages}`,
      );
    }
    this.#guest = guest;
    this.#ringPages = ringPages;
    this.#kmcl = expectSuccess(vmbus.WdfFdoQueryForInterface(
      guest.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    )).kmcl;
  }

  /** How many sockets are open, or on their way; one that waits for the host to connect does not count. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  /**
   * Connects to a service that the host listens on: CONNECTION_REFUSED where it does not.
   *
   * @param endpointId The connection, a new GUID of the guest's own.
   * @throws {TypeError} `serviceId` or `endpointId` is no GUID.
   */
  async connect(
    serviceId: string,
    endpointId: string,
    timeout100ns: number = CONNECT_TIMEOUT_100NS,
  ): Promise<Connected> {
    const service = requireGuid("connect", "serviceId", serviceId);
    const socket = this.#open(service, requireGuid("connect", "endpointId", endpointId), null);
    this.#sockets.add(socket);
    return await connected(socket, this.#kmcl, timeout100ns);
  }

  /**
   * Has `handler` called with each socket that the host connects to `serviceId`; another handler takes its place.
   *
   * @throws {TypeError} `serviceId` is no GUID, or `handler` no function.
   */
  listen(serviceId: string, handler: SocketHandler): void {
    const service = requireGuid("listen", "serviceId", serviceId);
    requireHandler(handler);
    const known = this.#listeners.get(service);
    if (known !== undefined) {
      known.handler = handler;
      return;
    }
    const listener: Listener = { handler, waiting: null };
    this.#wait(service, listener);
    this.#listeners.set(service, listener);
  }

  /**
   * Listens on `serviceId` no more; sockets that are open stay.
   *
   * @throws {TypeError} `serviceId` is no GUID.
   */
  async unlisten(serviceId: string): Promise<void> {
    const service = requireGuid("stop listening", "serviceId", serviceId);
    const waiting = this.#listeners.get(service)?.waiting ?? null;
    this.#listeners.delete(service);
    await waiting?.abort();
  }

  /** Listens on nothing any more, and gives all sockets up. */
  async close(): Promise<void> {
    for (const serviceId of [...this.#listeners.keys()]) await this.unlisten(serviceId);
    for (const socket of [...this.#sockets]) await socket.abort();
  }

  /** Has a channel wait for the host's next connect: one at a time, as each takes the oldest. */
  #wait(serviceId: string, listener: Listener): void {
    const socket = this.#open(serviceId, null, async () => {
      this.#sockets.add(socket);
      listener.waiting = null;
      if (this.#listeners.get(serviceId) === listener) this.#wait(serviceId, listener);
      await serve(socket, listener.handler);
    });
    listener.waiting = socket;
  }

  /** A channel that takes a socket's offer: that of `endpointId`, or any that the host connects. */
  #open(
    serviceId: string,
    endpointId: string | null,
    opened: (() => Promise<void>) | null,
  ): Socket {
    const kmcl = this.#kmcl;
    const { channel } = expectSuccess(kmcl.VmbChannelAllocate(this.#guest.device, false));
    const { pipe } = expectSuccess(vmbus.bytePipe(kmcl, channel, {
      socket: { isForGuestAccept: endpointId === null },
      ...(opened === null ? {} : { opened }),
    }));
    const pages = this.#ringPages;
    try {
      expectSuccess(
        kmcl.VmbClientChannelInitSetTargetPnp(channel, serviceId, endpointId, null),
        "VmbClientChannelInitSetTargetPnp",
      );
      expectSuccess(
        kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, pages, pages),
        "VmbClientChannelInitSetRingBufferPageCount",
      );
      expectSuccess(kmcl.VmbChannelEnable(channel), "VmbChannelEnable");
    } catch (error) {
      kmcl.VmbChannelCleanup(channel); // nobody else knows it
      throw error;
    }
    const closed = (socket: Socket) => void this.#sockets.delete(socket);
    return new Socket({ kmcl, pipe, serviceId, endpointId, closed });
  }
}
