/**
 * What never ends: callers that wait, transactions, packets that a driver keeps; with who holds what
 * (kmcl.md P1, S7, Y1, VmbChannelPacketComplete).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../../actors/channel/incoming_packet.ts";
import { oppositeOf } from "../../actors/partition/opposite.ts";
import type { Wait } from "../../actors/runtime/waits.ts";
import { STATUS_DEVICE_REMOVED } from "../../core/ntstatus.ts";
import { showU64 } from "../../core/units.ts";
import type { Fabric } from "../../mod.ts";
import type {
  CheckContext,
  Checker,
  CheckerAtWork,
  ObservationOf,
  ObservedEndpoint,
  Sees,
} from "./checker.ts";
import { endpointOf, livingEndpoints, runtimeOf, whereIs } from "../endpoints.ts";

/** Something that does not end, and what holds it up. */
export interface Hang {
  /** What should be. */
  readonly rule: string;
  /** Where, without numbers that differ from run to run. */
  readonly place: string;
  /** Who holds what. */
  readonly message: string;
  /** The endpoint that it is about; null: it is a caller's, who is to come to his end whatever others do. */
  readonly endpoint: ObservedEndpoint | null;
}

/** When a packet came to its driver, where somebody has looked; null: that is not known. */
type StepOf = (endpoint: ObservedEndpoint, packet: number) => number | null;

/** Whether its partition, and that of the opposite side, run. */
function stands(endpoint: Endpoint): boolean {
  return !endpoint.partition.runs || oppositeOf(endpoint)?.partition.runs === false;
}

function hangOfWait({ options, description }: Wait<unknown>): Hang {
  const { call, endpoint } = options;
  const place = endpoint === undefined || endpoint === null
    ? call
    : `${call} of ${whereIs(endpoint)}`;
  return { rule: "every wait ends", place, message: description, endpoint: null };
}

function hangOfHeld(endpoint: Endpoint, stepOf: StepOf): Hang | null {
  const held = endpoint.incoming.outstandingPackets.list;
  const first = held[0];
  if (first === undefined) return null;
  const named = held.slice(0, HELD_NAMED_MAX).map((packet) => heldText(endpoint, packet, stepOf));
  const more = held.length - named.length;
  return {
    rule: "section 5: each packet is retired",
    place: `driver of ${whereIs(endpoint)}`,
    message: `${named.join("; ")}${more > 0 ? `, and ${more} more` : ""}`,
    endpoint,
  };
}

/** Packets that are named one by one. */
const HELD_NAMED_MAX = 3;

function heldText(endpoint: Endpoint, packet: IncomingPacket, stepOf: StepOf): string {
  const id = showU64(packet.transactionIdLow, packet.transactionIdHigh);
  const step = stepOf(endpoint, packet.number);
  const since = step === null ? "" : ` since step ${step}`;
  return `${endpoint.name} holds packet ${id}${since}`;
}

/** A transaction whose end nothing but the channel holds up: where a driver has the packet, that is told. */
function hangOfTransaction(endpoint: Endpoint): Hang | null {
  const opposite = oppositeOf(endpoint);
  for (const packet of endpoint.outgoing.packets.live) {
    if (!packet.actor.is("inFlight") || packet.request !== null) continue;
    if (opposite?.incoming.outstandingPackets.awaiting(packet.slot)) continue;
    const reason = endpoint.driverCallbacks.heldUpBy({ goal: "answer", packet })?.text;
    const why = reason === undefined ? `it is ${packet.actor.snapshot.value}` : reason;
    return {
      rule: "P1: each transaction ends",
      place: `transaction of ${whereIs(endpoint)}`,
      message: `packet ${packet.slot} of ${endpoint.name} is in flight: ${why}`,
      endpoint,
    };
  }
  return null;
}

/** A transaction that lasts as a driver keeps its packet. */
interface Kept {
  /** Whose transaction it is, and which. */
  readonly sender: ObservedEndpoint;
  readonly slot: number;
  /** Who has the packet, and which. */
  readonly keeper: ObservedEndpoint;
  readonly packet: number;
  /** What is found where it is kept until the channel closes. */
  readonly hang: Hang;
}

