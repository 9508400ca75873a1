/**
 * A host with one server whose guest is bytes: what the host says comes with the place that it is said to
 * (wire.md 4.1).
 *
 * @module
 */

import { assert } from "@std/assert";
import type { SynicPlace } from "../../actors/bus/synic.ts";
import { decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import type { VmbusVersion } from "../../core/control/versions.ts";
import {
  contactMessage,
  type ContactOptions,
  controlMessageBytes,
} from "../../simulator/peers/mod.ts";
import type { PairOptions } from "./connected_pair.ts";
import { LoneHost } from "./lone_host.ts";

/** The connection for messages of the first versions, and that for others to make contact (wire.md 4.1). */
export const FIRST_CONNECTION = 1;
export const MULTICLIENT = 4;

/** The server, and the host's end of its bus. */
export class WireHost extends LoneHost {
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
    this.enableServer();
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
    await this.removeServer();
    return this.refused;
  }
}
