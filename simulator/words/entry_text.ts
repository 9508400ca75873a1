/**
 * The entries of a trace as lines for people, and the group that each is of.
 *
 * @module
 */

import { messageDetails } from "../../core/control/message_details.ts";
import { ntStatusName } from "../../core/ntstatus.ts";
import type { TraceDetail, TraceDetails, TraceEntry } from "../../mod.ts";
import { messageOfEntry } from "../decoding/message_of_entry.ts";
import { visible } from "../text.ts";
import { PacketNames } from "./packet_names.ts";
import { packetsText } from "./packets.ts";
import {
  bytesText,
  called,
  changeText,
  messageText,
  numberOf,
  outcomeText,
  partitionText,
} from "./words.ts";

/** Groups of events, which a page can leave out, by what an event's name begins with. */
const GROUPS: readonly (readonly [string, RegExp])[] = [
  ["trouble", /^(?:fault|found|violation)/],
  ["calls", /^(?:call(?=$|Threw|Refused)|requestEnded|handleClosed|wait)/],
  ["returns", /^callReturned/],
  ["callbacks", /^callback/],
  ["packets", /^(?:packet|answer|externalData|unread|transactionId)/],
  ["bus", /^(?:message|interrupt|gpadl|mmio)/],
  ["states", /^(?:channel|partition|rings)/],
  ["memory", /^memory/],
  ["scheduler", /^(?:work|choice|timer|time|point)/],
];

/** The names of all groups. */
export const GROUP_NAMES: readonly string[] = [...GROUPS.map(([name]) => name), "others"];

/** The place of the group in {@linkcode GROUP_NAMES} that an event is of. */
export function groupOf(event: string): number {
  const at = GROUPS.findIndex(([, pattern]) => pattern.test(event));
  return at === -1 ? GROUPS.length : at;
}

/** A status by its name. */
function statusText(status: unknown): string {
  if (typeof status !== "number") return String(status);
  return ntStatusName(status) ?? `0x${status.toString(16)}`;
}

/** A detail in a line of text. */
function detailText(name: string, value: TraceDetail): string {
  if (value === null) return "null";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return /status/i.test(name) ? statusText(value) : String(value);
  if ("byteCount" in value) return bytesText(numberOf(value.byteCount));
  return JSON.stringify(value);
}

