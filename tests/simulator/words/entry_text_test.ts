// A packet has one name in each line of a run: how many its sender had sent before.
import { assert, assertEquals } from "@std/assert";
import { EntryTexts, textsOf } from "../../../simulator/words/entry_text.ts";
import { storyOf } from "../../../simulator/story/story_of.ts";
import {
  arrive,
  CLIENT,
  complete,
  entry,
  FINDING,
  finish,
  openedPair,
  processed,
  send,
  SERVER,
} from "../story/entries.ts";

/** Three packets, of which the last has the place of the first in the client's table. */
const TRACE = [
  ...openedPair(),
  ...send(7),
  ...send(8),
  arrive(1),
  ...complete(1),
  processed(),
  finish(7),
  ...send(7),
  arrive(2),
  processed(),
  arrive(3),
  ...complete(3),
  processed(),
];

Deno.test("textsOf: a packet has the same number where it is sent, where it arrives, and in the calls that name it", () => {
  const texts = textsOf(TRACE).filter((text) => text.includes("packet "));
  assertEquals(texts, [
    "packet 0 of transaction 7 enters the ring, 8 bytes",
    "packet 1 of transaction 8 enters the ring, 8 bytes",
    "packet 0 arrives, 8 bytes",
    "VmbChannelPacketComplete(packet 0, 0)",
    "packet 0 of transaction 7 is answered, 0 bytes",
    "packet 2 of transaction 7 enters the ring, 8 bytes",
    "packet 1 arrives, 8 bytes",
    "packet 2 arrives, 8 bytes",
    "VmbChannelPacketComplete(packet 2, 0)",
  ]);
});

Deno.test("textsOf: the story of the same trace has the same numbers", () => {
  const { lines } = storyOf({ scenario: "test", seed: 0n, trace: TRACE }, FINDING);
  const sent = lines.filter(({ text }) => text.startsWith("VmbPacketSend"));
  assertEquals(sent.map(({ text }) => /packet (\d+) of transaction (\d+)/.exec(text)?.slice(1)), [
    ["0", "7"],
    ["1", "8"],
    ["2", "7"],
  ]);
  assert(lines.some(({ text }) => text.startsWith("VmbChannelPacketComplete(packet 2")));
});

Deno.test("EntryTexts: what nobody knows of a packet is not made up", () => {
  const texts = new EntryTexts();
  const packetCompletionContext = `VMBPACKETCOMPLETION 5 of ${SERVER}`;
  const call = (details: Parameters<typeof entry>[2]) => texts.next(entry("call", SERVER, details));
  assertEquals(
    call({ call: "VmbChannelPacketComplete", packetCompletionContext }),
    "VmbChannelPacketComplete(a packet that is gone)",
  );
  const packetObject = `VMBPACKET 3 of ${CLIENT}`;
  assertEquals(
    call({ call: "VmbPacketFree", packetObject }),
    "VmbPacketFree(packet of transaction 3)",
  );
});

Deno.test("EntryTexts: control messages, changes and ends of callbacks have the story's words", () => {
  const told = [
    entry("messageToGuest", "guest", { message: "offerChannel", fields: { channelId: 1 } }),
    entry("messageToHost", "guest", { fault: "messageTooSmall" }),
    entry("messageToHost", "guest", {}),
    entry("messageTaken", "guest", {
      message: "openChannel",
      fields: { channelId: 1 },
      direction: "toHost",
    }),
    entry("channelEvent", SERVER, { change: "peerClosed", state: "closing" }),
    entry("callbackEnd", SERVER, { callback: "EvtChannelOpened", statusName: "STATUS_SUCCESS" }),
    entry("callbackEnd", SERVER, { callback: "EvtChannelClosed" }),
    entry("partitionCrashed", "guest"),
  ];
  assertEquals(textsOf(told), [
    "offerChannel(channelId 1) → the guest",
    "sends what is no control message: messageTooSmall → the host",
    "a control message → the host",
    "the host takes openChannel(channelId 1)",
    "the chart hears peerClosed: closing (the opposite side has closed, or is gone)",
    "EvtChannelOpened returns STATUS_SUCCESS",
    "EvtChannelClosed returns",
    "crashes",
  ]);
});
