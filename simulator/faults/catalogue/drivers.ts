/**
 * What drivers do wrong, or in a way that few others do (kmcl.md sections 5 and 6).
 *
 * @module
 */

import type { CallbackName } from "../../../actors/channel/driver_port.ts";
import type { Side } from "../../../actors/channel/types.ts";
import type { AnyRule, DriverPoint, Fault, FaultTable, GuestWhere } from "../basics.ts";
import type { MisdeedName } from "../drivers/misdeed.ts";
import { placeOfViolation } from "../../finding.ts";

/** Which drivers do wrong. */
export interface MisdeedWhere extends GuestWhere {
  /** The driver, by its name in the scenario. */
  readonly driver?: string;
  /** Those of clients, or those of servers. */
  readonly side?: Side;
}

/** In which callbacks of which drivers it happens. */
export interface CallbackWhere extends MisdeedWhere {
  /** The callback. */
  readonly callback?: CallbackName;
}

/** A callback throws. */
export type CallbackThrowsRule = AnyRule<"callbackThrows", CallbackWhere>;

/** A callback at PASSIVE_LEVEL takes its time. */
export interface CallbackSlowRule extends AnyRule<"callbackSlow", CallbackWhere> {
  /** How long, in virtual milliseconds. */
  readonly ms?: number;
}

/** A server's EvtChannelOpened refuses. */
export type OpenedRefusedRule = AnyRule<"openedRefused", Omit<MisdeedWhere, "side">>;

/** A packet is deferred to PASSIVE_LEVEL. */
export type PacketDeferredRule = AnyRule<"packetDeferred", MisdeedWhere>;

/** A packet is called malformed. */
export type PacketFailedRule = AnyRule<"packetFailed", MisdeedWhere>;

/** A packet is completed late. */
export interface CompletionLateRule extends AnyRule<"completionLate", MisdeedWhere> {
  /** By how much, in virtual milliseconds. */
  readonly ms?: number;
}

/** Two packets are completed in the other order. */
export interface CompletionSwappedRule extends AnyRule<"completionSwapped", MisdeedWhere> {
  /** After how long where no other follows, in virtual milliseconds. */
  readonly ms?: number;
}

/** A driver holds a packet. */
export interface PacketHeldRule extends AnyRule<"packetHeld", MisdeedWhere> {
  /** How long, in virtual milliseconds. */
  readonly ms?: number;
}

/** A callback at DISPATCH_LEVEL returns a promise. */
export type CallbackPromisesRule = AnyRule<"callbackPromises", CallbackWhere>;

/** A driver whose guest is saved throws. */
export type SaveThrowsRule = AnyRule<"saveThrows", Omit<MisdeedWhere, "side">>;

/** A driver that is restored throws. */
export type RestoreThrowsRule = AnyRule<"restoreThrows", Omit<MisdeedWhere, "side">>;

/** What drivers do wrong. */
export type DriverRule =
  | CallbackThrowsRule
  | CallbackPromisesRule
  | SaveThrowsRule
  | RestoreThrowsRule
  | CallbackSlowRule
  | OpenedRefusedRule
  | PacketDeferredRule
  | PacketFailedRule
  | CompletionLateRule
  | CompletionSwappedRule
  | PacketHeldRule;

/** Each of them. */
export const DRIVER_POINTS: ReadonlySet<string> = new Set<DriverPoint>([
  "opened",
  "callback",
  "passiveCallback",
  "dispatchCallback",
  "save",
  "restore",
  "packet",
  "completion",
]);

const DRIVER = ["guest", "driver", "side"];

/** What all of them have in common. */
const COMMON: Pick<Fault<DriverRule>, "where" | "parameters" | "deeds"> = {
  where: DRIVER,
  parameters: {},
  deeds: null,
};

/** A violation of `rule` by the callback; a `save` is none. */
function broughtAbout(rule: string): NonNullable<Fault<DriverRule>["bringsAbout"]> {
  return (place) => {
    if (!("endpoint" in place)) return null;
    return { rule, place: placeOfViolation(String(place.what), place.endpoint.place) };
  };
}

/** A parameter that is a time. */
function ms(meaning: string, milliseconds: number) {
  return { ms: { meaning: `${meaning}, in virtual ms`, default: milliseconds } };
}

