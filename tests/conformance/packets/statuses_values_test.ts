// kmcl.md P5 and I6: each argument of the send functions by itself, at its limits and beyond.

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import {
  type Ended,
  freeAll,
  names,
  notedPacket,
  pattern,
  unchangedBy,
  WAIT,
} from "../../support/sending.ts";

const { STATUS_INVALID_BUFFER_SIZE: TOO_LARGE, STATUS_SUCCESS: GOOD } = vmbus;
const {
  STATUS_INVALID_PARAMETER_2: _2,
  STATUS_INVALID_PARAMETER_3: _3,
  STATUS_INVALID_PARAMETER_4: _4,
  STATUS_INVALID_PARAMETER_5: _5,
  STATUS_INVALID_PARAMETER_6: _6,
  STATUS_INVALID_PARAMETER_7: _7,
} = vmbus;
const FORCE = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH;
const PAGED = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER;

/** Nothing that a C `UINT32` could hold. */
const NO_U32: readonly unknown[] = [
  -1,
  0.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 32,
  "1",
  "",
  null,
  undefined,
  true,
  1n,
  {},
  [1],
];

type Arguments = [buffer: unknown, bufferLength: unknown, ...rest: unknown[]];

/** Sends one packet again and again; what is refused must change nothing. */
class Sender {
  readonly pair: Pair;
  readonly ends: Ended[] = [];
  readonly #packet: vmbus.VMBPACKET;

  constructor(pair: Pair) {
    this.pair = pair;
    this.#packet = notedPacket(pair.vsc, pair.client, this.ends);
  }

