// Saved channels that were damaged, or written by someone hostile (kmcl.md V6; docs/saved-state.md).

import { assert, assertEquals } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import { readEnvelope, type SavedChunk, writeEnvelope } from "../../core/saved/envelope.ts";
import * as vmbus from "../../mod.ts";
import type { PairOptions } from "../support/connected_pair.ts";
import { createFabric } from "../support/fabric.ts";
import { HostileSaver } from "../support/hostile_saver.ts";
import { serverTableV5 } from "../support/later_tables.ts";
import { times } from "../support/long.ts";
import {
  endpointOf,
  newServer,
  openSavingPair,
  orphanServer,
  type SavingPair,
  send,
} from "../support/saving_server.ts";

const RANDOM_CHANGES = times(2_000, 20_000);
const HOSTILE_CHANGES = times(2_500, 20_000);
const LATER_CHANGES = times(1_500, 20_000);
/** One of so many changes that are taken is carried to the end, in a guest that has the channel. */
const CARRIED_OUT = 16;
const SEED = 4;

const OPTIONS: PairOptions = {
  ringPages: [1, 1],
  server: (vsp, channel) => void vsp.VmbChannelInitSetMaximumPacketSize(channel, 1500),
  client: (vsc, channel) => {
    vsc.VmbChannelInitSetMaximumPacketSize(channel, 1500);
    vsc.VmbChannelInitSetMaximumExternalData(channel, 1, 1);
  },
};

/** What a server sets by the functions of later versions. */
function laterSettings(later: vmbus.KmclServerInterfaceV5, channel: vmbus.VMBCHANNEL): void {
  vmbus.expectSuccess(later.VmbChannelInitSetInlinePacketContextSize(channel, 12));
  later.VmbChannelSetAllowableDpcCpuUsage(channel, 40);
}

/** A guest that stands still with a channel whose server has gone, and what was saved of that. */
interface Stage {
  readonly pair: SavingPair;
  readonly bytes: Uint8Array;
  /** Whether its server uses functions of later versions. */
  readonly usesLater: boolean;
}

/** Packets awaited and queued, and completions that found no room. */
async function setStage(usesLater = false): Promise<Stage> {
  const world = createFabric();
  const later = serverTableV5(world);
  const pair = await openSavingPair({
    ...OPTIONS,
    within: { fabric: world, guest: world.createPartition({ name: "guest", memoryPages: 512 }) },
    server: (vsp, channel) => {
      OPTIONS.server?.(vsp, channel);
      if (usesLater) laterSettings(later, channel);
    },
    onServerPacket: "hold",
  });
  const { fabric, guest, vsp, vsc, client, server } = pair;
  const wants = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  for (let count = 0; count < 5; count++) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), Uint8Array.of(count), 1, null, wants);
  }
  const awaited = send(pair, "awaited");
  if (usesLater) later.VmbPacketGetInlinePacketContextPointer(awaited)?.fill(5);
  await fabric.settle();
  guest.pause();
  // The guest reads nothing any more, and its ring fills.
  for (let count = 0; count < 3; count++) send(pair, "s".repeat(1200), 0);
  while (vmbus.inspectChannel(server)?.queued === 0) send(pair, "unanswered", 0);
  for (const packet of pair.atServer.held) {
    vsp.VmbChannelPacketComplete(packet, Uint8Array.of(1, 2), 2);
  }
  send(pair, "queued");
  const bytes = await vmbus.saveServerChannel(vsp, server);
  orphanServer(pair);
  pair.ends.length = 0; // what ended before the save
  return { pair: newServer(pair), bytes, usesLater };
}

/** What a fabric and a channel tell of themselves; the trace also knows of calls that were refused. */
function stateOf({ fabric, server }: SavingPair): string {
  const told = [vmbus.inspectChannel(server), fabric.inspect(), fabric.leaks()];
  return JSON.stringify([...told, fabric.violations.length]);
}

/** A server for a guest that never heard of the channel. */
function strangerOf({ pair }: Stage): SavingPair {
  const { fabric } = pair;
  const guest = fabric.createPartition({ name: "stranger", memoryPages: 8 });
  return newServer({ ...pair, guest });
}

function restore({ vsp, server }: SavingPair, bytes: Uint8Array): vmbus.NtStatus {
  return vmbus.restoreServerChannel(vsp, server, bytes);
}

const REFUSALS: readonly number[] = [vmbus.STATUS_DATA_ERROR, vmbus.STATUS_REVISION_MISMATCH];

Deno.test("VmbChannelRestoreFromBuffer: what the hostile tests begin with is sound, and has everything", async () => {
  const stage = await setStage();
  withParts(readEnvelope("channel", stage.bytes), ({ state, packets }) => {
    assert(state.completions.length > 1 && state.queue.length > 1 && packets.length > 2);
  });
  assertEquals(restore(stage.pair, stage.bytes), vmbus.STATUS_SUCCESS);
});

