/**
 * A host with one server whose guest is bytes: what the host says comes with the place that it is said to
 * (wire.md 4.1).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { HostEnd } from "../../actors/bus/host/host_end.ts";
import type { SynicPlace } from "../../actors/bus/synic.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import type { VmbusVersion } from "../../core/control/versions.ts";
import * as vmbus from "../../mod.ts";
import {
  contactMessage,
  type ContactOptions,
  controlMessageBytes,
} from "../../simulator/peers/mod.ts";
import { makePair, type Pair, type PairOptions } from "./connected_pair.ts";
import { HeldHostLink } from "./held_link.ts";

/** The connection for messages of the first versions, and that for others to make contact (wire.md 4.1). */
export const FIRST_CONNECTION = 1;
export const MULTICLIENT = 4;

/** The server, and the host's end of its bus. */
export class WireHost {
  readonly pair: Pair;
  readonly link: HeldHostLink;
  readonly host: HostEnd;
  readonly refused: string[] = [];

  constructor(options: PairOptions = {}) {
    this.pair = makePair(options);
    const guest = this.pair.guest as PartitionObject;
    this.link = new HeldHostLink(guest.memory);
    const { runtime, root } = guest;
    const setting = { runtime, guest, root, link: this.link };
    this.host = new HostEnd(setting, (message, fault) => this.refused.push(`${message} ${fault}`));
    Object.assign(guest.bus, { ownHost: this.host });
  }

  /** A host whose guest speaks `version`, and was told of its one channel. */
  static async offered(
    version: VmbusVersion,
    options: ContactOptions = {},
    pairOptions: PairOptions = {},
  ): Promise<WireHost> {
    const host = new WireHost(pairOptions);
    host.enable();
    await host.contact(version, options);
    await host.say({ message: "requestOffers" });
    return host;
  }

  /** The server is there from now on. */
  enable(): void {
    assertEquals(this.pair.vsp.VmbChannelEnable(this.pair.server), vmbus.STATUS_SUCCESS);
    this.pair.vsp.VmbChannelStart(this.pair.server);
  }

  /** The guest says this, by the connection that the link has now; what the host says then. */
  async say(...messages: readonly ControlMessage[]): Promise<readonly ControlMessage[]> {
    return (await this.placed(...messages)).map(([message]) => message);
  }

  /** The same, with where it is said. */
  async placed(
    ...messages: readonly ControlMessage[]
  ): Promise<readonly (readonly [ControlMessage, SynicPlace])[]> {
    for (const message of messages) this.link.hears(controlMessageBytes(message));
    await this.pair.fabric.settle();
    const targets = this.link.targets.splice(0);
    return this.link.said.splice(0).map((bytes, at) => {
      const message = decodeControlMessage(bytes);
      assert(!isControlFault(message), bytes.toHex());
      return [message, targets[at]!] as const;
    });
  }

  /** The guest makes contact, by the connection that its version has for that. */
  contact(version: VmbusVersion, options: ContactOptions = {}): Promise<readonly ControlMessage[]> {
    this.link.source = Number(version[0]) >= 5 ? MULTICLIENT : FIRST_CONNECTION;
    return this.say(contactMessage(version, options));
  }

  /** The server leaves; what was refused until then. */
  async end(): Promise<readonly string[]> {
    const { server, fabric, vsp } = this.pair;
    await vsp.VmbChannelDisable(server);
    vsp.VmbChannelCleanup(server);
    assertEquals(fabric.violations, []);
    return this.refused;
  }
}
