// What the checker of messages finds: each sentence is broken once, by bytes that nobody has said.

import { assertEquals } from "@std/assert";
import type { Observation } from "../../../actors/runtime/observation.ts";
import { messagesChecker } from "../../../simulator/checkers/messages.ts";
import {
  contactMessage,
  type ControlMessage,
  controlMessageBytes,
  offerMessage,
  openMessage,
  versionMessage,
} from "../../../simulator/peers/mod.ts";
import type { VmbusVersion } from "../../../core/control/versions.ts";
import { PAIR_INSTANCE, PAIR_TYPE } from "../../support/connected_pair.ts";
import { findingsOfPlanted } from "../../support/planted.ts";

/** A guest that nobody has said anything to so far. */
const GUEST = "made up";

/** What somebody says: `host` or `guest`, and the message. */
type Said = readonly ["host" | "guest", ControlMessage];

function said([speaker, message]: Said): Observation {
  const direction = speaker === "guest" ? "toHost" : "toGuest";
  return {
    kind: "messageSaid",
    partition: GUEST,
    direction,
    message: controlMessageBytes(message),
  };
}

async function found(messages: readonly Said[]): Promise<readonly string[]> {
  const all = await findingsOfPlanted([messagesChecker], () => messages.map(said));
  return all.map((finding) => finding.replace("correctness messages: ", ""));
}

function connected(version: VmbusVersion, features = 0): readonly Said[] {
  return [
    ["guest", contactMessage(version, { features })],
    ["host", versionMessage(version, { features })],
  ];
}

const offer = (channelId: number, subchannelIndex = 0): Said => [
  "host",
  offerMessage(PAIR_TYPE, PAIR_INSTANCE, { channelId, subchannelIndex }),
];
const rescind = (channelId: number): Said => ["host", {
  message: "rescindChannelOffer",
  channelId,
}];
const release = (channelId: number): Said => ["guest", { message: "relIdReleased", channelId }];
const plain = (
  speaker: Said[0],
  message: "requestOffers" | "unload" | "unloadComplete" | "pause" | "pauseResponse" | "resume",
): Said => [speaker, { message }];
const REQUEST = plain("guest", "requestOffers");
const UNLOAD = plain("guest", "unload");
const UNLOADED = plain("host", "unloadComplete");
const FLOW = "wire.md 4.5: what follows what";
const WHEN = "wire.md 4.2: when it is said";

// wire.md 4.5: what two honest sides say, from a contact to the next one.
Deno.test("messages: an honest exchange breaks no sentence", async () => {
  const life: readonly Said[] = [
    REQUEST,
    offer(1),
    offer(2, 1),
    rescind(2),
    rescind(1),
    release(2),
    release(1),
    offer(1),
    UNLOAD,
    UNLOADED,
  ];
  const paused: readonly Said[] = [
    plain("guest", "pause"),
    plain("host", "pauseResponse"),
    plain("guest", "resume"),
  ];
  assertEquals(await found([...connected("5.3"), ...life, ...connected("1.1"), ...life]), []);
  assertEquals(await found([...connected("6.0", 0x20), ...paused, ...life]), []);
  // A host that does not speak the newest is asked for the next one.
  const refused: readonly Said[] = [
    ["guest", contactMessage("6.0")],
    ["host", versionMessage("6.0", { isSupported: false })],
  ];
  assertEquals(await found([...refused, ...connected("4.1"), ...life]), []);
});

const BROKEN: readonly (readonly [string, readonly Said[], string])[] = [
  [
    "a host says what a guest says",
    [["host", { message: "requestOffers" }]],
    "wire.md 4.2: who says it, requestOffers of host of made up",
  ],
  ["something below its version", [...connected("4.0"), REQUEST, offer(1), ["guest", {
    message: "modifyChannel",
    channelId: 1,
    targetVp: 0,
  }]], `${WHEN}, modifyChannel of guest made up`],
  [
    "something without its feature",
    [...connected("6.0"), plain("guest", "pause")],
    `${WHEN}, pause of guest made up`,
  ],
  ["the longer form of an open request that nobody agreed on", [
    ...connected("6.0"),
    REQUEST,
    offer(1),
    [
      "guest",
      openMessage(1, 1, 2),
    ],
  ], `${WHEN}, openChannel of guest made up`],
  [
    "something while contact is made",
    [["guest", contactMessage("5.3")], REQUEST],
    `${FLOW}, requestOffers of guest made up`,
  ],
  [
    "something after leaving",
    [...connected("5.3"), UNLOAD, REQUEST],
    `${FLOW}, requestOffers of guest made up`,
  ],
  [
    "offers asked for twice",
    [...connected("5.3"), REQUEST, REQUEST],
    `${FLOW}, requestOffers of guest made up`,
  ],
  [
    "a release of nothing",
    [...connected("5.3"), REQUEST, release(1)],
    `${FLOW}, relIdReleased of guest made up`,
  ],
  [
    "an offer before any is asked for",
    [...connected("5.3"), offer(1)],
    `${FLOW}, offerChannel of host of made up`,
  ],
  [
    "an id that is offered twice",
    [...connected("5.3"), REQUEST, offer(1), rescind(1), offer(1)],
    "wire.md 4.5: an id is offered once, offerChannel of host of made up",
  ],
  ["an offer that is taken back twice", [
    ...connected("5.3"),
    REQUEST,
    offer(1),
    rescind(1),
    rescind(1),
  ], `${FLOW}, rescindChannelOffer of host of made up`],
  [
    "a primary that goes first",
    [...connected("5.3"), REQUEST, offer(1), offer(2, 1), rescind(1)],
    "wire.md section 6: sub-channels go first, rescindChannelOffer of host of made up",
  ],
  [
    "an offer to a guest that has left",
    [...connected("5.3"), REQUEST, UNLOAD, UNLOADED, offer(1)],
    `${FLOW}, offerChannel of host of made up`,
  ],
  [
    "an answer that nobody waits for",
    [...connected("5.3"), UNLOADED],
    `${FLOW}, unloadComplete of host of made up`,
  ],
  ["a host that was paused speaks", [
    ...connected("6.0", 0x20),
    REQUEST,
    plain("guest", "pause"),
    plain("host", "pauseResponse"),
    offer(1),
  ], "wire.md 4.5: a host that was paused is silent, offerChannel of host of made up"],
  [
    "a guest that rests speaks",
    [...connected("6.0", 0x20), plain("guest", "pause"), REQUEST],
    `${FLOW}, requestOffers of guest made up`,
  ],
];

for (const [fact, messages, finding] of BROKEN) {
  Deno.test(`messages: finds ${fact}`, async () => {
    assertEquals(await found(messages), [finding]);
  });
}

Deno.test("messages: finds bytes that are no message, and excuses who was tampered with", async () => {
  const bytes: Observation = {
    kind: "messageSaid",
    partition: GUEST,
    direction: "toHost",
    message: new Uint8Array(7),
  };
  const tampered: Observation = { kind: "channelTampered", partition: GUEST, channelId: null };
  const plant = (...events: readonly Observation[]) =>
    findingsOfPlanted([messagesChecker], () => events);
  assertEquals(await plant(bytes), [
    "correctness messages: wire.md 4.1: what is said is a message, a message of guest made up",
  ]);
  assertEquals(await plant(tampered, bytes), []);
});
