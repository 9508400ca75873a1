/**
 * Targets: saved state that anybody may have written. An input is one value of plain data; or a byte of flags
 * and a whole envelope, whose checksums are computed anew before it is read, unless bit 0 of the flags is set:
 * else nothing but the checksum would ever be looked at.
 *
 * @module
 */

import CRC32 from "crc-32";
import fc from "fast-check";
import { assert } from "../../../core/assert.ts";
import { Chance } from "../../../core/chance.ts";
import { u32 } from "../../../core/layout/mod.ts";
import {
  CHECKSUM_BYTES,
  CHUNK_HEADER,
  CHUNK_HEADER_BYTES,
  HEADER_BYTES,
  readEnvelope,
  type SavedKind,
  writeEnvelope,
} from "../../../core/saved/envelope.ts";
import { areEqual, encodePlainData, type PlainData } from "../../../core/saved/plain_data.ts";
import { readPlainData } from "../../../core/saved/plain_data_reader.ts";
import * as vmbus from "../../../mod.ts";
import { joined } from "../bytes.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";
import { SAVED_DRIVERS, savedGuest, savedLaterGuest } from "./saved_guests.ts";

const DEPTH = 64;
const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

// -- One value

const plain = fc.letrec<{ value: PlainData }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<PlainData>(
      null,
      true,
      false,
      0,
      -1,
      127,
      128,
      65_536,
      2 ** 32,
      0.5,
      -(2 ** 40),
    ),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ maxLength: 6 }),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 3 }).filter((key) => key !== "__proto__"), tie("value"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;

const dataTarget: PackageTarget = withCorpus(
  () => ({
    "numbers": encodePlainData([0, 1, -1, 127, 128, 256, 65_536, 2 ** 31, 2 ** 32, 0.5, -0.5]),
    "bigints": encodePlainData([0n, 2n ** 64n - 1n, -(2n ** 63n)]),
    "texts": encodePlainData(["", "a", "\u00e4", "\u{1f600}", "x".repeat(40)]),
    "bytes": encodePlainData([new Uint8Array(0), new Uint8Array(40)]),
    "a record": encodePlainData({ a: null, b: true, c: [], d: { e: {} } }),
    "a deep one": encodePlainData([[[[[[[[[[[]]]]]]]]]]]),
    "a long list": encodePlainData(Array(20).fill(0)),
  }),
  {
    name: "saved-data",
    title: "one value of saved state",
    inputBytesMax: 160,
    draw: (seed, count) =>
      fc.sample(plain, { seed, numRuns: count }).map((data) => encodePlainData(data)),
    run(input) {
      const data = readPlainData(input, DEPTH);
      if (data === undefined) return "refused";
      // Equal data has equal bytes: there is one form for each value, and no other is taken.
      assert(areEqual(encodePlainData(data), input), "what is read is written in the same bytes");
      return Array.isArray(data) ? "list" : data instanceof Uint8Array ? "bytes" : typeof data;
    },
  },
);

// -- Envelopes

/** The envelope of an input, with its checksums as they must be where nobody says otherwise. */
function mended(input: Uint8Array): Uint8Array {
  const bytes = input.slice(1);
  if (((input[0] ?? 0) & 1) !== 0) return bytes;
  const view = new DataView(bytes.buffer);
  for (let at = HEADER_BYTES; at + CHUNK_HEADER_BYTES + CHECKSUM_BYTES <= bytes.length;) {
    const end = at + CHUNK_HEADER_BYTES + CHUNK_HEADER.payloadBytes.read(view, at);
    if (end + CHECKSUM_BYTES > bytes.length) break;
    u32.write(view, end, CRC32.buf(bytes.subarray(at, end)) >>> 0);
    at = end + CHECKSUM_BYTES;
  }
  return bytes;
}

const VALUES: readonly PlainData[] = [
  ...[null, true, 0, 1, -1, 2, 7, 8, 255, 4096, 65_536, 2 ** 32, 0.5, Number.MAX_SAFE_INTEGER],
  ...[1n, "", "x", "closed", "opened", new Uint8Array(0), new Uint8Array(8), [], {}],
];

/** `data` with one of its values replaced, left out or doubled. */
function changed(data: PlainData, chance: Chance): PlainData {
  const isLeaf = typeof data !== "object" || data === null || data instanceof Uint8Array;
  if (isLeaf || chance.below(12) === 0) return VALUES[chance.below(VALUES.length)]!;
  if (Array.isArray(data)) {
    const list = data as readonly PlainData[];
    if (list.length === 0) return VALUES[chance.below(VALUES.length)]!;
    const at = chance.below(list.length);
    const way = chance.below(8);
    if (way === 0) return list.toSpliced(at, 1);
    return way === 1 ? list.toSpliced(at, 0, list[at]!) : list.with(at, changed(list[at]!, chance));
  }
  const record = data as { readonly [key: string]: PlainData };
  const keys = Object.keys(record);
  if (keys.length === 0) return VALUES[chance.below(VALUES.length)]!;
  const key = keys[chance.below(keys.length)]!;
  return { ...record, [key]: changed(record[key]!, chance) };
}

/** Envelopes of `kind` made of those in `seeds`, each with a value or a chunk that is another. */
function drawEnvelopes(kind: SavedKind, seeds: () => readonly Uint8Array[]) {
  return (seed: number, count: number): Uint8Array[] => {
    const chance = Chance.fromSeed(seed);
    return Array.from({ length: count }, () => {
      const all = seeds();
      const chunks = readEnvelope(kind, all[chance.below(all.length)]!.subarray(1));
      const at = chance.below(chunks.length);
      const chunk = chunks[at]!;
      const way = chance.below(16);
      const other = way === 0
        ? chunks.toSpliced(at, 1)
        : way === 1
        ? chunks.toSpliced(at, 0, chunk)
        : chunks.with(at, { ...chunk, data: changed(chunk.data, chance) });
      return joined([0], writeEnvelope(kind, other));
    });
  };
}

// -- A guest

/** A fabric in which guests are restored, for a while. */
class Home<T> {
  readonly #make: () => T;
  #home: T;
  #uses = 0;

  constructor(make: () => T) {
    this.#make = make;
    this.#home = make();
  }

  /** The present one, or another after a while: one that something has lived in. */
  get(): T {
    if (this.#uses++ % 512 === 0) this.#home = this.#make();
    return this.#home;
  }

  /** It is not used any more. */
  leave(): void {
    this.#uses = 0;
  }
}

let guestSeeds: readonly Uint8Array[] = [];
const guests = new Home(() => vmbus.createFabric({ codec: "vmbus", trace: "off" }));

const partitionTarget: PackageTarget = withCorpus(
  async () => ({
    "a guest with a disk": joined([0], await savedGuest(0)),
    "a guest whose requests are under way": joined([0], await savedGuest(2)),
    "an isolated guest whose requests are copied": joined([0], await savedGuest(2, true)),
    "an isolated guest that uses later functions": joined([0], await savedLaterGuest()),
  }),
  {
    name: "saved-partition",
    title: "a whole saved guest, which is restored and lives on",
    inputBytesMax: 8192,
    batchCases: 512,
    draw: drawEnvelopes("partition", () => guestSeeds),
    async run(input) {
      const fabric = guests.get();
      const { partition, reason, status } = vmbus.restorePartition(
        fabric,
        mended(input),
        SAVED_DRIVERS,
      );
      if (partition === null) {
        assert(
          reason !== null && !reason.includes("this does not hold"),
          `it is refused: ${reason}`,
        );
        assert(fabric.inspect().partitions.length === 1, "nothing is left of what was refused");
        return vmbus.ntStatusName(status) ?? String(status);
      }
      guests.leave();
      partition.resume();
      await fabric.settle();
      partition.destroy();
      await fabric.settle();
      const thrown = fabric.violations.find(({ rule }) => rule === "exception out of a callback");
      assert(thrown === undefined, `no callback throws: ${thrown?.message}`);
      return "lived";
    },
  },
  (seeds) => {
    guestSeeds = seeds;
  },
);

// -- A channel

/** A server whose packets are saved by their names. */
function makeServer(fabric: vmbus.Fabric, guest: vmbus.Partition) {
  const { device } = fabric.root;
  const { kmcl: vsp } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    1,
  ));
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, true));
  const { kernelHandle } = vmbus.expectSuccess(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
  );
  vmbus.expectSuccess(vsp.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
  vmbus.ZwClose(kernelHandle);
  vsp.VmbServerChannelInitSetTargetInterfaceId(channel, TYPE, INSTANCE);
  vsp.VmbChannelInitSetMaximumPacketSize(channel, 256);
  vsp.VmbChannelInitSetProcessPacketCallbacks(
    channel,
    (_channel, packet) => vsp.VmbChannelPacketComplete(packet, null, 0),
  );
  const free = (packet: vmbus.VMBPACKET) => vsp.VmbPacketFree(packet);
  vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(
    channel,
    (_channel, packet, saveBuf, saveBufSize) => {
      const name = encoder.encode(String(vsp.VmbPacketGetPointer(packet)));
      const bytesNeeded = name.length;
      if (saveBufSize < bytesNeeded) return { status: vmbus.STATUS_BUFFER_TOO_SMALL, bytesNeeded };
      saveBuf.set(name);
      return { status: vmbus.STATUS_SUCCESS, bytesNeeded };
    },
    (restored, libBuf, libBufSize, saveBuf, saveBufSize) => {
      const packet = vsp.VmbPacketAllocate(restored);
      const status = vsp.VmbPacketRestore(packet, libBuf, libBufSize);
      if (!vmbus.NT_SUCCESS(status)) {
        free(packet!);
        return status;
      }
      vsp.VmbPacketSetPointer(packet, decoder.decode(saveBuf.subarray(0, saveBufSize)));
      vsp.VmbPacketSetCompletionRoutine(packet, free);
      return vmbus.STATUS_SUCCESS;
    },
  );
  return { vsp, channel, free };
}

