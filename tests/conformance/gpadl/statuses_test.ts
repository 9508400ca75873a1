// Statuses of the GPADL functions, in their order (kmcl.md section 5, G1, G2, I6).

import { assertEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair } from "../../support/connected_pair.ts";
import {
  chain,
  type GpadlStage,
  mapGpadl,
  openGpadlStage,
  PAGE_BYTES,
  shareMdl,
} from "../../support/gpadl_stage.ts";

/** Arguments of one of the functions; a mistake spoils one of them. */
interface Arguments {
  channel: unknown;
  flags: unknown;
  memory: unknown;
  offset: unknown;
  length: unknown;
}
type Mistake = readonly [name: string, status: string, make: (call: Arguments) => void];

/** What no u32 is. */
const NO_U32: readonly unknown[] = [-1, 0.5, NaN, 2 ** 32, "1", undefined, null];

/** Each mistake alone, then each two: the first one counts. */
function checkOrder(
  mistakes: readonly Mistake[],
  good: () => Arguments,
  call: (args: Arguments) => vmbus.NtStatus,
): void {
  for (const [index, [name, status, make]] of mistakes.entries()) {
    const alone = good();
    make(alone);
    assertEquals(vmbus.ntStatusName(call(alone)), status, name);
    for (const [laterName, , makeLater] of mistakes.slice(index + 1)) {
      const both = good();
      makeLater(both);
      make(both);
      assertEquals(vmbus.ntStatusName(call(both)), status, `${name}, ${laterName}`);
    }
  }
}

/** Channels that are none, are of the wrong side, or not within Opened to Closed. */
interface BadChannels {
  readonly mistakes: readonly Mistake[];
  readonly release: () => Promise<void>;
}

