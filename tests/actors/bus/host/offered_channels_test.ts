import { assertEquals } from "@std/assert";
import type { Endpoint } from "../../../../actors/channel/endpoint.ts";
import { CHANNEL_ID_MAX } from "../../../../core/control/messages.ts";
import { OfferedChannel } from "../../../../actors/bus/host/offered_channel.ts";
import { OfferedChannels } from "../../../../actors/bus/host/offered_channels.ts";
import { Actors } from "../../../../actors/runtime/actors.ts";

const DEVICE = { interfaceType: "type", instance: "one" };

/** A channel for whose sake nothing is done. */
function channelOf(subchannelIndex: number = 0, offerOrder: number | null = null): OfferedChannel {
  const key = { ...DEVICE, subchannelIndex };
  const channel = new OfferedChannel(new Actors("compiled"), null as never, key);
  channel.endpoint = { configuration: { offerOrder } } as unknown as Endpoint;
  return channel;
}

// wire.md 5.2: ids are the lowest that are free, 2047 at most, and used again once they were released.
Deno.test("OfferedChannels: a channel for which there is no id waits until one is free", () => {
  const channels = new OfferedChannels();
  const all = Array.from({ length: CHANNEL_ID_MAX + 2 }, () => channelOf());
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
  for (let count = 1; count < CHANNEL_ID_MAX; count++) channels.queueOffer(channelOf());
  assertEquals(channels.isFull, false);
  channels.queueOffer(channelOf());
  assertEquals(channels.isFull, true);
  for (const { channelId } of channels.giveIds()) if (channelId === 7) channels.free(7);
  assertEquals(channels.isFull, false);
});

Deno.test("OfferedChannels.withdraw: a server that goes while it waits for an id is not offered any more", () => {
  const channels = new OfferedChannels();
  const channel = channelOf();
  const endpoint = channel.endpoint!;
  channels.add(endpoint, channel);
  channels.queueOffer(channel);
  assertEquals([channels.isOffered(channel.key), channels.standing], [true, [channel]]);
  assertEquals(channels.withdraw(endpoint), channel);
  assertEquals([...channels.giveIds()], []);
  assertEquals([channels.isOffered(channel.key), channels.standing], [false, []]);
  assertEquals(channels.withdraw(endpoint), null);
});

// wire.md 5.2: the key of a channel is its interface, its instance and its index; kmcl.md section 5: a primary's instance
Deno.test("OfferedChannels.isOffered: each key once, and each instance of a primary once", () => {
  const channels = new OfferedChannels();
  const [primary, second] = [channelOf(), channelOf(2)];
  for (const channel of [primary, second]) channels.add(channel.endpoint!, channel);
  const isOffered = (interfaceType: string, instance: string, subchannelIndex: number) =>
    channels.isOffered({ interfaceType, instance, subchannelIndex });
  assertEquals([isOffered("type", "one", 0), isOffered("other", "one", 0)], [true, true]);
  assertEquals([isOffered("type", "one", 2), isOffered("other", "one", 2)], [true, false]);
  assertEquals([isOffered("type", "one", 1), isOffered("type", "two", 0)], [false, false]);
  assertEquals(channels.subchannelsOf(DEVICE), [second]);
  assertEquals([channels.hasPrimary(DEVICE), channels.withdraw(primary.endpoint!)], [
    true,
    primary,
  ]);
  assertEquals(channels.hasPrimary(DEVICE), false);
});

// wire.md 5.2, section 8 case 28
Deno.test("OfferedChannels.sortOffers: by interface, order and instance, in absolute mode by order first", () => {
  const channels = new OfferedChannels();
  const all = [channelOf(2), channelOf(1), channelOf(), channelOf(3, 9), channelOf(4, 0)];
  const other = new OfferedChannel(new Actors("compiled"), null as never, {
    interfaceType: "early",
    instance: "two",
    subchannelIndex: 7,
  });
  for (const channel of [...all, other]) channels.queueOffer(channel);
  const inOrder = () => channels.toOffer.map(({ key }) => key.subchannelIndex);
  channels.sortOffers("interface");
  assertEquals(inOrder(), [7, 4, 3, 0, 1, 2]); // a sub-channel behind its primary
  channels.sortOffers("absolute");
  assertEquals(inOrder(), [4, 3, 7, 0, 1, 2]);
});
