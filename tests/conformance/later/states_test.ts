// The functions of later versions in each state of a channel, on both sides (kmcl.md I1 to I3, G1, "Later versions").
// Those that configure are in configuration/invalid_parameter_1_test.ts with their neighbours, VmbChannelInitSetPrimaryChannel excepted.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  makePair,
  type Pair,
  PAIR_TYPE,
  type PairCallbacks,
} from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";

const SIDES = ["server", "client"] as const;
type Side = typeof SIDES[number];

const OTHER_INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a34";

/** Where a channel may be when its driver calls. */
type Stop =
  | "initializing"
  | "Enabled"
  | "in Opened"
  | "Opened"
  | "in Suspend"
  | "in Closed"
  | "over"
  | "cleaned up";

/** All of them, in the order of a channel's life; `over`: Closed, or, of a client, torn down. */
const STOPS: readonly Stop[] = [
  "initializing",
  "Enabled",
  "in Opened",
  "Opened",
  "in Suspend",
  "in Closed",
  "over",
  "cleaned up",
];
const CLOSING_STOPS: readonly Stop[] = ["in Suspend", "in Closed"];
const OPEN_STOPS: readonly Stop[] = ["in Opened", "Opened", ...CLOSING_STOPS];

/** What a driver has at a stop. */
interface Place extends Pair {
  readonly later: vmbus.KmclServerInterfaceV5;
  readonly side: Side;
  readonly channel: vmbus.VMBCHANNEL;
  readonly packet: vmbus.VMBPACKET;
  readonly primary: vmbus.VMBCHANNEL;
  readonly pfns: readonly number[];
}

/** What each function comes to at a place, in a word. */
const CALLS: Readonly<Record<string, (place: Place) => string>> = {
  VmbChannelInitSetPrimaryChannel: ({ later, channel, primary }) =>
    nameOf(later.VmbChannelInitSetPrimaryChannel(channel, primary)),
  VmbChannelAllocateBounceBuffer: ({ later, channel }) => {
    const { status, buffer } = later.VmbChannelAllocateBounceBuffer(channel, 4096);
    assertEquals(buffer === null, status !== vmbus.STATUS_SUCCESS);
    return nameOf(status);
  },
  VmbChannelCreateGpadlFromPfnList: ({ later, vsc, channel, pfns }) => {
    const { status, gpadlHandle } = later.VmbChannelCreateGpadlFromPfnList(channel, 0, pfns, 1);
    if (gpadlHandle !== null) vsc.VmbChannelDeleteGpadl(channel, gpadlHandle);
    return nameOf(status);
  },
  VmbChannelGetParentDeviceObject: ({ later, channel, side, fabric, guest }) => {
    const device = later.VmbChannelGetParentDeviceObject(channel);
    const own = side === "server" ? fabric.root.device : guest.device;
    return device === own ? "its device" : String(device);
  },
  VmbChannelGetTargetDeviceObject: ({ later, channel }) =>
    later.VmbChannelGetTargetDeviceObject(channel) === null ? "null" : "a device",
  VmbChannelSetAllowableDpcCpuUsage: ({ later, channel }) =>
    String(later.VmbChannelSetAllowableDpcCpuUsage(channel, 50)),
  VmbPacketGetInlinePacketContextPointer: ({ later, packet }) =>
    String(later.VmbPacketGetInlinePacketContextPointer(packet)?.length ?? null),
  VmbPacketSetCompletionRoutineEx: ({ later, packet }) =>
    String(later.VmbPacketSetCompletionRoutineEx(packet, () => {}, 1)),
};

const nameOf = (status: vmbus.NtStatus) => vmbus.ntStatusName(status)!.replace("STATUS_", "");

/** A pair whose driver of `side` does `at` in its callbacks; both may have bounce buffers and contexts. */
function placeOf(side: Side, at: (stop: Stop) => void): Place {
  const { fabric, guest } = makePair({ fabric: { verifier: "record" } });
  const later = serverTableV5(fabric);
  const configure = (_kmcl: unknown, channel: vmbus.VMBCHANNEL) => {
    later.VmbChannelInitSetBounceBufferSizes(channel, 0, 1 << 20);
    later.VmbChannelInitSetInlinePacketContextSize(channel, 8);
  };
  const callbacks: PairCallbacks = {
    EvtChannelOpened: () => {
      at("in Opened");
      return vmbus.STATUS_SUCCESS;
    },
    EvtChannelSuspend: () => at("in Suspend"),
    EvtChannelClosed: () => at("in Closed"),
  };
  const within = { fabric, guest };
  const pair = makePair({
    within,
    server: configure,
    client: configure,
    [`${side}Callbacks`]: callbacks,
  });
  const channel = pair[side];
  // Its driver names interface and instance of what may be followed.
  const other = makePair({ within, instance: OTHER_INSTANCE });
  other.vsc.VmbClientChannelInitSetTargetPnp(other.client, PAIR_TYPE, OTHER_INSTANCE);
  const packet = (side === "server" ? pair.vsp : pair.vsc).VmbPacketAllocate(channel)!;
  const { pfns } = guest.memory.allocate(4096);
  return { ...pair, later, side, channel, packet, primary: other[side], pfns };
}