Deno.test("VmbChannelRestoreFromBuffer: bytes that are cut short anywhere are refused (V6)", async () => {
  const { pair, bytes } = await setStage();
  const before = stateOf(pair);
  for (let length = 0; length < bytes.length; length++) {
    const status = restore(pair, bytes.subarray(0, length));
    assertEquals(status, vmbus.STATUS_DATA_ERROR, `${length} bytes`);
  }
  assertEquals(stateOf(pair), before);
  assertEquals(restore(pair, bytes), vmbus.STATUS_SUCCESS);
});

Deno.test("VmbChannelRestoreFromBuffer: no random change of a byte goes unseen (V6)", async () => {
  const { pair, bytes } = await setStage();
  const chance = Chance.fromSeed(SEED).fork("bytes");
  const before = stateOf(pair);
  const changed = bytes.slice();
  for (let count = 0; count < RANDOM_CHANGES; count++) {
    const at = chance.below(bytes.length);
    changed[at]! ^= 1 + chance.below(255);
    const status = restore(pair, changed);
    assert(REFUSALS.includes(status), `byte ${at}: ${vmbus.ntStatusName(status)}`);
    changed[at] = bytes[at]!;
  }
  assertEquals(stateOf(pair), before);
  assertEquals(restore(pair, bytes), vmbus.STATUS_SUCCESS);
});

/** Whatever was taken works as a channel does, and everything that it holds ends once. */
async function carryOut(pair: SavingPair, inFlight: number): Promise<void> {
  const { fabric, vsp, vsc, client, server, guest, ends } = pair;
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  guest.resume();
  await fabric.settle();
  vsp.VmbChannelStart(server);
  await fabric.settle();
  for (const { packet } of pair.held.splice(0)) vsc.VmbChannelPacketComplete(packet, null, 0);
  await fabric.settle();
  await vsp.VmbChannelDisable(server);
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  assertEquals(ends.length, inFlight);
  assertEquals(vmbus.inspectChannel(server)?.packets, []);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.violations, []);
}

/** How often each status came, and how many were carried out. */
interface Tally {
  readonly statuses: Map<string, number>;
  changeCount: number;
  carriedOut: number;
}

async function tryChanges(
  chunks: readonly SavedChunk[],
  stage: Stage,
  changes: number,
): Promise<Tally> {
  const chance = Chance.fromSeed(SEED).fork("fields");
  const saver = new HostileSaver("channel", chunks);
  const tally: Tally = { statuses: new Map(), changeCount: 0, carriedOut: 0 };
  const { fabric, vsp } = stage.pair;
  let pair = strangerOf(stage);
  let takenCount = 0;
  let before = stateOf(pair);
  while (tally.changeCount < changes) {
    const { bytes, changeCount } = saver.change(chance);
    tally.changeCount += changeCount;
    const status = restore(pair, bytes);
    const name = vmbus.ntStatusName(status) ?? String(status);
    tally.statuses.set(name, (tally.statuses.get(name) ?? 0) + 1);
    if (status !== vmbus.STATUS_SUCCESS) {
      assert(REFUSALS.includes(status), name);
      if (stateOf(pair) !== before) assertEquals(stateOf(pair), before, "nothing has changed");
      continue;
    }
    const state = vmbus.inspectChannel(pair.server)!;
    assertEquals([state.initializing, state.lifecycle], [false, "disabled"]);
    const named = state.packets.filter(({ kind }) => kind !== "request").length;
    await vsp.VmbChannelDisable(pair.server); // never enabled: what it has ends
    await fabric.settle();
    assertEquals(pair.ends.splice(0).length, named);
    vsp.VmbChannelCleanup(pair.server);
    pair = newServer(pair);
    before = stateOf(pair);
    if (takenCount++ % CARRIED_OUT !== 0) continue;
    const again = await setStage(stage.usesLater);
    if (restore(again.pair, bytes) !== vmbus.STATUS_SUCCESS) continue;
    await carryOut(again.pair, named);
    tally.carriedOut++;
  }
  assertEquals(saver.untouched, [], "every field of every chunk was changed");
  return tally;
}

Deno.test("VmbChannelRestoreFromBuffer: a hostile saver gets an error, or a channel that works (V6)", async () => {
  const stage = await setStage();
  const chunks = readEnvelope("channel", stage.bytes);
  const { statuses, carriedOut } = await tryChanges(chunks, stage, HOSTILE_CHANGES);
  const count = (name: string) => statuses.get(name) ?? 0;
  // Most changes make the state invalid; a few, such as another quota or payload, do not.
  assert(count("STATUS_DATA_ERROR") > HOSTILE_CHANGES / 5, JSON.stringify([...statuses]));
  assert(count("STATUS_REVISION_MISMATCH") > HOSTILE_CHANGES / 200);
  assert(count("STATUS_SUCCESS") > HOSTILE_CHANGES / 200);
  assert(carriedOut > HOSTILE_CHANGES / 2_000, `${carriedOut}`);
  assertEquals(stage.pair.fabric.violations, []);
});

