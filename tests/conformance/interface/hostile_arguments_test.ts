// Whatever a driver passes to a function of the tables, or to one of the package's own: the call is
// refused as documented, or does what it says, and what comes after it works (kmcl.md I5, I6, section 9).

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import {
  ANYTHING,
  EIGHT,
  EMPTIED_ARRAYS,
  HOSTILE_ARRAYS,
  HOSTILE_OBJECTS,
  unreadable,
} from "../../support/hostile_values.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { type Ended, names, notedPacket, WAIT } from "../../support/sending.ts";

const SUCCESS = vmbus.STATUS_SUCCESS;

/** An open pair, and something of everything that functions take. */
interface Stage extends Pair {
  readonly context: vmbus.VMBPACKETCOMPLETION;
  readonly buffer: vmbus.GuestBuffer;
  readonly mdl: vmbus.Mdl;
  /** A server and a client that are initializing. */
  /** The server's table of the last version. */
  readonly later: vmbus.KmclServerInterfaceV5;
  readonly newServer: vmbus.VMBCHANNEL;
  readonly newClient: vmbus.VMBCHANNEL;
}

async function setStage(): Promise<Stage> {
  const contexts: vmbus.VMBPACKETCOMPLETION[] = [];
  let holds = true;
  const pair = await openPair({
    fabric: { verifier: "record" },
    onServerPacket: (_channel, packet) => {
      if (holds) contexts.push(packet);
      else pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, guest, vsp, vsc, client } = pair;
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, WAIT);
  await fabric.settle();
  holds = false;
  const buffer = guest.memory.allocate(4096);
  const [context] = contexts;
  assert(context !== undefined);
  return {
    ...pair,
    later: serverTableV5(fabric),
    context,
    buffer,
    mdl: vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 100),
    newServer: vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true)).channel,
    newClient: vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false)).channel,
  };
}

type Arguments = readonly unknown[];
type FunctionName = Exclude<keyof vmbus.KmclServerInterfaceV5, "Size" | "Version" | "Context">;
const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const nothing = () => {};
const packetOf = ({ vsc, client }: Stage) => vsc.VmbPacketAllocate(client);
const eight = () => Uint8Array.from(EIGHT);