/** What each function comes to at each stop in the life of a channel of `side`, with the rule that it breaks. */
async function live(side: Side): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const note = (stop: Stop) => {
    for (const [name, call] of Object.entries(CALLS)) {
      // A setting that it takes would change what comes next.
      if (name === "VmbChannelInitSetPrimaryChannel" && stop === "initializing") continue;
      const before = place.fabric.violations.length;
      const got = call(place);
      const rule = place.fabric.violations[before]?.rule;
      seen.set(`${name} ${stop}`, rule === undefined ? got : `${got}: ${rule}`);
    }
  };
  const place = placeOf(side, note);
  const { fabric, guest, vsp, vsc, server, client, channel } = place;
  const kmcl = side === "server" ? vsp : vsc;
  note("initializing");
  if (side === "server") vsp.VmbChannelEnable(server);
  else vsc.VmbChannelEnable(client);
  await fabric.settle();
  note("Enabled");
  if (side === "server") vsc.VmbChannelEnable(client);
  else vsp.VmbChannelEnable(server);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  note("Opened");
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  note("over");
  await vsp.VmbChannelDisable(server);
  kmcl.VmbPacketFree(place.packet);
  kmcl.VmbChannelCleanup(channel);
  note("cleaned up");
  guest.crash();
  return seen;
}

const REFUSED = "INVALID_PARAMETER_1";
const all = (value: string): Expected => () => value;
const whileOpen = (value: string, other: string): Expected => (stop) =>
  OPEN_STOPS.includes(stop) ? value : other;
type Expected = (stop: Stop) => string;
const WHILE_OPEN = whileOpen("SUCCESS", REFUSED);

/** What each function is to come to, apart from "cleaned up". */
const EXPECTED: Readonly<Record<string, Readonly<Record<Side, Expected>>>> = {
  VmbChannelInitSetPrimaryChannel: { server: all(REFUSED), client: all(REFUSED) },
  VmbChannelAllocateBounceBuffer: {
    server: all(REFUSED),
    client: WHILE_OPEN,
  },
  VmbChannelCreateGpadlFromPfnList: {
    server: all(REFUSED),
    client: (stop) => CLOSING_STOPS.includes(stop) ? "DEVICE_REMOVED" : WHILE_OPEN(stop),
  },
  VmbChannelGetParentDeviceObject: { server: all("its device"), client: all("its device") },
  VmbChannelGetTargetDeviceObject: {
    server: all("a device"),
    client: whileOpen("a device", "null"),
  },
  VmbChannelSetAllowableDpcCpuUsage: { server: all("undefined"), client: all("undefined") },
  VmbPacketGetInlinePacketContextPointer: { server: all("8"), client: all("8") },
  VmbPacketSetCompletionRoutineEx: { server: all("undefined"), client: all("undefined") },
};

/** What a function comes to for a handle that is none any more. */
const CLEANED_UP: Readonly<Record<string, string>> = {
  VmbChannelInitSetPrimaryChannel: REFUSED,
  VmbChannelAllocateBounceBuffer: REFUSED,
  VmbChannelCreateGpadlFromPfnList: REFUSED,
  VmbChannelGetParentDeviceObject: "null: invalid handle",
  VmbChannelGetTargetDeviceObject: "null: invalid handle",
  VmbChannelSetAllowableDpcCpuUsage: "undefined: invalid handle",
  VmbPacketGetInlinePacketContextPointer: "null: invalid handle",
  VmbPacketSetCompletionRoutineEx: "undefined: invalid handle",
};

for (const side of SIDES) {
  Deno.test(`later functions: of a ${side} in each state of its channel (I1 to I3, G1, X4 to X20)`, async () => {
    const seen = await live(side);
    const expected = new Map<string, string>();
    for (const stop of STOPS) {
      for (const name of Object.keys(CALLS)) {
        if (name === "VmbChannelInitSetPrimaryChannel" && stop === "initializing") continue;
        const value = stop === "cleaned up" ? CLEANED_UP[name]! : EXPECTED[name]![side](stop);
        expected.set(`${name} ${stop}`, value);
      }
    }
    assertEquals(Object.fromEntries(seen), Object.fromEntries(expected));
  });
}
