import { assertEquals } from "@std/assert";
import type { Endpoint } from "../../../../actors/channel/endpoint.ts";
import { CHANNEL_ID_MAX } from "../../../../core/control/messages.ts";
import { OfferedChannel } from "../../../../actors/bus/host/offered_channel.ts";
import { OfferedChannels } from "../../../../actors/bus/host/offered_channels.ts";
import { Actors } from "../../../../actors/runtime/actors.ts";

/** A channel for whose sake nothing is done. */
function channelOf(endpoint: Endpoint | null): OfferedChannel {
  return new OfferedChannel(new Actors("compiled"), null as never, endpoint);
}

// wire.md 5.2: ids are the lowest that are free, 2047 at most, and used again once they were released.
Deno.test("OfferedChannels: a channel for which there is no id waits until one is free", () => {
  const channels = new OfferedChannels();
  const all = Array.from({ length: CHANNEL_ID_MAX + 2 }, () => channelOf(null));
  for (const channel of all) channels.queueOffer(channel);
  assertEquals([...channels.giveIds()].length, 2047);
  assertEquals(all.map(({ channelId }) => channelId).slice(-4), [2046, 2047, null, null]);
  assertEquals(channels.isFull, true);
  assertEquals([...channels.giveIds()], []);
  channels.free(2047);
  channels.free(9);
  const next = [...channels.giveIds()].map(({ channelId }) => channelId);
  assertEquals(next, [9, 2047]);
  assertEquals([channels.at(9), channels.at(2047)], all.slice(-2));
  assertEquals(channels.known.length, 2047);
});

Deno.test("OfferedChannels: is full when what waits to be offered would take the last id", () => {
  const channels = new OfferedChannels();
  for (let count = 1; count < CHANNEL_ID_MAX; count++) channels.queueOffer(channelOf(null));
  assertEquals(channels.isFull, false);
  channels.queueOffer(channelOf(null));
  assertEquals(channels.isFull, true);
  for (const { channelId } of channels.giveIds()) if (channelId === 7) channels.free(7);
  assertEquals(channels.isFull, false);
});

Deno.test("OfferedChannels.withdraw: a server that goes while it waits for an id is not offered any more", () => {
  const channels = new OfferedChannels();
  const serverTarget = { interfaceType: "type", instance: "one" };
  const endpoint = { configuration: { serverTarget } } as unknown as Endpoint;
  const channel = channelOf(endpoint);
  channels.add(endpoint, channel);
  channels.queueOffer(channel);
  assertEquals([channels.isOffered("one"), channels.standing], [true, [channel]]);
  assertEquals(channels.withdraw(endpoint), channel);
  assertEquals([...channels.giveIds()], []);
  assertEquals([channels.isOffered("one"), channels.standing], [false, []]);
  assertEquals(channels.withdraw(endpoint), null);
});