/** Arguments that are good for each function; each of them is replaced in turn. */
const GOOD: Readonly<Record<FunctionName, (stage: Stage) => Arguments>> = {
  InterfaceReference: ({ later }) => [later.Context],
  InterfaceDereference: ({ later }) => [later.Context],
  VmbChannelAllocate: ({ guest }) => [guest.device, false],
  VmbChannelCleanup: ({ newClient }) => [newClient],
  VmbChannelCreateGpadlFromBuffer: ({ client, buffer }) => [client, 0, buffer, 100],
  VmbChannelCreateGpadlFromMdl: ({ client, mdl }) => [client, 0, mdl, 0, 0],
  VmbChannelDeleteGpadl: ({ client }) => [client, 1],
  VmbChannelDisable: ({ newClient }) => [newClient],
  VmbChannelEnable: ({ newClient }) => [newClient],
  VmbChannelGetInterfaceInstance: ({ client }) => [client],
  VmbChannelGetMmioSpace: ({ client }) => [client],
  VmbChannelGetPointer: ({ client }) => [client],
  VmbChannelInitSetClientContextSize: ({ newClient }) => [newClient, 8],
  VmbChannelInitSetFlags: ({ newClient }) => [newClient, 0],
  VmbChannelInitSetFriendlyName: ({ newClient }) => [newClient, "name"],
  VmbChannelInitSetMaximumExternalData: ({ newClient }) => [newClient, 1, 1],
  VmbChannelInitSetMaximumPacketSize: ({ newClient }) => [newClient, 64],
  VmbChannelInitSetProcessPacketCallbacks: ({ newClient }) => [newClient, nothing, nothing],
  VmbChannelInitSetStateChangeCallbacks: (
    { newClient },
  ) => [newClient, vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT()],
  VmbChannelPacketComplete: ({ context }) => [context, eight(), 8],
  VmbChannelPacketDeferToPassive: ({ context }) => [context],
  VmbChannelPacketFail: () => [null],
  VmbChannelPacketGetExternalData: ({ context }) => [context, 0],
  VmbChannelPause: ({ newClient }) => [newClient],
  VmbChannelSendSynchronousRequest: (
    { client },
  ) => [client, eight(), 8, null, WAIT, eight(), 8, null],
  VmbChannelSetIncomingProcessingAtPassive: ({ newClient }) => [newClient, true],
  VmbChannelSetInterruptLatency: ({ client }) => [client, 0],
  VmbChannelSetPointer: ({ client }) => [client, {}],
  VmbChannelSetTransactionQuota: ({ client }) => [client, 100],
  VmbChannelSizeofPacket: ({ client }) => [client],
  VmbChannelStart: ({ client }) => [client],
  VmbClientChannelInitSetRingBufferPageCount: ({ newClient }) => [newClient, 1, 1],
  VmbClientChannelInitSetTargetPnp: ({ newClient }) => [newClient, TYPE, null, null],
  VmbPacketAllocate: ({ client }) => [client],
  VmbPacketFree: (stage) => [packetOf(stage)],
  VmbPacketGetChannel: (stage) => [packetOf(stage)],
  VmbPacketGetPointer: (stage) => [packetOf(stage)],
  VmbPacketInitialize: ({ vsc, client }) => {
    const byteCount = vsc.VmbChannelSizeofPacket(client);
    return [client, new Uint8Array(byteCount), byteCount];
  },
  VmbPacketSend: (stage) => [packetOf(stage), eight(), 8, null, 0],
  VmbPacketSendWithExternalMdl: (stage) => [packetOf(stage), eight(), 8, stage.mdl, 0, 0, WAIT],
  VmbPacketSendWithExternalPfns: (
    stage,
  ) => [packetOf(stage), eight(), 8, [...stage.buffer.pfns], 1, WAIT],
  VmbPacketSetCompletionRoutine: (stage) => [packetOf(stage), nothing],
  VmbPacketSetPointer: (stage) => [packetOf(stage), {}],
  VmbChannelMapGpadl: ({ server }) => [server, 0, 1],
  VmbChannelRestoreFromBuffer: ({ newServer }) => [newServer, eight(), 8],
  VmbChannelSaveBegin: ({ newServer }) => [newServer],
  VmbChannelSaveContinue: ({ server }) => [server, eight(), 8],
  VmbChannelSaveEnd: ({ server }) => [server],
  VmbChannelUnmapGpadl: ({ server }) => [server, 1],
  VmbConvertVmbusHandleToKernelHandle: ({ guest }) => [guest.vmbusHandle],
  VmbPacketRestore: (stage) => [packetOf(stage), eight(), 8],
  VmbServerChannelInitSetFlags: ({ newServer }) => [newServer, 0],
  VmbServerChannelInitSetMmioMegabytes: ({ newServer }) => [newServer, 1, 1],
  VmbServerChannelInitSetSaveRestorePacketCallbacks: ({ newServer }) => [
    newServer,
    nothing,
    nothing,
  ],
  VmbServerChannelInitSetTargetInterfaceId: ({ newServer }) => [newServer, TYPE, TYPE],
  VmbServerChannelInitSetTargetVtl: ({ newServer }) => [newServer, 0],
  VmbServerChannelInitSetVmbusHandle: ({ newServer }) => [newServer, null],
  VmbChannelPacketGetClientContext: ({ context }) => [context],
  VmbChannelGetTargetDeviceObject: ({ server }) => [server],
  VmbChannelGetParentDeviceObject: ({ server }) => [server],
  VmbChannelInitSetBounceBufferSizes: ({ newClient }) => [newClient, 4096, 4096],
  VmbChannelAllocateBounceBuffer: ({ client }) => [client, 4096],
  VmbChannelInitSetMaximumPacketCount: ({ newClient }) => [newClient, 9],
  VmbChannelCreateGpadlFromPfnList: ({ client, buffer }) => [client, 0, [...buffer.pfns], 1],
  VmbChannelInitSetPrimaryChannel: ({ newClient, client }) => [newClient, client],
  VmbChannelInitialize: ({ guest }) => [guest.device, false, new Uint8Array(1024), 1024],
  VmbSizeofChannel: () => [],
  VmbChannelSetAllowableDpcCpuUsage: ({ newClient }) => [newClient, 50],
  VmbClientChannelInitSetTargetProcessorIndex: ({ newClient }) => [newClient, 0],
  VmbChannelInitSetInlinePacketContextSize: ({ newClient }) => [newClient, 8],
  VmbPacketGetInlinePacketContextPointer: (stage) => [packetOf(stage)],
  VmbChannelInitSetProcessPacketCallbacksEx: ({ newClient }) => [newClient, nothing, nothing, {}],
  VmbPacketSetCompletionRoutineEx: (stage) => [packetOf(stage), nothing, {}],
  VmbServerChannelInitSetSaveRestorePacketCallbacksEx: ({ newServer }) => [
    newServer,
    nothing,
    nothing,
    {},
  ],
};

