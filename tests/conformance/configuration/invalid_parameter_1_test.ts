/**
 * STATUS_INVALID_PARAMETER_1 and its neighbours (kmcl.md section 4): which functions may be called when, on
 * what, and with what.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  PAIR_INSTANCE,
  PAIR_TYPE,
} from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { callAny, INIT_FUNCTIONS, type InitFunction } from "./init_functions.ts";

const SIDES = ["server", "client"] as const;
type Side = typeof SIDES[number];

/** The name of `STATUS_INVALID_PARAMETER_n`. */
const wrongAt = (position: number) => `STATUS_INVALID_PARAMETER_${position}`;
const show = (value: unknown) => typeof value === "symbol" ? "a symbol" : Deno.inspect(value);

/** The names of version 1. */
const FIRST: ReadonlySet<string> = new Set(Object.keys(makePair().vsp));

/** The table to call a function through, for an endpoint of its side: the server's has them all. */
function tableFor(pair: Pair, { side, name }: InitFunction): vmbus.KmclClientInterfaceV1 {
  if (!FIRST.has(name)) return serverTableV5(pair.fabric);
  return side === "client" ? pair.vsc : pair.vsp;
}

/** The functions that may be called on an endpoint of `side`. */
const functionsOf = (side: Side) =>
  INIT_FUNCTIONS.filter((one) => one.side === side || one.side === "either");

/** Right arguments after the channel. */
function rightArgs(pair: Pair, { name, right }: InitFunction): readonly unknown[] {
  if (name !== "VmbServerChannelInitSetVmbusHandle") return right;
  return [pair.vsp.VmbConvertVmbusHandleToKernelHandle(pair.guest.vmbusHandle).kernelHandle];
}

/** Calls `one`; the status must be the one of that name, and where it is no success nothing may change. */
function assertCall(
  pair: Pair,
  one: InitFunction,
  channel: unknown,
  args: readonly unknown[],
  expected: string,
): void {
  const before = pair.fabric.inspect();
  const status = callAny(tableFor(pair, one), one.name, [channel, ...args]);
  const name = typeof status === "number" ? vmbus.ntStatusName(status) : show(status);
  assertEquals(name, expected, `${one.name}(${[channel, ...args].map(show).join(", ")})`);
  if (expected !== "STATUS_SUCCESS") assertEquals(pair.fabric.inspect(), before);
}

/** Every function of `side`'s with right arguments: all of them must have the status of that name. */
function assertAll(pair: Pair, side: Side, expected: string): void {
  for (const one of functionsOf(side)) {
    assertCall(pair, one, pair[side], rightArgs(pair, one), expected);
  }
}

