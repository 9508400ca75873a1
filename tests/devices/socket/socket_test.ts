// Sockets between a guest and its host (wire.md 4.4, 4.5).

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Socket,
  SocketGuest,
  SocketHost,
  vsockPort,
  vsockService,
} from "../../../devices/socket/mod.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../mod.ts";
import { createFabric } from "../../support/fabric.ts";
import { pattern } from "../../support/sending.ts";

const SERVICE = vsockService(5000);

/** A GUID for a connection. */
function connection(number: number): string {
  return `7a0e52c4-93b1-4f6d-8e25-${number.toString(16).padStart(12, "0")}`;
}

/** A host and a guest that have sockets. */
function makeEnds(options: vmbus.FabricOptions = {}) {
  const fabric = createFabric(options);
  const guest = fabric.createPartition({ name: "guest", memoryPages: 2048 });
  const host = new SocketHost(fabric, guest);
  const inGuest = new SocketGuest(guest, { ringPages: 1 });
  return { fabric, guest, host, inGuest };
}

async function closeEnds({ fabric, host, inGuest }: ReturnType<typeof makeEnds>): Promise<void> {
  await inGuest.close();
  await host.close();
  await fabric.settle();
  assertEquals([host.socketCount, inGuest.socketCount], [0, 0]);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
}

/** Sends back what comes, to its end. */
async function echo(socket: Socket): Promise<void> {
  for (;;) {
    const { status, bytes } = await socket.read(5000);
    if (status !== vmbus.STATUS_SUCCESS) return;
    await socket.write(bytes);
  }
}

/** Reads up to the end of the stream: what came, and how it ended. */
async function readAll(socket: Socket) {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { status, bytes } = await socket.read(65_536);
    if (status === vmbus.STATUS_SUCCESS) pieces.push(bytes);
    else return { pieces, end: vmbus.ntStatusName(status) };
  }
}

function isSame(pieces: readonly Uint8Array[], bytes: Uint8Array): boolean {
  let at = 0;
  for (const piece of pieces) {
    for (const byte of piece) if (bytes[at++] !== byte) return false;
  }
  return at === bytes.length;
}

for (const [codec, byteCount] of [["vmbus", 1 << 20], ["msgpack", 1 << 16]] as const) {
  Deno.test(`SocketGuest.connect: ${byteCount} bytes come back through rings of a page (${codec})`, async () => {
    const ends = makeEnds({ codec });
    ends.host.listen(SERVICE, echo);
    const { status, socket } = await ends.inGuest.connect(SERVICE, connection(1));
    assertEquals(status, vmbus.STATUS_SUCCESS);
    assert(socket !== null);
    const sent = pattern(byteCount, 1);
    const writing = socket.write(sent).then(() => socket.closeWrite());
    const { pieces, end } = await readAll(socket);
    assertEquals([isSame(pieces, sent), end], [true, "STATUS_END_OF_FILE"]);
    assertEquals(await writing, vmbus.STATUS_SUCCESS);
    assertEquals(await socket.close(), vmbus.STATUS_SUCCESS);
    await closeEnds(ends);
  });
}

// wire.md 4.5: the host offers, with the accept flag, what the guest listens on.
Deno.test("SocketHost.connect: reaches who listens in the guest, who knows the connection", async () => {
  const ends = makeEnds();
  const ids: string[] = [];
  ends.inGuest.listen(SERVICE, async (socket) => {
    ids.push(socket.endpointId);
    await echo(socket);
  });
  for (const number of [1, 2]) { // one after the other: the guest waits again
    const { socket } = await ends.host.connect(SERVICE, connection(number));
    await socket!.write(pattern(3000));
    await socket!.closeWrite();
    const { pieces, end } = await readAll(socket!);
    assertEquals([isSame(pieces, pattern(3000)), end], [true, "STATUS_END_OF_FILE"]);
    await socket!.close();
  }
  assertEquals(ids, [connection(1), connection(2)]);
  await closeEnds(ends);
});

// wire.md 2.4: half-close, each way
for (const who of ["guest", "host"] as const) {
  Deno.test(`Socket.closeWrite: the ${who} has said all, and still hears`, async () => {
    const ends = makeEnds();
    const late = pattern(7000, 3);
    const listen = async (socket: Socket) => {
      assertEquals((await readAll(socket)).end, "STATUS_END_OF_FILE");
      await ends.fabric.delay(5);
      await socket.write(late);
    };
    const [listener, connector] = who === "guest"
      ? [ends.host, ends.inGuest]
      : [ends.inGuest, ends.host];
    listener.listen(SERVICE, listen);
    const { socket } = await connector.connect(SERVICE, connection(1));
    assertEquals(await socket!.closeWrite(), vmbus.STATUS_SUCCESS);
    const { pieces, end } = await readAll(socket!);
    assertEquals([isSame(pieces, late), end], [true, "STATUS_END_OF_FILE"]);
    assertEquals(await socket!.close(), vmbus.STATUS_SUCCESS);
    await closeEnds(ends);
  });
}

