// Restoring a channel (kmcl.md section 8: V3, V5, V6).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { PAIR_INSTANCE, PAIR_TYPE } from "../../support/connected_pair.ts";
import type { SavingPair } from "../../support/saving_server.ts";
import { finishRestored, restoreStage, setRestoreStage } from "./restore_stage.ts";

const { STATUS_SUCCESS } = vmbus;
const NO_BYTES = new Uint8Array(0);

/** What a new channel is, apart from its number. */
function stateOf({ vsp, server, fabric }: SavingPair): unknown {
  const { id: _, ...state } = vmbus.inspectChannel(server)!;
  return { ...state, size: vsp.VmbChannelSizeofPacket(server), leaks: fabric.leaks() };
}

/** The pieces of a save, as the smallest buffers give them. */
function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length;) {
    const end = at + 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 4, true);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

Deno.test("VmbChannelRestoreFromBuffer: takes whole chunks, as many a call as one likes (V3)", async () => {
  for (const count of [1, 2, 3, 100]) {
    const stage = await setRestoreStage();
    const { vsp, server } = stage.pair;
    const pieces = piecesOf(stage.bytes);
    while (pieces.length > 0) {
      const chunk = Uint8Array.from(pieces.splice(0, count).flatMap((piece) => [...piece]));
      const before = stateOf(stage.pair);
      const status = vsp.VmbChannelRestoreFromBuffer(server, chunk, chunk.length);
      if (pieces.length > 0) {
        assertEquals(status, vmbus.STATUS_MORE_PROCESSING_REQUIRED);
        assertEquals(vmbus.NT_SUCCESS(status), false);
        assertEquals(stateOf(stage.pair), before); // nothing is restored before all of it is
      } else assertEquals(status, STATUS_SUCCESS);
    }
    await finishRestored(stage);
  }
});

Deno.test("VmbChannelRestoreFromBuffer: a failure leaves the channel as before, and begins anew (V3)", async () => {
  const stage = await setRestoreStage();
  const { pair, bytes } = stage;
  const before = stateOf(pair);
  const pieces = piecesOf(bytes);
  const transferred = new Uint8Array(8);
  transferred.buffer.transfer();
  const wrong: readonly Uint8Array[] = [
    NO_BYTES,
    transferred,
    bytes.subarray(1),
    bytes.subarray(0, bytes.length - 1),
    Uint8Array.from([...bytes, 0]),
    Uint8Array.from([...pieces[0]!, ...pieces[1]!.subarray(1)]),
  ];
  for (const damaged of wrong) {
    const { vsp, server } = pair;
    const status = vsp.VmbChannelRestoreFromBuffer(server, damaged, damaged.length);
    assertEquals(vmbus.ntStatusName(status), "STATUS_DATA_ERROR");
    assertEquals(stateOf(pair), before);
  }
  // Also after chunks that were fine: the next attempt begins with the first.
  assertEquals(restoreStage(stage, 8), "STATUS_MORE_PROCESSING_REQUIRED");
  assertEquals(restoreStage(stage), "STATUS_DATA_ERROR");
  assertEquals(restoreStage(stage), "STATUS_SUCCESS");
  await finishRestored(stage);
});

// kmcl.md I4, I6
Deno.test("VmbChannelRestoreFromBuffer: refuses wrong buffers and sizes by their position (V3)", async () => {
  const stage = await setRestoreStage();
  const { vsp, server } = stage.pair;
  const statusOf = (channel: unknown, buffer: unknown, size: unknown) =>
    vmbus.ntStatusName(
      Reflect.apply(vsp.VmbChannelRestoreFromBuffer, undefined, [channel, buffer, size]),
    );
  assertEquals(statusOf(null, 1, -1), "STATUS_INVALID_PARAMETER_1");
  assertEquals(statusOf(stage.pair.client, 1, -1), "STATUS_INVALID_PARAMETER_1");
  for (const buffer of [null, undefined, 1, "x", [], {}]) {
    assertEquals(statusOf(server, buffer, -1), "STATUS_INVALID_PARAMETER_2");
  }
  for (const size of [-1, 0.5, NaN, 9, 2 ** 32, null]) {
    assertEquals(statusOf(server, new Uint8Array(8), size), "STATUS_INVALID_PARAMETER_3");
  }
  await finishRestored({ ...stage, bytes: (restoreStage(stage), stage.bytes) });
});

