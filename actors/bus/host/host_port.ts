/**
 * What the parts of the host's end need of the end itself.
 *
 * @module
 */

import type { ControlMessage } from "../../../core/control/messages.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import type { HostChannel } from "./offered_channel.ts";

/** What the host knows of a guest without asking it. */
export interface GuestFacts {
  /** The virtual trust level of its drivers. */
  readonly vtl: number;
  /** Number of virtual processors. */
  readonly processorCount: number;
  /** Whether it is the root partition itself, which takes loopback offers. */
  readonly isRoot: boolean;
  /** Whether the partition was not destroyed. */
  readonly isPresent: boolean;
}

/** The host's end of a bus, as its parts see it. */
export interface HostPort {
  /** The guest. */
  readonly guest: GuestFacts;
  /** The guest's memory. */
  readonly memory: GuestRam;
  /** Whether the guest crashed or was destroyed. */
  readonly isGone: boolean;
  /** The channel that a message of the guest is about; null where the guest has released the id. */
  channelOfGuest(channelId: number): HostChannel | null;
  /** Says something to the guest. */
  post(message: ControlMessage): void;
}