/** A client that answers nothing. */
function makeClient(guest: vmbus.Partition): void {
  const { kmcl: vsc } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    guest.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    1,
  ));
  const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  vsc.VmbClientChannelInitSetTargetPnp(channel, TYPE);
  vsc.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1);
  vsc.VmbChannelInitSetMaximumPacketSize(channel, 256);
  vsc.VmbChannelInitSetMaximumExternalData(channel, 1, 1);
  vsc.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
  vmbus.expectSuccess(vsc.VmbChannelEnable(channel));
}

/** A server that was saved, with `packets` that its guest has not answered. */
async function savedServer(packets: number): Promise<Uint8Array> {
  const fabric = vmbus.createFabric({ codec: "vmbus" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 32 });
  const { vsp, channel, free } = makeServer(fabric, guest);
  vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
  vsp.VmbChannelStart(channel);
  makeClient(guest);
  await fabric.settle();
  guest.pause();
  for (let at = 0; at < packets; at++) {
    const packet = vsp.VmbPacketAllocate(channel);
    vsp.VmbPacketSetPointer(packet, `packet ${at}`);
    vsp.VmbPacketSetCompletionRoutine(packet, free);
    const wants = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
    vmbus.expectSuccess(vsp.VmbPacketSend(packet, new Uint8Array(250), 250, null, wants));
  }
  const bytes = await vmbus.saveServerChannel(vsp, channel);
  fabric.dispose();
  return bytes;
}

