// What is said on a bus, measured by the rules of wire.md: each is broken once; what was not seen is not known.

import { assertEquals } from "@std/assert";
import type { ControlMessage } from "../../../core/control/messages.ts";
import type { VmbusVersion } from "../../../core/control/versions.ts";
import { splitGpadl } from "../../../core/memory/gpadl.ts";
import { contactMessage, offerMessage, versionMessage } from "../../../simulator/peers/mod.ts";
import { Conversation } from "../../../simulator/wire_rules/conversation.ts";

type Said = readonly ["host" | "guest", ControlMessage];

const TYPE = "f8615163-df3e-46c5-913f-f2d2f965ed0e";
const INSTANCE = "0c7f8e26-51d3-4b8e-9f0a-6d1b2c3e4f50";
const FAILED = 0xc000_0001;

const connected = (version: VmbusVersion = "5.3", features = 0): readonly Said[] => [
  ["guest", contactMessage(version, { features })],
  ["host", versionMessage(version, { features })],
  ["guest", { message: "requestOffers" }],
];
const offer = (channelId: number, instance = INSTANCE): Said => [
  "host",
  offerMessage(TYPE, instance, { channelId }),
];
const rescind: Said = ["host", { message: "rescindChannelOffer", channelId: 1 }];
const release: Said = ["guest", { message: "relIdReleased", channelId: 1 }];
const allOffers: Said = ["host", { message: "allOffersDelivered" }];
const pages = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
const words = splitGpadl([{ byteCount: 8 * 4096, byteOffset: 0, pfns: pages(8) }])[0]!;

function header(gpadlId = 7, more: Partial<ControlMessage> = {}): Said {
  const common = { channelId: 1, gpadlId, byteLength: 72, rangeCount: 1, readOnly: false, words };
  return ["guest", { message: "gpadlHeader", ...common, ...more } as ControlMessage];
}
const created = (gpadlId = 7, status = 0): Said => [
  "host",
  { message: "gpadlCreated", channelId: 1, gpadlId, status },
];
const teardown = (gpadlId = 7): Said => [
  "guest",
  { message: "gpadlTeardown", channelId: 1, gpadlId },
];
const torndown = (gpadlId = 7): Said => ["host", { message: "gpadlTorndown", gpadlId }];
const open = (openId = 1, downstreamPageOffset = 4): Said => ["guest", {
  message: "openChannel",
  channelId: 1,
  openId,
  ringGpadlId: 7,
  targetVp: 0,
  downstreamPageOffset,
  userData: new Uint8Array(120),
}];
const opened = (openId = 1, status = 0): Said => [
  "host",
  { message: "openResult", channelId: 1, openId, status },
];
const close: Said = ["guest", { message: "closeChannel", channelId: 1 }];
const modify: Said = ["guest", { message: "modifyChannel", channelId: 1, targetVp: 1 }];
const modified: Said = ["host", { message: "modifyChannelResponse", channelId: 1, status: 0 }];
const OFFERED = [...connected(), offer(1), allOffers];
const READY = [...OFFERED, header(), created()];
const OPEN = [...READY, open(), opened()];

/** The rules that are broken, by the place of the message. */
function broken(said: readonly Said[], from = 0): readonly string[] {
  const conversation = new Conversation();
  return said.slice(from).flatMap(([speaker, message], at) => {
    const found = conversation.take(speaker, message);
    if (speaker === "host") conversation.heard(message);
    return found === null ? [] : [`${at + from} ${found.rule}: ${found.what}`];
  });
}

