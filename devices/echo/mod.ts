/**
 * A pair of drivers that moves packets and checks them: an echo. The guest sends a file to the host piece
 * by piece and gets it back, half of the pieces in completions and half as packets of their own, as it
 * likes; beside that the host sends traffic of its own, which the guest completes at once, later, or after
 * it was deferred.
 *
 * Read `protocol.ts` first, what the two say to each other; then `vsp.ts`, the host's driver, and `vsc.ts`,
 * the guest's. What they send is handed to them, and what they see is reported, through an object that the
 * program makes: {@linkcode ServerWork} and {@linkcode ClientWork}.
 *
 * @example
 * ```ts
 * import { createFabric } from "@vmbus/kmcl";
 * import { EchoClient, EchoServer } from "@vmbus/kmcl/devices/echo";
 *
 * const file = new TextEncoder().encode("all that is to go to the host and back");
 * const pieces: Uint8Array[] = [];
 * const fail = (finding: string) => {
 *   throw new Error(finding);
 * };
 * await using fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * const server = new EchoServer(fabric, guest, {
 *   nextBeside: () => null, // the host has no traffic of its own
 *   besideEnded: () => {},
 *   failed: fail,
 * }, { messageBytesMax: 64, window: 4 });
 * const client = new EchoClient(fabric, guest, {
 *   readFile: (offset, byteCount) => Promise.resolve(file.subarray(offset, offset + byteCount)),
 *   nextKind: () => "transaction",
 *   pieceReturned: (_sequence, payload) => pieces.push(payload.slice()),
 *   nextHandling: () => "atOnce",
 *   besideTaken: () => {},
 *   failed: fail,
 * }, { fileBytes: file.length, pieceBytes: 8, messageBytesMax: 64, ringPages: 1, window: 4 });
 * server.enable();
 * client.enable();
 * await fabric.run();
 * console.log(pieces.length); // 5
 * await client.close();
 * await server.close();
 * ```
 *
 * @module
 */

export type { DriverCounts } from "./counts.ts";
export { type BesidePacket, fillPayload, isPayload } from "./payload.ts";
export {
  ECHO_HEADER,
  ECHO_INTERFACE_INSTANCE,
  ECHO_INTERFACE_TYPE,
  type EchoHeader,
  HEADER_BYTES,
  type Message,
  type MessageFault,
  type MessageKind,
  readMessage,
  writeHeader,
} from "./protocol.ts";
export {
  type ClientWork,
  EchoClient,
  type EchoClientOptions,
  EXTERNAL_BYTES_MAX,
  EXTERNAL_CHAIN_MAX,
  type Handling,
  type PieceKind,
} from "./vsc.ts";
export { EchoServer, type EchoServerOptions, type ServerWork } from "./vsp.ts";
