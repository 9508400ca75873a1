/**
 * Whatever makes a channel stop: each fault is in inspect(), on the trace, and reaches the driver (kmcl.md
 * section 5, VmbChannelPacketFail; wire.md 1.9).
 */
import { assert, assertEquals } from "@std/assert";
import { CHANNEL_FAULTS } from "../../../actors/channel/types.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import * as vmbus from "../../../mod.ts";
import {
  bytesPacket,
  foreseenRings,
  openMessage,
  rangedPacket,
  type RawPacket,
  u32Bytes,
} from "../../../simulator/peers/mod.ts";
import {
  enablePair,
  makePair,
  type Pair,
  type PairCallbacks,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import {
  assertSendsNothing,
  busFaultsOf,
  faultsOnTrace,
  makeVictim,
  sendOf,
  type Victim,
  type VictimOptions,
} from "./victim.ts";

/** How a fault comes about. */
interface Cause extends VictimOptions {
  /** Which sides can meet it; both, unless it says. */
  readonly sides?: readonly vmbus.Side[];
  /** The packet that is wrong. */
  readonly packet?: RawPacket;
  /** Or what else is done to the victim. */
  readonly hurt?: (victim: Victim) => void;
  /** The control message that it came by. */
  readonly message?: Readonly<Partial<Record<vmbus.Side, string>>>;
}

/**
 * A channel of bad rings does not open; one whose driver answers too much closes
 * (incoming/completion_too_large_test.ts); parts of a buffer need one (packets/transfer_pages_test.ts), and pages that
 * are not shared an isolated guest (private_pages_test.ts).
 */
type Elsewhere = "badRings" | "completionTooLarge" | "rangeOutsideBuffer" | "rangeNotShared";

/** What can make an open channel stop: the type sees to it that no fault is missing. */
const CAUSES: Readonly<Record<Exclude<vmbus.ChannelFault, Elsewhere>, Cause>> = {
  invalidWriteIndex: {
    hurt: ({ rings, incoming }) => rings.store(incoming, "writeIndex", 0xffff_fff8),
  },
  invalidReadIndex: {
    hurt: (victim) => {
      // It is looked at where the room ends that the writer knows of.
      victim.rings.store(victim.outgoing, "readIndex", 4);
      let status: vmbus.NtStatus = vmbus.STATUS_SUCCESS;
      for (let sent = 0; sent < 1000 && status === vmbus.STATUS_SUCCESS; sent++) {
        status = sendOf(victim);
      }
      assertEquals(status, vmbus.STATUS_DEVICE_REMOVED);
    },
  },
  invalidDataAvailable: { hurt: ({ rings, incoming }) => rings.store(incoming, "writeIndex", 8) },
  invalidDescriptorLengths: { packet: { dataOffset: 8 } },
  invalidDescriptorFlags: { packet: { flags: 2 } },
  invalidDescriptorType: { packet: { type: 8 } },
  invalidGpaDirectRangeCount: { packet: rangedPacket(0) },
  interruptsExternallyMasked: {
    // It is seen before the reader sleeps: a packet has it look, which it may well take.
    hurt: ({ rings, incoming }) => rings.store(incoming, "interruptMask", 1),
  },
  unexpectedPacketType: { packet: { ...rangedPacket(1, 8, 0), type: 7 } },
  unexpectedFlags: { packet: { type: 11, flags: 1 } },
  badTransactionId: {
    codec: "msgpack",
    packet: bytesPacket(0x95, 6, 1, 0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0xc4, 0, 0xc0),
  },
  malformedMsgpack: { codec: "msgpack", packet: bytesPacket(0x80) },
  surplusBytes: {
    codec: "msgpack",
    packet: bytesPacket(0x95, 6, 0, 0, 0xc4, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  },
  emptyRange: { packet: rangedPacket(1) },
  emptyByteCount: { packet: rangedPacket(1, 0, 0, 1, 0) },
  offsetTooLarge: { packet: rangedPacket(1, 8, 4096, 1, 0) },
  rangeOverflow: { packet: rangedPacket(1, 0xffff_ffff, 0, 1, 0) },
  rangeTooSmall: { packet: rangedPacket(1, 8192, 0, 1, 0) },
  // Only a guest describes its memory to the other side (wire.md 2.3).
  rangeOutsideMemory: { sides: ["server"], packet: rangedPacket(1, 8, 0, 64, 0) },
  badPipePacketType: { isPipe: true, packet: { body: u32Bytes(2, 0) } },
  badPipeLength: { isPipe: true, packet: { body: u32Bytes(1, 1) } },
  transactionOnPipe: { isPipe: true, packet: { flags: 1, body: u32Bytes(1, 0) } },
  packetFailed: { failsPackets: true, packet: {} },
  unknownTransaction: { packet: { type: 11, transactionId: 1n << 63n } },
  unexpectedMessage: {
    message: { server: "openChannel", client: "openResult" },
    hurt: ({ side, tell }) =>
      tell(
        side === "server"
          ? openMessage(1, 1, 3)
          : { message: "openResult", channelId: 1, openId: 99, status: 0 },
      ),
  },
  badGpadl: {
    message: { server: "gpadlTeardown", client: "gpadlTorndown" },
    hurt: ({ side, tell }) =>
      tell(
        side === "server"
          ? { message: "gpadlTeardown", channelId: 1, gpadlId: 5 }
          : { message: "gpadlTorndown", gpadlId: 0xe1e11 }, // the rings', which are in use
      ),
  },
};

/** Has a transaction of the victim's under way; its ends are noted. */
function beginTransaction({ kmcl, channel }: Victim, ends: (string | undefined)[]): void {
  const packet = kmcl.VmbPacketAllocate(channel);
  kmcl.VmbPacketSetCompletionRoutine(packet, (done, status) => {
    ends.push(vmbus.ntStatusName(status));
    kmcl.VmbPacketFree(done);
  });
  const isGood = kmcl.VmbPacketSend(packet, null, 0, null, 1) === vmbus.STATUS_SUCCESS;
  assert(isGood, "a channel that is open takes packets");
}

/** Does to the victim what the cause is, and lets it find out. */
async function hurt(victim: Victim, { packet, hurt }: Cause): Promise<void> {
  if (packet !== undefined) victim.rings.put(victim.incoming, packet);
  hurt?.(victim);
  await victim.signal();
}

function callsOf({ calls, side }: Victim): readonly string[] {
  return calls.filter((call) => call.startsWith(side));
}

for (const [fault, cause] of Object.entries(CAUSES) as [vmbus.ChannelFault, Cause][]) {
  for (const side of cause.sides ?? ["server", "client"] as const) {
    Deno.test(`ChannelFault: ${fault} of a ${side} is in inspect(), on the trace, and with its driver`, async () => {
      const victim = await makeVictim(side, cause);
      const { fabric, kmcl, channel, opposite } = victim;
      const ends: (string | undefined)[] = [];
      // A transaction that the opposite side will never end; a pipe has none.
      if (cause.isPipe !== true) beginTransaction(victim, ends);
      await fabric.settle();
      const before = faultsOnTrace(victim).length;
      await hurt(victim, cause);

      // inspect()
      const { lifecycle } = vmbus.inspectChannel(channel);
      assertEquals([vmbus.inspectChannel(channel).fault, lifecycle], [fault, "opened"]);
      if (opposite !== null) {
        const { fault: none, oppositeFault } = vmbus.inspectChannel(opposite);
        assertEquals([none, oppositeFault], [null, fault]);
      }
      const message = cause.message?.[side];
      const direction = side === "server" ? "toHost" : "toGuest";
      const refused = busFaultsOf(victim).filter((entry) => entry.direction === direction);
      assertEquals(refused, message === undefined ? [] : [{ direction, message, fault }]);

      // The trace; what came by the bus is there for its partition as well.
      const named = faultsOnTrace(victim).slice(before);
      const own = `channel ${vmbus.inspectChannel(channel).id} (${side}): ${fault}`;
      assertEquals(
        named,
        message === undefined ? [own] : [own, `${victim.guest.name}: ${fault}`],
      );

      // Its driver: Suspend once, and nothing can be sent or waited for.
      assertEquals(callsOf(victim), [`${side} Suspend`]);
      await assertSendsNothing(victim);
      await victim.signal();
      assertEquals(callsOf(victim), [`${side} Suspend`]);
      assertEquals(faultsOnTrace(victim).slice(before), named);

      // The opposite side is not told before the driver lets go (kmcl.md section 5): then both are closed.
      if (opposite !== null) {
        assertEquals(victim.calls.filter((call) => call.startsWith("server")), []);
      }
      await kmcl.VmbChannelDisable(channel);
      await fabric.settle();
      assertEquals(callsOf(victim), [`${side} Suspend`, `${side} Closed`]);
      assertEquals(vmbus.inspectChannel(channel).lifecycle, "disabled");
      assertEquals(ends, cause.isPipe === true ? [] : ["STATUS_DEVICE_REMOVED"]); // kmcl.md S15
      assertEquals(vmbus.inspectChannel(channel).packets, []);
      if (opposite !== null) {
        const server = victim.calls.filter((call) => call.startsWith("server"));
        assertEquals(server, ["server Suspend", "server Closed"]);
        assertEquals(vmbus.inspectChannel(opposite).oppositeFault, null);
      }
    });
  }
}

// The rings of an open request: there is no open channel yet that could stop.
Deno.test("BusFault: badRings of a server is in inspect() and on the trace, and the guest is told", async () => {
  const fabric = createFabric({ codec: "vmbus", trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const pair = makePair({ within: { fabric, guest } });
  assertEquals(pair.vsp.VmbChannelEnable(pair.server), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  const signals = { connectionId: 0x2001, eventFlag: 1, openFlags: 0 };
  const request = { ...openMessage(1, 99, 2), ...signals };
  guest.postControlMessage("toHost", encodeControlMessage(request));
  await fabric.settle();
  const [refusal] = fabric.inspect().partitions[1]!.faults;
  assertEquals(refusal, { direction: "toHost", message: "openChannel", fault: "badRings" });
  const named = fabric.trace.filter(({ event }) => event === "fault");
  // The guest's own end never asked, and names the answer.
  assertEquals(named.map(({ subject, values }) => [subject, values[0]]), [
    ["guest", "badRings"],
    ["guest", "unexpectedMessage"],
  ]);
  assertEquals([pair.calls, vmbus.inspectChannel(pair.server).lifecycle], [[], "enabled"]);
});

Deno.test("BusFault: badRings of a client is in inspect(), on the trace, and with its driver", async () => {
  const fabric = createFabric({ codec: "vmbus", trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const rings = foreseenRings(guest.memory, 4, 4);
  const spoil = () => {
    rings.store("downstream", "readIndex", 4);
    return vmbus.STATUS_SUCCESS;
  };
  const pair = makePair({
    within: { fabric, guest },
    serverCallbacks: { EvtChannelOpened: spoil },
  });
  enablePair(pair);
  await fabric.settle();
  const { faults } = fabric.inspect().partitions[1]!;
  assertEquals(faults, [{ direction: "toGuest", message: "openResult", fault: "badRings" }]);
  const named = fabric.trace.filter(({ event }) => event === "fault");
  assertEquals(named.map(({ subject, values }) => [subject, values[0]]), [["guest", "badRings"]]);
  const client = pair.calls.filter((call) => call.startsWith("client"));
  assertEquals(client, ["client PnpFailure STATUS_DEVICE_REMOVED"]);
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "disabled");
});

/** What else ends a channel, by the side that hears of it. */
interface End {
  readonly why: string;
  readonly side: vmbus.Side;
  readonly serverCallbacks?: PairCallbacks;
  readonly bring: (pair: Pair) => unknown;
  /** Its callbacks, the event that its chart was told, and its lifecycle. */
  readonly hears: readonly string[];
  readonly traced: readonly (number | string)[];
  readonly lifecycle: vmbus.ChannelState["lifecycle"];
  readonly refusal: vmbus.NtStatus | null;
}

const CLOSED = { traced: ["peerClosed"], refusal: null } as const;

const ENDS: readonly End[] = [
  {
    ...CLOSED,
    why: "the host takes its offer back",
    side: "client",
    bring: ({ vsp, server }) => vsp.VmbChannelDisable(server),
    hears: ["client Suspend", "client Closed"],
    lifecycle: "disabled",
  },
  {
    ...CLOSED,
    why: "the guest closes",
    side: "server",
    bring: ({ vsc, client }) => vsc.VmbChannelDisable(client),
    hears: ["server Suspend", "server Closed"],
    lifecycle: "closed",
  },
  {
    ...CLOSED,
    why: "the guest crashes",
    side: "server",
    bring: ({ guest }) => guest.crash(),
    hears: ["server Suspend", "server Closed"],
    lifecycle: "closed",
  },
  {
    why: "EvtChannelOpened of the server refuses",
    side: "client",
    serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_NOT_FOUND },
    bring: () => {},
    hears: ["client PnpFailure STATUS_NOT_FOUND"],
    traced: ["openRefused", vmbus.STATUS_NOT_FOUND],
    lifecycle: "disabled",
    refusal: vmbus.STATUS_NOT_FOUND,
  },
  {
    why: "the guest has no memory for the rings",
    side: "client",
    bring: async ({ guest, vsc, client }) => {
      await vsc.VmbChannelDisable(client);
      guest.memory.allocate(40 * 4096);
      vsc.VmbChannelEnable(client);
    },
    hears: ["client Suspend", "client Closed", "client PnpFailure STATUS_INSUFFICIENT_RESOURCES"],
    traced: ["openRefused", vmbus.STATUS_INSUFFICIENT_RESOURCES],
    lifecycle: "disabled",
    refusal: vmbus.STATUS_INSUFFICIENT_RESOURCES,
  },
];

for (const { why, side, serverCallbacks = {}, bring, ...expected } of ENDS) {
  // kmcl.md S3, S10, S13
  Deno.test(`inspectChannel: a ${side} that stops because ${why} shows it, as the trace and its driver do`, async () => {
    const fabric = createFabric({ trace: "full" });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
    const pair = makePair({ within: { fabric, guest }, serverCallbacks, ringPages: [20, 20] });
    enablePair(pair);
    await fabric.settle();
    const count = pair.calls.findLastIndex((call) => call.endsWith("Started")) + 1;
    await bring(pair);
    await fabric.settle();
    const { lifecycle, fault, refusal, id } = vmbus.inspectChannel(pair[side]);
    const hears = pair.calls.slice(count).filter((call) => call.startsWith(side));
    const events = fabric.trace.filter(({ event, subject }) =>
      event === "channelEvent" && subject === `channel ${id} (${side})`
    );
    const stops = events.filter(({ values }) => values[0] === expected.traced[0]);
    assertEquals({ hears, traced: stops.at(-1)?.values, lifecycle, refusal, fault }, {
      ...expected,
      fault: null,
    });
  });
}

Deno.test("ChannelFault: the table above has each of them", () => {
  assertEquals(
    Object.keys(CAUSES)
      .concat("badRings", "completionTooLarge", "rangeOutsideBuffer", "rangeNotShared").sort(),
    [...CHANNEL_FAULTS].sort(),
  );
});