// kmcl.md X12, X14
Deno.test("VmbChannelRestoreFromBuffer: so does one of a server that uses later functions (V6, X14)", async () => {
  const stage = await setStage(true);
  const chunks = readEnvelope("channel", stage.bytes);
  withParts(chunks, ({ identity, state, packets }) => {
    assertEquals([identity["inlineContextBytes"], state.dispatchShare], [12, 40]);
    assertEquals(packets[0]!.packet.context, new Uint8Array(12).fill(5));
  });
  const { statuses, carriedOut } = await tryChanges(chunks, stage, LATER_CHANGES);
  assert((statuses.get("STATUS_DATA_ERROR") ?? 0) > LATER_CHANGES / 5);
  assert((statuses.get("STATUS_SUCCESS") ?? 0) > LATER_CHANGES / 200 && carriedOut > 0);
  assertEquals(stage.pair.fabric.violations, []);
});

/** The state's chunk and the packets', for changes by hand. */
interface Parts {
  readonly identity: Record<string, unknown>;
  // deno-lint-ignore no-explicit-any -- tests reach into every corner of it
  readonly state: any;
  // deno-lint-ignore no-explicit-any -- the same
  readonly packets: { packet: any; driver: any }[];
}

function withParts(chunks: readonly SavedChunk[], change: (parts: Parts) => void): Uint8Array {
  // deno-lint-ignore no-explicit-any -- plain data of known shape
  const copy: any[] = structuredClone(chunks) as any[];
  const [identity, state, ...packets] = copy;
  const parts = {
    identity: identity.data,
    state: state.data,
    packets: packets.map((one) => one.data),
  };
  change(parts);
  return writeEnvelope("channel", copy);
}

/** What no server that was saved can be: each a change that must be seen. */
const INVALID: Readonly<Record<string, (parts: Parts) => void>> = {
  "a lifecycle that is on its way": ({ state }) =>
    state.state.value.lifecycle = { opening: "wanted" },
  "a Disabled server": ({ state }) => state.state.value.lifecycle = { disabled: "tornDown" },
  "an Active server": ({ state }) => state.state.value.flow = { ready: "fresh" },
  "a server that was Suspended": ({ state }) => state.state.value.flow = { paused: "suspended" },
  "a server that is being saved": ({ state }) => state.state.value.saving = "saving",
  "a state that does not exist": ({ state }) => state.state.value.flow = "paused",
  "a history": ({ state }) => state.state.historyValue = { a: 1 },
  "rings of a server that is not open": ({ state }) =>
    state.state.value.lifecycle = { enabled: "idle" },
  "no rings of an open server": ({ state }) => state.rings = null,
  "an index outside its ring": ({ state }) =>
    state.rings.incoming.index = state.rings.incoming.dataBytes,
  "an index between words": ({ state }) => state.rings.outgoing.index += 4,
  "a ring of half a page": ({ state }) => state.rings.incoming.dataBytes += 2048,
  "an open server without an id": ({ state }) => state.channelId = null,
  "an id that no channel has": ({ state }) => state.channelId = 2048,
  "a fault of a sound channel": ({ state }) => state.fault = "badRings",
  "a faulted channel without a fault": ({ state }) => state.state.value.health = "faulted",
  "an unknown fault": ({ state }) => {
    state.state.value.health = "faulted";
    state.fault = "x";
  },
  "no quota": ({ state }) => state.quota = 0,
  "a packet with the driver": ({ state }) =>
    state.held.push({ payload: new Uint8Array(0), transactionId: 0, wantsCompletion: false }),
  "a batch that has not ended": ({ state }) => state.incoming.batchCount = 1,
  "a quota that nothing reached": ({ state, packets }) => {
    state.incoming.isBlocked = true;
    state.completions = [];
    for (const [order, { packet }] of packets.entries()) packet.order = order;
  },
  "one of two ended packets twice": ({ state, packets }) => {
    for (const { packet } of packets) {
      Object.assign(packet, { payload: new Uint8Array(0) });
      packet.state.value = "ended";
    }
    state.queue = [];
    state.ended = packets.map(() => packets[0]!.packet.slot);
  },
  "completions out of order": ({ state }) => state.completions.reverse(),
  "two with one place": ({ state }) => state.completions[0].order = state.completions[1].order,
  "a place beyond the last": ({ state }) => state.completions.at(-1).order = 100,
  "a queue without its packets": ({ state }) => state.queue = [],
  "a queue that lists a packet twice": ({ state }) => state.queue.push(state.queue[0]),
  "a queue out of order": ({ state }) => state.queue.reverse(),
  "a queue with a packet that was sent": ({ state, packets }) =>
    state.queue.push(packets[0]!.packet.slot),
  "a packet that nobody saved as ended": ({ state }) => state.ended.push(77),
  "two packets in one slot": ({ packets }) => packets[0]!.packet.slot = packets[1]!.packet.slot,
  "a slot beyond the last": ({ packets }) => packets[0]!.packet.slot = 2 ** 24,
  "a packet in no transaction": ({ packets }) => packets[0]!.packet.state.value = "owned",
  "a packet on the lookaside list": ({ packets }) => packets[0]!.packet.state.value = "pooled",
  "a driver's packet that is withdrawn": ({ packets }) =>
    packets[0]!.packet.state.value = "withdrawn",
  "a request among the driver's packets": ({ packets }) => packets[0]!.packet.kind = "request",
  "a packet in the ring that awaits nothing": ({ packets }) =>
    packets[0]!.packet.wantsCompletion = false,
  "a payload that is in the ring as well": ({ packets }) =>
    packets[0]!.packet.payload = Uint8Array.of(1),
  "a status before the end": ({ packets }) => packets[0]!.packet.status = 5,
  "a payload larger than packets are": ({ packets }) =>
    packets.at(-1)!.packet.payload = new Uint8Array(1501),
  "external data of a server": ({ packets }) =>
    packets[0]!.packet.ranges = [{ byteCount: 1, byteOffset: 0, pfns: [0] }],
  "no bytes of the driver's": ({ packets }) => packets[0]!.driver = null,
  "a context of another size": ({ packets }) => packets[0]!.packet.context = new Uint8Array(13),
  "a context where none was asked for": ({ packets }) =>
    packets[0]!.packet.context = new Uint8Array(1),
  "a share of more than all": ({ state }) => state.dispatchShare = 101,
  "a share that is said, and is all": ({ state }) => state.dispatchShare = 100,
  "copies of external data": ({ packets }) => packets[0]!.packet.ownRanges = [],
  "a field too many": ({ identity }) => identity["more"] = 1,
  "a trust level that is no number": ({ identity }) => identity["vtl"] = true,
  "an instance that is no GUID": ({ identity }) => identity["instance"] = "none",
};

