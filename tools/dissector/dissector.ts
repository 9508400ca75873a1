/**
 * The text of `tools/vmbus.lua`: layouts and tables of this package as Lua has them, and behind them the part that is
 * written by hand (`lua/`).
 *
 * @module
 */

import { MESSAGE_ANSWERS } from "../../core/control/answers.ts";
import { INTERFACE_TYPES } from "../../core/control/interface_types.ts";
import { CONTROL_MESSAGE } from "../../core/control/layouts.ts";
import { CONTROL_MESSAGE_BYTES_MAX } from "../../core/control/messages.ts";
import { MESSAGE_RULES, VERSION_NUMBERS } from "../../core/control/versions.ts";
import type { Layout, TaggedLayout } from "../../core/layout/mod.ts";
import {
  GPA_DIRECT_HEADER,
  PIPE_HEADER,
  TRANSFER_PAGES_HEADER,
} from "../../core/packet/layouts.ts";
import {
  PACKET_TYPE_COMPLETION,
  PACKET_TYPE_GPA_DIRECT,
  PACKET_TYPE_IN_BAND,
  PACKET_TYPE_TRANSFER_PAGES,
} from "../../core/ring/layout.ts";
import { DESCRIPTOR, TRAILER } from "../../core/ring/layouts.ts";
import { CAPTURE_HEADER, CAPTURE_NONE } from "../../simulator/capture/record.ts";
import { DEVICES, type KnownDevice } from "../../simulator/decoding/devices.ts";
import { FilterFields, filterWord, luaText, namesTable } from "./fields.ts";
import { LayoutTables } from "./layouts.ts";

/** Layouts by the name that the dissector has for them, and the words that their filters begin with. */
const LAYOUTS: readonly (readonly [name: string, group: string, layout: Layout<unknown>])[] = [
  ["capture", "capture", CAPTURE_HEADER],
  ["control_message", "", CONTROL_MESSAGE],
  ["descriptor", "packet", DESCRIPTOR],
  ["gpa_direct", "gpa", GPA_DIRECT_HEADER],
  ["transfer_pages", "transfer", TRANSFER_PAGES_HEADER],
  ["pipe_header", "pipe", PIPE_HEADER],
  ["trailer", "trailer", TRAILER],
];

/** Packets that there are in practice, with the fewest words of 8 bytes before their payload (wire.md 2.2, 2.3). */
const PACKET_TYPES: readonly (readonly [type: number, name: string, words: number])[] = [
  [PACKET_TYPE_IN_BAND, "inBand", 2],
  [PACKET_TYPE_TRANSFER_PAGES, "transferPages", 3],
  [PACKET_TYPE_GPA_DIRECT, "gpaDirect", 3],
  [PACKET_TYPE_COMPLETION, "completion", 2],
];

const HEADER = `-- Hyper-V VMBus for Wireshark and tshark.
--
-- Made by "deno task dissector" of the package @vmbus/kmcl from the layouts by which it reads and writes VMBus
-- itself. Change those, or tools/dissector/lua, and not this file.
--
-- It takes records of captures as "simulate --capture" writes them: pcapng of link type USER0, a header of its own
-- before each control message and each packet of a ring (docs/capture.md says it byte for byte).
--
--   tshark -X lua_script:vmbus.lua -r run.pcapng
--
-- or copy it into Wireshark's folder of personal Lua plugins (Help, About, Folders). Filters begin with "vmbus.".
-- Runs in Wireshark from 4.0 on.

local vmbus = Proto("vmbus", "Hyper-V VMBus")
local F = {} -- fields by filter
local names = {} -- names of values by filter
local layouts = {}
local NONE = ${CAPTURE_NONE}
local MESSAGE_BYTES_MAX = ${CONTROL_MESSAGE_BYTES_MAX}
local PACKET_TYPE_IN_BAND = ${PACKET_TYPE_IN_BAND}
local CODEC_MSGPACK = 2
`;

function interfaceTypes(): string {
  const known = Object.values(INTERFACE_TYPES);
  const own = DEVICES.flatMap(({ name, interfaceTypes }) =>
    interfaceTypes.filter((id) => !known.includes(id)).map((id) => [name, id] as const)
  );
  const lines = [...Object.entries(INTERFACE_TYPES), ...own]
    .map(([name, id]) => `  [${luaText(id)}] = ${luaText(name)},`);
  return `-- Interface types by GUID (wire.md 7).\nlocal interface_types = {\n${
    lines.join("\n")
  }\n}`;
}

/** Bits of a number, each by itself. */
function bitsOf(mask: number): number[] {
  return Array.from({ length: 32 }, (_, at) => 2 ** at).filter((bit) => (mask & bit) !== 0);
}