// wire.md 4.5, 8 case 35
Deno.test("SocketGuest.connect: is refused where nobody listens, and where nobody provides sockets", async () => {
  const ends = makeEnds();
  const refused = async () => {
    const { status, socket } = await ends.inGuest.connect(SERVICE, connection(1));
    return [vmbus.ntStatusName(status), socket];
  };
  assertEquals(await refused(), ["STATUS_CONNECTION_REFUSED", null]);
  vmbus.setSocketProvider(ends.guest, null);
  assertEquals(await refused(), ["STATUS_CONNECTION_REFUSED", null]);
  vmbus.setSocketProvider(ends.guest, () => vmbus.STATUS_INSUFFICIENT_RESOURCES);
  assertEquals(await refused(), ["STATUS_INSUFFICIENT_RESOURCES", null]);
  assertEquals(ends.fabric.now(), 0);
  await closeEnds(ends);
});

// wire.md 4.5: "guest does not open; host withdraws"
Deno.test("SocketHost.connect: what nobody opens is taken back when the time is up", async () => {
  const ends = makeEnds();
  const { status, socket } = await ends.host.connect(SERVICE, connection(1), 30_000);
  assertEquals([status, socket], [vmbus.STATUS_CANCELLED, null]);
  assertEquals(ends.fabric.now(), 3);
  // Who listens now gets the next one, and not that.
  let heard = 0;
  ends.inGuest.listen(SERVICE, () => void heard++);
  await ends.fabric.settle();
  assertEquals(heard, 0);
  await closeEnds(ends);
});

// wire.md 4.4: the accept flag tells whose an offer is.
Deno.test("SocketGuest.listen: does not take what the guest has asked for itself", async () => {
  const ends = makeEnds({ schedule: "random", seed: 4 });
  const heard: string[] = [];
  ends.host.listen(SERVICE, async (socket) => void await socket.write(pattern(1)));
  ends.inGuest.listen(SERVICE, (socket) => void heard.push(socket.endpointId));
  const connects = [1, 2, 3].map((number) => ends.inGuest.connect(SERVICE, connection(number)));
  for (const { socket } of await Promise.all(connects)) {
    assertEquals((await socket!.read(9)).bytes, pattern(1));
  }
  assertEquals(heard, []);
  await ends.host.connect(SERVICE, connection(4));
  await ends.fabric.settle();
  assertEquals(heard, [connection(4)]);
  await closeEnds(ends);
});

Deno.test("SocketGuest: has many sockets at once, each its own stream", async () => {
  const ends = makeEnds({ schedule: "random", seed: 7 });
  ends.host.listen(SERVICE, echo);
  const talk = async (number: number) => {
    const { socket } = await ends.inGuest.connect(SERVICE, connection(number));
    const sent = pattern(500 + number, number);
    await socket!.write(sent);
    await socket!.closeWrite();
    const { pieces } = await readAll(socket!);
    await socket!.close();
    return isSame(pieces, sent);
  };
  const talks = await Promise.all(Array.from({ length: 40 }, (_, number) => talk(number)));
  assertEquals(talks, talks.map(() => true));
  await closeEnds(ends);
});

// wire.md 4.5: FIN, wait for FIN or rescind, then close
Deno.test("Socket.close: waits 8 s for an end that does not come; abort waits for nobody", async () => {
  const ends = makeEnds();
  const others: Socket[] = [];
  ends.host.listen(SERVICE, async (socket) => {
    others.push(socket);
    await ends.fabric.delay(100_000);
  });
  const { socket } = await ends.inGuest.connect(SERVICE, connection(1));
  assertEquals(await socket!.close(), vmbus.STATUS_CANCELLED);
  assertEquals(ends.fabric.now(), 8000);
  const second = await ends.inGuest.connect(SERVICE, connection(2));
  assertEquals(await second.socket!.abort(), vmbus.STATUS_CANCELLED);
  assertEquals(ends.fabric.now(), 8000);
  assertEquals((await others[1]!.read(1)).status, vmbus.STATUS_END_OF_FILE);
  await ends.fabric.run();
  await closeEnds(ends);
});

// wire.md 4.3, 8 case 35: since 4.0; a failure is told since 4.1
Deno.test("SocketGuest.connect: is what the version has", async () => {
  const seen: string[] = [];
  for (const vmbusVersion of ["3.0", "4.0", "4.1", "5.2", "6.0"] as const) {
    const ends = makeEnds({ vmbusVersion });
    ends.host.listen(SERVICE, echo);
    const { status, socket } = await ends.inGuest.connect(SERVICE, connection(1));
    const refused = await ends.inGuest.connect(vsockService(1), connection(2));
    const names = [status, refused.status].map(vmbus.ntStatusName).join(" ");
    seen.push(`${vmbusVersion}: ${names.replaceAll("STATUS_", "")}`);
    await socket?.close();
    await closeEnds(ends);
  }
  assertEquals(seen, [
    "3.0: NOT_SUPPORTED NOT_SUPPORTED",
    "4.0: SUCCESS CANCELLED",
    "4.1: SUCCESS CONNECTION_REFUSED",
    "5.2: SUCCESS CONNECTION_REFUSED",
    "6.0: SUCCESS CONNECTION_REFUSED",
  ]);
});

