/**
 * Misuse that has no status (kmcl.md section 9), one call each, on a stage that has something of
 * everything.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { WAIT } from "../../support/sending.ts";
import type { Misuse, MisuseStage } from "./misuse_stage.ts";

/** The violation of a handle that is none. */
const INVALID = "invalid handle";

/** Functions that take a channel first and have no status. */
const CHANNEL_CALLS: readonly [
  call: string,
  run: (kmcl: vmbus.KmclServerInterfaceV5, channel: vmbus.VMBCHANNEL) => unknown,
  fallback?: unknown,
][] = [
  ["VmbChannelCleanup", (kmcl, channel) => kmcl.VmbChannelCleanup(channel)],
  ["VmbChannelDisable", (kmcl, channel) => kmcl.VmbChannelDisable(channel)],
  ["VmbChannelStart", (kmcl, channel) => kmcl.VmbChannelStart(channel)],
  ["VmbChannelPause", (kmcl, channel) => kmcl.VmbChannelPause(channel)],
  ["VmbChannelSetPointer", (kmcl, channel) => kmcl.VmbChannelSetPointer(channel, 1)],
  ["VmbChannelGetPointer", (kmcl, channel) => kmcl.VmbChannelGetPointer(channel), null],
  [
    "VmbChannelSetIncomingProcessingAtPassive",
    (kmcl, channel) => kmcl.VmbChannelSetIncomingProcessingAtPassive(channel, true),
  ],
  [
    "VmbChannelSetTransactionQuota",
    (kmcl, channel) => kmcl.VmbChannelSetTransactionQuota(channel, 1),
  ],
  [
    "VmbChannelGetInterfaceInstance",
    (kmcl, channel) => kmcl.VmbChannelGetInterfaceInstance(channel),
    "00000000-0000-0000-0000-000000000000",
  ],
  [
    "VmbChannelGetMmioSpace",
    (kmcl, channel) => kmcl.VmbChannelGetMmioSpace(channel),
    { mmioAddress: 0n, mmioSize: 0n },
  ],
  ["VmbChannelSizeofPacket", (kmcl, channel) => kmcl.VmbChannelSizeofPacket(channel), 0],
  ["VmbPacketAllocate", (kmcl, channel) => kmcl.VmbPacketAllocate(channel), null],
  ["VmbChannelDeleteGpadl", (kmcl, channel) => kmcl.VmbChannelDeleteGpadl(channel, 1)],
  ["VmbChannelUnmapGpadl", (kmcl, channel) => kmcl.VmbChannelUnmapGpadl(channel, 1)],
  ["VmbChannelSaveEnd", (kmcl, channel) => kmcl.VmbChannelSaveEnd(channel)],
  [
    "VmbChannelGetTargetDeviceObject",
    (kmcl, channel) => kmcl.VmbChannelGetTargetDeviceObject(channel),
    null,
  ],
  [
    "VmbChannelGetParentDeviceObject",
    (kmcl, channel) => kmcl.VmbChannelGetParentDeviceObject(channel),
    null,
  ],
  [
    "VmbChannelSetAllowableDpcCpuUsage",
    (kmcl, channel) => kmcl.VmbChannelSetAllowableDpcCpuUsage(channel, 50),
  ],
];

const PACKET_CALLS: readonly [
  call: string,
  run: (kmcl: vmbus.KmclServerInterfaceV5, packet: vmbus.VMBPACKET) => unknown,
  fallback?: unknown,
][] = [
  ["VmbPacketFree", (kmcl, packet) => kmcl.VmbPacketFree(packet)],
  [
    "VmbPacketSetCompletionRoutine",
    (kmcl, packet) => kmcl.VmbPacketSetCompletionRoutine(packet, () => {}),
  ],
  ["VmbPacketSetPointer", (kmcl, packet) => kmcl.VmbPacketSetPointer(packet, 1)],
  ["VmbPacketGetPointer", (kmcl, packet) => kmcl.VmbPacketGetPointer(packet), null],
  ["VmbPacketGetChannel", (kmcl, packet) => kmcl.VmbPacketGetChannel(packet), null],
  [
    "VmbPacketGetInlinePacketContextPointer",
    (kmcl, packet) => kmcl.VmbPacketGetInlinePacketContextPointer(packet),
    null,
  ],
  [
    "VmbPacketSetCompletionRoutineEx",
    (kmcl, packet) => kmcl.VmbPacketSetCompletionRoutineEx(packet, () => {}, 1),
  ],
];

