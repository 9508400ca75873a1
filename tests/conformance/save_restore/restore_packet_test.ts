// The packets of a restored channel (kmcl.md section 8: V5).

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { endpointOf, namedPackets, type SavingPair } from "../../support/saving_server.ts";
import {
  finishRestored,
  type RestoreStage,
  restoreStage,
  setRestoreStage,
} from "./restore_stage.ts";

const { STATUS_SUCCESS } = vmbus;
const NO_BYTES = new Uint8Array(0);

/** A stage whose new server has another RestorePacket. */
function withRestore(
  restorePacket: (
    pair: SavingPair,
    named: vmbus.EvtChannelRestorePacket,
    ...args: Parameters<vmbus.EvtChannelRestorePacket>
  ) => unknown,
  fabric: vmbus.FabricOptions = {},
): Promise<RestoreStage> {
  const box: { stage: RestoreStage | null } = { stage: null };
  const result = setRestoreStage({ fabric }, {
    server: (vsp, channel) => {
      vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(
        channel,
        () => ({ status: 0, bytesNeeded: 0 }),
        (...args) => {
          const { pair } = box.stage!;
          const named = namedPackets(vsp, pair.ends).restore;
          return restorePacket(pair, named, ...args) as number;
        },
      );
    },
  });
  return result.then((stage) => box.stage = stage);
}

Deno.test("EvtChannelRestorePacket: is called for each saved packet, in order, with both parts (V5)", async () => {
  const seen: unknown[] = [];
  const stage = await withRestore(
    (pair, named, channel, libBuf, libBufSize, saveBuf, saveBufSize) => {
      assertStrictEquals(channel, pair.server);
      assertEquals([libBuf.length, saveBuf.length], [libBufSize, saveBufSize]);
      assert(libBufSize > 0);
      assertEquals(vmbus.KeGetCurrentIrql(), 0);
      seen.push(new TextDecoder().decode(saveBuf));
      return named(channel, libBuf, libBufSize, saveBuf, saveBufSize);
    },
  );
  assertEquals(restoreStage(stage), "STATUS_SUCCESS");
  assertEquals(seen, ["one", "two"]);
  const packets = vmbus.inspectChannel(stage.pair.server)?.packets;
  assertEquals(packets?.map(({ state }) => state), ["awaiting", "awaiting"]);
  await finishRestored(stage);
});

Deno.test("VmbPacketRestore: gives its transaction to whatever free packet the driver hands it (V5)", async () => {
  const spare: (vmbus.VMBPACKET | null)[] = [];
  let count = 0;
  const stage = await withRestore((pair, _named, channel, libBuf, size, saveBuf) => {
    const { vsp, ends } = pair;
    // One from before the restore, in the slot of the other; and one in the driver's own memory.
    const packet = count++ === 0 ? spare[1]! : vmbus.expectSuccess(
      vsp.VmbPacketInitialize(channel, new Uint8Array(8192), 8192),
    ).packet;
    const name = new TextDecoder().decode(saveBuf);
    assertEquals(vsp.VmbPacketRestore(packet, libBuf, size), STATUS_SUCCESS);
    vsp.VmbPacketSetCompletionRoutine(packet, (_packet, status) => {
      ends.push(`${name} ${vmbus.ntStatusName(status)}`);
    });
    return STATUS_SUCCESS;
  });
  const { vsp, server } = stage.pair;
  for (let slots = 0; slots < 3; slots++) spare.push(vsp.VmbPacketAllocate(server));
  assertEquals(restoreStage(stage), "STATUS_SUCCESS");
  await finishRestored(stage);
  for (const packet of spare) vsp.VmbPacketFree(packet);
});