  /** That each of `calls` is refused with `status`. */
  refused(name: SendName, status: vmbus.NtStatus, calls: Iterable<Arguments>): void {
    for (const [index, call] of [...calls].entries()) {
      const got = unchangedBy(this.pair.fabric, () => this.#send(name, call));
      assertEquals([index, ...names([got])], [index, ...names([status])]);
    }
    assertEquals(this.ends, []);
  }

  /** That each of `calls` is accepted and ends well. */
  async accepted(name: SendName, calls: Iterable<Arguments>): Promise<void> {
    for (const [index, call] of [...calls].entries()) {
      assertEquals([index, ...names([this.#send(name, call)])], [index, ...names([GOOD])]);
      await this.pair.fabric.settle();
      assertEquals(this.ends.splice(0).map(({ status }) => status), [GOOD]);
    }
  }

  async close(): Promise<void> {
    freeAll(this.pair.vsc, [this.#packet]);
    await closePair(this.pair);
  }

  #send(name: SendName, call: Arguments): vmbus.NtStatus {
    const send = this.pair.vsc[name] as (...all: unknown[]) => vmbus.NtStatus;
    return send(this.#packet, ...call);
  }
}

type SendName = "VmbPacketSend" | "VmbPacketSendWithExternalMdl" | "VmbPacketSendWithExternalPfns";

Deno.test("VmbPacketSend: Buffer and BufferLength (P5, I6)", async () => {
  const sender = new Sender(await openPair());
  const bytes = pattern(16);
  const send = "VmbPacketSend";
  const noBuffers: unknown[] = ["text", 7, {}, [1, 2], bytes.buffer, { buffer: bytes.buffer }];
  sender.refused(send, _2, noBuffers.map((buffer) => [buffer, 1, null, 0]));
  sender.refused(send, _2, noBuffers.map((buffer) => [buffer, 0, null, 0]));
  sender.refused(send, _2, [null, undefined].map((buffer) => [buffer, 1, null, 0]));
  sender.refused(send, _3, [...NO_U32, 17].map((length) => [bytes, length, null, 0]));
  sender.refused(send, _3, [[new Uint16Array(4), 9, null, 0], [
    new DataView(bytes.buffer),
    17,
    null,
    0,
  ]]);
  sender.refused(send, _3, [[pattern(4097), 4097, null, 0]]);
  await sender.accepted(send, [
    [bytes, 16, null, 0],
    [bytes, 0, null, 0],
    [null, 0, null, 0],
    [undefined, 0, undefined, 0],
    [new Uint8Array(0), 0, null, 0],
    [pattern(4096), 4096, null, 0],
    [pattern(5000), 4096, null, 0],
    [new Uint8Array(new SharedArrayBuffer(8)), 8, null, 0],
    [new DataView(bytes.buffer, 4, 8), 8, null, 0], // any view; lengths are in bytes
    [new Uint16Array(4), 8, null, 0],
    [Buffer.from("text"), 4, null, 0],
  ]);
  await sender.close();
});

Deno.test("VmbPacketSend: Flags have their position in each function (P5, I6)", async () => {
  const sender = new Sender(await openPair());
  const mdl = vmbus.IoAllocateMdl(sender.pair.guest.memory, 0, 8);
  const wrong = [...NO_U32, 8, 9, 0x10, 0x8000_0001, 2 ** 32 + 1];
  const rest = { mdl: [mdl, 0, 0], pfns: [[1], 1] } as const;
  sender.refused("VmbPacketSend", _5, wrong.map((flags) => [null, 0, null, flags]));
  sender.refused("VmbPacketSend", _5, wrong.map((flags) => [null, 0, mdl, flags]));
  sender.refused(
    "VmbPacketSendWithExternalMdl",
    _7,
    [...wrong, 0, FORCE, PAGED].map((flags) => [null, 0, ...rest.mdl, flags]),
  );
  sender.refused(
    "VmbPacketSendWithExternalPfns",
    _6,
    [...wrong, 0, FORCE, PAGED].map((flags) => [null, 0, ...rest.pfns, flags]),
  );
  sender.refused("VmbPacketSend", _5, [0, FORCE, PAGED].map((flags) => [null, 0, mdl, flags]));
  const known = [0, WAIT, FORCE, PAGED, WAIT | FORCE, WAIT | PAGED, WAIT | FORCE | PAGED];
  await sender.accepted("VmbPacketSend", known.map((flags) => [null, 0, null, flags]));
  const waiting = known.filter((flags) => (flags & WAIT) !== 0);
  await sender.accepted("VmbPacketSend", waiting.map((flags) => [null, 0, mdl, flags]));
  await sender.accepted(
    "VmbPacketSendWithExternalMdl",
    waiting.map((flags) => [null, 0, ...rest.mdl, flags]),
  );
  await sender.accepted(
    "VmbPacketSendWithExternalPfns",
    waiting.map((flags) => [null, 0, ...rest.pfns, flags]),
  );
  await sender.close();
});

/** MDLs of `sizes` bytes, one page after the other, as a chain. */
function chainOf(memory: vmbus.GuestMemory, sizes: readonly number[]): vmbus.Mdl {
  const mdls = sizes.map((byteCount, page) => vmbus.IoAllocateMdl(memory, page * 4096, byteCount));
  for (const [index, mdl] of mdls.entries()) mdl.next = mdls[index + 1] ?? null;
  return mdls[0]!;
}

Deno.test("VmbPacketSend: what is no MDL chain of the sender's memory (P5)", async () => {
  const sender = new Sender(await openPair());
  const { memory } = sender.pair.guest;
  const other = sender.pair.fabric.createPartition({ name: "other", memoryPages: 4 });
  const foreign = vmbus.IoAllocateMdl(other.memory, 0, 8);
  const chained = (next: unknown) => {
    const mdl = vmbus.IoAllocateMdl(memory, 0, 8);
    mdl.next = next as vmbus.Mdl;
    return mdl;
  };
  const endless = chained(null);
  endless.next = chained(endless);
  const wrong: unknown[] = [
    7,
    "mdl",
    {},
    [],
    true,
    foreign,
    chained(foreign),
    chained({}),
    chained(7),
    chained(undefined),
    endless,
    vmbus.IoAllocateMdl(sender.pair.fabric.root.memory, 0, 8),
  ];
  sender.refused("VmbPacketSend", _4, wrong.map((mdl) => [null, 0, mdl, WAIT]));
  sender.refused(
    "VmbPacketSendWithExternalMdl",
    _4,
    [...wrong, null, undefined].map((mdl) => [null, 0, mdl, 0, 0, WAIT]),
  );
  await sender.accepted("VmbPacketSend", [[null, 0, chained(chained(null)), WAIT]]);
  await sender.close();
});

Deno.test("VmbPacketSendWithExternalMdl: MdlOffset and MdlLength (P5, I6)", async () => {
  const sender = new Sender(await openPair());
  const mdl = chainOf(sender.pair.guest.memory, [100, 200]);
  const call = (
    offset: unknown,
    length: unknown,
  ): Arguments => [null, 0, mdl, offset, length, WAIT];
  const send = "VmbPacketSendWithExternalMdl";
  sender.refused(send, _5, [...NO_U32, 300, 301, 0xffff_ffff].map((offset) => call(offset, 0)));
  sender.refused(send, _6, [...NO_U32, 301, 0xffff_ffff].map((length) => call(0, length)));
  sender.refused(send, _6, [call(299, 2), call(100, 201)]);
  await sender.accepted(send, [
    call(0, 0),
    call(0, 300),
    call(99, 1),
    call(99, 2),
    call(100, 200),
    call(299, 1),
    call(299, 0),
  ]);
  await sender.close();
});

Deno.test("VmbPacketSendWithExternalMdl: FORCE_MDL_LENGTH reaches to the end of the page", async () => {
  // kmcl.md section 5 and P5: only the first MDL counts, and its last page is the end.
  const sender = new Sender(await openPair());
  const { memory } = sender.pair.guest;
  const mdl = vmbus.IoAllocateMdl(memory, 4000, 200); // two pages, 3992 bytes after it
  const chain = chainOf(memory, [100, 200]);
  const forced = (first: vmbus.Mdl, offset: number, length: number): Arguments => [
    null,
    0,
    first,
    offset,
    length,
    WAIT | FORCE,
  ];
  const send = "VmbPacketSendWithExternalMdl";
  sender.refused(send, _6, [forced(mdl, 0, 4193), forced(mdl, 199, 3994), forced(chain, 0, 4097)]);
  sender.refused(send, _5, [forced(mdl, 200, 1), forced(chain, 300, 1)]);
  sender.refused(send, _6, [[null, 0, mdl, 0, 201, WAIT]]); // without the flag
  await sender.accepted(send, [
    forced(mdl, 0, 4192),
    forced(mdl, 199, 3993),
    forced(mdl, 0, 1),
    forced(chain, 0, 4096), // all from the first MDL
    forced(chain, 0, 0), // no MdlLength: the chain's 300 bytes
  ]);
  await sender.close();
});

Deno.test("VmbPacketSendWithExternalPfns: the PFNs and their number (P5, I6)", async () => {
  const sender = new Sender(await openPair());
  const { pageCount } = sender.pair.guest.memory;
  const send = "VmbPacketSendWithExternalPfns";
  const call = (pfns: unknown, length: unknown): Arguments => [null, 0, pfns, length, WAIT];
  const wrongLengths = [...NO_U32, 0, 3];
  sender.refused(send, _5, wrongLengths.map((length) => call([1, 2], length)));
  sender.refused(send, _5, [call([-1, -1], 0), call([-1, -1], 3)]); // before the PFNs
  const noLists: unknown[] = [
    null,
    undefined,
    7,
    "12",
    {},
    { length: 1, 0: 1 },
    new DataView(new ArrayBuffer(8)),
  ];
  sender.refused(send, _4, noLists.map((pfns) => call(pfns, 1)));
  const noPfns: unknown[] = [
    ...[pageCount, -1, 0.5, NaN, "1", null, undefined, 2 ** 52, {}],
    ...[BigInt(pageCount), -1n, 2n ** 53n, 2n ** 64n],
  ];
  sender.refused(send, _4, noPfns.flatMap((pfn) => [call([pfn], 1), call([0, pfn], 2)]));
  sender.refused(send, _4, [call(new Array(2), 2)]); // holes
  await sender.accepted(send, [
    call([0], 1),
    call([pageCount - 1], 1),
    call([1, -1], 1), // what lies beyond PfnLength is nobody's business
    call([4, 4], 2),
    call(Object.freeze([7, 3, 5]), 3),
    call([7n, 3, 5n], 3),
    call(Uint32Array.of(7, 3), 2),
    call(BigUint64Array.of(7n, 3n, 2n ** 63n), 2),
    call(BigInt64Array.of(7n, -1n), 1),
    call(Float64Array.of(7, 3), 2),
  ]);
  await sender.close();
});

Deno.test("VmbPacketSend: external data at the sender's bounds and beyond them (P5)", async () => {
  const pair = await openPair({
    client: (vsc, channel) => {
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 8192, 3));
    },
  });
  const sender = new Sender(pair);
  const { memory } = pair.guest;
  const part = (sizes: readonly number[], offset = 0, length = 0): Arguments => [
    null,
    0,
    chainOf(memory, sizes),
    offset,
    length,
    WAIT,
  ];
  const whole = (sizes: readonly number[]): Arguments => [null, 0, chainOf(memory, sizes), WAIT];
  const pages = (...pfns: number[]): Arguments => [null, 0, pfns, pfns.length, WAIT];
  const twoPages = [4096, 4096];
  sender.refused("VmbPacketSend", TOO_LARGE, [whole([...twoPages, 1]), whole([1, 1, 1, 1])]);
  sender.refused("VmbPacketSendWithExternalMdl", TOO_LARGE, [
    part([...twoPages, 1]),
    part([1, 1, 1, 1]),
    part([4096, 4096, 4096], 0, 8193),
  ]);
  sender.refused("VmbPacketSendWithExternalPfns", TOO_LARGE, [pages(1, 2, 3), pages(1, 1, 1)]);
  await sender.accepted("VmbPacketSend", [whole(twoPages), whole([1, 1, 1])]);
  await sender.accepted("VmbPacketSendWithExternalMdl", [
    part(twoPages),
    part([4096, 4096, 4096], 1, 8192),
    part([4096, 4096, 4096], 4096),
  ]);
  await sender.accepted("VmbPacketSendWithExternalPfns", [pages(1, 2), pages(2, 2)]);
  await sender.close();
});
