/**
 * Shares a buffer by GPADL, in both directions: the guest describes pages of its memory once, the host
 * maps them, and from then on each side reads what the other writes. Nothing is copied, and no packet
 * carries the bytes. `deno run examples/share_gpadl.ts` prints:
 *
 * ```text
 * host reads: written by the guest
 * guest reads: written by the host
 * guest wants its buffer back; the host still maps it: true
 * guest has its buffer back
 * host asks to write to a read-only GPADL: STATUS_ACCESS_DENIED
 * host asks to read it: STATUS_SUCCESS
 * ```
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { allocatePair, close, open, toBytes, toText } from "./set_up.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
const READ_ONLY = vmbus.VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;

// This pair's packets are two words of 32 bits: what to do, and with which GPADL.
const MAP = 1;
const MAP_READ_ONLY = 2;
const UNMAP = 3;
const REQUEST_BYTES = 8;

// The two sides know where in the buffer each of them writes.
const GUEST_TEXT = "written by the guest";
const HOST_TEXT = "written by the host";
const HOST_OFFSET = 4096;
const BUFFER_BYTES = 2 * 4096;

// `await using`: at the end of the program the fabric throws if anything was left behind.
await using fabric = vmbus.createFabric({ seed: 1 });
const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });

const pair = allocatePair(fabric, guest);
const { vsp, server, vsc, client } = pair;

// Host. A driver keeps note of what it maps: it must unmap all of it in the end.
const mapped = new Set<number>();

/** Maps a GPADL, answers the guest's text in it with its own, and keeps the mapping. */
function map(gpadlHandle: number): vmbus.NtStatus {
  const { status, mdl } = vsp.VmbChannelMapGpadl(server, 0, gpadlHandle);
  if (!vmbus.NT_SUCCESS(status)) return status;
  // Pages in a row are one segment. The guest may have described others, or fewer: check first.
  const [memory] = vmbus.mdlSegments(mdl);
  if (memory === undefined || memory.length < BUFFER_BYTES) {
    vsp.VmbChannelUnmapGpadl(server, gpadlHandle);
    return vmbus.STATUS_INVALID_BUFFER_SIZE;
  }
  mapped.add(gpadlHandle);
  console.log(`host reads: ${toText(memory.subarray(0, GUEST_TEXT.length))}`);
  memory.set(toBytes(HOST_TEXT), HOST_OFFSET);
  return status;
}

/** Maps a GPADL with the promise to write nothing. */
function mapReadOnly(gpadlHandle: number): vmbus.NtStatus {
  const { status } = vsp.VmbChannelMapGpadl(server, READ_ONLY, gpadlHandle);
  if (vmbus.NT_SUCCESS(status)) mapped.add(gpadlHandle);
  return status;
}

function unmap(gpadlHandle: number): vmbus.NtStatus {
  if (!mapped.delete(gpadlHandle)) return vmbus.STATUS_INVALID_PARAMETER;
  vsp.VmbChannelUnmapGpadl(server, gpadlHandle);
  return vmbus.STATUS_SUCCESS;
}

/** What the host does on each request. */
const REQUESTS = new Map([[MAP, map], [MAP_READ_ONLY, mapReadOnly], [UNMAP, unmap]]);

// In a kernel, mapping may have to wait: such a driver takes its packets at PASSIVE_LEVEL.
vsp.VmbChannelSetIncomingProcessingAtPassive(server, true);
vmbus.expectSuccess(
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet, buffer, bufferLength) => {
    // The guest may send anything: check the length before the words are read.
    if (bufferLength !== REQUEST_BYTES) return vsp.VmbChannelPacketFail(packet);
    const words = new DataView(buffer.buffer, buffer.byteOffset, REQUEST_BYTES);
    const serve = REQUESTS.get(words.getUint32(0, true));
    const status = serve?.(words.getUint32(4, true)) ?? vmbus.STATUS_INVALID_DEVICE_REQUEST;
    vsp.VmbChannelPacketComplete(packet, new Uint8Array(Uint32Array.of(status, 0).buffer), 8);
  }),
);
vmbus.expectSuccess(vsp.VmbChannelInitSetStateChangeCallbacks(server, {
  ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
  EvtChannelClosed: () => {
    // The guest may close at any time. What is mapped must be unmapped before this returns.
    for (const gpadlHandle of mapped) unmap(gpadlHandle);
  },
}));

// Guest.
await open(fabric, pair);

/** Sends a request to the host; its answer is a status. */
async function ask(request: number, gpadlHandle: number): Promise<vmbus.NtStatus> {
  const words = new Uint8Array(Uint32Array.of(request, gpadlHandle).buffer);
  const answer = new Uint8Array(8);
  const { status } = await vsc.VmbChannelSendSynchronousRequest(
    client,
    words,
    words.length,
    null,
    WAIT,
    answer,
    answer.length,
    null,
  );
  vmbus.expectSuccess(status);
  return new DataView(answer.buffer).getUint32(0, true);
}

// Describe the buffer to the host. When the call returns, the host may map it.
const buffer = guest.memory.allocate(BUFFER_BYTES);
guest.memory.write(buffer.gpa, toBytes(GUEST_TEXT));
const { gpadlHandle } = vmbus.expectSuccess(
  vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, buffer.byteCount),
);
vmbus.expectSuccess(await ask(MAP, gpadlHandle));
console.log(
  `guest reads: ${toText(guest.memory.read(buffer.gpa + HOST_OFFSET, HOST_TEXT.length))}`,
);

// Deleting waits until the host has unmapped: its view of the memory must not dangle.
const deleted = vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
await fabric.settle();
console.log(`guest wants its buffer back; the host still maps it: ${mapped.has(gpadlHandle)}`);
vmbus.expectSuccess(await ask(UNMAP, gpadlHandle));
await deleted;
console.log("guest has its buffer back");

// A GPADL that the host may read and no more.
const { gpadlHandle: readOnly } = vmbus.expectSuccess(
  vsc.VmbChannelCreateGpadlFromBuffer(client, READ_ONLY, buffer, buffer.byteCount),
);
const refused = await ask(MAP, readOnly);
console.log(`host asks to write to a read-only GPADL: ${vmbus.ntStatusName(refused)}`);
const granted = await ask(MAP_READ_ONLY, readOnly);
console.log(`host asks to read it: ${vmbus.ntStatusName(granted)}`);
vmbus.expectSuccess(await ask(UNMAP, readOnly));
await vsc.VmbChannelDeleteGpadl(client, readOnly);

guest.memory.free(buffer);
await close(pair);
