// Saving a channel (kmcl.md section 8: V1, V2, V4, V9).

import { assert, assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair, type PairOptions } from "../../support/connected_pair.ts";
import { answerHeld, openSavingPair, type SavingPair, send } from "../../support/saving_server.ts";

const NO_BYTES = new Uint8Array(0);

/** What one call of SaveContinue gave. */
interface Step {
  readonly status: string | undefined;
  readonly bytes: Uint8Array;
  readonly bytesRequired: number | null;
}

function saveContinue({ vsp, server }: Pick<SavingPair, "vsp" | "server">, size: number): Step {
  const buffer = new Uint8Array(size + 8).fill(0xee);
  const { status, bytesFilled, bytesRequired } = vsp.VmbChannelSaveContinue(server, buffer, size);
  const filled = bytesFilled ?? 0;
  assertEquals(buffer.subarray(filled), new Uint8Array(size + 8 - filled).fill(0xee));
  return { status: vmbus.ntStatusName(status), bytes: buffer.slice(0, filled), bytesRequired };
}

/** Saves into buffers of `size`, and of what is required where that is more; the steps, in order. */
function saveInto(pair: SavingPair, size: number): Step[] {
  assertEquals(pair.vsp.VmbChannelSaveBegin(pair.server), vmbus.STATUS_SUCCESS);
  const steps: Step[] = [];
  let roomBytes = size;
  for (;;) {
    const step = saveContinue(pair, roomBytes);
    steps.push(step);
    if (step.status === "STATUS_SUCCESS") break;
    roomBytes = step.status === "STATUS_BUFFER_TOO_SMALL" ? step.bytesRequired ?? 0 : size;
  }
  pair.vsp.VmbChannelSaveEnd(pair.server);
  return steps;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** A Paused server with packets on their way. */
async function pausedPair(options: PairOptions = {}): Promise<SavingPair> {
  const pair = await openSavingPair(options);
  send(pair, "first");
  await pair.fabric.settle();
  send(pair, "second packet");
  await pair.vsp.VmbChannelPause(pair.server);
  return pair;
}

async function closeSaved(pair: SavingPair): Promise<void> {
  pair.vsp.VmbChannelStart(pair.server);
  await pair.fabric.settle();
  answerHeld(pair);
  await pair.fabric.settle();
  await closePair(pair);
}

/** Where the pieces of a save begin, and the length of all of them, as the smallest buffers show it. */
function bordersOf(pair: SavingPair): number[] {
  const borders = [0];
  for (const { bytes } of saveInto(pair, 0)) {
    if (bytes.length > 0) borders.push(borders.at(-1)! + bytes.length);
  }
  return borders;
}

Deno.test("VmbChannelSaveBegin: Begin, Continue again and again, End; the channel continues (V1)", async () => {
  const pair = await pausedPair();
  const { vsp, server, calls } = pair;
  const before = calls.length;
  assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_SUCCESS);
  const all = vsp.VmbChannelSaveContinue(server, new Uint8Array(10_000), 10_000);
  assertEquals([all.status, all.bytesRequired], [vmbus.STATUS_SUCCESS, 0]);
  assert((all.bytesFilled ?? 0) > 100);
  // What is saved is saved: there is nothing more, and that is no failure.
  const more = vsp.VmbChannelSaveContinue(server, null, 0);
  assertEquals(more, { status: vmbus.STATUS_SUCCESS, bytesFilled: 0, bytesRequired: 0 });
  assertEquals(vsp.VmbChannelSaveEnd(server), undefined);
  assertEquals(calls.length, before); // nobody is told
  await closeSaved(pair);
  assertEquals(pair.ends, [
    "first STATUS_SUCCESS re first",
    "second packet STATUS_SUCCESS re second packet",
  ]);
});

Deno.test("VmbChannelSaveContinue: buffers of every size give the same bytes, and whole chunks (V2)", async () => {
  const pair = await pausedPair();
  const borders = bordersOf(pair);
  assertEquals(borders.length, 7); // header, identity, state, two packets, end mark
  const whole = joined(saveInto(pair, 0).map(({ bytes }) => bytes));
  for (let size = 0; size <= whole.length + 1; size++) {
    const steps = saveInto(pair, size);
    let at = 0;
    for (const { status, bytes, bytesRequired } of steps) {
      const next = borders[borders.indexOf(at) + 1] ?? at;
      if (status === "STATUS_BUFFER_TOO_SMALL") {
        assertEquals([bytes.length, bytesRequired], [0, next - at]); // nothing written; what is needed
        assert(size < next - at);
      }
      at += bytes.length;
      assert(borders.includes(at), `${size}: a chunk is torn at ${at}`);
      if (status === "STATUS_BUFFER_OVERFLOW") {
        assert(bytes.length > 0 && at < whole.length);
        assertEquals(bytesRequired, (borders[borders.indexOf(at) + 1] ?? 0) - at);
      }
      if (status === "STATUS_SUCCESS") assertEquals([at, bytesRequired], [whole.length, 0]);
    }
    assertEquals(joined(steps.map(({ bytes }) => bytes)), whole, `buffers of ${size}`);
    // What is required is enough: no size is refused twice in a row.
    assertEquals(
      steps.some(({ status }, step) =>
        status === "STATUS_BUFFER_TOO_SMALL" && steps[step - 1]?.status === status
      ),
      false,
    );
  }
  await closeSaved(pair);
});

