/**
 * What a partition may be beside a machine of the fabric's own: one with somebody outside, or a further trust level.
 *
 * @module
 */

import type { GivenRam } from "../../core/memory/given_ram.ts";
import type { BusLink } from "../bus/lanes.ts";
import type { PartitionPort } from "../channel/partition_port.ts";

/** What a partition has of somebody outside, whose code stands at one end of its bus. */
export interface Foreign {
  /** Its memory. */
  readonly ram: GivenRam;
  /** Makes the link over which the other end, ours, reaches that code. */
  readonly makeLink: (partition: PartitionPort, root: PartitionPort) => BusLink;
}

/** How a partition is a further trust level of a machine. */
export interface TrustLevel<Level> {
  /** A partition of the machine. */
  readonly of: Level;
  /** Whether its servers run there. */
  readonly isRedirected: boolean;
  /** Whether it has the memory of that. */
  readonly sharesMemory: boolean;
}

/** What a partition is; neither: all of it is the fabric's, and a machine by itself. */
export interface PartitionKind<Level> {
  /** Somebody outside, at one end of its bus. */
  readonly foreign?: Foreign | null;
  /** The machine that it is a further trust level of. */
  readonly level?: TrustLevel<Level> | null;
}
