/**
 * Sockets: streams of bytes between a guest and its host, as hvsocket and vsock have them. Either side listens,
 * either connects, and each direction ends by itself.
 * `deno run examples/socket.ts` prints:
 *
 * ```text
 * guest read: HELLO, HOST
 * guest read: STATUS_END_OF_FILE
 * guest connects to nobody: STATUS_CONNECTION_REFUSED
 * host read: 1048576 bytes, then STATUS_END_OF_FILE
 * host connects to nobody: STATUS_CANCELLED after 2000 ms
 * ```
 *
 * @module
 */

import { socket } from "../devices/mod.ts";
import * as vmbus from "../mod.ts";
import { toBytes, toText } from "./set_up.ts";

await using fabric = vmbus.createFabric({ seed: 7 });
const guest = fabric.createPartition({ name: "guest" });
const host = new socket.SocketHost(fabric, guest);
const sockets = new socket.SocketGuest(guest);
/** A service that is a vsock port, and the connections of this program. */
const SHOUTING = socket.vsockService(5000);
const FILES = socket.vsockService(5001);
const connection = (number: number) => `4f7d1c2a-6b3e-4a58-9d10-00000000000${number}`;

// The host listens. The handler runs for each connection; when it returns, the socket is closed.
host.listen(SHOUTING, async (peer) => {
  for (;;) {
    const { status, bytes } = await peer.read(4096);
    if (status !== vmbus.STATUS_SUCCESS) return; // the guest has said all, or is gone
    await peer.write(toBytes(toText(bytes).toUpperCase()));
  }
});
const { socket: shouting } = vmbus.expectSuccess(await sockets.connect(SHOUTING, connection(1)));
await shouting.write(toBytes("hello, host"));
console.log(`guest read: ${toText((await shouting.read(4096)).bytes)}`);
await shouting.closeWrite(); // the other direction stays
console.log(`guest read: ${vmbus.ntStatusName((await shouting.read(4096)).status)}`);
await shouting.close();

const refused = await sockets.connect(socket.vsockService(1), connection(2));
console.log(`guest connects to nobody: ${vmbus.ntStatusName(refused.status)}`);

// The guest listens, and writes a file, as a stream, to whoever connects.
sockets.listen(FILES, async (peer) => {
  const writer = vmbus.pipeStreams(peer.pipe).writable.getWriter();
  for (let block = 0; block < 256; block++) await writer.write(new Uint8Array(4096).fill(block));
  await writer.close();
});
const { socket: file } = vmbus.expectSuccess(await host.connect(FILES, connection(3)));
let byteCount = 0;
for (;;) {
  const { status, bytes } = await file.read(65_536);
  byteCount += bytes.length;
  if (status === vmbus.STATUS_SUCCESS) continue;
  console.log(`host read: ${byteCount} bytes, then ${vmbus.ntStatusName(status)}`);
  break;
}
await file.close();

// Nobody opens what is offered, so the host takes it back.
const before = fabric.now();
const unheard = await host.connect(socket.vsockService(2), connection(4));
const after = fabric.now() - before;
console.log(`host connects to nobody: ${vmbus.ntStatusName(unheard.status)} after ${after} ms`);

await sockets.close();
await host.close();
