/**
 * Both directions of a link in one thread.
 *
 * @module
 */

import type { PartitionPort } from "../channel/partition_port.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { Lane } from "./lane.ts";
import type { Direction, GuestLink, HostLink } from "./link.ts";
import type { SynicPlace } from "./synic.ts";

/** What a link consists of, whoever stands at its ends. */
export class Lanes {
  /** What is said to the host, by connection id. */
  readonly toHost: Lane<number>;
  /** What is said to the guest, by place. */
  readonly toGuest: Lane<SynicPlace>;

  /** Between the host, which runs in `root`, and `guest`. */
  constructor(runtime: RuntimePort, guest: PartitionPort, root: PartitionPort) {
    this.toHost = new Lane(runtime, guest, root, "toHost");
    this.toGuest = new Lane(runtime, guest, guest, "toGuest");
  }

  /** What goes in `direction`. */
  lane(direction: Direction): Lane<number> | Lane<SynicPlace> {
    return direction === "toHost" ? this.toHost : this.toGuest;
  }

  /** The guest is gone: nothing crosses any more. */
  cut(): void {
    this.toHost.cut();
    this.toGuest.cut();
  }
}

/** A link as its bus has it: each of the bus's own ends is given its own side alone. */
export interface BusLink extends Lanes {
  /** The host's side; null where somebody outside is the host. */
  readonly host: HostLink | null;
  /** The guest's side; null where somebody outside is the guest. */
  readonly guest: GuestLink | null;
}