/** The transactions that last as the opposite side's driver keeps their packets. */
function keptIn(fabric: Fabric, stepOf: StepOf): readonly Kept[] {
  return livingEndpoints(runtimeOf("find what is kept", fabric)).flatMap((sender) => {
    const keeper = oppositeOf(sender);
    if (keeper === null || stands(sender)) return [];
    return sender.outgoing.packets.live.flatMap(({ slot }) => {
      const held = keeper.incoming.outstandingPackets.awaiting(slot);
      if (held === null) return [];
      const hang: Hang = {
        rule: "P1: each transaction ends",
        place: `driver of ${whereIs(keeper)}`,
        message: `${heldText(keeper, held, stepOf)}, and has not answered when the channel closes`,
        endpoint: keeper,
      };
      return [{ sender, slot, keeper, packet: held.number, hang }];
    });
  });
}

/**
 * What does not end in a fabric in which nothing is left to run, and who holds it up: callers that wait
 * first, then packets that drivers keep, then transactions.
 *
 * @throws {TypeError} `fabric` is no fabric.
 */
export function findHangs(fabric: Fabric): readonly Hang[] {
  return hangsOf(fabric, () => null);
}

function hangsOf(fabric: Fabric, stepOf: StepOf): readonly Hang[] {
  const runtime = runtimeOf("find what hangs", fabric);
  const endpoints = livingEndpoints(runtime).filter((endpoint) => !stands(endpoint));
  return [
    ...[...runtime.waits.all].map(hangOfWait),
    ...endpoints.map((endpoint) => hangOfHeld(endpoint, stepOf)),
    ...endpoints.map(hangOfTransaction),
  ].filter((hang) => hang !== null);
}

/** A checker at work. */
class HangsAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #steps = new Map<ObservedEndpoint, Map<number, number>>();
  /** Transactions that lasted when the world was quiet, and still do. */
  #kept: readonly Kept[] = [];
  readonly sees: Sees = {
    transactionEnds: (seen) => this.#ends(seen),
    packetArrives: ({ endpoint, packet }) => {
      let steps = this.#steps.get(endpoint);
      if (steps === undefined) this.#steps.set(endpoint, steps = new Map());
      steps.set(packet, this.#context.step);
    },
    packetRetired: (seen) => this.#retired(seen),
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  /** A driver that is not told to stop answers by itself. */
  #retired({ endpoint, packet }: ObservationOf<"packetRetired">): void {
    this.#steps.get(endpoint)?.delete(packet);
    if (this.#kept.length === 0 || !endpointOf(endpoint).flows) return;
    this.#kept = this.#kept.filter((each) => each.keeper !== endpoint || each.packet !== packet);
  }

  stall(): void {
    this.end();
  }

  /** What a driver keeps by then, what the world does at its end may have it answer. */
  quiet(): void {
    this.#kept = keptIn(this.#context.fabric, this.#stepOf);
  }

  end(): void {
    for (const hang of hangsOf(this.#context.fabric, this.#stepOf)) this.#tell(hang);
  }

  readonly #stepOf: StepOf = (endpoint, packet) => this.#steps.get(endpoint)?.get(packet) ?? null;

  #tell({ rule, place, message, endpoint }: Hang): void {
    if (endpoint !== null && this.#context.isExcused(endpoint)) return;
    this.#context.fail(rule, place, message, "liveness");
  }

  /** Nothing goes wrong any more, and the packet was kept until the channel closed: it would have been kept for ever. */
  #ends({ endpoint, packet, status }: ObservationOf<"transactionEnds">): void {
    const kept = this.#kept.find(({ sender, slot }) => sender === endpoint && slot === packet);
    if (kept === undefined) return;
    this.#kept = this.#kept.filter((each) => each !== kept);
    if (status === STATUS_DEVICE_REMOVED) this.#tell(kept.hang);
  }
}

/** What never ends. */
export const hangsChecker: Checker = {
  name: "hangs",
  attach: (context) => new HangsAtWork(context),
};