Deno.test("VmbChannelSaveContinue: as many chunks as fit, byte by byte at each border (V2)", async () => {
  const pair = await pausedPair();
  const borders = bordersOf(pair);
  const total = borders.at(-1) ?? 0;
  for (const border of borders.slice(1)) {
    for (const size of [border - 1, border, border + 1]) {
      pair.vsp.VmbChannelSaveBegin(pair.server);
      const { status, bytes } = saveContinue(pair, size);
      const expected = borders.filter((end) => end <= size).at(-1) ?? 0;
      assertEquals(bytes.length, expected, `${size} bytes`);
      assertEquals(
        status,
        size >= total
          ? "STATUS_SUCCESS"
          : expected === 0
          ? "STATUS_BUFFER_TOO_SMALL"
          : "STATUS_BUFFER_OVERFLOW",
      );
      pair.vsp.VmbChannelSaveEnd(pair.server);
    }
  }
  await closeSaved(pair);
});

// kmcl.md I4, I6; the statuses in their order
Deno.test("VmbChannelSaveContinue: refuses wrong buffers and sizes by their position (V2)", async () => {
  const pair = await pausedPair();
  const { vsp, server } = pair;
  const statusOf = (buffer: unknown, size: unknown) => {
    const result = vsp.VmbChannelSaveContinue(server, buffer as Uint8Array, size as number);
    if (!vmbus.NT_SUCCESS(result.status) && result.bytesRequired === null) {
      assertEquals(result.bytesFilled, null);
    }
    return vmbus.ntStatusName(result.status);
  };
  assertEquals(statusOf(1, -1), "STATUS_INVALID_DEVICE_STATE"); // no save: that comes first
  vsp.VmbChannelSaveBegin(server);
  for (const buffer of [1, "x", {}, [], null, undefined, new ArrayBuffer(4)]) {
    assertEquals(statusOf(buffer, 1), "STATUS_INVALID_PARAMETER_2");
  }
  for (const size of [-1, 0.5, NaN, 9, 2 ** 32, "1", null, undefined]) {
    assertEquals(statusOf(new Uint8Array(8), size), "STATUS_INVALID_PARAMETER_3");
  }
  assertEquals(statusOf(null, 0), "STATUS_BUFFER_TOO_SMALL");
  assertEquals(statusOf(NO_BYTES, 0), "STATUS_BUFFER_TOO_SMALL");
  assertEquals(statusOf(new Uint8Array(8), 8), "STATUS_BUFFER_OVERFLOW");
  vsp.VmbChannelSaveEnd(server);
  await closeSaved(pair);
});

/** A paused server with one packet in flight, whose SavePacket callback is `save`. */
async function withCallback(
  save: (size: number, pair: SavingPair) => unknown,
  options: PairOptions = {},
): Promise<{ pair: SavingPair; sizes: number[]; bytes: Uint8Array[] }> {
  const sizes: number[] = [];
  const bytes: Uint8Array[] = [];
  const pair = await openSavingPair({
    ...options,
    server: (vsp, channel) => {
      const status = vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(
        channel,
        (saved, packet, saveBuf, saveBufSize) => {
          assertEquals([saved, saveBuf.length], [channel, saveBufSize]);
          assertEquals(vsp.VmbPacketGetPointer(packet), "only");
          assertEquals(vmbus.KeGetCurrentIrql(), 0);
          sizes.push(saveBufSize);
          bytes.push(saveBuf);
          return save(saveBufSize, pair) as vmbus.SavePacketResult;
        },
        () => vmbus.STATUS_UNSUCCESSFUL,
      );
      assertEquals(status, vmbus.STATUS_SUCCESS);
    },
  });
  send(pair, "only");
  await pair.vsp.VmbChannelPause(pair.server);
  return { pair, sizes, bytes };
}

const { STATUS_SUCCESS, STATUS_BUFFER_TOO_SMALL, STATUS_UNSUCCESSFUL, STATUS_DATA_ERROR } = vmbus;

/** Names of the statuses of SaveContinue calls with enough room, until one is no step forward. */
function statusesOf(pair: SavingPair, count: number): (string | undefined)[] {
  assertEquals(pair.vsp.VmbChannelSaveBegin(pair.server), STATUS_SUCCESS);
  const statuses = Array.from({ length: count }, () => saveContinue(pair, 10_000).status);
  pair.vsp.VmbChannelSaveEnd(pair.server);
  return statuses;
}

