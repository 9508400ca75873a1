/**
 * An entry of a trace as one line for people, and the group that it is of.
 *
 * @module
 */

import { decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import { ntStatusName } from "../../core/ntstatus.ts";
import type { TraceEntry } from "../../mod.ts";
import { messageOfEntry } from "../decoding/message_of_entry.ts";
import { visible } from "../text.ts";

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

/** Names that say what they are of, and need not say that they are handles. */
function withoutHandle(text: string): string {
  return text.replace(/^VMBPACKET\w* (\S+) of .*$/, "packet $1")
    .replace(/^(?:VMBCHANNEL|DEVICE|VMBUS|KERNEL) of /, "");
}

/** A detail in a line of text. */
function detailText(name: string, value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return withoutHandle(value);
  if (typeof value !== "object") return /status/i.test(name) ? statusText(value) : String(value);
  if ("byteCount" in value) return `${value.byteCount} bytes`;
  return JSON.stringify(value);
}

/** `event` in words: `packetEntered` is `packet entered`. */
function wordsOf(event: string): string {
  return event.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

type Details = TraceEntry["details"];

function callText({ call, ...details }: Details, subject: string): string {
  const given = Object.entries(details).map(([name, value]) => detailText(name, value));
  // Whose channel it is, is the entry's subject.
  return `${call}(${(given[0] === subject ? given.slice(1) : given).join(", ")})`;
}

function returnText({ call, status, statusName: _, result, ...details }: Details): string {
  const more = Object.entries(details).map(([name, value]) => `${name} ${detailText(name, value)}`);
  const ended = [
    ...status === undefined ? [] : [statusText(status)],
    ...result === undefined || result === null ? [] : [detailText("result", result)],
    ...more,
  ];
  return ended.length === 0 ? `${call} returned` : `${call} returned ${ended.join(", ")}`;
}

function messageText(entry: TraceEntry): string {
  const way = entry.event === "messageToHost" ? "to the host" : "to the guest";
  const bytes = messageOfEntry(entry);
  if (bytes === null) return `a control message ${way}`;
  const message = decodeControlMessage(bytes);
  if (isControlFault(message)) return `bytes ${way} that are no control message: ${message}`;
  const { message: name, ...fields } = message;
  const numbers = Object.entries(fields)
    .filter(([key, value]) => /Id$|^status$/.test(key) && typeof value === "number")
    .map(([key, value]) => `${key} ${detailText(key, value)}`);
  return [name[0]!.toUpperCase() + name.slice(1), ...numbers].join(", ");
}

const TEXTS: Readonly<Record<string, (details: Details, subject: string) => string>> = {
  call: callText,
  callReturned: returnText,
  callThrew: (details) => `${returnText(details).replace(" returned", " threw")}`,
  callRefused: (details) => `${returnText(details).replace(" returned", " was refused")}`,
  callbackBegin: ({ callback }) => `${callback} begins`,
  callbackEnd: ({ callback }) => `${callback} returns`,
  packetQueued: ({ packet, byteCount }) => `packet ${packet} waits, ${byteCount} bytes`,
  packetEntered: ({ packet, byteCount }) => `packet ${packet} enters the ring, ${byteCount} bytes`,
  packetArrived: ({ packet, transactionId, byteCount }) =>
    `packet ${packet} arrives, transaction ${transactionId}, ${byteCount} bytes`,
  packetCompleted: ({ packet, byteCount }) => `packet ${packet} is answered, ${byteCount} bytes`,
  packetEnded: ({ packet, status }) => `packet ${packet} ends with ${statusText(status)}`,
  channelEvent: ({ change, state }) =>
    `the chart hears ${change}${state === undefined ? "" : `: ${state}`}`,
  packetRetired: ({ packet, how }) => `packet ${packet} is retired: ${wordsOf(String(how))}`,
  packetSettled: ({ packet, isAnswered }) =>
    `packet ${packet} is settled, ${
      isAnswered === true ? "its completion in the ring" : "no answer"
    }`,
  waitBegan: ({ call, waitsFor }) => `${call} waits for ${waitsFor}`,
  waitEnded: ({ call, statusName }) =>
    `${call} has its answer${statusName ? ` ${statusName}` : ""}`,
  choice: (details) => textOfChoice(details),
  faultFired: ({ fault, place }) => `fault of the simulation: ${fault}, ${place}`,
  gpadlChanged: ({ by, change, gpadlId, byteCount }) =>
    `GPADL ${gpadlId}: ${wordsOf(String(change))} by the ${by}${
      byteCount === undefined ? "" : `, ${byteCount} bytes`
    }`,
  messageTaken: ({ message, direction }) =>
    `${message} is taken ${direction === "toHost" ? "by the host" : "by the guest"}`,
  found: ({ rule, place, message, by }) => `found by ${by}: ${message} (${rule}, at ${place})`,
  fault: ({ fault }) => `fault: ${fault}`,
  violation: ({ rule, call, message }) => `violation in ${call}: ${message} (${rule})`,
};

/** What a choice was, for who knows the ways that there were. */
export function textOfChoice({ count, chosen, ran, insteadOf }: Details): string {
  if (ran === undefined) return `choice ${chosen} of ${count}`;
  return insteadOf === undefined ? `${ran} runs` : `${ran} runs instead of ${insteadOf}`;
}

/** How a call ended, as its own line has it: what it gave is in the line of its return. */
export function endOfCall({ event, details: { status } }: TraceEntry): string {
  if (event === "callThrew") return " → threw";
  if (event === "callRefused") return " → refused";
  return status === undefined ? "" : ` → ${statusText(status)}`;
}

/** What an entry says, in one line that can be seen whole. */
export function textOfEntry(entry: TraceEntry): string {
  const { event, subject, details } = entry;
  if (/^messageTo/.test(event)) return visible(messageText(entry));
  const text = TEXTS[event]?.(details, subject);
  if (text !== undefined) return visible(text);
  const more = Object.entries(details).map(([name, value]) => `${name} ${detailText(name, value)}`);
  return visible([wordsOf(event), ...more].join(", "));
}
