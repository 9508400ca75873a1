/**
 * Callbacks of drivers in a story: each is one line, unless others come between it and its end.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import type { Draft } from "./draft.ts";
import type { NamedPacket } from "../words/packet_names.ts";
import { packetsText } from "../words/packets.ts";
import type { Scene } from "./scene.ts";
import { bytesText, called, isFailure, numberOf, outcomeText, textOf } from "../words/words.ts";

/** Callbacks that one would not expect while a driver holds packets. */
const ENDINGS: ReadonlySet<string> = new Set(["EvtChannelSuspend", "EvtChannelClosed"]);
/** One that a story tells of only where something is done in it. */
const QUIET = "EvtChannelProcessingComplete";
const PROCESS_PACKET = "EvtChannelProcessPacket";
const ROUTINE = "EvtPacketCompletionRoutine";

/** A callback that has not returned. */
interface OpenCallback {
  readonly name: string;
  readonly draft: Draft;
}

/** The callbacks of one story. */
export class CallbackLines {
  readonly #scene: Scene;
  readonly #open = new Map<string, OpenCallback[]>();

  /** Those told in `scene`. */
  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A callback that is no packet's begins. */
  begin(entry: TraceEntry): void {
    const { subject, details } = entry;
    const name = textOf(details["callback"]);
    const held = ENDINGS.has(name) ? this.#scene.heldText(subject) : "";
    const draft = name === QUIET
      ? this.#scene.tellLater(entry, called(name, packetCount(details["packetsProcessed"])))
      : this.#scene.tell(entry, name + held);
    this.#push(subject, { name, draft });
  }

  #push(subject: string, callback: OpenCallback): void {
    const stack = this.#open.get(subject);
    if (stack === undefined) this.#open.set(subject, [callback]);
    else stack.push(callback);
  }

  /** A packet of the opposite side is given to the driver. */
  arrived(entry: TraceEntry, { name: packet }: NamedPacket): void {
    const { subject, details } = entry;
    const { packets } = this.#scene;
    const text = called(
      PROCESS_PACKET,
      packetsText([packet]),
      bytesText(numberOf(details["byteCount"])),
      details["hasExternalData"] === true ? "with external data" : null,
    );
    const about = { of: packets.peerOf(subject) ?? "", name: packet };
    const draft = this.#scene.tell(entry, text, { packet: about, pattern: PROCESS_PACKET });
    this.#push(subject, { name: PROCESS_PACKET, draft });
  }

  /** A transaction is over, and its completion routine begins if it has one. */
  ended(entry: TraceEntry, { name }: NamedPacket, isRequest: boolean): void {
    const { subject, event, details } = entry;
    const hasRoutine = this.#scene.packets.hasRoutine(subject, numberOf(details["packet"]));
    const isAnswered = event === "packetCompleted";
    const status = isAnswered ? "STATUS_SUCCESS" : textOf(details["statusName"]);
    const size = isAnswered ? bytesText(numberOf(details["byteCount"])) : null;
    if (isRequest) return; // its caller returns
    const text = hasRoutine
      ? called(ROUTINE, packetsText([name]), status, size)
      : `${packetsText([name])} ends with ${size === null ? status : `${status}, ${size}`}`;
    const about = { packet: { of: subject, name }, pattern: `ends with ${status}` };
    const draft = this.#scene.tell(entry, text, about);
    if (hasRoutine) this.#push(subject, { name: ROUTINE, draft });
  }

  /** A callback has returned. */
  end(entry: TraceEntry): void {
    const { subject, details } = entry;
    const name = textOf(details["callback"]);
    const stack = this.#open.get(subject) ?? [];
    const at = stack.findLastIndex((callback) => callback.name === name);
    const callback = at < 0 ? null : stack.splice(at, 1)[0]!;
    if (callback === null || this.#scene.takesBack(subject, callback.draft)) return;
    const { draft } = callback;
    const outcome = isFailure(details) ? outcomeText(details) : "";
    if (!this.#scene.hasOthersSince(draft)) {
      draft.text += outcome;
      if (outcome !== "") draft.packet = null;
      return;
    }
    const { packet } = draft;
    const what = packet === null ? name : called(name, packetsText([packet.name]));
    this.#scene.tell(entry, what + (outcome || " returns"), {
      packet: outcome === "" ? packet : null,
      pattern: `${name} returns`,
    });
  }
}

function packetCount(count: TraceEntry["details"][string] | undefined): string {
  const packets = numberOf(count);
  return packets === 1 ? "1 packet" : `${packets} packets`;
}