// kmcl.md I3: valid only while the channel is Disabled and initializing
for (const side of SIDES) {
  Deno.test(`Init functions: of a ${side} are valid while it is initializing, and never again`, async () => {
    const pair = makePair();
    const { fabric, vsp, vsc, server, client } = pair;
    assertAll(pair, side, "STATUS_SUCCESS");
    assertAll(pair, side, "STATUS_SUCCESS"); // as often as one likes
    vsp.VmbChannelEnable(server);
    vsc.VmbChannelEnable(client);
    assertAll(pair, side, wrongAt(1)); // Enabled
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "opened");
    assertAll(pair, side, wrongAt(1)); // Opened
    await vsc.VmbChannelDisable(client);
    await fabric.settle();
    assertEquals(
      vmbus.inspectChannel(pair[side]).lifecycle,
      side === "server" ? "closed" : "disabled",
    );
    assertAll(pair, side, wrongAt(1)); // Closed, or torn down
    await vsp.VmbChannelDisable(server);
    assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "disabled");
    assertAll(pair, side, wrongAt(1)); // torn down
    vsp.VmbChannelCleanup(server);
    vsc.VmbChannelCleanup(client);
    assertAll(pair, side, wrongAt(1)); // no channel any more
    assertEquals(fabric.violations, []);
  });

  // kmcl.md I3: also inside the callbacks, and after an Enable that was taken back before anything happened
  Deno.test(`Init functions: of a ${side} are refused inside every state change callback`, async () => {
    const seen: string[] = [];
    const check = (name: string) => () => {
      assertAll(pair, side, wrongAt(1));
      seen.push(name);
      return vmbus.STATUS_SUCCESS;
    };
    const pair = makePair({
      [`${side}Callbacks`]: {
        EvtChannelOpened: check("Opened"),
        EvtChannelStarted: () => void check("Started")(),
        EvtChannelPostStarted: () => void check("PostStarted")(),
        EvtChannelSuspend: () => void check("Suspend")(),
        EvtChannelClosed: () => void check("Closed")(),
      },
    });
    enablePair(pair);
    await pair.fabric.settle();
    await (side === "server" ? pair.vsp : pair.vsc).VmbChannelDisable(pair[side]);
    assertEquals(seen, ["Opened", "Started", "PostStarted", "Suspend", "Closed"]);
  });

  Deno.test(`Init functions: of a ${side} are refused after an Enable that came to nothing`, async () => {
    const pair = makePair();
    const kmcl = side === "server" ? pair.vsp : pair.vsc;
    kmcl.VmbChannelEnable(pair[side]);
    await kmcl.VmbChannelDisable(pair[side]);
    assertAll(pair, side, wrongAt(1));
  });

  // kmcl.md I2
  const other = side === "server" ? "client" : "server";
  Deno.test(`Init functions: those of a ${side} are refused on a ${other}`, () => {
    const pair = makePair();
    for (const one of INIT_FUNCTIONS.filter((candidate) => candidate.side === side)) {
      assertCall(pair, one, pair[other], rightArgs(pair, one), wrongAt(1));
    }
  });

  // kmcl.md I6, I5, I4: each wrong argument, at each position; and those behind it are not looked at
  for (const one of functionsOf(side)) {
    Deno.test(`${one.name}: of a ${side} refuses wrong arguments by their position`, () => {
      const pair = makePair();
      const right = rightArgs(pair, one);
      for (const [position, values] of Object.entries(one.wrong)) {
        const at = Number(position) - 2;
        for (const value of values) {
          const args = right.map((arg, index) => index === at ? value : arg);
          assertCall(pair, one, pair[side], args, wrongAt(at + 2));
          for (const later of Object.entries(one.wrong).filter(([next]) => Number(next) > at + 2)) {
            const both = args.map((arg, index) =>
              index === Number(later[0]) - 2 ? later[1][0] : arg
            );
            assertCall(pair, one, pair[side], both, wrongAt(at + 2));
          }
          assertCall(pair, one, null, args, wrongAt(1)); // I4: the channel comes first
        }
      }
      assertCall(pair, one, pair[side], right, "STATUS_SUCCESS");
    });
  }
}

// kmcl.md section 5: the two counts together
Deno.test("VmbServerChannelInitSetMmioMegabytes: refuses 0 and 0 with STATUS_INVALID_PARAMETER", () => {
  const { vsp, server } = makePair();
  const set = (required: number, optional: number) =>
    vmbus.ntStatusName(vsp.VmbServerChannelInitSetMmioMegabytes(server, required, optional));
  assertEquals(set(0, 0), "STATUS_INVALID_PARAMETER");
  assertEquals([set(0, 1), set(1, 0), set(65_535, 65_535)], [
    "STATUS_SUCCESS",
    "STATUS_SUCCESS",
    "STATUS_SUCCESS",
  ]);
});

// kmcl.md section 5, wire.md 3.3
Deno.test("VmbClientChannelInitSetRingBufferPageCount: takes what one GPADL can describe", () => {
  const { vsc, client } = makePair();
  const set = (incoming: number, outgoing: number) =>
    vmbus.ntStatusName(vsc.VmbClientChannelInitSetRingBufferPageCount(client, incoming, outgoing));
  assertEquals([set(1, 8187), set(8187, 1), set(4094, 4094)], Array(3).fill("STATUS_SUCCESS"));
  assertEquals([set(2, 8187), set(4095, 4094)], Array(2).fill(wrongAt(3)));
  assertEquals(set(8188, 1), wrongAt(2));
});