/** `event` in words: `packetEntered` is `packet entered`. */
function wordsOf(event: string): string {
  return event.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Details by name, one after the other. */
function detailsText(details: TraceDetails): readonly string[] {
  return Object.entries(details).map(([name, value]) => `${name} ${detailText(name, value)}`);
}

function returnText({ call, status, statusName: _, result, ...details }: TraceDetails): string {
  const ended = [
    ...status === undefined ? [] : [statusText(status)],
    ...result === undefined || result === null ? [] : [detailText("result", result)],
    ...detailsText(details),
  ];
  return ended.length === 0 ? `${call} returned` : `${call} returned ${ended.join(", ")}`;
}

/** Bytes of a payload, as an entry has them. */
function sizeText({ byteCount }: TraceDetails): string {
  return bytesText(numberOf(byteCount));
}

/** What entries say that are about no packet. */
const TEXTS: Readonly<Record<string, (details: TraceDetails) => string>> = {
  callReturned: returnText,
  callThrew: (details) => `${returnText(details).replace(" returned", " threw")}`,
  callRefused: (details) => `${returnText(details).replace(" returned", " was refused")}`,
  callbackBegin: ({ callback }) => `${callback} begins`,
  callbackEnd: ({ callback, ...details }) => `${callback}${outcomeText(details) || " returns"}`,
  messageToHost: (details) => `${messageText(details)} → the host`,
  messageToGuest: (details) => `${messageText(details)} → the guest`,
  messageTaken: (details) =>
    `the ${details["direction"] === "toHost" ? "host" : "guest"} takes ${messageText(details)}`,
  channelEvent: (details) => {
    const text = changeText(details);
    const { change, state } = details;
    const heard = `the chart hears ${change}${state === undefined ? "" : `: ${state}`}`;
    return text === null ? heard : `${heard} (${text})`;
  },
  waitBegan: ({ call, waitsFor }) => `${call} waits for ${waitsFor}`,
  waitEnded: ({ call, statusName }) =>
    `${call} has its answer${statusName ? ` ${statusName}` : ""}`,
  choice: (details) => textOfChoice(details),
  faultFired: ({ fault, place }) => `fault of the simulation: ${fault}, ${place}`,
  gpadlChanged: ({ by, change, gpadlId, ...details }) =>
    `GPADL ${gpadlId}: ${wordsOf(String(change))} by the ${by}${
      details["byteCount"] === undefined ? "" : `, ${sizeText(details)}`
    }`,
  found: ({ rule, place, message, by }) => `found by ${by}: ${message} (${rule}, at ${place})`,
  fault: ({ fault }) => `fault: ${fault}`,
  // What was read from somewhere, and is no run's own trace.
  messageInSlot: ({ message, number }) => `${message ?? `message ${number}`} lies in the slot`,
  messageInTurn: ({ message, number }) => `${message ?? `message ${number}`} has its turn`,
  messageNotSent: ({ ret, ...details }) => `${messageText(details)} was not posted: ${ret}`,
  interruptToHost: () => "the guest signals the host",
  interruptToGuest: () => "the host signals the guest",
  interruptHandled: () => "the guest deals with a signal",
  packet: ({ what, direction }) => `${what} → the ${direction === "toHost" ? "host" : "guest"}`,
  note: ({ text }) => String(text),
  decoded: ({ what }) => String(what),
  violation: ({ rule, call, message }) => `violation in ${call}: ${message} (${rule})`,
};

/** What entries say that are about a packet. */
const PACKET_TEXTS: Readonly<Record<string, (packet: string, details: TraceDetails) => string>> = {
  packetQueued: (packet, details) => `${packet} waits, ${sizeText(details)}`,
  packetEntered: (packet, details) => `${packet} enters the ring, ${sizeText(details)}`,
  packetArrived: (packet, details) => `${packet} arrives, ${sizeText(details)}`,
  packetCompleted: (packet, details) => `${packet} is answered, ${sizeText(details)}`,
  packetEnded: (packet, { status }) => `${packet} ends with ${statusText(status)}`,
  packetRetired: (packet, { how }) => `${packet} is retired: ${wordsOf(String(how))}`,
  packetSettled: (packet, { isAnswered }) =>
    `${packet} is settled, ${isAnswered === true ? "its completion in the ring" : "no answer"}`,
};

/** What a choice was, for who knows the ways that there were. */
export function textOfChoice({ count, chosen, ran, insteadOf }: TraceDetails): string {
  if (ran === undefined) return `choice ${chosen} of ${count}`;
  return insteadOf === undefined ? `${ran} runs` : `${ran} runs instead of ${insteadOf}`;
}

/** How a call ended, as its own line has it: what it gave is in the line of its return. */
export function endOfCall({ event, details: { status } }: TraceEntry): string {
  if (event === "callThrew") return " → threw";
  if (event === "callRefused") return " → refused";
  return status === undefined ? "" : ` → ${statusText(status)}`;
}

/** The entries of one trace in lines that can be seen whole, one after the other. */
export class EntryTexts {
  readonly #names = new PacketNames();

  /** What the next entry says. */
  next(entry: TraceEntry): string {
    const { event, details } = entry;
    const packet = this.#names.follow(entry);
    if (event === "call") return visible(this.#callText(entry));
    const text = packet === null
      ? TEXTS[event]?.(withMessage(entry))
      : PACKET_TEXTS[event]?.(packetText(packet.name, entry), details);
    if (text !== undefined) return visible(text);
    const happened = partitionText(event) ?? wordsOf(event);
    return visible([happened, ...detailsText(details)].join(", "));
  }

  #callText({ subject, details: { call, ...details } }: TraceEntry): string {
    const given = Object.entries(details)
      .map(([name, value]) => this.#named(detailText(name, value), subject));
    // Whose channel it is, is the entry's subject.
    return called(String(call), ...given[0] === subject ? given.slice(1) : given);
  }

  /** Names that say what they are of, and need not say that they are handles; of packets those that they have elsewhere. */
  #named(text: string, subject: string): string {
    const [, kind = "", number = ""] = /^VMBPACKET(COMPLETION)? (\d+) of .*$/.exec(text) ?? [];
    if (number === "") return text.replace(/^(?:VMBCHANNEL|DEVICE|VMBUS|KERNEL) of /, "");
    const { packets } = this.#names;
    // A packet object that was not sent yet has its transaction alone.
    if (kind === "") return `packet of transaction ${number}`;
    const name = packets.incoming(subject, Number(number));
    return name === null ? "a packet that is gone" : packetsText([name]);
  }
}

/** Details of an entry; where it has no more of a control message than its bytes, what they say. */
function withMessage(entry: TraceEntry): TraceDetails {
  const { details } = entry;
  if (details["message"] !== undefined || details["fault"] !== undefined) return details;
  const bytes = messageOfEntry(entry);
  return bytes === null ? details : messageDetails(bytes);
}

/** What all entries of a trace say. */
export function textsOf(entries: readonly TraceEntry[]): readonly string[] {
  const texts = new EntryTexts();
  return entries.map((entry) => texts.next(entry));
}

/** A packet by its name, with its transaction where that is another number and the entry tells of it. */
function packetText(name: number, { event, details }: TraceEntry): string {
  const { packet, transactionId } = details;
  const isReceivers = event === "packetRetired" || event === "packetSettled";
  const transaction = event === "packetArrived" ? transactionId : isReceivers ? undefined : packet;
  if (typeof transaction === "number") return packetsText([name], [transaction]);
  return transaction === undefined
    ? packetsText([name])
    : `${packetsText([name])} of transaction ${transaction}`;
}
