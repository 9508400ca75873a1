/**
 * The driver of the scenario isolated in its guest: a primary and a sub-channel of a device.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { IsolatedChannel } from "./isolated_channel.ts";

/** The driver: the primary, and its sub-channel. */
export interface IsolatedGuest extends vmbus.GuestDriverInstance {
  /** Both channels. */
  readonly channels: readonly IsolatedChannel[];
}

function guestOf(channels: readonly IsolatedChannel[]): IsolatedGuest {
  return { channels, save: (tokens) => channels.map((channel) => channel.save(tokens)) };
}

/** The driver. */
export const isolatedGuest: vmbus.GuestDriver<IsolatedGuest> = {
  name: "isolated vsc",
  start(context) {
    const primary = IsolatedChannel.start(context, null);
    return guestOf([primary, IsolatedChannel.start(context, primary.channel)]);
  },
  restore: (context, data) =>
    guestOf((data as readonly vmbus.PlainData[]).map((each, index) =>
      vmbus.readRecord(
        each,
        `isolated vsc, channel ${index}`,
        (saved) => IsolatedChannel.restore(context, saved),
      )
    )),
};
