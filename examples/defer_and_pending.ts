/**
 * Two reasons why a packet comes to the driver a second time. At DISPATCH_LEVEL a driver must not wait:
 * it defers a packet that takes time to PASSIVE_LEVEL. And memory that a packet describes may have to
 * be brought in first: VmbChannelPacketGetExternalData says STATUS_PENDING, the driver returns, and is
 * called again. Either way the packet keeps its place, and the first call's context is dead.
 * `deno run examples/defer_and_pending.ts` prints:
 *
 * ```text
 * DISPATCH_LEVEL: quick 1
 * DISPATCH_LEVEL: slow, deferred
 * PASSIVE_LEVEL: slow, took 5 ms
 * DISPATCH_LEVEL: quick 2
 * DISPATCH_LEVEL: data, STATUS_PENDING
 * PASSIVE_LEVEL: data, STATUS_SUCCESS: a page that was not there
 * answered in order: quick 1, slow, quick 2, data
 * ```
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { allocatePair, close, open, toBytes, toText } from "./set_up.ts";

await using fabric = vmbus.createFabric({ seed: 5 });
const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
const pair = allocatePair(fabric, guest);
const { vsp, server, vsc, client } = pair;

// Host.
const PASSIVE_LEVEL = 0;

function log(what: string): void {
  const level = vmbus.KeGetCurrentIrql() === PASSIVE_LEVEL ? "PASSIVE_LEVEL" : "DISPATCH_LEVEL";
  console.log(`${level}: ${what}`);
}

/** Real work, which takes virtual time. Only a callback at PASSIVE_LEVEL may return a promise. */
async function workSlowly(packet: vmbus.VMBPACKETCOMPLETION): Promise<void> {
  const begin = fabric.now();
  await fabric.delay(5);
  log(`slow, took ${fabric.now() - begin} ms`);
  vsp.VmbChannelPacketComplete(packet, null, 0);
}

/** Reads the memory that a packet describes. */
function readExternalData(packet: vmbus.VMBPACKETCOMPLETION): void {
  const { status, mdl } = vsp.VmbChannelPacketGetExternalData(
    packet,
    vmbus.VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY,
  );
  if (status === vmbus.STATUS_PENDING) return log("data, STATUS_PENDING");
  // The MDL is a view of the guest's own memory. It dies with VmbChannelPacketComplete.
  const text = vmbus.mdlSegments(mdl).map(toText).join("");
  log(`data, ${vmbus.ntStatusName(status)}: ${text}`);
  vsp.VmbChannelPacketComplete(packet, null, 0);
}

vmbus.expectSuccess(
  vsp.VmbChannelInitSetProcessPacketCallbacks(
    server,
    (_channel, packet, buffer, bufferLength, flags) => {
      if ((flags & vmbus.VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA) !== 0) {
        return readExternalData(packet);
      }
      const request = toText(buffer.subarray(0, bufferLength));
      if (request !== "slow") {
        log(request);
        return vsp.VmbChannelPacketComplete(packet, null, 0);
      }
      if (vmbus.KeGetCurrentIrql() === PASSIVE_LEVEL) return workSlowly(packet);
      log("slow, deferred");
      vsp.VmbChannelPacketDeferToPassive(packet);
    },
  ),
);

// Guest.
const answered: string[] = [];

function send(request: string, mdl: vmbus.Mdl | null): void {
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (done) => {
    answered.push(request);
    vsc.VmbPacketFree(done);
  });
  const bytes = toBytes(request);
  const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  vmbus.expectSuccess(vsc.VmbPacketSend(packet, bytes, bytes.length, mdl, wait));
}

// A text in guest memory, on a page that is then paged out.
const text = toBytes("a page that was not there");
const page = guest.memory.allocate(text.length);
guest.memory.write(page.gpa, text);
guest.memory.pageOut(page.gpa, text.length);

await open(fabric, pair);
send("quick 1", null);
send("slow", null);
send("quick 2", null);
send("data", vmbus.IoAllocateMdl(guest.memory, page.gpa, text.length));
await fabric.advance(10); // settle() lets no time pass, and the slow packet needs some
console.log(`answered in order: ${answered.join(", ")}`);

guest.memory.free(page);
await close(pair);