Deno.test("VmbChannelRestoreFromBuffer: nothing that a saved server cannot be is taken (V6)", async () => {
  const { pair, bytes } = await setStage();
  const chunks = readEnvelope("channel", bytes);
  const before = stateOf(pair);
  for (const [what, change] of Object.entries(INVALID)) {
    const status = restore(pair, withParts(chunks, change));
    assertEquals(vmbus.ntStatusName(status), "STATUS_DATA_ERROR", what);
    assertEquals(stateOf(pair), before, what);
  }
  assertEquals(restore(pair, withParts(chunks, () => {})), vmbus.STATUS_SUCCESS);
});

Deno.test("VmbChannelRestoreFromBuffer: what is not as the guest has it is a mismatch (V6)", async () => {
  const { pair, bytes } = await setStage();
  const chunks = readEnvelope("channel", bytes);
  const changes: readonly ((parts: Parts) => void)[] = [
    ({ identity }) => identity["vtl"] = 9,
    ({ identity }) => identity["codec"] = "another",
    ({ state }) => state.channelId = 2,
    ({ state }) => state.rings.incoming.dataBytes += 4096,
    ({ state }) => state.rings.outgoing.dataBytes += 4096,
    ({ state, packets }) => {
      state.state.value.lifecycle = "closed";
      Object.assign(state, { rings: null, completions: [], queue: [] });
      packets.length = 0;
    },
  ];
  for (const change of changes.slice(0, -1)) {
    const status = restore(pair, withParts(chunks, change));
    assertEquals(vmbus.ntStatusName(status), "STATUS_REVISION_MISMATCH");
  }
  const closed = withParts(chunks.slice(0, 2), changes.at(-1)!);
  assertEquals(restore(pair, closed), vmbus.STATUS_REVISION_MISMATCH);
});

Deno.test("EvtPacketCompletionRoutine: of a packet whose transaction was over runs once, after Enable (V7)", async () => {
  const { pair, bytes } = await setStage();
  const { fabric, guest, vsp, server, ends } = pair;
  const over = withParts(readEnvelope("channel", bytes), ({ state, packets }) => {
    const { packet } = packets[0]!;
    packet.state.value = "ended";
    packet.status = vmbus.STATUS_CANCELLED;
    state.ended.push(packet.slot);
  });
  assertEquals(restore(pair, over), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(ends, []);
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(ends, ["awaited STATUS_CANCELLED"]);
  assertEquals(endpointOf(server).completions.isDue, false);
  guest.resume();
});