Deno.test("EvtChannelSavePacket: is called without room first, then with what it asked for (V4)", async () => {
  const { pair, sizes } = await withCallback((size) =>
    size < 20
      ? { status: STATUS_BUFFER_TOO_SMALL, bytesNeeded: 20 }
      : { status: STATUS_SUCCESS, bytesNeeded: 12 }
  );
  assertEquals(statusesOf(pair, 1), ["STATUS_SUCCESS"]);
  assertEquals(sizes, [0, 20]);
  await closeSaved(pair);
});

Deno.test("EvtChannelSavePacket: is called once where the driver has nothing to save (V4)", async () => {
  const { pair, sizes } = await withCallback(() => ({ status: STATUS_SUCCESS, bytesNeeded: 0 }));
  assertEquals(statusesOf(pair, 1), ["STATUS_SUCCESS"]);
  assertEquals(sizes, [0]);
  await closeSaved(pair);
});

Deno.test("EvtChannelSavePacket: a driver that transfers its buffers saves nothing (V4)", async () => {
  const { pair, bytes } = await withCallback((size) => {
    (bytes.at(-1)!.buffer as ArrayBuffer).transfer();
    const status = size === 0 ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
    return { status, bytesNeeded: 20 - size };
  });
  assertEquals(statusesOf(pair, 1), ["STATUS_SUCCESS"]);
  await closeSaved(pair);
});

Deno.test("EvtChannelSavePacket: is asked once for a chunk, however often there is no room for it (V4)", async () => {
  const { pair, sizes } = await withCallback((size) =>
    size < 5
      ? { status: STATUS_UNSUCCESSFUL, bytesNeeded: 5 }
      : { status: STATUS_SUCCESS, bytesNeeded: 5 }
  );
  const { vsp, server } = pair;
  vsp.VmbChannelSaveBegin(server);
  for (let calls = 0; calls < 20; calls++) saveContinue(pair, 500);
  assertEquals(sizes, [0, 5]);
  vsp.VmbChannelSaveEnd(server);
  // A save that was not finished is none; the next one asks again.
  assertEquals(statusesOf(pair, 1), ["STATUS_SUCCESS"]);
  assertEquals(sizes, [0, 5, 0, 5]);
  await closeSaved(pair);
});

Deno.test("EvtChannelSavePacket: its failure is Continue's, after what was written; then it is asked again (V4)", async () => {
  let isBroken = true;
  const { pair, sizes } = await withCallback((size) =>
    isBroken || size < 4
      ? { status: STATUS_DATA_ERROR, bytesNeeded: 4 }
      : { status: STATUS_SUCCESS, bytesNeeded: 4 }
  );
  const { vsp, server } = pair;
  vsp.VmbChannelSaveBegin(server);
  const first = vsp.VmbChannelSaveContinue(server, new Uint8Array(9000), 9000);
  assertEquals(first.status, vmbus.STATUS_BUFFER_OVERFLOW); // header, identity and state
  assertEquals(vsp.VmbChannelSaveContinue(server, new Uint8Array(9000), 9000), {
    status: STATUS_DATA_ERROR,
    bytesFilled: null,
    bytesRequired: null,
  });
  assertEquals(sizes, [0, 4, 0, 4]);
  isBroken = false;
  assertEquals(saveContinue(pair, 9000).status, "STATUS_SUCCESS");
  vsp.VmbChannelSaveEnd(server);
  await closeSaved(pair);
});

Deno.test("EvtChannelSavePacket: a failure never reads as an answer of Continue's own (V4)", async () => {
  for (const status of [STATUS_BUFFER_TOO_SMALL, vmbus.STATUS_BUFFER_OVERFLOW]) {
    const { pair } = await withCallback(() => ({ status, bytesNeeded: 4 }));
    assertEquals(statusesOf(pair, 2), ["STATUS_BUFFER_OVERFLOW", "STATUS_UNSUCCESSFUL"]);
    await closeSaved(pair);
  }
});

Deno.test("EvtChannelSavePacket: asks for more than any driver needs in vain (V4)", async () => {
  const { pair, sizes } = await withCallback(() => ({
    status: STATUS_UNSUCCESSFUL,
    bytesNeeded: 0x400_0001,
  }));
  assertEquals(statusesOf(pair, 2), ["STATUS_BUFFER_OVERFLOW", "STATUS_UNSUCCESSFUL"]);
  assertEquals(sizes, [0, 0]);
  await closeSaved(pair);
});