function badChannels(stage: GpadlStage, wrongSide: "server" | "client"): BadChannels {
  const idle = makePair({ within: stage, instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a44" });
  const { vsp, server, client } = idle;
  vsp.VmbChannelCleanup(client);
  vsp.VmbChannelEnable(server);
  const dead = client;
  const bad = [null, undefined, 1, {}, stage.guest.device, dead, server, stage[wrongSide]];
  return {
    mistakes: bad.map((channel, at) => [
      `channel ${at}`,
      "STATUS_INVALID_PARAMETER_1",
      (call) => call.channel = channel,
    ]),
    release: async () => {
      await vsp.VmbChannelDisable(server);
      vsp.VmbChannelCleanup(server);
    },
  };
}

function flagMistakes(): Mistake[] {
  return [2, 3, ...NO_U32].map((flags) => [
    `flags ${flags}`,
    "STATUS_INVALID_PARAMETER_2",
    (call) => call.flags = flags,
  ]);
}

async function close(stage: GpadlStage, bad: BadChannels): Promise<void> {
  await bad.release();
  stage.memory.free(stage.pages); // nothing is pinned
  await closePair(stage);
}

Deno.test("VmbChannelCreateGpadlFromMdl: statuses, in their order", async () => {
  const stage = await openGpadlStage(); // G2
  const { vsc, client, fabric } = stage;
  const other = fabric.createPartition({ name: "other", memoryPages: 4 });
  const foreign = vmbus.IoAllocateMdl(other.memory, 0, 100);
  const loop = stage.mdl(0, 100);
  loop.next = loop;
  const badMdls = [
    null,
    undefined,
    {},
    stage.pages,
    foreign,
    chain(stage.mdl(0, 9), foreign),
    loop,
  ];
  const good = (): Arguments => ({
    channel: client,
    flags: 0,
    memory: chain(stage.mdl(10, 100), stage.mdl(5000, 100)),
    offset: 150,
    length: 50,
  });
  const bad = badChannels(stage, "server");
  const mistakes: Mistake[] = [
    ...bad.mistakes,
    ...flagMistakes(),
    ...badMdls.map((mdl, at): Mistake => [
      `MDL ${at}`,
      "STATUS_INVALID_PARAMETER_3",
      (call) => call.memory = mdl,
    ]),
    ...[200, 201, ...NO_U32].map((offset): Mistake => [
      `offset ${offset}`,
      "STATUS_INVALID_PARAMETER_4",
      (call) => call.offset = offset,
    ]),
    ...[51, 2 ** 32 - 1, ...NO_U32].map((length): Mistake => [
      `length ${length}`,
      "STATUS_INVALID_PARAMETER_5",
      (call) => call.length = length,
    ]),
  ];
  checkOrder(mistakes, good, ({ channel, flags, memory, offset, length }) => {
    const { status, gpadlHandle } = vsc.VmbChannelCreateGpadlFromMdl(
      channel as vmbus.VMBCHANNEL,
      flags as number,
      memory as vmbus.Mdl,
      offset as number,
      length as number,
    );
    assertStrictEquals(gpadlHandle, null);
    return status;
  });
  await close(stage, bad);
});

Deno.test("VmbChannelCreateGpadlFromBuffer: statuses, in their order", async () => {
  const stage = await openGpadlStage(); // G2
  const { vsc, client, fabric, memory } = stage;
  const other = fabric.createPartition({ name: "other", memoryPages: 4 });
  const freed = memory.allocate(1);
  memory.free(freed);
  const foreign = other.memory.allocate(1);
  const badBuffers = [
    null,
    undefined,
    new Uint8Array(8),
    freed,
    foreign,
    { ...stage.pages },
    stage.mdl(0, 1),
  ];
  const good = (): Arguments => ({
    channel: client,
    flags: 1,
    memory: stage.pages,
    offset: null,
    length: stage.pages.byteCount,
  });
  const bad = badChannels(stage, "server");
  const mistakes: Mistake[] = [
    ...bad.mistakes,
    ...flagMistakes(),
    ...badBuffers.map((buffer, at): Mistake => [
      `buffer ${at}`,
      "STATUS_INVALID_PARAMETER_3",
      (call) => call.memory = buffer,
    ]),
    ...[0, stage.pages.byteCount + 1, ...NO_U32].map((byteCount): Mistake => [
      `ByteCount ${byteCount}`,
      "STATUS_INVALID_PARAMETER_4",
      (call) => call.length = byteCount,
    ]),
  ];
  checkOrder(mistakes, good, ({ channel, flags, memory, length }) => {
    const { status, gpadlHandle } = vsc.VmbChannelCreateGpadlFromBuffer(
      channel as vmbus.VMBCHANNEL,
      flags as number,
      memory as vmbus.GuestBuffer,
      length as number,
    );
    assertStrictEquals(gpadlHandle, null);
    return status;
  });
  other.memory.free(foreign);
  await close(stage, bad);
});

Deno.test("VmbChannelMapGpadl: statuses, in their order", async () => {
  const stage = await openGpadlStage(); // G2
  const { vsp, vsc, client, server, fabric } = stage;
  const readOnly = shareMdl(stage, stage.mdl(0, 10), { flags: 1 });
  const mapped = shareMdl(stage, stage.mdl(0, 10));
  const mappedReadOnly = shareMdl(stage, stage.mdl(0, 10), { flags: 1 });
  const deleted = shareMdl(stage, stage.mdl(0, 10));
  const beingDeleted = shareMdl(stage, stage.mdl(0, 10));
  await vsc.VmbChannelDeleteGpadl(client, deleted);
  mapGpadl(stage, mapped);
  mapGpadl(stage, mappedReadOnly, 1);
  mapGpadl(stage, beingDeleted);
  const deletion = vsc.VmbChannelDeleteGpadl(client, beingDeleted);
  await fabric.settle();

  const good = (): Arguments => ({
    channel: server,
    flags: 0,
    memory: mapped,
    offset: null,
    length: null,
  });
  const handle = (name: string, status: string, value: unknown): Mistake => [
    name,
    status,
    (call) => call.memory = value,
  ];
  const unknown = [0, 1, deleted, beingDeleted, ...NO_U32].map((value) =>
    handle(`handle ${value}`, "STATUS_INVALID_PARAMETER_3", value)
  );
  const bad = badChannels(stage, "client");
  // What a handle is like comes last: one call has one handle, so that no two of these meet.
  for (
    const last of [
      handle("mapped", "STATUS_SHARING_VIOLATION", mapped),
      handle("mapped, read-only", "STATUS_SHARING_VIOLATION", mappedReadOnly),
      handle("write access", "STATUS_ACCESS_DENIED", readOnly),
    ]
  ) {
    const mistakes = [...bad.mistakes, ...flagMistakes(), ...unknown, last];
    checkOrder(mistakes, good, ({ channel, flags, memory }) => {
      const { status, mdl } = vsp.VmbChannelMapGpadl(
        channel as vmbus.VMBCHANNEL,
        flags as number,
        memory as number,
      );
      assertStrictEquals(mdl, null);
      return status;
    });
  }
  for (const used of [mapped, mappedReadOnly, beingDeleted]) vsp.VmbChannelUnmapGpadl(server, used);
  await fabric.settle();
  await deletion;
  for (const left of [readOnly, mapped, mappedReadOnly]) {
    await vsc.VmbChannelDeleteGpadl(client, left);
  }
  await close(stage, bad);
});

Deno.test("VmbChannelCreateGpadlFromMdl: describes at most 8191 words, checked before the channel's state", async () => {
  const refusals: (string | undefined)[] = []; // G2, wire.md 3.3
  const pair = makePair({
    partition: { memoryPages: 8300 },
    clientCallbacks: {
      EvtChannelClosed: () => {
        for (const mdl of [tooLarge, largest]) {
          const { status } = pair.vsc.VmbChannelCreateGpadlFromMdl(pair.client, 0, mdl, 0, 0);
          refusals.push(vmbus.ntStatusName(status));
        }
      },
    },
  });
  const { fabric, guest, vsc, vsp, server, client } = pair;
  enablePair(pair);
  await fabric.settle();
  const { memory } = guest;
  const largest = vmbus.IoAllocateMdl(memory, 0, 8190 * PAGE_BYTES);
  const tooLarge = vmbus.IoAllocateMdl(memory, 0, 8191 * PAGE_BYTES);
  const oneByteEach = Array.from({ length: 4096 }, () => vmbus.IoAllocateMdl(memory, 0, 1));
  const create = (mdl: vmbus.Mdl) => vsc.VmbChannelCreateGpadlFromMdl(client, 0, mdl, 0, 0);

  for (const mdl of [tooLarge, chain(...oneByteEach)]) {
    const { status, gpadlHandle } = create(mdl);
    assertEquals([vmbus.ntStatusName(status), gpadlHandle], ["STATUS_INVALID_BUFFER_SIZE", null]);
  }
  for (const mdl of [largest, chain(...oneByteEach.slice(1))]) { // 8191 and 8190 words
    const { gpadlHandle } = vmbus.expectSuccess(create(mdl));
    const { mdl: mapped } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, gpadlHandle));
    assertEquals(vmbus.mdlSegments(mapped).length, mdl === largest ? 1 : 4095);
    vsp.VmbChannelUnmapGpadl(server, gpadlHandle);
    await vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
  }
  await closePair(pair);
  assertEquals(refusals, ["STATUS_INVALID_BUFFER_SIZE", "STATUS_DEVICE_REMOVED"]);
});