const HONEST: Readonly<Record<string, readonly Said[]>> = {
  "a life": [...OPEN, modify, modified, close, teardown(), torndown(), release],
  "a channel that is opened again": [
    ...OPEN,
    ...[close, teardown(), torndown(), header(), created(), open(2), opened(2)],
    ...[rescind, close, teardown(), torndown(), release, offer(1)],
  ],
  "one that is opened again before its rings are free": [
    ...OPEN,
    close,
    header(8),
    created(8),
    ["guest", { ...open(2)[1], ringGpadlId: 8 } as ControlMessage],
    opened(2),
  ],
  "refusals": [
    ...[...OFFERED, header(), created(7, FAILED), header(), created(), open(), opened(1, FAILED)],
    ...[teardown(), torndown(), release],
  ],
  "a rescind that crosses an open request": [...READY, rescind, teardown(), torndown(), release],
  "a GPADL that is answered when its channel was released": [
    ...[...READY, teardown(), rescind, release, torndown(), offer(1)],
  ],
  "another contact": [
    ...OPEN,
    ...connected("4.1"),
    offer(1),
    header(),
    created(),
    open(),
    opened(),
  ],
  "a socket": [
    ...connected(),
    ["guest", { message: "tlConnectRequest", endpointId: INSTANCE, serviceId: TYPE }],
    ["host", { message: "tlConnectResult", endpointId: INSTANCE, serviceId: TYPE, status: FAILED }],
  ],
};

for (const [name, said] of Object.entries(HONEST)) {
  Deno.test(`Conversation: nothing is wrong with ${name}, wherever one begins to look`, () => {
    for (const from of said.keys()) assertEquals(broken(said, from), []);
  });
}

const at = (gpadlId: number) => `GPADL ${gpadlId} (0x${gpadlId.toString(16)}) of channel 1`;

