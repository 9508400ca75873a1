/**
 * The link of a bus both ends of which run in one thread: messages go one by one, as the scheduler gives
 * them their turns, and a doorbell schedules the other side's work item.
 *
 * @module
 */

import type { PartitionPort } from "../channel/partition_port.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { type BusLink, Lanes } from "./lanes.ts";
import type { GuestLink, HostLink } from "./link.ts";
import { GuestSide, HostSide } from "./sides.ts";

/** The link of one bus; each end is given its own side of it alone. */
export class InProcessLink extends Lanes implements BusLink {
  /** The host's side. */
  readonly host: HostLink;
  /** The guest's side. */
  readonly guest: GuestLink;

  /** Between the host, which runs in `root`, and `guest`. */
  constructor(runtime: RuntimePort, guest: PartitionPort, root: PartitionPort) {
    super(runtime, guest, root);
    this.host = new HostSide(guest.memory, this);
    this.guest = new GuestSide(guest.memory, this);
  }
}
