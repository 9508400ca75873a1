/**
 * What the GPADLs of a guest need of its end of the bus.
 *
 * @module
 */

import type { ControlMessage } from "../../../core/control/messages.ts";
import type { Protocol } from "../../../core/control/versions.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { PartitionPort } from "../../channel/partition_port.ts";
import type { GuestLink } from "../link.ts";

/** The guest's end of a bus, as its parts see it. */
export interface GuestPort {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** What both ends have agreed on. */
  readonly protocol: Protocol;
  /** The guest itself. */
  readonly partition: PartitionPort;
  /** Its side of the link. */
  readonly link: GuestLink;
  /** The guest's memory. */
  readonly memory: GuestRam;
  /** Where the host hears what is said to it. */
  readonly messageConnectionId: number;
  /** Says something to the host. */
  post(message: ControlMessage): void;
  /** Takes a message of the host as if it had just come. */
  hear(message: Uint8Array): void;
}
