/**
 * What a guest has asked of sockets that listen on the host, until that is answered (wire.md 4.5).
 *
 * @module
 */

import type { ControlMessage, TlConnectResult } from "../../../core/control/messages.ts";
import type { Protocol } from "../../../core/control/versions.ts";
import { NT_SUCCESS, type NtStatus, STATUS_NOT_SUPPORTED } from "../../../core/ntstatus.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { GuestConnectionTag } from "./types.ts";

/** One who waits for an answer. */
interface Asker {
  /** The host has refused. */
  end(status: NtStatus): void;
}

/** A request. */
interface Asked {
  readonly endpointId: string;
  readonly serviceId: string;
  readonly siloId: string;
  readonly asker: Asker;
}

/** The guest's end, as its requests need it. */
interface AskingEnd {
  /** Its connection to the host. */
  readonly connection: {
    readonly actor: { is(tag: GuestConnectionTag): boolean };
    readonly protocol: Pick<Protocol, "hasTlConnect" | "hasSiloId">;
  };
  /** Says something to the host. */
  post(message: ControlMessage): void;
}

/** The requests of one guest. */
export class SocketConnects {
  readonly #end: AskingEnd;
  /** By the connection that they are for. */
  readonly #asked = new Map<string, Asked>();

  /** Those of the guest at `end`. */
  constructor(end: AskingEnd) {
    this.#end = end;
  }

  /** Whether somebody waits for this connection. */
  has(endpointId: string): boolean {
    return this.#asked.has(endpointId);
  }

  /**
   * Asks the host for a connection that nobody waits for, once there is one to the host at all; `asker` hears of a
   * refusal.
   */
  ask(endpointId: string, serviceId: string, siloId: string, asker: Asker): void {
    const asked = { endpointId, serviceId, siloId, asker };
    this.#asked.set(endpointId, asked);
    if (this.#end.connection.actor.is("connected")) this.#say(asked);
  }

  /** The guest has connected to the host: what waited for that is said. */
  connected(): void {
    for (const asked of [...this.#asked.values()]) this.#say(asked);
  }

  /** Says it in the form that both know; or that both do not know it (wire.md 4.2, 4.3). */
  #say({ endpointId, serviceId, siloId, asker }: Asked): void {
    const { hasTlConnect, hasSiloId } = this.#end.connection.protocol;
    if (!hasTlConnect) {
      this.#asked.delete(endpointId);
      return asker.end(STATUS_NOT_SUPPORTED);
    }
    const request = { message: "tlConnectRequest", endpointId, serviceId } as const;
    this.#end.post(hasSiloId ? { ...request, siloId } : request);
  }

  /** Nobody waits for this connection any more. */
  forget(endpointId: string): void {
    this.#asked.delete(endpointId);
  }

  /** The host has refused; one that comes when its caller has given up says nothing new. */
  refused({ endpointId, serviceId, status }: TlConnectResult): ChannelFault | null {
    const asked = this.#asked.get(endpointId);
    if (NT_SUCCESS(status)) return "unexpectedMessage"; // an offer says that
    if (asked === undefined) return null;
    if (asked.serviceId !== serviceId) return "unexpectedMessage";
    this.#asked.delete(endpointId);
    asked.asker.end(status);
    return null;
  }
}
