/**
 * A server, and the host's end of its bus, which is served with bytes written by hand: there is no guest behind the link.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { protocolOf, type VmbusVersion } from "../../core/control/versions.ts";
import { resolveHandle } from "../../kmcl/handles.ts";
import type * as vmbus from "../../mod.ts";
import type { PairOptions } from "./connected_pair.ts";
import { hexBytes, words } from "./held_link.ts";
import { LoneHost } from "./lone_host.ts";

/** The endpoint behind a handle. */
export const endpointOf = (channel: vmbus.VMBCHANNEL) => resolveHandle(channel, "VMBCHANNEL")!;
/** The type of each message, its first word. */
export const typesOf = (messages: readonly Uint8Array[]) => messages.map(([type]) => type);

/** Messages without a body, and those that name a channel alone (wire.md 4.2). */
export const CONTACT = hexBytes(
  `0e000000 00000000 03000500 00000000 02000000 00000000 ${"00".repeat(16)}`,
);
export const WELCOME = hexBytes("0f000000 00000000 01 00 0000 01000000");
export const REQUEST_OFFERS = hexBytes("03000000 00000000");
export const ALL_OFFERS_DELIVERED = hexBytes("04000000 00000000");
export const RESCIND_1 = hexBytes("02000000 00000000 01000000");
export const CLOSE_1 = hexBytes("07000000 00000000 01000000");
export const RELEASE_1 = hexBytes("0d000000 00000000 01000000");

/** The rings of the guest: four pages, PFN 4 to 7, of which two are the guest's own ring (wire.md 3.2). */
export const GPADL_9 = hexBytes(`
  08000000 00000000 01000000 09000000  2800 0100
  0040000000000000 0400000000000000 0500000000000000 0600000000000000 0700000000000000`);
export const CREATED_9 = hexBytes("0a000000 00000000 01000000 09000000 00000000");
export const TEARDOWN_9 = hexBytes("0b000000 00000000 01000000 09000000");
export const TORNDOWN_9 = hexBytes("0c000000 00000000 09000000");

/** OpenChannel of channel 1 over GPADL 9, called 7 (wire.md 4.2). */
export function open(targetVp = 0): Uint8Array {
  const head = words(5, 0, 1, 7, 9, targetVp, 2);
  const message = new Uint8Array(148);
  message.set(head);
  return message;
}

export const OPENED_7 = hexBytes("06000000 00000000 01000000 07000000 00000000");

/** A server, and the end of its bus that the test speaks to. */
export class HostStage extends LoneHost {
  constructor(options: PairOptions = {}) {
    super(options);
    assertEquals(this.link.say(CONTACT), [WELCOME]);
    for (let page = 4; page < 8; page++) this.guest.memory.write(page * 4096, new Uint8Array(4096));
  }

  /** Enables and starts the server; what the guest is told. */
  enable(): Uint8Array[] {
    this.enableServer();
    return this.link.said.splice(0);
  }

  /** The guest says this, and the host does what it has to; what the guest is told. */
  async say(...messages: Uint8Array[]): Promise<Uint8Array[]> {
    const said = this.link.say(...messages);
    await this.pair.fabric.settle();
    return [...said, ...this.link.said.splice(0)];
  }

  /** The server leaves, and nothing is left of it. */
  async end(...refused: string[]): Promise<Uint8Array[]> {
    await this.removeServer();
    assertEquals(this.refused, refused);
    return this.link.said.splice(0);
  }

  /** Both ends have agreed on this. */
  speak(version: VmbusVersion, features = 0): this {
    const value = protocolOf(version, features);
    for (const name of ["protocol", "agreed"]) Object.defineProperty(this.host, name, { value });
    return this;
  }

  /** A stage whose guest has opened channel 1. */
  static async opened(options: PairOptions = {}): Promise<HostStage> {
    const stage = new HostStage(options);
    stage.enable();
    await stage.say(REQUEST_OFFERS, GPADL_9, open());
    stage.pair.calls.length = 0;
    return stage;
  }
}