Deno.test("VmbPacketRestore: refuses by position, and outside the callback (V5)", async () => {
  const seen: (string | undefined)[] = [];
  const stage = await withRestore((pair, named, channel, libBuf, size, ...rest) => {
    const { vsp, vsc, client } = pair;
    if (seen.length > 0) return named(channel, libBuf, size, ...rest);
    const note = (packet: unknown, buffer: unknown, byteCount: unknown) =>
      seen.push(vmbus.ntStatusName(
        Reflect.apply(vsp.VmbPacketRestore, undefined, [packet, buffer, byteCount]),
      ));
    const packet = vsp.VmbPacketAllocate(channel);
    const foreign = vsc.VmbPacketAllocate(client);
    const changed = libBuf.slice();
    changed[size - 1]! ^= 1;
    const spoil = () => void (libBuf[0]! ^= 1);
    note(null, 1, -1);
    note(channel, 1, -1);
    note(packet, null, -1);
    note(packet, libBuf, -1);
    note(packet, libBuf, size + 1);
    note(foreign, libBuf, size);
    note(packet, libBuf, size - 1);
    note(packet, libBuf, 0);
    note(packet, Uint8Array.from([...libBuf, 0]), size + 1);
    note(packet, changed, size);
    spoil();
    note(packet, libBuf, size); // what it was called with is KMCL's to remember
    spoil();
    note(packet, libBuf, size);
    note(packet, libBuf, size); // in flight now
    const another = vsp.VmbPacketAllocate(channel);
    note(another, libBuf, size); // this callback has restored its packet
    vsp.VmbPacketFree(another);
    vsc.VmbPacketFree(foreign);
    vsp.VmbPacketSetCompletionRoutine(packet, (done, status) => {
      pair.ends.push(`one ${vmbus.ntStatusName(status)}`);
      vsp.VmbPacketFree(done);
    });
    return STATUS_SUCCESS;
  });
  assertEquals(restoreStage(stage), "STATUS_SUCCESS");
  assertEquals(seen, [
    "STATUS_INVALID_PARAMETER_1",
    "STATUS_INVALID_PARAMETER_1",
    "STATUS_INVALID_PARAMETER_2",
    "STATUS_INVALID_PARAMETER_3",
    "STATUS_INVALID_PARAMETER_3",
    "STATUS_INVALID_PARAMETER_1",
    "STATUS_INVALID_PARAMETER_3",
    "STATUS_INVALID_PARAMETER_3",
    "STATUS_INVALID_PARAMETER_3",
    "STATUS_DATA_ERROR",
    "STATUS_DATA_ERROR",
    "STATUS_SUCCESS",
    "STATUS_INVALID_PARAMETER_1",
    "STATUS_INVALID_DEVICE_REQUEST",
  ]);
  const { vsp, server } = stage.pair;
  const outside = vsp.VmbPacketAllocate(server);
  assertEquals(
    vsp.VmbPacketRestore(outside, new Uint8Array(50), 50),
    vmbus.STATUS_INVALID_DEVICE_REQUEST,
  );
  vsp.VmbPacketFree(outside);
  await finishRestored(stage);
});

/** A RestorePacket that fails at the second packet, and the status of the restore. */
const FAILURES: readonly [string, (pair: SavingPair) => unknown, string][] = [
  ["a failure", () => vmbus.STATUS_INSUFFICIENT_RESOURCES, "STATUS_INSUFFICIENT_RESOURCES"],
  ["a warning", () => vmbus.STATUS_BUFFER_OVERFLOW, "STATUS_BUFFER_OVERFLOW"],
  ["the status of a part", () => vmbus.STATUS_MORE_PROCESSING_REQUIRED, "STATUS_UNSUCCESSFUL"],
  ["a success without a packet", () => STATUS_SUCCESS, "STATUS_INVALID_DEVICE_REQUEST"],
  [
    "a restore inside the restore",
    ({ vsp, server }) => {
      assertEquals(
        vsp.VmbChannelRestoreFromBuffer(server, NO_BYTES, 0),
        vmbus.STATUS_INVALID_DEVICE_REQUEST,
      );
      return vmbus.STATUS_DATA_ERROR;
    },
    "STATUS_DATA_ERROR",
  ],
];

