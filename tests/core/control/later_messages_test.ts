import { assertEquals } from "@std/assert";
import {
  damageOf,
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../../core/control/codec.ts";
import { readTargetInfo, targetInfoOf } from "../../../core/control/connection_messages.ts";
import type { ControlMessage, OpenChannel2 } from "../../../core/control/messages.ts";
import { type Agreed, FEATURES, protocolOf } from "../../../core/control/versions.ts";

/** Bytes written by hand: spaces divide fields. */
function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

const USER_DATA = Uint8Array.from({ length: 120 }, (_, index) => index);
const GUID = "00112233-4455-6677-8899-aabbccddeeff";
const GUID_HEX = "33221100 5544 7766 8899aabbccddeeff";
const SERVICE = "00000400-facb-11e6-bd58-64006a7986d3";
const SERVICE_HEX = "00040000 cbfa e611 bd5864006a7986d3";
const PAGES = { parentToChildMonitorGpa: 0x1000, childToParentMonitorGpa: 0x1_0000_2000 };
const PAGES_HEX = "0010000000000000 0020000001000000";
/** SINT 2 of VTL 1, features 0x8. */
const CONTACT_HEX = "0e000000 00000000 00000600 04000000 02 01 0000 08000000";
const RESPONSE = { message: "versionResponse", supported: 1, connectionState: 2 } as const;
const RESPONSE_HEX = "0f000000 00000000 01 02 0000";
const OPEN: OpenChannel2 = {
  message: "openChannel",
  channelId: 1,
  openId: 2,
  ringGpadlId: 3,
  targetVp: 4,
  downstreamPageOffset: 5,
  userData: USER_DATA,
  connectionId: 0x0102_0304,
  eventFlag: 0x0506,
  openFlags: 1,
};
const RESERVED = { channelId: 1, targetVp: 2, targetSint: 3 };

/** Each message from 14 on and each longer form, its length, and its bytes from the tables of wire.md 4.2. */
const WRITTEN_OUT: readonly (readonly [ControlMessage, total: number, hex: string])[] = [
  [
    OPEN,
    156,
    `05000000 00000000 01000000 02000000 03000000 04000000 05000000 ${USER_DATA.toHex()}
    04030201 0605 0100`,
  ],
  [
    {
      message: "initiateContact",
      version: 0x0002_0004,
      targetMessageVp: 4,
      targetInfo: 0xffff_ffff_ffff_f000n,
      ...PAGES,
    },
    40,
    `0e000000 00000000 04000200 04000000 00f0ffffffffffff ${PAGES_HEX}`,
  ],
  [
    {
      message: "initiateContact",
      version: 0x0006_0000,
      targetMessageVp: 4,
      targetInfo: 0x8_0000_0102,
      ...PAGES,
      clientId: GUID,
    },
    56,
    `${CONTACT_HEX} ${PAGES_HEX} ${GUID_HEX}`,
  ],
  [{ ...RESPONSE, selected: 0x0004_0001 }, 16, `${RESPONSE_HEX} 01000400`],
  [
    { ...RESPONSE, selected: 0x80_0074, supportedFeatures: 0x21 },
    20,
    `${RESPONSE_HEX} 74008000 21000000`,
  ],
  [
    { ...RESPONSE, selected: 4, supportedFeatures: 0x40, ...PAGES },
    40,
    `${RESPONSE_HEX} 04000000 40000000 00000000 ${PAGES_HEX}`,
  ],
  [{ message: "unload" }, 8, "10000000 00000000"],
  [{ message: "unloadComplete" }, 8, "11000000 00000000"],
  [
    { message: "openReservedChannel", ...RESERVED, ringGpadlId: 4, downstreamPageOffset: 5 },
    28,
    "12000000 00000000 01000000 02000000 03000000 04000000 05000000",
  ],
  [
    { message: "closeReservedChannel", ...RESERVED },
    20,
    "13000000 00000000 01000000 02000000 03000000",
  ],
  [{ message: "closeReservedResponse", channelId: 9 }, 12, "14000000 00000000 09000000"],
  [
    { message: "tlConnectRequest", endpointId: GUID, serviceId: SERVICE },
    40,
    `15000000 00000000 ${GUID_HEX} ${SERVICE_HEX}`,
  ],
  [
    { message: "tlConnectRequest", endpointId: GUID, serviceId: SERVICE, siloId: GUID },
    56,
    `15000000 00000000 ${GUID_HEX} ${SERVICE_HEX} ${GUID_HEX}`,
  ],
  [
    { message: "modifyChannel", channelId: 1, targetVp: 4 },
    16,
    "16000000 00000000 01000000 04000000",
  ],
  [
    { message: "tlConnectResult", endpointId: GUID, serviceId: SERVICE, status: 0xc000_0236 },
    44,
    `17000000 00000000 ${GUID_HEX} ${SERVICE_HEX} 360200c0`,
  ],
  [
    { message: "modifyChannelResponse", channelId: 1, status: 0x8000_ffff },
    16,
    "18000000 00000000 01000000 ffff0080",
  ],
  [{ message: "modifyConnection", ...PAGES }, 24, `19000000 00000000 ${PAGES_HEX}`],
  [{ message: "modifyConnectionResponse", connectionState: 2 }, 9, "1a000000 00000000 02"],
  [{ message: "pause" }, 8, "1b000000 00000000"],
  [{ message: "pauseResponse" }, 8, "1c000000 00000000"],
  [{ message: "resume" }, 8, "1d000000 00000000"],
];
/** Where a shorter form ends: so many bytes and more are a message. */
const SHORTEST: Readonly<Record<string, number>> = {
  openChannel: 148,
  initiateContact: 40,
  versionResponse: 16,
  tlConnectRequest: 40,
};

// wire.md 4.2
Deno.test("encodeControlMessage: messages 14 to 29 and all longer forms have the bytes of the table", () => {
  for (const [message, total, hex] of WRITTEN_OUT) {
    assertEquals(encodeControlMessage(message).toHex(), bytesOf(hex).toHex(), message.message);
    assertEquals(bytesOf(hex).length, total, message.message);
    assertEquals(decodeControlMessage(bytesOf(hex)), message);
  }
  assertEquals(
    [...new Set(WRITTEN_OUT.slice(1).map(([, , hex]) => parseInt(hex, 16) >>> 24))],
    [
      ...Array(16).keys(),
    ].map((at) => 14 + at),
  );
});

// wire.md 4.1: a shorter one is refused, of a longer one the tail is ignored.
Deno.test("decodeControlMessage: messages 14 to 29 are refused at every shorter length", () => {
  for (const [message, total, hex] of WRITTEN_OUT) {
    const bytes = bytesOf(hex);
    const shortest = SHORTEST[message.message] ?? total;
    for (let length = 0; length < total; length++) {
      const decoded = decodeControlMessage(bytes.subarray(0, length));
      // The flag of the client id, and no client id.
      const isCut = length < shortest || "clientId" in message;
      if (isCut) assertEquals(decoded, "messageTooSmall", `${length} bytes of ${hex}`);
      else assertEquals(isControlFault(decoded), false, `${length} bytes of ${hex}`);
    }
    const long = new Uint8Array(240);
    long.fill(0xff, total);
    long.set(bytes);
    if (SHORTEST[message.message] === undefined) assertEquals(decodeControlMessage(long), message);
  }
});

const AT_5_3 = protocolOf("5.3");
const AT_6_0 = protocolOf("6.0");
const SIGNALS = protocolOf("6.0", FEATURES.guestSpecifiedSignalParameters);
const REDIRECTED = protocolOf("6.0", FEATURES.channelInterruptRedirection);

function fieldsAt(message: ControlMessage, agreed: Agreed, byteCount = 240): string | string[] {
  const bytes = new Uint8Array(byteCount);
  bytes.set(encodeControlMessage(message).subarray(0, byteCount));
  const decoded = decodeControlMessage(bytes, agreed);
  return isControlFault(decoded) ? decoded : Object.keys(decoded);
}

// wire.md 4.2: told apart by the version and the features that were agreed on.
Deno.test("decodeControlMessage: the form of OpenChannel follows from what was agreed on alone", () => {
  const isLong = (agreed: Agreed, byteCount?: number) =>
    fieldsAt(OPEN, agreed, byteCount).includes("openFlags");
  assertEquals([AT_5_3, AT_6_0, SIGNALS, REDIRECTED].map((agreed) => isLong(agreed)), [
    false,
    false,
    true,
    true,
  ]);
  assertEquals(fieldsAt(OPEN, SIGNALS, 155), "messageTooSmall");
  assertEquals(isLong(AT_5_3, 148), false);
  assertEquals(fieldsAt(OPEN, AT_5_3, 147), "messageTooSmall");
});

// wire.md 4.2: told apart by size, the silo from 5.2 on.
Deno.test("decodeControlMessage: a connect request has a silo from 5.2 on, where it is long enough", () => {
  const [message] = WRITTEN_OUT.find(([{ message }, total]) =>
    message === "tlConnectRequest" && total === 56
  )!;
  const hasSilo = (agreed: Agreed, byteCount?: number) =>
    fieldsAt(message, agreed, byteCount).includes("siloId");
  assertEquals(hasSilo(protocolOf("5.1")), false);
  assertEquals(hasSilo(protocolOf("5.2")), true);
  assertEquals(hasSilo(protocolOf("5.2"), 55), false);
  assertEquals(fieldsAt(message, protocolOf("5.2"), 39), "messageTooSmall");
});

// wire.md 4.2, "min"; behaviour 16 to 24 rest on it.
Deno.test("decodeControlMessage: refuses what may not be said yet, and what needs a connection", () => {
  const always = WRITTEN_OUT.filter(([message]) =>
    fieldsAt(message, "disconnected") !== "unexpectedMessage"
  );
  assertEquals([...new Set(always.map(([{ message }]) => message))], [
    "initiateContact",
    "versionResponse",
    "closeReservedChannel",
  ]);
  const refusedAt = (agreed: Agreed) => [
    ...new Set(
      WRITTEN_OUT.filter(([message]) => fieldsAt(message, agreed) === "unexpectedMessage")
        .map(([{ message }]) => message),
    ),
  ];
  assertEquals(refusedAt(protocolOf("6.0", 0x24)), []);
  assertEquals(refusedAt(AT_6_0), [
    "modifyConnection",
    "modifyConnectionResponse",
    "pause",
    "pauseResponse",
    "resume",
  ]);
  assertEquals(refusedAt(protocolOf("4.0")).slice(0, 3), [
    "modifyChannel",
    "tlConnectResult",
    "modifyChannelResponse",
  ]);
  assertEquals(refusedAt(protocolOf("0.13")).slice(0, 2), [
    "unloadComplete",
    "openReservedChannel",
  ]);
});

// wire.md 4.1, 4.2: who has sent the wrong form is told which one it had to be.
Deno.test("damageOf: what is too short for what was agreed on is told with both sizes", () => {
  const cut = encodeControlMessage(OPEN).subarray(0, 148);
  assertEquals(decodeControlMessage(cut, SIGNALS), "messageTooSmall");
  const said = "has 156 bytes by what it says and what was agreed on, not 148";
  assertEquals(damageOf(cut, SIGNALS, "messageTooSmall"), `openChannel ${said}`);
  const contact = bytesOf(`${CONTACT_HEX} ${PAGES_HEX}`);
  assertEquals(decodeControlMessage(contact, "disconnected"), "messageTooSmall");
  const promised = "has 56 bytes by what it says and what was agreed on, not 40";
  const told = damageOf(contact, "disconnected", "messageTooSmall");
  assertEquals(told, `initiateContact ${promised}`);
  assertEquals(
    damageOf(bytesOf("63000000 00000000"), AT_6_0, "unknownMessageType"),
    "no message has the number 99",
  );
  assertEquals(
    damageOf(new Uint8Array(241), AT_6_0, "messageTooLarge"),
    "a control message has at most 240 bytes, not 241",
  );
});

// wire.md 5.1: flag without the long message = MessageTooSmall, in the version alone that has flags.
Deno.test("decodeControlMessage: a contact that promises a client id must have one", () => {
  const contact = (version: number, featureFlags: number): ControlMessage => ({
    message: "initiateContact",
    version,
    targetMessageVp: 0,
    targetInfo: targetInfoOf({ sint: 2, vtl: 0, featureFlags }),
    parentToChildMonitorGpa: 0,
    childToParentMonitorGpa: 0,
  });
  const taken = (message: ControlMessage) =>
    decodeControlMessage(encodeControlMessage(message), "disconnected");
  assertEquals(taken(contact(0x6_0000, 0xff)), "messageTooSmall");
  for (const message of [contact(0x6_0000, 0xf7), contact(0x5_0003, 8), contact(0xffff_ffff, 8)]) {
    assertEquals(taken(message), message);
  }
});

// wire.md 4.2
Deno.test("readTargetInfo: reads what targetInfoOf made, and any 64 bits", () => {
  const info = { sint: 7, vtl: 2, featureFlags: 0xf000_002f };
  assertEquals(targetInfoOf(info), 0xf000_002f_0000_0207n);
  assertEquals(readTargetInfo(targetInfoOf(info)), info);
  assertEquals(targetInfoOf({ sint: 2, vtl: 0, featureFlags: 1 }), 0x1_0000_0002);
  assertEquals(readTargetInfo(2n ** 64n - 1n), { sint: 255, vtl: 255, featureFlags: 0xffff_ffff });
});
