/**
 * The two drivers of the scenario: each has the channels that its plan says.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { EverythingClient } from "./client.ts";
import { type ChannelPlan, type GuestPlan, readPlan } from "./plan.ts";
import { EverythingServer } from "./server.ts";

/** The guest's driver at work. */
export interface EverythingGuest extends vmbus.GuestDriverInstance {
  /** Its channels. */
  readonly channels: readonly EverythingClient[];
}

/** The host's driver at work. */
export interface EverythingHost extends vmbus.HostDriverInstance {
  /** Its channels. */
  readonly channels: readonly EverythingServer[];
}

function guestOf(channels: readonly EverythingClient[]): EverythingGuest {
  return { channels, save: (tokens) => channels.map((channel) => channel.save(tokens)) };
}

/** The guest's driver; its options are a {@linkcode GuestPlan}. */
export const everythingVsc: vmbus.GuestDriver<EverythingGuest> = {
  name: "everything VSC",
  start: (context, options) =>
    guestOf(
      (options as GuestPlan).channels.map((plan, index) =>
        EverythingClient.start(context, index, plan)
      ),
    ),
  restore: (context, data) =>
    guestOf(
      readChannels(data, "everything VSC", (plan, saved) =>
        EverythingClient.restore(context, plan, saved)),
    ),
};

function hostOf(channels: readonly EverythingServer[]): EverythingHost {
  return {
    channels,
    async save() {
      const saved: vmbus.PlainData[] = [];
      for (const channel of channels) saved.push(await channel.save());
      return saved;
    },
    resume: () => channels.forEach((channel) => channel.start()),
  };
}

/** The host's driver; its options are the same. */
export const everythingVsp: vmbus.HostDriver<EverythingHost> = {
  name: "everything VSP",
  start(context, options) {
    const { channels: plans } = options as GuestPlan;
    const channels = plans.map((plan, index) => new EverythingServer(context, index, plan));
    for (const channel of channels) {
      channel.enable(null);
      channel.start();
    }
    return hostOf(channels);
  },
  restore: (context, data) =>
    hostOf(
      readChannels(data, "everything VSP", (plan, saved, index) =>
        EverythingServer.restore(context, index, plan, saved)),
    ),
};

function readChannels<Channel>(
  data: vmbus.PlainData,
  where: string,
  read: (plan: ChannelPlan, saved: vmbus.SavedFields, index: number) => Channel,
): readonly Channel[] {
  const all = Array.isArray(data) ? data as readonly vmbus.PlainData[] : [];
  return all.map((each, index) =>
    vmbus.readRecord(
      each,
      `${where}, channel ${index}`,
      (saved) => read(saved.record("plan", readPlan), saved, index),
    )
  );
}
