/**
 * Calls of drivers in a story: each is one line, unless others come between it and its end.
 *
 * @module
 */

import type { TraceDetails, TraceEntry } from "../../mod.ts";
import type { Draft } from "./draft.ts";
import type { NamedPacket } from "../words/packet_names.ts";
import { packetsText } from "../words/packets.ts";
import type { Scene } from "./scene.ts";
import {
  bytesText,
  called,
  isFailure,
  kindOfCall,
  numberOf,
  outcomeText,
  textOf,
} from "../words/words.ts";

const WAIT_FLAG = 1;
const REQUEST = "VmbChannelSendSynchronousRequest";
const COMPLETE = "VmbChannelPacketComplete";
const SENDS = /^VmbPacketSend|^VmbChannelSendSynchronousRequest$/;
const PACKET_CALLS: ReadonlySet<string> = new Set([
  COMPLETE,
  "VmbChannelPacketDeferToPassive",
  "VmbChannelPacketFail",
]);
/** Calls that one would not expect while a driver holds packets. */
const ENDINGS = /^VmbChannel(?:Pause|Disable|Cleanup)$|^drainAndDisable$/;

/** A call that has not returned. */
interface OpenCall {
  readonly name: string;
  /** Its line; null: a story tells of it only if it fails. */
  readonly draft: Draft | null;
  /** What its entry said. */
  readonly details: TraceDetails;
}

/** The calls of one story. */
export class Calls {
  readonly #scene: Scene;
  readonly #open = new Map<string, OpenCall[]>();
  /** Lines of calls that wait. */
  readonly #waits = new Map<number, Draft | null>();
  /** By endpoint: the line that tells how it was set up, and how many calls that took. */
  readonly #setups = new Map<string, { readonly draft: Draft; count: number }>();
  /** Transactions of synchronous requests: their callers are told how they end. */
  readonly #requests = new Map<string, Set<number>>();

  /** Those told in `scene`. */
  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A driver calls a function. */
  begin(entry: TraceEntry): void {
    const { subject, details } = entry;
    const name = textOf(details["call"]);
    const draft = kindOfCall(name) === "told" ? this.#tell(name, entry) : null;
    this.#stack(subject).push({ name, draft, details });
    if (name === "VmbPacketSetCompletionRoutine") this.#setRoutine(subject, details, true);
    if (name === "VmbPacketFree") this.#setRoutine(subject, details, false);
  }

