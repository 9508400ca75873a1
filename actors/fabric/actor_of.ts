/**
 * Which actor stands behind what a program has: a handle or a partition.
 *
 * @module
 */

import type { AnyActorRef, EventObject } from "xstate";
import { describe } from "../../core/describe.ts";
import { ChartActor } from "../chart/chart_actor.ts";
import { PartitionObject } from "../partition/partition_object.ts";
import type { Actors } from "../runtime/actors.ts";
import { Handle, type HandleKind } from "../runtime/handle.ts";

/** Tags of the states in which an object stands for nothing, and waits for its next use. */
type IdleTag = "pooled" | "unused";

/** What a program may ask the actor of, beside partitions. */
const KINDS: readonly HandleKind[] = ["VMBCHANNEL", "VMBPACKET", "VMBPACKETCOMPLETION"];

/** What `of` stands for, if it is live; else null. */
function targetOf(of: unknown): object | null {
  if (of instanceof PartitionObject) return of;
  const kind = Handle.kindOf(of);
  return kind === null || !KINDS.includes(kind) ? null : Handle.resolve(of, kind);
}

/** The actor that `owner` has; null for none. */
function actorIn(owner: unknown): ChartActor<EventObject, IdleTag> | null {
  if (typeof owner !== "object" || owner === null) return null;
  if ("packet" in owner) return actorIn(owner.packet); // a handle of a packet keeps its channel, too
  return "actor" in owner && owner.actor instanceof ChartActor ? owner.actor : null;
}

/** As much of a fabric as it takes. */
interface ActorsFabric {
  readonly actors: Actors;
  requireLive(call: string): void;
}

/**
 * The actor of what `of` stands for in `fabric`. See {@linkcode Fabric.actorOf}.
 *
 * @throws {TypeError} It stands for nothing that lives there.
 */
export function actorOf(fabric: ActorsFabric, of: unknown): AnyActorRef {
  fabric.requireLive("actorOf");
  const actor = actorIn(targetOf(of));
  const isLive = actor !== null && fabric.actors.system.has(actor) &&
    !actor.is("pooled") && !actor.is("unused");
  if (isLive) return actor.ref;
  const kind = of instanceof PartitionObject ? "Partition" : Handle.kindOf(of);
  const what = kind === null ? describe(of) : `a ${kind} that does not live in this fabric`;
  throw new TypeError(
    `Cannot actorOf: of must be one of ${KINDS.join(", ")} or a Partition, not ${what}`,
  );
}