/** What is said, and what the last of it breaks. */
const BROKEN: readonly (readonly [name: string, said: readonly Said[], found: string])[] = [
  [
    "an open request before its GPADL is created",
    [...OFFERED, header(), open()],
    "wire.md 4.5: a GPADL is created before it is opened over: openChannel of channel 1 over GPADL 7 (0x7), which is creating",
  ],
  [
    "an open request over a GPADL that is being torn down",
    [...READY, teardown(), open()],
    "wire.md 4.5: a GPADL is created before it is opened over: openChannel of channel 1 over GPADL 7 (0x7), which is deleting",
  ],
  [
    "an open request over no GPADL",
    [...OFFERED, open()],
    "wire.md 4.5: a GPADL is created before it is opened over: openChannel of channel 1 over GPADL 7 (0x7), which it does not have",
  ],
  [
    "rings without a second one",
    [...READY, open(1, 8)],
    "wire.md 1.1: the GPADL of rings: openChannel of channel 1 over GPADL 7 (0x7): downstreamPageOffset 8 is not in 1..7",
  ],
  [
    "rings in two ranges",
    [
      ...OFFERED,
      header(7, { byteLength: 32, rangeCount: 2, words: new Uint8Array(0) }),
      created(),
      open(),
    ],
    "wire.md 3.4: what follows what: gpadlCreated of " +
    `${at(7)}, whose description is not complete`,
  ],
  [
    "a channel that is opened twice",
    [...OPEN, open(2)],
    "wire.md 5.2: what a channel's state allows: openChannel of channel 1, which is inUse.open.steady",
  ],
  [
    "a channel that is closed and not open",
    [...READY, close],
    "wire.md 5.2: what a channel's state allows: closeChannel of channel 1, which is closed",
  ],
  [
    "a release of an open channel",
    [...OPEN, release],
    "wire.md 5.2: what a channel's state allows: relIdReleased of channel 1, which is inUse.open.steady",
  ],
  [
    "an open request after a rescind",
    [...READY, rescind, open()],
    "wire.md 4.5: what follows a rescind: openChannel of channel 1, which was taken back",
  ],
  [
    "a release that comes twice",
    [...OFFERED, release, release],
    "wire.md 4.5: what follows what: channel 1 is not the guest's; the ends are connected, channels none",
  ],
  [
    "an id that is no channel's",
    [...connected(), offer(2048)],
    "wire.md 4.4: what an offer holds: channelId 2048 is not in 1..2047",
  ],
  [
    "a device that is offered twice",
    [...OFFERED, offer(2)],
    `wire.md 5.2: what a channel's state allows: interface ${TYPE}, instance ${INSTANCE}, sub-channel 0 is offered as channel 2, and is 1`,
  ],
  [
    "an open result that nobody asked for",
    [...READY, opened()],
    "wire.md 4.5: an answer has its question: openResult of channelId 1, and no openChannel waits for it",
  ],
  [
    "an open result of another request",
    [...READY, open(5), opened(6)],
    "wire.md 4.5: an answer has its question: openResult of channelId 1 says openId 6, and was asked by 5",
  ],
  [
    "offers that are delivered twice",
    [...OFFERED, allOffers],
    "wire.md 4.5: an answer has its question: allOffersDelivered, and no requestOffers waits for it",
  ],
  [
    "a change of processors that nobody asked for",
    [...OPEN, modified],
    "wire.md 4.5: an answer has its question: modifyChannelResponse of channelId 1, and no modifyChannel waits for it",
  ],
  [
    "a GPADL that is created twice",
    [...READY, created()],
    `wire.md 3.4: what follows what: gpadlCreated of ${at(7)}, which is created`,
  ],
  [
    "a GPADL that nobody described",
    [...OFFERED, created()],
    `wire.md 3.4: what follows what: gpadlCreated of ${at(7)}, which nobody described`,
  ],
  [
    "a GPADL that is described twice",
    [...READY, header()],
    `wire.md 3.4: what follows what: ${at(7)} is described, and is there already`,
  ],
  [
    "a GPADL that is torn down before it is created",
    [...OFFERED, header(), teardown()],
    `wire.md 3.4: what follows what: gpadlTeardown of ${at(7)}, which is creating`,
  ],
  [
    "a GPADL that is torn down and not there",
    [...OFFERED, teardown()],
    `wire.md 3.4: what follows what: gpadlTeardown of ${at(7)}, which it does not have`,
  ],
  [
    "an answer to no teardown",
    [...READY, torndown()],
    "wire.md 3.4: what follows what: gpadlTorndown of GPADL 7 (0x7), which nobody tears down",
  ],
  [
    "rings that go before the channel is closed",
    [...OPEN, teardown()],
    `wire.md 4.5: a channel is closed before its rings go: gpadlTeardown of ${
      at(7)
    }, whose rings are in use`,
  ],
  [
    "ranges that are none",
    [...OFFERED, header(7, { words: new Uint8Array(72) })],
    `wire.md 3.1: a range list: ${at(7)}: emptyByteCount`,
  ],
  [
    "a body that belongs to nothing",
    [...READY, ["guest", {
      message: "gpadlBody",
      messageNumber: 0,
      gpadlId: 7,
      words: new Uint8Array(8),
    }]],
    "wire.md 3.4: what follows what: a body of GPADL 7 (0x7) comes, and its description is complete",
  ],
  [
    "a version that was not asked for",
    [["guest", contactMessage("4.1")], ["host", versionMessage("4.0")]],
    "wire.md 4.2: the version that is selected: the response selects 0x40000, and 0x40001 was asked for",
  ],
  [
    "a feature that was not asked for",
    [["guest", contactMessage("6.0", { features: 1 })], [
      "host",
      versionMessage("6.0", { features: 5 }),
    ]],
    "wire.md 4.3: features that are asked for, and supported: the response has modifyConnection, which the contact did not ask for",
  ],
  [
    "one monitor page of two",
    [["guest", { ...contactMessage("4.1"), childToParentMonitorGpa: 4096 }]],
    "wire.md 5.1: what a contact holds: monitor pages at 0 and 4096: both are there, or none",
  ],
];

for (const [name, said, found] of BROKEN) {
  Deno.test(`Conversation: ${name} breaks a rule`, () => {
    assertEquals(broken(said).slice(0, 1).map((each) => each.replace(/^\d+ /, "")), [found]);
  });
}

// A trace that begins in the middle, or has lost something, holds nothing against anybody.
Deno.test("Conversation: what was not seen is not known, until it is seen", () => {
  const conversation = new Conversation();
  const take = (said: readonly Said[]) =>
    said.map(([speaker, message]) => conversation.take(speaker, message)?.rule ?? null);
  assertEquals(take([opened(), close, torndown()]), [null, null, null]);
  assertEquals(conversation.isLate, true);
  assertEquals(take([close]), ["wire.md 5.2: what a channel's state allows"]);
  conversation.forget();
  assertEquals(take([close, ...OPEN]).every((rule) => rule === null), true);
});