/** Everything that is no live channel of the pair's fabric. */
function notChannels(pair: Pair): [string, unknown][] {
  const foreign = makePair();
  const { fabric, guest, vsp, server } = pair;
  const packet = vsp.VmbPacketAllocate(server);
  const { channel: gone } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  vsp.VmbChannelCleanup(gone);
  return [
    ["null", null],
    ["undefined", undefined],
    ["a number", 1],
    ["NaN", NaN],
    ["a bigint", 1n],
    ["a string", "channel"],
    ["a boolean", true],
    ["a symbol", Symbol("channel")],
    ["an object", {}],
    ["a list", []],
    ["a function", () => {}],
    ["an object with a kind", { kind: "VMBCHANNEL" }],
    ["a copy of a channel", { ...server }],
    ["an heir of a channel", Object.create(server)],
    ["a proxy of a channel", new Proxy(server, {})],
    ["a device", guest.device],
    ["a VMBus", guest.vmbusHandle],
    ["a kernel handle", vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle).kernelHandle],
    ["a packet", packet],
    ["a channel of another fabric", foreign.server],
    ["a client of another fabric", foreign.client],
    ["a channel that was cleaned up", gone],
  ];
}

// kmcl.md I1
Deno.test("Init functions: take nothing for a channel that is none", () => {
  const pair = makePair();
  for (const [what, value] of notChannels(pair)) {
    for (const one of INIT_FUNCTIONS) {
      const before = pair.fabric.inspect();
      const status = callAny(tableFor(pair, one), one.name, [value, ...rightArgs(pair, one)]);
      assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1, `${one.name} of ${what}`);
      assertEquals(pair.fabric.inspect(), before);
    }
  }
  assertEquals(pair.fabric.violations, []);
});

// kmcl.md I1: a handle of another kind
Deno.test("Init functions: take no completion context for a channel", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { held: contexts } = pair.atServer;
  pair.vsc.VmbPacketSend(pair.vsc.VmbPacketAllocate(pair.client), null, 0, null, 0);
  await pair.fabric.settle();
  for (const one of INIT_FUNCTIONS) {
    assertCall(pair, one, contexts[0], rightArgs(pair, one), wrongAt(1));
  }
  pair.vsp.VmbChannelPacketComplete(contexts[0] ?? null, null, 0);
});

/** Other functions with a status, whose first argument is a channel, packet or context. */
const OTHERS: readonly [keyof vmbus.KmclServerInterfaceV5, readonly unknown[]][] = [
  ["VmbChannelCreateGpadlFromPfnList", [0, [1], 1]],
  ["VmbChannelInitSetPrimaryChannel", [null]],
  ["VmbChannelAllocateBounceBuffer", [4096]],
  ["VmbChannelEnable", []],
  ["VmbChannelCreateGpadlFromMdl", [0, null, 0, 0]],
  ["VmbChannelCreateGpadlFromBuffer", [0, null, 0]],
  ["VmbChannelMapGpadl", [0, 1]],
  ["VmbChannelSendSynchronousRequest", [null, 0, null, 0, null, 0, 0]],
  ["VmbChannelSetInterruptLatency", [0]],
  ["VmbPacketInitialize", [new Uint8Array(8192), 8192]],
  ["VmbChannelSaveBegin", []],
  ["VmbChannelSaveContinue", [new Uint8Array(8192), 8192]],
  ["VmbChannelRestoreFromBuffer", [new Uint8Array(8), 8]],
];
const OF_PACKETS: typeof OTHERS = [
  ["VmbPacketSend", [null, 0, null, 0]],
  ["VmbPacketSendWithExternalMdl", [null, 0, null, 0, 0, 1]],
  ["VmbPacketSendWithExternalPfns", [null, 0, [], 0, 1]],
  ["VmbChannelPacketGetExternalData", [0]],
  ["VmbPacketRestore", [new Uint8Array(8), 8]],
];

/** The status of an answer, and whether its outputs are null as those of a failure must be. */
function statusIn(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  const { status, ...outputs } = answer as Record<string, unknown>;
  assertEquals(new Set(Object.values(outputs)), new Set([null]));
  return status;
}