/** A request in each direction; both end well. */
async function assertWorks(
  { fabric, vsp, vsc, server, client }: Pair,
  what: string,
): Promise<void> {
  const ends: Ended[] = [];
  for (const [table, channel] of [[vsc, client], [vsp, server]] as const) {
    const packet = notedPacket(table, channel, ends);
    assertEquals(table.VmbPacketSend(packet, eight(), 8, null, WAIT), SUCCESS, what);
  }
  await fabric.settle();
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_SUCCESS", "STATUS_SUCCESS"], what);
}

for (const [name, goodOf] of Object.entries(GOOD)) {
  Deno.test(`${name}: takes anything in any place, throws nothing in mode record, and the channel works`, async () => {
    const stage = await setStage();
    const call = stage.later[name as keyof typeof GOOD] as (...args: Arguments) => unknown;
    for (const make of Object.values(ANYTHING)) {
      for (let at = 0; at < goodOf(stage).length; at++) {
        const result = call(...goodOf(stage).map((good, place) => place === at ? make() : good));
        if (result instanceof Promise) await Promise.race([result, stage.fabric.settle()]);
      }
      await stage.fabric.settle();
    }
    await assertWorks(stage, name);
  });
}

/** Every way in which bytes go to the opposite side, with what arrives there. */
const WAYS: Readonly<
  Record<string, (bytes: Uint8Array, byteCount: number) => Promise<[number | string, number[]]>>