const CONTEXT_CALLS: readonly [
  call: string,
  run: (kmcl: vmbus.KmclServerInterfaceV5, packet: vmbus.VMBPACKETCOMPLETION) => unknown,
  fallback?: unknown,
][] = [
  ["VmbChannelPacketComplete", (kmcl, packet) => kmcl.VmbChannelPacketComplete(packet, null, 0)],
  ["VmbChannelPacketDeferToPassive", (kmcl, packet) => kmcl.VmbChannelPacketDeferToPassive(packet)],
  ["VmbChannelPacketFail", (kmcl, packet) => kmcl.VmbChannelPacketFail(packet)],
  [
    "VmbChannelPacketGetClientContext",
    (kmcl, packet) => kmcl.VmbChannelPacketGetClientContext(packet),
    null,
  ],
];

/** What is no handle of any kind. */
const NO_HANDLES: readonly [string, unknown][] = [["null", null], ["text", "1"], ["an object", {}]];

function withHandle(
  call: string,
  run: (kmcl: vmbus.KmclServerInterfaceV5, handle: never) => unknown,
  fallback: unknown,
  others: readonly [string, (stage: MisuseStage) => unknown][],
): Misuse[] {
  const values = NO_HANDLES.map(([what, value]) => [what, () => value] as const);
  return [...values, ...others].map(([what, handle]) => ({
    rule: INVALID,
    call,
    what,
    run: (stage) => run(stage.later, handle(stage) as never),
    fallback,
  }));
}

/** Invalid handles, and those of the wrong kind, in functions without status. */
export const INVALID_HANDLES: readonly Misuse[] = [
  ...CHANNEL_CALLS.flatMap(([call, run, fallback]) =>
    withHandle(call, run, fallback, [
      ["a packet", ({ owned }) => owned],
      ["a cleaned-up channel", ({ dead }) => dead],
      ["another fabric's channel", ({ foreign }) => foreign],
    ])
  ),
  ...PACKET_CALLS.flatMap(([call, run, fallback]) =>
    withHandle(call, run, fallback, [
      ["a channel", ({ client }) => client],
      ["a freed packet", ({ freed }) => freed],
    ])
  ),
  ...CONTEXT_CALLS.flatMap(([call, run, fallback]) =>
    withHandle(call, run, fallback, [["a packet object", ({ owned }) => owned]])
  ),
];

const RETIRED = "PacketComplete, Defer or Fail of a context that is retired or handed back";
const OUTSIDE = "DeferToPassive outside ProcessPacket";
const UNKNOWN = "DeleteGpadl or UnmapGpadl outside Opened to Closed or with an unknown handle";