for (const [what, answer, expected] of FAILURES) {
  Deno.test(`EvtChannelRestorePacket: ${what} fails the restore, which changed nothing (V5)`, async () => {
    let isBroken = true;
    let count = 0;
    const stage = await withRestore((pair, named, ...args) =>
      isBroken && ++count === 2 ? answer(pair) : named(...args)
    );
    const { pair } = stage;
    const spare = pair.vsp.VmbPacketAllocate(pair.server); // in the slot of a saved one
    assertEquals(restoreStage(stage), expected);
    const state = vmbus.inspectChannel(pair.server)!;
    assertEquals([state.initializing, state.queued], [true, 0]);
    // The packet of the first callback is its driver's again, and in no transaction.
    assertEquals(state.packets.map((packet) => packet.state), ["owned", "owned"]);
    assertEquals(pair.ends, []);
    isBroken = false;
    const { packets } = endpointOf(pair.server).outgoing;
    assertStrictEquals(packets.at(0)?.handle, spare); // and all have the slots that they had
    for (const { handle } of packets.live) pair.vsp.VmbPacketFree(handle as vmbus.VMBPACKET);
    assertEquals(restoreStage(stage), "STATUS_SUCCESS");
    await finishRestored(stage);
  });
}

Deno.test("EvtChannelRestorePacket: an answer that is none is a violation, and a failure (V5)", async () => {
  for (const answer of [undefined, -1, "0", Promise.resolve(0)]) {
    const stage = await withRestore(() => answer, { verifier: "record" });
    assertEquals(restoreStage(stage), "STATUS_UNSUCCESSFUL");
    assertEquals(stage.pair.fabric.violations.map(({ rule, call }) => [rule, call]), [
      ["callback that must return an NTSTATUS and does not", "EvtChannelRestorePacket"],
    ]);
    await stage.pair.fabric.settle();
  }
});

Deno.test("EvtChannelRestorePacket: what it throws fails the restore, and whoever drives (V5)", async () => {
  const stage = await withRestore(() => {
    throw new RangeError("out of luck");
  });
  assertEquals(restoreStage(stage), "STATUS_UNSUCCESSFUL");
  await assertRejects(() => stage.pair.fabric.settle(), Error, "EvtChannelRestorePacket");
});

Deno.test("EvtChannelRestorePacket: a channel that it enables or sets otherwise is not restored (V5)", async () => {
  const changes: readonly [(pair: SavingPair) => unknown, string][] = [
    [({ vsp, server }) => vsp.VmbChannelEnable(server), "STATUS_INVALID_DEVICE_STATE"],
    [
      ({ vsp, server }) => vsp.VmbChannelInitSetMaximumPacketSize(server, 1),
      "STATUS_REVISION_MISMATCH",
    ],
  ];
  for (const [change, expected] of changes) {
    let count = 0;
    const stage = await withRestore((pair, named, ...args) => {
      if (++count === 2) assertEquals(change(pair), STATUS_SUCCESS);
      return named(...args);
    });
    assertEquals(restoreStage(stage), expected);
    const state = vmbus.inspectChannel(stage.pair.server);
    assertEquals(state?.packets.map((packet) => packet.state), ["owned", "owned"]);
  }
});

Deno.test("EvtChannelRestorePacket: a packet in the driver's memory needs its routine (V5)", async () => {
  const stage = await withRestore(({ vsp }, _named, channel, libBuf, size) => {
    const buffer = new Uint8Array(8192);
    const { packet } = vsp.VmbPacketInitialize(channel, buffer, buffer.length);
    return vsp.VmbPacketRestore(packet, libBuf, size);
  });
  assertEquals(restoreStage(stage), "STATUS_INVALID_DEVICE_REQUEST");
});

Deno.test("VmbChannelRestoreFromBuffer: needs the callback where packets were saved (V5)", async () => {
  const stage = await setRestoreStage({}, { server: () => {} });
  assertEquals(restoreStage(stage), "STATUS_INVALID_DEVICE_REQUEST");
});