let channelSeeds: readonly Uint8Array[] = [];
const channels = new Home(() => {
  const fabric = vmbus.createFabric({ codec: "vmbus", trace: "off" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 8 });
  return { fabric, ...makeServer(fabric, guest) };
});

const channelTarget: PackageTarget = withCorpus(
  async () => ({
    "a server with nothing under way": joined([0], await savedServer(0)),
    "a server whose packets are not answered": joined([0], await savedServer(3)),
    // More than its ring holds: the last ones are queued.
    "a server with a queue": joined([0], await savedServer(17)),
  }),
  {
    name: "saved-channel",
    title: "a saved server, which is restored and leaves",
    inputBytesMax: 4096,
    batchCases: 512,
    draw: drawEnvelopes("channel", () => channelSeeds),
    async run(input) {
      const { fabric, vsp, channel } = channels.get();
      const status = vmbus.restoreServerChannel(vsp, channel, mended(input));
      if (!vmbus.NT_SUCCESS(status)) return vmbus.ntStatusName(status) ?? String(status);
      channels.leave();
      vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
      vsp.VmbChannelStart(channel);
      await fabric.settle();
      await vsp.VmbChannelDisable(channel);
      vsp.VmbChannelCleanup(channel);
      const [violation] = fabric.violations;
      assert(violation === undefined, `a restored server breaks no rule: ${violation?.message}`);
      return "lived";
    },
  },
  (seeds) => {
    channelSeeds = seeds;
  },
);

/** The targets of saved state. */
export const savedTargets: readonly PackageTarget[] = [dataTarget, partitionTarget, channelTarget];