// kmcl.md I1: in every function that returns a status
Deno.test("Functions: that return a status take nothing for a handle that is none", async () => {
  const pair = makePair();
  const table = serverTableV5(pair.fabric);
  const values = notChannels(pair);
  for (const [name, args] of OTHERS) {
    for (const [what, value] of values) {
      const status = statusIn(await callAny(table, name, [value, ...args]));
      assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1, `${name} of ${what}`);
    }
  }
  const notPackets = values.filter(([what]) => what !== "a packet");
  for (const [name, args] of OF_PACKETS) {
    for (const [what, value] of [...notPackets, ["a channel", pair.server] as const]) {
      const status = statusIn(callAny(pair.vsp, name, [value, ...args]));
      assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1, `${name} of ${what}`);
    }
  }
  assertEquals(pair.fabric.violations, []);
});

// kmcl.md I2: beyond the Init functions
Deno.test("Functions: of one side refuse the endpoint of the other", async () => {
  const pair = await openPair();
  const { guest, vsp, vsc, server, client } = pair;
  const buffer = guest.memory.allocate(4096);
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  const statuses = [
    vsp.VmbChannelMapGpadl(client, 0, 1).status,
    vsp.VmbChannelCreateGpadlFromMdl(server, 0, mdl, 0, 0).status,
    vsc.VmbChannelCreateGpadlFromBuffer(server, 0, buffer, 4096).status,
    vsc.VmbChannelSetInterruptLatency(server, 0).status,
    vsp.VmbChannelSaveBegin(client),
    vsp.VmbChannelSaveContinue(client, new Uint8Array(8), 8).status,
    vsp.VmbChannelRestoreFromBuffer(client, new Uint8Array(8), 8),
  ];
  assertEquals(statuses.map(vmbus.ntStatusName), Array(7).fill(wrongAt(1)));
  guest.memory.free(buffer);
  await closePair(pair);
});

// kmcl.md I5: what was refused has left every setting as it was, seen by what the channel then does
Deno.test("Init functions: what they refused has changed nothing", async () => {
  const log: string[] = [];
  const pair = makePair({
    ringPages: [3, 5],
    server: (vsp, channel) => {
      vsp.VmbChannelInitSetFriendlyName(channel, "disk");
      vsp.VmbServerChannelInitSetMmioMegabytes(channel, 2, 1);
    },
    client: (vsc, channel) => {
      vsc.VmbChannelInitSetMaximumPacketSize(channel, 1000);
      vsc.VmbChannelInitSetMaximumExternalData(channel, 5000, 3);
    },
    onServerPacket: (_channel, packet) => {
      log.push("packet");
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, guest, vsc, server, client, calls } = pair;
  const size = vsc.VmbChannelSizeofPacket(client);
  for (const side of SIDES) {
    for (const one of functionsOf(side)) {
      for (const [position, values] of Object.entries(one.wrong)) {
        // The other arguments are right, and differ from what was set.
        const args = one.right.map((arg) => arg === PAIR_TYPE ? PAIR_INSTANCE : arg);
        args[Number(position) - 2] = values[0];
        assertCall(pair, one, pair[side], args, wrongAt(Number(position)));
      }
    }
  }
  enablePair(pair);
  await fabric.settle();
  assertEquals(calls.filter((call) => call.endsWith("Opened")), ["server Opened", "client Opened"]);
  assertEquals(vmbus.inspectChannel(server).friendlyName, "disk");
  assertEquals(vsc.VmbChannelGetMmioSpace(client).mmioSize, 3n * 1024n * 1024n);
  assertEquals(vsc.VmbChannelSizeofPacket(client), size);
  const { incomingRing, outgoingRing } = vmbus.inspectChannel(client);
  assertEquals([incomingRing?.dataBytes, outgoingRing?.dataBytes], [3 * 4096, 5 * 4096]);
  const mdl = (byteCount: number) => vmbus.IoAllocateMdl(guest.memory, 0, byteCount);
  const send = (external: vmbus.Mdl) => {
    const packet = vsc.VmbPacketAllocate(client);
    const status = vsc.VmbPacketSend(packet, null, 0, external, 1);
    if (status !== vmbus.STATUS_SUCCESS) vsc.VmbPacketFree(packet);
    return vmbus.ntStatusName(status);
  };
  assertEquals([send(mdl(5000)), send(mdl(5001))], [
    "STATUS_SUCCESS",
    "STATUS_INVALID_BUFFER_SIZE",
  ]);
  await fabric.settle();
  assertEquals(log, ["packet"]);
  await closePair(pair);
});