Deno.test("VmbChannelRestoreFromBuffer: is for a server that is initializing (V6)", async () => {
  const stage = await setRestoreStage();
  const { vsp, server } = stage.pair;
  assertEquals(restoreStage(stage), "STATUS_SUCCESS");
  assertEquals(restoreStage(stage), "STATUS_INVALID_PARAMETER_1"); // Disabled, initializing no longer
  assertEquals(vsp.VmbChannelInitSetFlags(server, 0), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(vsp.VmbChannelEnable(server), STATUS_SUCCESS);
  assertEquals(restoreStage(stage), "STATUS_INVALID_PARAMETER_1");
  vsp.VmbChannelStart(server);
  await stage.pair.fabric.settle();
  assertEquals(restoreStage(stage), "STATUS_INVALID_PARAMETER_1");
});

const OTHER_GUID = "11111111-2222-4333-8444-555555555555";

/** Settings of the new server that make it another one than was saved. */
const DIFFERENT: Readonly<
  Record<string, (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) => number>
> = {
  "interface type": (vsp, channel) =>
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, OTHER_GUID, PAIR_INSTANCE),
  instance: (vsp, channel) =>
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, OTHER_GUID),
  VTL: (vsp, channel) => vsp.VmbServerChannelInitSetTargetVtl(channel, 1),
  flags: (vsp, channel) => vsp.VmbChannelInitSetFlags(channel, 1),
  "server flags": (vsp, channel) => vsp.VmbServerChannelInitSetFlags(channel, 8),
  "maximum packet size": (vsp, channel) => vsp.VmbChannelInitSetMaximumPacketSize(channel, 4095),
  "external data": (vsp, channel) => vsp.VmbChannelInitSetMaximumExternalData(channel, 65_535, 16),
  "external chain": (vsp, channel) => vsp.VmbChannelInitSetMaximumExternalData(channel, 65_536, 15),
  MMIO: (vsp, channel) => vsp.VmbServerChannelInitSetMmioMegabytes(channel, 1, 0),
  "optional MMIO": (vsp, channel) => vsp.VmbServerChannelInitSetMmioMegabytes(channel, 0, 1),
};

for (const [what, set] of Object.entries(DIFFERENT)) {
  Deno.test(`VmbChannelRestoreFromBuffer: another ${what} than was saved is a mismatch (V6)`, async () => {
    const stage = await setRestoreStage();
    const { vsp, server } = stage.pair;
    assertEquals(set(vsp, server), STATUS_SUCCESS);
    const before = stateOf(stage.pair);
    assertEquals(restoreStage(stage), "STATUS_REVISION_MISMATCH");
    assertEquals(stateOf(stage.pair), before);
  });
}

Deno.test("VmbChannelRestoreFromBuffer: another codec or format version is a mismatch (V6, V9)", async () => {
  const stage = await setRestoreStage();
  const other = await setRestoreStage({ fabric: { codec: "vmbus" } });
  assertEquals(restoreStage({ pair: other.pair, bytes: stage.bytes }), "STATUS_REVISION_MISMATCH");
  for (const at of [4, 5, 6, 7]) {
    const bytes = stage.bytes.slice();
    bytes[at]! ^= 2;
    assertEquals(restoreStage({ ...stage, bytes }), "STATUS_REVISION_MISMATCH");
  }
  assertEquals(restoreStage(stage), "STATUS_SUCCESS");
  await finishRestored(stage);
});

Deno.test("VmbChannelRestoreFromBuffer: what does not matter to the guest may differ (V6)", async () => {
  const stage = await setRestoreStage();
  const { vsp, server } = stage.pair;
  vsp.VmbChannelInitSetFriendlyName(server, "another name");
  vsp.VmbChannelInitSetClientContextSize(server, 99);
  assertEquals(restoreStage(stage), "STATUS_SUCCESS");
  await finishRestored(stage);
});