> = {
  VmbPacketSend: (bytes, byteCount) => sendOver({}, bytes, byteCount),
  "VmbPacketSend on a pipe": (bytes, byteCount) =>
    sendOver(
      {
        server: (vsp, channel) => void vsp.VmbChannelInitSetFlags(channel, 1),
        client: (vsc, channel) => void vsc.VmbChannelInitSetFlags(channel, 1),
      },
      bytes,
      byteCount,
    ),
  "VmbPacketSend in Hyper-V's encoding": (bytes, byteCount) =>
    sendOver({ fabric: { codec: "vmbus" } }, bytes, byteCount),
  "VmbPacketSend onto the queue": (bytes, byteCount) =>
    sendOver({ fabric: { verifier: "record" } }, bytes, byteCount, true),
  VmbChannelSendSynchronousRequest: async (bytes, byteCount) => {
    const got: number[] = [];
    const pair = await openPair({
      onServerPacket: (_channel, packet, buffer, length) => {
        got.push(...buffer.subarray(0, length));
        pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    const { status } = await pair.vsc
      .VmbChannelSendSynchronousRequest(pair.client, bytes, byteCount, null, WAIT, null, 0);
    return [status === vmbus.STATUS_INVALID_PARAMETER_3 ? "size" : status, got];
  },
  VmbChannelPacketComplete: async (bytes, byteCount) => {
    const pair = await openPair({
      fabric: { verifier: "record" },
      onServerPacket: (_channel, packet) => {
        pair.vsp.VmbChannelPacketComplete(packet, bytes, byteCount);
        if (pair.fabric.violations.length > 0) pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    const ends: Ended[] = [];
    pair.vsc.VmbPacketSend(notedPacket(pair.vsc, pair.client, ends), null, 0, null, WAIT);
    await pair.fabric.settle();
    const rule = pair.fabric.violations[0]?.rule;
    return [
      rule === "size greater than its buffer" ? "size" : rule ?? ends[0]!.status,
      [...ends[0]!.answer],
    ];
  },
};

async function sendOver(
  options: PairOptions,
  bytes: Uint8Array,
  byteCount: number,
  isQueued = false,
): Promise<[number | string, number[]]> {
  const got: number[] = [];
  const pair = await openPair({
    ...options,
    onServerPacket: (_channel, packet, buffer, length) => {
      got.push(...buffer.subarray(0, length));
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { vsc, client } = pair;
  if (isQueued) await vsc.VmbChannelPause(client);
  const status = vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), bytes, byteCount, null, 0);
  if (isQueued) vsc.VmbChannelStart(client);
  await pair.fabric.settle();
  return [status === vmbus.STATUS_INVALID_PARAMETER_3 ? "size" : status, got];
}

for (const [way, go] of Object.entries(WAYS)) {
  // kmcl.md P5, P8, section 9: the size counts against what is there, and that is what crosses.
  Deno.test(`${way}: the bytes of an array cross, whatever it says of itself`, async () => {
    for (const [what, make] of Object.entries(HOSTILE_ARRAYS)) {
      assertEquals(await go(make(), 8), [SUCCESS, [...EIGHT]], what);
      assertEquals(await go(make(), 9), ["size", []], what);
    }
    for (const [what, make] of Object.entries(EMPTIED_ARRAYS)) {
      assertEquals(await go(make(), 0), [SUCCESS, []], what);
      assertEquals(await go(make(), 1), ["size", []], what);
    }
  });
}

Deno.test("VmbChannelSendSynchronousRequest: the answer goes where the buffer is, and not beyond (Y1)", async () => {
  const pair = await openPair({
    onServerPacket: (_channel, packet) =>
      pair.vsp.VmbChannelPacketComplete(packet, new Uint8Array(2000).fill(7), 2000),
  });
  const { vsc, client } = pair;
  const ask = (buffer: Uint8Array, size: number) =>
    vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, buffer, size);
  for (const [what, make] of Object.entries(HOSTILE_ARRAYS)) {
    const buffer = make();
    const result = await ask(buffer, 8);
    assertEquals(
      result,
      { status: vmbus.STATUS_BUFFER_TOO_SMALL, completionBufferSize: 2000 },
      what,
    );
    for (let at = 0; at < 8; at++) assertEquals(buffer[at], 7, what);
    assertEquals((await ask(make(), 16)).status, vmbus.STATUS_INVALID_PARAMETER_7, what);
  }
  // A buffer that is made shorter while the caller waits takes what it can.
  const room = new ArrayBuffer(4096, { maxByteLength: 4096 });
  const answered = ask(new Uint8Array(room), 2048);
  room.resize(16);
  assertEquals((await answered).status, vmbus.STATUS_BUFFER_TOO_SMALL);
  assertEquals([...new Uint8Array(room)], Array(16).fill(7));
});

Deno.test("EvtChannelProcessPacket: what a driver does to a Buffer does not reach the next packet", async () => {
  const got: number[][] = [];
  const pair = await openPair({
    onServerPacket: (_channel, packet, buffer, length) => {
      got.push(Array.from({ length }, (_, at) => buffer[at]!));
      Object.defineProperty(buffer, "length", { get: () => 100_000, configurable: true });
      Object.setPrototypeOf(buffer, null);
      pair.vsp.VmbChannelPacketComplete(packet, buffer, length);
    },
  });
  const { vsc, client, fabric } = pair;
  for (let count = 0; count < 3; count++) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), eight(), 8, null, 0);
    await fabric.settle();
  }
  assertEquals(got, [[...EIGHT], [...EIGHT], [...EIGHT]]);
});

Deno.test("VmbChannelInitSetStateChangeCallbacks: a structure that cannot be read is _2 (I6)", async () => {
  const { vsc, newClient } = await setStage();
  const good = vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT();
  const set = vsc.VmbChannelInitSetStateChangeCallbacks;
  assertEquals(set(newClient, unreadable(good)), vmbus.STATUS_INVALID_PARAMETER_2);
  // It is read before the channel is looked at: its own code may do anything (I5).
  vsc.VmbClientChannelInitSetTargetPnp(newClient, TYPE, null, null);
  vsc.VmbChannelInitSetProcessPacketCallbacks(newClient, nothing, null);
  const enabling = {
    ...good,
    get Size() {
      vsc.VmbChannelEnable(newClient);
      return good.Size;
    },
  };
  assertEquals(set(newClient, enabling), vmbus.STATUS_INVALID_PARAMETER_1);
});

Deno.test("VmbPacketSendWithExternalPfns: the list is read once, before anything is looked at", async () => {
  const { vsc, client, guest } = await openPair();
  const [pfn] = guest.memory.allocate(4096).pfns;
  const packet = vsc.VmbPacketAllocate(client);
  const send = (pfns: readonly number[], length = 1) =>
    vsc.VmbPacketSendWithExternalPfns(packet, null, 0, pfns, length, WAIT);
  for (const make of Object.values(HOSTILE_OBJECTS)) {
    assertEquals(send(make() as number[]), vmbus.STATUS_INVALID_PARAMETER_4);
  }
  const throwing = new Proxy([pfn!], {
    get: (target, key) => key === "0" ? Promise.reject.call(null) : Reflect.get(target, key),
  });
  assertEquals(send(throwing), vmbus.STATUS_INVALID_PARAMETER_4);
  // A list that sends the packet while it is read: the send that reads it finds it in flight (P4).
  const sending = new Proxy([pfn!], {
    get: (target, key) => {
      if (key === "0") vsc.VmbPacketSend(packet, null, 0, null, WAIT);
      return Reflect.get(target, key);
    },
  });
  assertEquals(send(sending), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(send(new Array(2 ** 32 - 1), 2 ** 32 - 1), vmbus.STATUS_INVALID_PARAMETER_1);
});

Deno.test("Mdl: a chain is followed by what was set, whatever members a program gives it", async () => {
  const { guest } = await openPair();
  const { gpa } = guest.memory.allocate(4096);
  const mdl = vmbus.IoAllocateMdl(guest.memory, gpa, 8);
  mdl.next = vmbus.IoAllocateMdl(guest.memory, gpa + 8, 8);
  Object.defineProperty(mdl, "next", { get: () => Promise.reject.call(null) });
  assertEquals(vmbus.mdlSegments(mdl).map(({ length }) => length), [8, 8]);
});

Deno.test("Handle: is what it was made as, whatever members a program gives it", async () => {
  const { vsc, client } = await openPair({ fabric: { verifier: "record" } });
  Object.defineProperty(client, "kind", { value: "VMBPACKET" });
  assertEquals(vsc.VmbPacketGetChannel(client as unknown as vmbus.VMBPACKET), null);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_INVALID_DEVICE_STATE);
});