// kmcl.md sections 6 and 9: it must return at once, and return what it must
const WRONG_ANSWERS: readonly [string, unknown][] = [
  ["nothing", undefined],
  ["a status alone", 0],
  ["a promise", Promise.resolve({ status: 0, bytesNeeded: 0 })],
  ["no status", { bytesNeeded: 0 }],
  ["no number of bytes", { status: 0 }],
  ["a status that is none", { status: -1, bytesNeeded: 0 }],
  ["more than it had room for", { status: 0, bytesNeeded: 1 }],
  ["a fraction of a byte", { status: STATUS_UNSUCCESSFUL, bytesNeeded: 0.5 }],
];

Deno.test("EvtChannelSavePacket: an answer that is none is a violation, and a failure (V4)", async () => {
  for (const [what, answer] of WRONG_ANSWERS) {
    const { pair } = await withCallback(() => answer, { fabric: { verifier: "record" } });
    const { fabric, vsp, server } = pair;
    assertEquals(statusesOf(pair, 2), ["STATUS_BUFFER_OVERFLOW", "STATUS_UNSUCCESSFUL"], what);
    assertEquals(
      fabric.violations.map(({ rule, call }) => [rule, call]),
      Array(2).fill([
        "callback that must return an NTSTATUS and does not",
        "EvtChannelSavePacket",
      ]),
    );
    vsp.VmbChannelStart(server);
    await fabric.settle();
  }
});

Deno.test("EvtChannelSavePacket: what it throws fails the save, and whoever drives the fabric (V4)", async () => {
  const { pair } = await withCallback(() => {
    throw new RangeError("out of luck");
  });
  assertEquals(statusesOf(pair, 1), ["STATUS_BUFFER_OVERFLOW"]);
  const error = await assertRejects(() => pair.fabric.settle(), Error, "EvtChannelSavePacket");
  assert(error.cause instanceof RangeError);
});

Deno.test("EvtChannelSavePacket: Continue inside it is refused, and a change ends the save (V4)", async () => {
  const inside: unknown[] = [];
  const { pair } = await withCallback((size, { vsp, server }) => {
    if (size === 0) {
      inside.push(vsp.VmbChannelSaveContinue(server, null, 0).status);
      inside.push(vsp.VmbChannelSaveBegin(server));
    } else vsp.VmbChannelStart(server);
    return { status: size === 0 ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS, bytesNeeded: 1 };
  });
  assertEquals(statusesOf(pair, 2), ["STATUS_BUFFER_OVERFLOW", "STATUS_INVALID_DEVICE_STATE"]);
  assertEquals(inside, [
    vmbus.STATUS_INVALID_DEVICE_REQUEST,
    vmbus.STATUS_INVALID_DEVICE_STATE,
  ]);
  await closeSaved(pair);
});

Deno.test("VmbChannelSaveBegin: needs the callback where packets are in flight, and only there (V4)", async () => {
  const pair = { ...await openPair(), ends: [] };
  const { vsp, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const owned = vsp.VmbPacketAllocate(server); // in no transaction: it is not saved
  assertEquals(vsp.VmbChannelSaveBegin(server), STATUS_SUCCESS);
  vsp.VmbChannelSaveEnd(server);
  vsp.VmbPacketFree(owned);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  send(pair, "x");
  await vsp.VmbChannelPause(server);
  assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  await closePair(pair);
});

// docs/saved-state.md; issue: a saved idle channel is small
Deno.test("VmbChannelSaveContinue: the bytes are the documented format, the same each time, and few (V9)", async () => {
  const pair = await openSavingPair();
  const bytes = await vmbus.saveServerChannel(pair.vsp, pair.server);
  assertEquals([...bytes.subarray(0, 8)], [0x56, 0x4d, 0x42, 0x53, 1, 0, 1, 0]);
  assert(bytes.length < 1024, `${bytes.length} bytes for an idle channel`);
  assertEquals(await vmbus.saveServerChannel(pair.vsp, pair.server), bytes);
  await closeSaved(pair);
});

Deno.test("saveServerChannel: a failure names function and status, and leaves no save behind", async () => {
  const { pair } = await withCallback(() => ({ status: STATUS_DATA_ERROR, bytesNeeded: 0 }));
  const { vsp, server } = pair;
  const error = await assertRejects(() => vmbus.saveServerChannel(vsp, server), vmbus.KmclError);
  assertEquals(error.status, STATUS_DATA_ERROR);
  assert(error.message.includes("VmbChannelSaveContinue"));
  assertEquals(vsp.VmbChannelSaveBegin(server), STATUS_SUCCESS);
  vsp.VmbChannelSaveEnd(server);
  await closeSaved(pair);
  const idle = makePair();
  await assertRejects(
    () => vmbus.saveServerChannel(idle.vsp, idle.server),
    vmbus.KmclError,
    "VmbChannelSaveBegin returned STATUS_INVALID_DEVICE_STATE",
  );
});
