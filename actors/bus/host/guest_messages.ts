/**
 * What a guest says to the host's end of its bus, message by message (wire.md 4.4, 4.5, 5.2). Everything in
 * it is checked: the guest may be hostile.
 *
 * @module
 */

import type { ControlMessage } from "../../../core/control/messages.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { Refuse } from "../refusals.ts";
import { ChannelMessages } from "./channel_messages.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { HostPort } from "./host_port.ts";
import type { OfferedChannel } from "./offered_channel.ts";

/** Takes the messages of one guest. */
export class GuestMessages {
  readonly #end: HostPort;
  readonly #gpadls: HostGpadls;
  readonly #channels: ChannelMessages;
  readonly #refuse: Refuse;

  /** For the host's end `end`, whose GPADLs are `gpadls`; `refuse` hears of a late refusal. */
  constructor(end: HostPort, gpadls: HostGpadls, refuse: Refuse) {
    this.#end = end;
    this.#gpadls = gpadls;
    this.#channels = new ChannelMessages(end, gpadls);
    this.#refuse = refuse;
  }

  /** Takes a message of the guest; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage): ChannelFault | null {
    switch (message.message) {
      case "requestOffers":
        return this.#end.offerAll() ? null : "unexpectedMessage";
      case "openChannel":
        return this.#channels.open(message);
      case "openReservedChannel":
        return this.#channels.openReserved(message);
      case "closeChannel":
        return this.#channels.close(message.channelId);
      case "closeReservedChannel":
        return this.#channels.closeReserved(message);
      case "modifyChannel":
        return this.#channels.modify(message);
      case "relIdReleased":
        return this.#channels.released(message.channelId);
      case "gpadlHeader":
        return this.#gpadls.header(message);
      case "gpadlBody":
        return this.#gpadls.body(message);
      case "gpadlTeardown":
        return this.#gpadls.teardown(message);
      case "tlConnectRequest":
        this.#end.sockets.take(message);
        return null;
      default:
        return "unexpectedMessage";
    }
  }

  /** The open that waited for the end of the last one is due. */
  openAgain(channel: OfferedChannel): void {
    const { nextOpen } = channel;
    channel.nextOpen = null;
    const fault = nextOpen === null ? null : this.#channels.open(nextOpen);
    if (fault !== null) this.#refuse("openChannel", fault);
  }
}
