/**
 * The host's end of sockets: it listens for its guest, and connects to what the guest listens on.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { CONNECT_TIMEOUT_100NS, requireGuid, requireHandler } from "./protocol.ts";
import { type Connected, connected, serve, Socket, type SocketHandler } from "./socket.ts";

const { expectSuccess } = vmbus;

/** The sockets that the host has with one guest. */
export class SocketHost {
  readonly #fabric: vmbus.Fabric;
  readonly #guest: vmbus.Partition;
  readonly #kmcl: vmbus.KmclServerInterfaceV1;
  readonly #handlers = new Map<string, SocketHandler>();
  readonly #sockets = new Set<Socket>();

  /** Answers `guest` from now on, in the place of whoever did before. */
  constructor(fabric: vmbus.Fabric, guest: vmbus.Partition) {
    this.#fabric = fabric;
    this.#guest = guest;
    this.#kmcl = expectSuccess(vmbus.WdfFdoQueryForInterface(
      fabric.root.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
    )).kmcl;
    expectSuccess(vmbus.setSocketProvider(guest, (request) => this.#answer(request)));
  }

  /** How many sockets are open, or on their way. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  /**
   * Has `handler` called with each socket that the guest connects to `serviceId`; another handler takes its place.
   *
   * @throws {TypeError} `serviceId` is no GUID, or `handler` no function.
   */
  listen(serviceId: string, handler: SocketHandler): void {
    const service = requireGuid("listen", "serviceId", serviceId);
    requireHandler(handler);
    this.#handlers.set(service, handler);
  }

  /**
   * Refuses `serviceId` from now on; sockets that are open stay.
   *
   * @throws {TypeError} `serviceId` is no GUID.
   */
  unlisten(serviceId: string): void {
    this.#handlers.delete(requireGuid("stop listening", "serviceId", serviceId));
  }

  /**
   * Connects to a service that the guest listens on. Where it does not, nobody opens what is offered, and when `timeout100ns` of
   * virtual time have passed the offer is taken back: CANCELLED.
   *
   * @param endpointId The connection, a GUID that no other channel of the guest has.
   * @throws {TypeError} `serviceId` or `endpointId` is no GUID.
   */
  async connect(
    serviceId: string,
    endpointId: string,
    timeout100ns: number = CONNECT_TIMEOUT_100NS,
  ): Promise<Connected> {
    const service = requireGuid("connect", "serviceId", serviceId);
    const endpoint = requireGuid("connect", "endpointId", endpointId);
    const socket = this.#offer(service, endpoint, true, null);
    if (typeof socket === "number") return { status: socket, socket: null };
    return await connected(socket, this.#kmcl, timeout100ns);
  }

  /** Listens to nobody any more, and gives all sockets up. */
  async close(): Promise<void> {
    vmbus.setSocketProvider(this.#guest, null);
    this.#handlers.clear();
    for (const socket of [...this.#sockets]) await socket.abort();
  }

  /** The guest wants to connect. */
  #answer({ serviceId, endpointId }: vmbus.SocketRequest): vmbus.NtStatus {
    const handler = this.#handlers.get(serviceId);
    if (handler === undefined) return vmbus.STATUS_CONNECTION_REFUSED;
    const socket = this.#offer(serviceId, endpointId, false, handler);
    if (typeof socket === "number") return socket;
    this.#awaitGuest(socket);
    return vmbus.STATUS_SUCCESS;
  }

  /** A guest that asked and does not open what it got is not waited for longer than for any. */
  async #awaitGuest(socket: Socket): Promise<void> {
    const { channel } = socket.pipe;
    const options = { timeout100ns: CONNECT_TIMEOUT_100NS };
    const status = await vmbus.connectSocket(this.#kmcl, channel, options);
    if (status === vmbus.STATUS_CANCELLED) await socket.abort();
  }

  /** Offers a socket; or says why not. */
  #offer(
    serviceId: string,
    endpointId: string,
    isForGuestAccept: boolean,
    handler: SocketHandler | null,
  ): Socket | vmbus.NtStatus {
    const kmcl = this.#kmcl;
    const { status, channel } = kmcl.VmbChannelAllocate(this.#fabric.root.device, true);
    if (channel === null) return status;
    const { pipe } = expectSuccess(vmbus.bytePipe(kmcl, channel, {
      socket: { isForGuestAccept },
      opened: async () => {
        if (handler === null) return;
        await serve(socket, handler);
      },
    }));
    const closed = (which: Socket) => void this.#sockets.delete(which);
    const socket = new Socket({ kmcl, pipe, serviceId, endpointId, closed });
    const { kernelHandle } = expectSuccess(
      kmcl.VmbConvertVmbusHandleToKernelHandle(this.#guest.vmbusHandle),
    );
    expectSuccess(kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
    vmbus.ZwClose(kernelHandle);
    expectSuccess(kmcl.VmbServerChannelInitSetTargetVtl(channel, this.#guest.vtl));
    const steps = [
      () => kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, serviceId, endpointId),
      () => kmcl.VmbChannelEnable(channel),
    ];
    for (const step of steps) {
      const refusal = step();
      if (refusal === vmbus.STATUS_SUCCESS) continue;
      kmcl.VmbChannelCleanup(channel);
      return refusal;
    }
    kmcl.VmbChannelStart(channel);
    this.#sockets.add(socket);
    return socket;
  }
}