/** The faults of drivers. */
export const DRIVER_FAULTS: FaultTable<DriverRule> & Readonly<Record<MisdeedName, unknown>> = {
  callbackThrows: {
    ...COMMON,
    does:
      "A callback throws once it has done its work; a server's EvtChannelOpened does in its place.",
    realMachine: "A driver's exception is a bug check; here it is reported, and the run continues.",
    touches: "the driver, and the verifier: the finding is the fault's own",
    point: "callback",
    where: [...DRIVER, "callback"],
    oneIn: 64,
    budget: 2,
    bringsAbout: broughtAbout("exception out of a callback"),
  },
  callbackPromises: {
    ...COMMON,
    does: "A callback at DISPATCH_LEVEL returns a promise, which is fulfilled at once.",
    realMachine:
      "A driver that waits at DISPATCH_LEVEL is a bug check; here the queue waits for it.",
    touches: "the driver, and the verifier: the finding is the fault's own",
    point: "dispatchCallback",
    where: [...DRIVER, "callback"],
    oneIn: 64,
    budget: 2,
    bringsAbout: broughtAbout("DISPATCH_LEVEL callback that returns a promise"),
  },
  saveThrows: {
    ...COMMON,
    does:
      "A driver's `save`, or its EvtChannelSavePacket, throws once it has done its work: its guest is not saved.",
    realMachine: "A driver that cannot save fails the save of the virtual machine, which runs on.",
    touches: "`resume` of those in the host; of EvtChannelSavePacket the verifier",
    point: "save",
    where: ["guest", "driver"],
    oneIn: 8,
    budget: 2,
    bringsAbout: broughtAbout("exception out of a callback"),
  },
  restoreThrows: {
    ...COMMON,
    does:
      "EvtChannelRestorePacket throws once it has done its work: the restore is refused, and made once more.",
    realMachine: "A driver that cannot restore fails the start of the virtual machine.",
    touches: "`restore` of all its drivers, and the verifier: the finding is the fault's own",
    point: "restore",
    where: ["guest", "driver"],
    oneIn: 4,
    budget: 2,
    bringsAbout: broughtAbout("exception out of a callback"),
  },
  callbackSlow: {
    ...COMMON,
    does: "A callback at PASSIVE_LEVEL returns some time after its work: what follows it waits.",
    realMachine: "A driver's thread waits for a lock, for memory, for another device.",
    touches: "the driver, and who waits for it",
    point: "passiveCallback",
    where: [...DRIVER, "callback"],
    oneIn: 8,
    budget: 8,
    parameters: ms("how long it takes", 5),
  },
  openedRefused: {
    ...COMMON,
    does: "A server's EvtChannelOpened answers with a failure: the channel does not open.",
    realMachine: "A driver finds no memory, or a version that it does not know.",
    touches: "the client and the server of the channel",
    point: "opened",
    where: ["guest", "driver"],
    oneIn: 8,
    budget: 1,
  },
  packetDeferred: {
    ...COMMON,
    does: "A packet goes back to the queue by VmbChannelPacketDeferToPassive, and is given later.",
    realMachine: "A driver must touch paged memory, which it cannot at DISPATCH_LEVEL.",
    touches: "the driver: its packet comes at PASSIVE_LEVEL",
    point: "packet",
    oneIn: 16,
    budget: 8,
  },
  packetFailed: {
    ...COMMON,
    does:
      "A packet is called malformed by VmbChannelPacketFail: the channel stops. It is reset later.",
    realMachine: "A driver meets a message that it does not understand, from a newer one perhaps.",
    touches: "the client and the server of the channel",
    point: "packet",
    oneIn: 200,
    budget: 1,
    tampers: true,
  },
  completionLate: {
    ...COMMON,
    does: "A packet's completion comes some time after its VmbChannelPacketComplete.",
    realMachine: "A driver takes longer: a disk turns, a thread waits for its turn.",
    touches: "the opposite side, and Pause, Suspend and the quota of its own",
    point: "completion",
    oneIn: 8,
    budget: 16,
    parameters: ms("how much later it comes", 3),
  },
  completionSwapped: {
    ...COMMON,
    does: "A packet's completion comes right behind the next one of its channel.",
    realMachine: "A driver works at several packets at once.",
    touches: "the opposite side, and Pause, Suspend and the quota of its own",
    point: "completion",
    oneIn: 8,
    budget: 16,
    parameters: ms("after how long it comes where no other follows", 3),
  },
  packetHeld: {
    ...COMMON,
    does: "A packet's completion comes when everything else has long ended.",
    realMachine: "A device does not answer, until a time-out ends what it was at.",
    touches: "the opposite side, and Pause, Suspend and the quota of its own",
    point: "completion",
    oneIn: 64,
    budget: 2,
    parameters: ms("how much later it comes", 5000),
  },
};