  #stack(subject: string): OpenCall[] {
    let stack = this.#open.get(subject);
    if (stack === undefined) this.#open.set(subject, stack = []);
    return stack;
  }

  #setRoutine(subject: string, { packetObject, vmbPacket }: TraceDetails, has: boolean): void {
    const slot = /^VMBPACKET (\d+) of /.exec(String(packetObject ?? vmbPacket))?.[1];
    if (slot !== undefined) this.#scene.packets.setRoutine(subject, Number(slot), has);
  }

  #tell(name: string, entry: TraceEntry): Draft {
    const { subject, details } = entry;
    if (PACKET_CALLS.has(name)) return this.#tellPacketCall(name, entry);
    if (SENDS.test(name)) return this.#scene.tell(entry, name);
    const { gpadlHandle } = details;
    const gpadl = gpadlHandle === undefined ? null : `GPADL ${textOf(gpadlHandle)}`;
    const held = ENDINGS.test(name) ? this.#scene.heldText(subject) : "";
    return this.#scene.tell(entry, called(name, gpadl) + held);
  }

  #tellPacketCall(name: string, entry: TraceEntry): Draft {
    const { subject, details } = entry;
    const { packetCompletionContext, bufSize } = details;
    const arrival = /^VMBPACKETCOMPLETION (\d+) of /.exec(String(packetCompletionContext))?.[1];
    const packet = arrival === undefined
      ? null
      : this.#scene.packets.incoming(subject, Number(arrival));
    if (packet === null) return this.#scene.tell(entry, called(name, "a packet that is gone"));
    if (name === COMPLETE) this.#scene.packets.retired(subject, Number(arrival), false);
    const size = numberOf(bufSize) > 0 ? bytesText(numberOf(bufSize)) : null;
    return this.#scene.tell(entry, called(name, packetsText([packet]), size), {
      packet: { of: this.#scene.packets.peerOf(subject) ?? "", name: packet },
      pattern: name,
    });
  }

  /** A packet of `subject` waits in the queue, or is in the ring. */
  sent(
    { subject, at100ns, details }: TraceEntry,
    { name: packet, wasQueued }: NamedPacket,
    isQueued: boolean,
  ): void {
    const { packets } = this.#scene;
    const slot = numberOf(details["packet"]);
    const about = { of: subject, name: packet, transaction: slot };
    const peer = packets.peerOf(subject);
    const to = peer === null ? {} : { to: this.#scene.cast.who(peer) };
    if (wasQueued) {
      const text = `puts ${packetsText([packet])} from its queue into the ring`;
      const more = { packet: { of: subject, name: packet }, pattern: "leaves its queue" };
      this.#scene.tell({ subject, at100ns }, text, { ...more, ...to });
      return;
    }
    const call = this.#stack(subject).at(-1);
    if (call === undefined || call.draft === null || !SENDS.test(call.name)) return;
    const { draft, name } = call;
    const size = bytesText(numberOf(call.details["bufferLength"] ?? call.details["bufferSize"]));
    const waits = (numberOf(call.details["flags"]) & WAIT_FLAG) === 0 ? null : "wants a completion";
    draft.text = called(name, packetsText([packet], [slot]), size, waits) +
      (isQueued ? ", into its queue" : "");
    draft.packet = about;
    draft.pattern = `${name} ${waits} ${isQueued}`;
    if (!isQueued && peer !== null) draft.to = this.#scene.cast.who(peer);
    if (name === REQUEST) this.#requestsOf(subject).add(slot);
  }

  #requestsOf(subject: string): Set<number> {
    let requests = this.#requests.get(subject);
    if (requests === undefined) this.#requests.set(subject, requests = new Set());
    return requests;
  }

  /** Whether a transaction that ends was a synchronous request's. */
  endsRequest(subject: string, slot: number): boolean {
    return this.#requestsOf(subject).delete(slot);
  }

  /** A call has returned, or thrown. */
  end(entry: TraceEntry): void {
    const { subject, event, details } = entry;
    const name = textOf(details["call"]);
    const stack = this.#stack(subject);
    const at = stack.findLastIndex((call) => call.name === name);
    const call = at < 0 ? null : stack.splice(at)[0]!;
    const outcome = event === "callThrew" ? { ...details, threw: true } : details;
    const isNothing = name === "VmbPacketAllocate" && details["result"] === null;
    if (!isFailure(outcome) && !isNothing) {
      if (kindOfCall(name) === "setup") this.#setUp(name, entry);
      return;
    }
    const text = isNothing ? " returns nothing" : outcomeText(outcome);
    const draft = call?.draft ?? null;
    if (draft !== null && !this.#scene.hasOthersSince(draft)) {
      draft.text += text;
      draft.packet = null;
    } else this.#scene.tell(entry, name + text);
  }

  #setUp(name: string, entry: TraceEntry): void {
    const handle = /^VMBCHANNEL of (.+)$/.exec(String(entry.details["channel"]))?.[1];
    const subject = name === "VmbChannelAllocate" ? handle : entry.subject;
    if (subject === undefined) return;
    let setup = this.#setups.get(subject);
    if (setup === undefined) {
      setup = { draft: this.#scene.tell({ ...entry, subject }, ""), count: 0 };
      this.#setups.set(subject, setup);
    }
    setup.count++;
    const calls = setup.count === 1 ? name : `${setup.count} calls`;
    setup.draft.text = `sets up ${subject}: ${calls}`;
  }

  /** A caller begins to wait. */
  waits({ subject, details }: TraceEntry): void {
    const call = this.#stack(subject).findLast(({ name }) => name === details["call"]);
    this.#waits.set(numberOf(details["wait"]), call?.draft ?? null);
  }

  /** It has its answer. */
  waitEnds(entry: TraceEntry): void {
    const { details } = entry;
    if (details["call"] === "delay") return;
    const draft = this.#waits.get(numberOf(details["wait"])) ?? null;
    const outcome = outcomeText(details) || " returns";
    if (draft === null || this.#scene.latest !== draft) {
      this.#scene.tell(entry, `${textOf(details["call"])}${outcome}`);
    } else if (isFailure(details)) draft.text += outcome;
  }
}