Deno.test("VmbChannelCreateGpadlFromBuffer: that the host refuses is STATUS_UNSUCCESSFUL", async () => {
  const stage = await openGpadlStage(); // G2, G5
  const { vsc, client, guest, fabric, pages, memory } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 1));
  await vsc.VmbChannelDeleteGpadl(client, handle);
  // A raw message has claimed the handle that comes next, and its body is missing (wire.md 3.4).
  const header = new DataView(new ArrayBuffer(28));
  const { channelId } = vmbus.inspectChannel(client);
  [8, 0, channelId ?? 0, handle + 1].forEach((word, at) => header.setUint32(at * 4, word, true));
  header.setUint16(16, 16, true);
  header.setUint16(18, 1, true);
  header.setUint32(20, 1, true);
  guest.postControlMessage("toHost", new Uint8Array(header.buffer));
  await fabric.settle();

  const refused = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, pages, 1);
  assertEquals(refused, { status: vmbus.STATUS_UNSUCCESSFUL, gpadlHandle: null });
  const state = fabric.inspect().partitions.find(({ name }) => name === guest.name);
  assertEquals(state?.faults.at(-1), {
    direction: "toHost",
    message: "gpadlHeader",
    fault: "badGpadl",
  });
  memory.free(pages); // nothing is pinned by it
  await vsc.VmbChannelDisable(client);
});