function messageRules(): string {
  const lines = Object.entries(MESSAGE_RULES).map(([name, rule]) => {
    const { to, since, features, isAlwaysSaid } = rule;
    const members = [
      `to = ${luaText(to)}`,
      `since = ${VERSION_NUMBERS[since]}`,
      ...features === undefined ? [] : [`features = { ${bitsOf(features).join(", ")} }`],
      ...isAlwaysSaid === true ? ["is_always = true"] : [],
    ];
    return `  ${name} = { ${members.join(", ")} },`;
  });
  return `-- Who says which message, and from when on (wire.md 4.2).\nlocal message_rules = {\n${
    lines.join("\n")
  }\n}`;
}

function messageAnswers(): string {
  const list = (fields: readonly string[]) => `{ ${fields.map(luaText).join(", ")} }`;
  const lines = MESSAGE_ANSWERS.map(({ request, answer, by }) =>
    `  { request = ${luaText(request)}, answer = ${luaText(answer)}, request_by = ${
      list(by.map(([name]) => name))
    }, answer_by = ${list(by.map(([, name]) => name))} },`
  );
  return `-- Which message answers which, and by which fields (wire.md 4.5).\nlocal message_answers = {\n${
    lines.join("\n")
  }\n}`;
}

function packetTypes(): string {
  const lines = PACKET_TYPES.map(([type, name, words]) =>
    `  [${type}] = { name = ${luaText(name)}, words = ${words} },`
  );
  return `-- Packets, and the fewest words of 8 bytes before their payload (wire.md 2.2).\nlocal packet_types = {\n${
    lines.join("\n")
  }\n}`;
}

/** One device as a table: its payloads, and answers where their request decides. */
function deviceTable(fields: FilterFields, { name, payloads }: KnownDevice): string {
  const inside = Object.assign({}, ...payloads.map((each) => each.inside));
  const tables = new LayoutTables(fields, filterWord(name), inside);
  const own = payloads.flatMap(({ direction, isAnswer, answerTo, layout }) => {
    if (answerTo !== undefined) return [];
    const facts = [
      ...direction === undefined ? [] : [`direction = ${direction === "toHost" ? 0 : 1}`],
      ...isAnswer === undefined ? [] : [`is_answer = ${isAnswer}`],
      `layout = ${tables.tableOf(layout)}`,
    ];
    return [`  { ${facts.join(", ")} },`];
  });
  const answers = payloads.flatMap(({ answerTo, layout }) =>
    answerTo === undefined ? [] : [`    ${answerTo} = ${tables.tableOf(layout)},`]
  );
  const [request] = payloads;
  const answered = answers.length === 0 ? [] : [
    `  asked_by = ${luaText((request!.layout as TaggedLayout<unknown>).tag)},`,
    "  answers = {",
    ...answers,
    "  },",
  ];
  return `{\n  name = ${luaText(name)},\n${[...own, ...answered].join("\n")}\n}`;
}

function payloadLayouts(fields: FilterFields): string {
  const made = DEVICES.map((device) =>
    `devices_by_name.${device.name} = ${deviceTable(fields, device)}`
  );
  const lines = DEVICES.flatMap(({ name, interfaceTypes }) =>
    interfaceTypes.map((id) => `  [${luaText(id)}] = devices_by_name.${name},`)
  );
  return [
    "-- What devices say in their payloads.\nlocal devices_by_name = {}",
    ...made,
    `local payload_layouts = {\n${lines.join("\n")}\n}`,
  ].join("\n");
}

/** The parts that are written by hand, in the order in which they stand. */
export const HAND_WRITTEN: readonly string[] = [
  "fields",
  "walk",
  "links",
  "messages",
  "tuple",
  "packets",
  "records",
].map((name) => `tools/dissector/lua/${name}.lua`);

/** The dissector, with the texts `parts` of {@linkcode HAND_WRITTEN}. */
export function dissectorText(parts: readonly string[]): string {
  const fields = new FilterFields();
  const tables = LAYOUTS.map(([name, group, layout]) =>
    `layouts.${name} = ${new LayoutTables(fields, group).tableOf(layout)}`
  );
  const payloads = payloadLayouts(fields);
  const made = fields.all.flatMap(({ filter, made, names }) => [
    ...names === null ? [] : [`names[${luaText(filter)}] = ${namesTable(names)}`],
    `F[${luaText(filter)}] = ${made}`,
  ]);
  const capture = `F["vmbus.capture"] = ProtoField.none("vmbus.capture", "Capture header")`;
  return [
    HEADER,
    interfaceTypes(),
    packetTypes(),
    messageRules(),
    messageAnswers(),
    `-- Fields, as filters know them.\n${[...made, capture].join("\n")}`,
    `-- Layouts: where each field lies.\n${tables.join("\n\n")}`,
    payloads,
    ...parts,
  ].join("\n\n");
}
