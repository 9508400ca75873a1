/**
 * A server and the host's end of its bus, with nobody behind the link: what the guest says is the test's. In bytes for
 * `HostStage`, in messages for `WireHost`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { HostEnd } from "../../actors/bus/host/host_end.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import * as vmbus from "../../mod.ts";
import { makePair, type Pair, type PairOptions } from "./connected_pair.ts";
import { HeldHostLink } from "./held_link.ts";

/** The server, and the host's end in the place of the partition's own. */
export class LoneHost {
  readonly pair: Pair;
  readonly guest: PartitionObject;
  readonly link: HeldHostLink;
  readonly host: HostEnd;
  /** What the host has refused, in order: message and fault. */
  readonly refused: string[] = [];

  constructor(options: PairOptions = {}) {
    this.pair = makePair(options);
    this.guest = this.pair.guest as PartitionObject;
    this.link = new HeldHostLink(this.guest.memory);
    const { guest, link } = this;
    const { runtime, root } = guest;
    const refuse = (message: string | null, fault: string) =>
      void this.refused.push(`${message} ${fault}`);
    this.host = new HostEnd({ runtime, guest, root, link }, refuse);
    Object.assign(guest.bus, { ownHost: this.host });
  }

  /** The server is there from now on. */
  protected enableServer(): void {
    const { vsp, server } = this.pair;
    assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
    vsp.VmbChannelStart(server);
  }

  /** The server leaves, and nothing was done wrong. */
  protected async removeServer(): Promise<void> {
    const { vsp, server, fabric } = this.pair;
    await vsp.VmbChannelDisable(server);
    vsp.VmbChannelCleanup(server);
    assertEquals(fabric.violations, []);
  }
}