// save-restore.md: sockets are not kept.
Deno.test("savePartition: a guest with sockets names them, and is saved when they are closed", async () => {
  const ends = makeEnds();
  ends.host.listen(SERVICE, echo);
  await ends.inGuest.connect(SERVICE, connection(1));
  const refused = await vmbus.savePartition(ends.guest);
  assertEquals(refused.status, vmbus.STATUS_NOT_SUPPORTED);
  assertEquals(refused.reason, "channel 1 (client) is a byte pipe");
  await closeEnds(ends);
  assertEquals((await vmbus.savePartition(ends.guest)).status, vmbus.STATUS_SUCCESS);
});

Deno.test("vsockService: a port is a GUID, and such a GUID a port", () => {
  assertEquals(vsockService(0x1389), "00001389-facb-11e6-bd58-64006a7986d3");
  for (const port of [0, 1, 5001, 0xffff_fffe]) assertEquals(vsockPort(vsockService(port)), port);
  assertEquals(vsockPort("00001389-facb-11e6-bd58-64006a7986d4"), null);
  assertEquals(vsockPort("0000-389-facb-11e6-bd58-64006a7986d3"), null);
  for (const port of [-1, 0.5, 2 ** 32 - 1]) assertThrows(() => vsockService(port), RangeError);
});

// GUIDs take braces and capitals wherever a program writes them (api.md section 1).
Deno.test("SocketHost: a service is heard however its GUID is written", async () => {
  const ends = makeEnds();
  ends.host.listen(`{${SERVICE.toUpperCase()}}`, echo);
  const { status } = await ends.inGuest.connect(SERVICE.toUpperCase(), connection(1));
  assertEquals(vmbus.ntStatusName(status), "STATUS_SUCCESS");
  assertEquals(vsockPort(SERVICE.toUpperCase()), 5000);
  ends.host.unlisten(SERVICE);
  const again = await ends.inGuest.connect(SERVICE, connection(2));
  assertEquals(vmbus.ntStatusName(again.status), "STATUS_CONNECTION_REFUSED");
  ends.inGuest.listen(SERVICE.toUpperCase(), echo);
  await ends.inGuest.unlisten(SERVICE);
  await closeEnds(ends);
});

Deno.test("SocketGuest: what is no GUID, handler or size is refused with its value, and leaves nothing behind", async () => {
  const ends = makeEnds();
  const { guest, host, inGuest } = ends;
  for (const end of [host, inGuest]) {
    const noService = 'Cannot connect: serviceId must be a GUID, not "5000"';
    await assertRejects(() => end.connect("5000", connection(1)), TypeError, noService);
    const noEndpoint = "Cannot connect: endpointId must be a GUID, not a value of type number";
    await assertRejects(() => end.connect(SERVICE, 1 as never), TypeError, noEndpoint);
    const noGuid = 'Cannot listen: serviceId must be a GUID, not "{"';
    assertThrows(() => end.listen("{", echo), TypeError, noGuid);
    const noHandler = "Cannot listen: handler must be a function, not of type number";
    assertThrows(() => end.listen(SERVICE, 1 as never), TypeError, noHandler);
  }
  const noPages = "ringPages must be a whole number from 1, not 0";
  assertThrows(() => new SocketGuest(guest, { ringPages: 0 }), RangeError, noPages);
  const tooMany = new SocketGuest(guest, { ringPages: 1_000_000 });
  const refusal = "VmbClientChannelInitSetRingBufferPageCount returned";
  await assertRejects(() => tooMany.connect(SERVICE, connection(1)), vmbus.KmclError, refusal);
  await closeEnds(ends);
});

// wire.md 4.5: who gives a socket up gives its offer back, so that whoever listens next waits for another connection.
Deno.test("SocketGuest.listen: a connection that the guest has closed is no new one, though the host has it open", async () => {
  const ends = makeEnds();
  const served: string[] = [];
  ends.inGuest.listen(SERVICE, async (socket) => {
    served.push(socket.endpointId);
    await readAll(socket);
  });
  for (const number of [1, 2]) {
    const { socket } = await ends.host.connect(SERVICE, connection(number));
    await socket!.closeWrite();
    await ends.fabric.advance(10);
    assertEquals(await readAll(socket!), { pieces: [], end: "STATUS_END_OF_FILE" });
  }
  assertEquals(served, [connection(1), connection(2)]);
  await closeEnds(ends);
});

// wire.md 4.5: both sides may give a socket up at once, and neither is wrong.
Deno.test("Socket.close: an offer that the host takes back while the guest gives it back is no fault", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const ends = makeEnds({ seed, schedule: "random" });
    ends.host.listen(SERVICE, async (socket) => void await readAll(socket));
    const { socket } = await ends.inGuest.connect(SERVICE, connection(seed));
    await socket!.close();
    await ends.fabric.advance(10);
    const { bus } = ends.guest as PartitionObject;
    assertEquals([bus.faults, bus.guest.channels], [[], []]);
    await closeEnds(ends);
  }
});
