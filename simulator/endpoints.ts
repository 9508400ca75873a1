/**
 * Endpoints as checkers and others who look on know them: what the package knows of one that is observed, and how it is called in
 * words that do not differ from seed to seed.
 *
 * @module
 */

import { FabricRuntime } from "../actors/fabric/fabric_runtime.ts";
import { PartitionObject } from "../actors/partition/partition_object.ts";
import { Endpoint } from "../actors/channel/endpoint.ts";
import type { ObservedEndpoint } from "../actors/runtime/observation.ts";
import { assert } from "../core/assert.ts";
import { CopyRoom } from "../core/blocks.ts";
import { describe, isInstance } from "../core/describe.ts";
import { ntStatusName } from "../core/ntstatus.ts";
import * as layout from "../core/ring/layout.ts";
import type { Fabric } from "../mod.ts";

/** The fabric as the package has it. */
export function runtimeOf(action: string, fabric: Fabric): FabricRuntime {
  if (isInstance(fabric, FabricRuntime)) return fabric;
  throw new TypeError(`Cannot ${action}: ${describe(fabric)} is no fabric`);
}

/** An endpoint that was observed, as the package has it. */
export function endpointOf(observed: ObservedEndpoint): Endpoint {
  assert(observed instanceof Endpoint, "what is observed of a channel is of one of its endpoints");
  return observed;
}

/** Where it is, without its number: `server in root`. */
export function whereIs({ place }: ObservedEndpoint): string {
  return `${place.side} in ${place.partition}`;
}

/** A status by its name, or as a number where it has none. */
export function statusText(status: number | null): string {
  if (status === null) return "no status";
  return ntStatusName(status) ?? `0x${status.toString(16).padStart(8, "0")}`;
}

/** The name of the guest whose channel it is; null: nobody has said. */
export function guestOf(observed: ObservedEndpoint): string | null {
  const endpoint = endpointOf(observed);
  if (endpoint.side === "client") return endpoint.partition.name;
  return PartitionObject.guestOf(endpoint)?.name ?? null;
}

/** All endpoints of partitions that live. */
export function livingEndpoints({ partitions }: FabricRuntime): readonly Endpoint[] {
  return partitions.filter(({ isAlive }) => isAlive).flatMap(({ endpoints }) => [...endpoints]);
}

/** A word of a ring: descriptors begin at one. */
const WORD_BYTES = 8;
const WORD = new CopyRoom();
WORD.reserve(WORD_BYTES);

/** Packets in its incoming ring that it has not passed; null where there is no ring, or none that makes sense. */
export function unreadPackets({ rings, incoming }: Endpoint): number | null {
  const memory = rings?.incoming;
  const ring = incoming.ring;
  if (memory === undefined || ring === null || ring.fault !== null) return null;
  const { dataBytes } = memory;
  const writeIndex = memory.load(layout.WRITE_INDEX_OFFSET);
  let { index } = ring.position;
  if (!layout.isRingIndex(writeIndex, dataBytes)) return null;
  let left = layout.usedBetween(writeIndex, index, dataBytes);
  let count = 0;
  while (left > 0) {
    memory.copyOut(index, WORD.blocks, WORD.start, WORD_BYTES);
    const [, , , , low = 0, high = 0] = WORD.copy; // length8 of the descriptor (wire.md 1.3)
    const totalBytes = (low | high << 8) * 8 + layout.TRAILER_BYTES;
    if (totalBytes > left) return null;
    index = layout.advanceIndex(index, totalBytes, dataBytes);
    left -= totalBytes;
    count++;
  }
  return count;
}

/** What a checker keeps for each endpoint, from when it is first seen. */
export class PerEndpoint<State> {
  readonly #states = new Map<ObservedEndpoint, State>();
  readonly #make: (endpoint: Endpoint) => State;

  /** `make` reads off an endpoint what there was before anybody looked. */
  constructor(make: (endpoint: Endpoint) => State) {
    this.#make = make;
  }

  /** The endpoint is seen for the first time. */
  meet(endpoint: ObservedEndpoint): void {
    this.#states.set(endpoint, this.#make(endpointOf(endpoint)));
  }

  /** Whether it was seen. */
  has(endpoint: ObservedEndpoint): boolean {
    return this.#states.has(endpoint);
  }

  /** What is kept for it. */
  of(endpoint: ObservedEndpoint): State {
    const state = this.#states.get(endpoint);
    assert(state !== undefined, "an endpoint is met before anything of it is seen");
    return state;
  }

  /** From now on this is kept for it. */
  set(endpoint: ObservedEndpoint, state: State): void {
    this.#states.set(endpoint, state);
  }
}
