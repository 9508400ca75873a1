/**
 * Tokens: what stands for a driver's handles in its saved state.
 *
 * @module
 */

import type { ClientNumbers } from "../../actors/bus/guest/image.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../../actors/channel/incoming_packet.ts";
import type { VMBCHANNEL, VMBPACKET, VMBPACKETCOMPLETION } from "../../actors/runtime/handle.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { HandleToken, HandleTokens } from "./drivers.ts";
import { resolveHandle } from "../handles.ts";

/** The token of a channel. */
export function channelToken(client: number): HandleToken {
  return `channel ${client}`;
}

/** The token of a packet object, by its slot. */
export function packetToken(client: number, slot: number): HandleToken {
  return `packet ${client}/${slot}`;
}

/** The token of a packet that a driver holds, by its place among those of its channel. */
export function completionToken(client: number, place: number): HandleToken {
  return `completion ${client}/${place}`;
}

/** The packets that the driver of `endpoint` must still complete, in the order in which they came. */
export function heldPackets(endpoint: Endpoint): readonly IncomingPacket[] {
  return endpoint.incoming.outstandingPackets.list;
}

/** Gives one driver the tokens of its handles. */
export class TokenWriter implements HandleTokens {
  readonly #driver: LoadedDriver;
  readonly #clients: ClientNumbers;

  /** For `driver`, with the numbers of its guest's clients. */
  constructor(driver: LoadedDriver, clients: ClientNumbers) {
    this.#driver = driver;
    this.#clients = clients;
  }

  /** See {@linkcode HandleTokens.of}. */
  of(handle: VMBCHANNEL | VMBPACKET | VMBPACKETCOMPLETION): HandleToken {
    const token = this.#ofChannel(handle) ?? this.#ofPacket(handle) ?? this.#ofCompletion(handle);
    if (token !== null) return token;
    throw new TypeError(`Cannot make a token: this is no live handle of ${this.#driver.label}`);
  }

  #numberOf(endpoint: Endpoint): number | null {
    return endpoint.driver === this.#driver ? this.#clients.get(endpoint) ?? null : null;
  }

  #ofChannel(handle: unknown): HandleToken | null {
    const endpoint = resolveHandle(handle, "VMBCHANNEL");
    const client = endpoint === null ? null : this.#numberOf(endpoint);
    return client === null ? null : channelToken(client);
  }

  #ofPacket(handle: unknown): HandleToken | null {
    const target = resolveHandle(handle, "VMBPACKET");
    if (target === null || target.packet.kind === "request" || target.packet.actor.is("pooled")) {
      return null;
    }
    const client = this.#numberOf(target.endpoint);
    return client === null ? null : packetToken(client, target.packet.slot);
  }

  #ofCompletion(handle: unknown): HandleToken | null {
    const packet = resolveHandle(handle, "VMBPACKETCOMPLETION");
    if (packet === null || !packet.actor.tags.held) return null;
    const client = this.#numberOf(packet.endpoint);
    const place = heldPackets(packet.endpoint).indexOf(packet);
    return client === null || place < 0 ? null : completionToken(client, place);
  }
}
