/**
 * Sockets between a guest and its host (hvsocket, vsock): streams of bytes that either side connects and either listens for.
 *
 * @example
 * ```ts
 * import { createFabric } from "@vmbus/kmcl";
 * import { SocketGuest, SocketHost, vsockService } from "@vmbus/kmcl/devices/socket";
 *
 * const fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * const host = new SocketHost(fabric, guest);
 * host.listen(vsockService(5000), async (socket) => {
 *   for (let read = await socket.read(100); read.bytes.length > 0; read = await socket.read(100)) {
 *     await socket.write(read.bytes);
 *   }
 * });
 * const sockets = new SocketGuest(guest);
 * const { socket } = await sockets.connect(vsockService(5000), crypto.randomUUID());
 * await socket!.write(new TextEncoder().encode("hello"));
 * console.log(new TextDecoder().decode((await socket!.read(100)).bytes)); // hello
 * await sockets.close();
 * await host.close();
 * ```
 *
 * @module
 */

export {
  CLOSE_TIMEOUT_100NS,
  CONNECT_TIMEOUT_100NS,
  RING_PAGES,
  vsockPort,
  vsockService,
} from "./protocol.ts";
export { type Connected, Socket, type SocketHandler, type SocketParts } from "./socket.ts";
export { SocketGuest, type SocketGuestOptions } from "./vsc.ts";
export { SocketHost } from "./vsp.ts";
