/**
 * Reads a trace of Linux line by line: what it tells of the bus, as entries of a trace, and how much else there is.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { CONTROL_MESSAGE, formsOf } from "../../../core/control/layouts.ts";
import type { ControlMessage, ControlMessageName } from "../../../core/control/messages.ts";
import { MESSAGE_RULES } from "../../../core/control/versions.ts";
import { Damage } from "../../../core/layout/mod.ts";
import { withStatusName } from "../../../core/trace_entries.ts";
import type { TraceDetails, TraceEntry } from "../../../mod.ts";
import { fieldOf, LINUX_EVENTS, type LinuxEvent, UNNAMED } from "./events.ts";
import type { PrintedValue } from "./print_format.ts";
import { type EventLine, readTraceLine, ticksOf } from "./trace_line.ts";

/** A control message, as far as a trace tells of it. */
export interface ToldMessage {
  /** Who says it. */
  readonly speaker: "guest" | "host";
  /** The message; fields that nobody told are 0. */
  readonly message: ControlMessage;
  /** The names of those that were told. */
  readonly told: ReadonlySet<string>;
}

/** An event of the bus. */
export interface LinuxEntry {
  /** In which line it stands, from 1. */
  readonly line: number;
  /** What it tells, as an entry of a trace; its detail `linux` says which event it was, where and of which task. */
  readonly entry: TraceEntry;
  /** The message that it tells of; null where it tells of none. */
  readonly message: ToldMessage | null;
  /** Whether the message crossed the bus: what could not be posted did not. */
  readonly isSaid: boolean;
  /** The number of the message that the guest has found, where nothing more is told of it. */
  readonly number: number | null;
}

/** A line that begins like an event of the bus and does not continue like one. */
export interface LinuxFault {
  /** In which line, from 1. */
  readonly line: number;
  /** At which of its characters, from 1. */
  readonly column: number;
  /** What should stand there, and what does. */
  readonly fault: string;
}

/** Events that the tracer has lost. */
export interface LinuxLoss {
  /** In which line it says so, from 1. */
  readonly line: number;
  /** The line. */
  readonly lost: string;
}

/** What a line tells. */
export type LinuxLine = LinuxEntry | LinuxFault | LinuxLoss;

/** Names of other events that are counted one by one; the rest are counted together. */
const NAMES_MAX = 64;

/** The names of messages by number. */
const NAMES: ReadonlyMap<number, ControlMessageName> = new Map(
  Object.entries(MESSAGE_RULES).map(([name, { number }]) => [number, name as ControlMessageName]),
);

/** A message of which nothing is known but its name. */
function blankMessage(name: ControlMessageName): ControlMessage {
  const { byteCount } = formsOf(name).at(-1)!;
  const bytes = new Uint8Array(byteCount);
  new DataView(bytes.buffer).setUint32(0, MESSAGE_RULES[name].number, true);
  const found = CONTROL_MESSAGE.decode(bytes);
  assert(!(found instanceof Damage), "bytes of 0 are fields of any message");
  return found;
}

function messageWith(
  name: ControlMessageName,
  values: ReadonlyMap<string, PrintedValue>,
): ToldMessage {
  const message: Record<string, unknown> = { ...blankMessage(name) };
  const told = new Set<string>(["message"]);
  for (const [field, value] of values) {
    if (!(field in message)) continue;
    message[field] = fieldOf(typeof message[field] === "boolean", value);
    told.add(field);
  }
  const speaker = MESSAGE_RULES[name].to === "host" ? "guest" : "host";
  return { speaker, message: message as unknown as ControlMessage, told };
}

/** The told fields of a message as details of an entry. */
function detailsOf({ message, told }: ToldMessage): TraceDetails {
  const { message: name, ...fields } = message;
  const shown = Object.entries(fields).filter(([field]) => told.has(field))
    .map(([field, value]) => [field, typeof value === "bigint" ? String(value) : value] as const);
  return { message: name, fields: withStatusName(Object.fromEntries(shown)) };
}

/** Reads lines, one after the other. */
export class LinuxTraceReader {
  #line = 0;
  /** How many events of other kinds there were, by name. */
  readonly others = new Map<string, number>();
  /** How many lines there were that are no events, comments left out. */
  otherLines = 0;
  /** How many events of the bus there were. */
  eventCount = 0;

  /** What the next line tells of the bus; null: nothing. */
  next(text: string): LinuxLine | null {
    this.#line++;
    const line = this.#line;
    const found = readTraceLine(text);
    if (found === "empty" || found === "comment") return null;
    if (found === "lost") return { line, lost: text.trim() };
    if (found === "other") {
      this.otherLines++;
      return null;
    }
    const event = LINUX_EVENTS.get(found.event);
    if (event === undefined || (found.system !== "" && found.system !== "hyperv")) {
      this.#count(found);
      return null;
    }
    const values = event.format.read(found.text);
    if ("reason" in values) {
      const { at, reason } = values;
      return { line, column: found.textAt + at + 1, fault: `${found.event}: ${reason}` };
    }
    this.eventCount++;
    return { line, ...this.#told(found, event, values) };
  }

  #count({ system, event }: EventLine): void {
    const name = system === "" ? event : `${system}:${event}`;
    const key = this.others.has(name) || this.others.size < NAMES_MAX ? name : "others";
    this.others.set(key, (this.others.get(key) ?? 0) + 1);
  }

  #told(
    line: EventLine,
    event: LinuxEvent,
    values: ReadonlyMap<string, PrintedValue>,
  ): Omit<LinuxEntry, "line"> {
    const { cpu, task, flags } = line;
    const linux = { event: line.event, cpu, task, ...flags !== "" && { flags } };
    const none = { message: null, isSaid: false, number: null };
    const entryOf = (name: string, subject: string, details: TraceDetails): TraceEntry => ({
      at100ns: ticksOf(line.time),
      event: name,
      subject,
      values: [],
      details: { ...details, linux },
    });
    const heard = (message: ToldMessage): Omit<LinuxEntry, "line"> => {
      const details = { direction: "toGuest", ...detailsOf(message) };
      const entry = entryOf("messageTaken", GUEST, details);
      return { ...none, entry, message, isSaid: true };
    };
    switch (event.tells) {
      case "signal": {
        const channelId = Number(values.get("channelId"));
        const entry = entryOf(event.event, `channel ${channelId}`, { partition: GUEST });
        return { ...none, entry };
      }
      case "sent": {
        const message = messageWith(event.message, values);
        const ret = Number(values.get("ret"));
        const isSaid = ret === 0;
        const details = { ...detailsOf(message), ...!isSaid && { ret } };
        const entry = entryOf(isSaid ? "messageToHost" : "messageNotSent", GUEST, details);
        return { ...none, entry, message, isSaid };
      }
      case "heard":
        return heard(messageWith(event.message, values));
      case "slot":
      case "turn": {
        const number = Number(values.get("messageType"));
        const message = NAMES.get(number) ?? null;
        const isAll = message !== null && UNNAMED.get(message) === event.tells;
        if (isAll) return heard(messageWith(message, new Map()));
        const name = event.tells === "slot" ? "messageInSlot" : "messageInTurn";
        return { ...none, entry: entryOf(name, GUEST, { number, message }), number };
      }
    }
  }
}

/** What entries of a trace of Linux are about that are about no channel: there is one guest in it. */
export const GUEST = "guest";