/** Everything else that a single call outside callbacks can do wrong. */
export const MISUSES: readonly Misuse[] = [
  {
    rule: "Cleanup while not Disabled",
    call: "VmbChannelCleanup",
    what: "an open channel",
    run: ({ vsp, server }) => vsp.VmbChannelCleanup(server),
  },
  {
    rule: "Cleanup with packets of the channel in flight or not freed",
    call: "VmbChannelCleanup",
    what: "one not freed",
    run: ({ idle }) => {
      idle.vsp.VmbPacketAllocate(idle.server);
      idle.vsp.VmbChannelCleanup(idle.server);
    },
    goesOn: true,
  },
  {
    rule: "SaveEnd without SaveBegin",
    call: "VmbChannelSaveEnd",
    what: "an open server",
    run: ({ vsp, server }) => vsp.VmbChannelSaveEnd(server),
  },
  {
    rule: "SaveEnd without SaveBegin",
    call: "VmbChannelSaveEnd",
    what: "a client",
    run: ({ vsp, client }) => vsp.VmbChannelSaveEnd(client),
  },
  {
    rule: "Free of a packet in flight",
    call: "VmbPacketFree",
    what: "its completion is awaited",
    run: ({ vsc, inFlight }) => vsc.VmbPacketFree(inFlight),
  },
  {
    rule: "Free of a packet made by VmbPacketInitialize",
    call: "VmbPacketFree",
    what: "it is the caller's",
    run: ({ vsc, initialized }) => vsc.VmbPacketFree(initialized),
  },
  {
    rule: "send of an initialized packet without completion routine",
    call: "VmbPacketSend",
    what: "none was set",
    run: ({ vsc, initialized }) => vsc.VmbPacketSend(initialized, null, 0, null, WAIT),
    fallback: vmbus.STATUS_INVALID_DEVICE_REQUEST,
  },
  ...CONTEXT_CALLS.map(([call, run, fallback]): Misuse => ({
    rule: RETIRED,
    call,
    what: "it was completed",
    run: ({ later, retired }) => run(later, retired),
    fallback,
  })),
  ...[1, 2 ** 32, -1, 0.5, NaN].map((size): Misuse => ({
    rule: "size greater than its buffer",
    call: "VmbChannelPacketComplete",
    what: `${size} of nothing`,
    run: ({ vsp, held }) => vsp.VmbChannelPacketComplete(held, null, size),
  })),
  {
    rule: "size greater than its buffer",
    call: "VmbChannelPacketComplete",
    what: "9 of 8 bytes",
    run: ({ vsp, held }) => vsp.VmbChannelPacketComplete(held, new Uint8Array(8), 9),
  },
  {
    rule: "invalid argument",
    call: "VmbChannelPacketComplete",
    what: "no ArrayBufferView",
    run: ({ vsp, held }) => vsp.VmbChannelPacketComplete(held, "text" as never, 1),
  },
  {
    rule: UNKNOWN,
    call: "VmbChannelDeleteGpadl",
    what: "unknown",
    run: ({ vsc, client }) => vsc.VmbChannelDeleteGpadl(client, 1),
  },
  {
    rule: UNKNOWN,
    call: "VmbChannelDeleteGpadl",
    what: "the server's side",
    run: ({ vsp, server, unmapped }) => vsp.VmbChannelDeleteGpadl(server, unmapped),
  },
  {
    rule: UNKNOWN,
    call: "VmbChannelUnmapGpadl",
    what: "a channel that is not open",
    run: ({ idle, mapped }) => idle.vsp.VmbChannelUnmapGpadl(idle.server, mapped),
  },
  {
    rule: UNKNOWN,
    call: "VmbChannelUnmapGpadl",
    what: "the client's side",
    run: ({ vsp, client, mapped }) => vsp.VmbChannelUnmapGpadl(client, mapped),
  },
  {
    rule: "Unmap of an unmapped GPADL",
    call: "VmbChannelUnmapGpadl",
    what: "after its end",
    run: ({ vsp, server, unmapped }) => vsp.VmbChannelUnmapGpadl(server, unmapped),
  },
  {
    rule: "use of an MDL after PacketComplete or Unmap",
    call: "mdlSegments",
    what: "after Unmap",
    run: ({ revoked }) => vmbus.mdlSegments(revoked),
    fallback: [],
  },
  {
    rule: "guest memory freed while pinned",
    call: "GuestMemory.free",
    what: "by a GPADL",
    run: ({ guest, pinned }) => guest.memory.free(pinned),
  },
  {
    rule: "Start in Disabled",
    call: "VmbChannelStart",
    what: "initializing",
    run: ({ idle }) => idle.vsp.VmbChannelStart(idle.server),
  },
  {
    rule: OUTSIDE,
    call: "VmbChannelPacketDeferToPassive",
    what: "later",
    run: ({ vsp, held }) => vsp.VmbChannelPacketDeferToPassive(held),
  },
  {
    rule: "quota 0",
    call: "VmbChannelSetTransactionQuota",
    what: "0",
    run: ({ vsp, server }) => vsp.VmbChannelSetTransactionQuota(server, 0),
  },
  ...[-1, 0.5, NaN, 2 ** 32].map((quota): Misuse => ({
    rule: "invalid argument",
    call: "VmbChannelSetTransactionQuota",
    what: String(quota),
    run: ({ vsp, server }) => vsp.VmbChannelSetTransactionQuota(server, quota),
  })),
  {
    rule: "invalid argument",
    call: "VmbChannelSetIncomingProcessingAtPassive",
    what: "2",
    run: ({ vsp, server }) => vsp.VmbChannelSetIncomingProcessingAtPassive(server, 2 as never),
  },
  {
    rule: "invalid argument",
    call: "VmbPacketSetCompletionRoutine",
    what: "null",
    run: ({ vsc, owned }) => vsc.VmbPacketSetCompletionRoutine(owned, null as never),
  },
  {
    rule: "invalid argument",
    call: "VmbPacketSetCompletionRoutineEx",
    what: "null",
    run: ({ later, owned }) => later.VmbPacketSetCompletionRoutineEx(owned, null as never, 1),
  },
  ...[-1, 0.5, NaN, 101, 2 ** 32, "50"].map((share): Misuse => ({
    rule: "invalid argument",
    call: "VmbChannelSetAllowableDpcCpuUsage",
    what: String(share),
    run: ({ later, server }) => later.VmbChannelSetAllowableDpcCpuUsage(server, share as number),
  })),
  {
    rule: "GetMmioSpace before Opened",
    call: "VmbChannelGetMmioSpace",
    what: "Disabled",
    run: ({ idle }) => idle.vsp.VmbChannelGetMmioSpace(idle.server),
    fallback: { mmioAddress: 0n, mmioSize: 0n },
  },
];
