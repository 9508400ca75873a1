/**
 * The lines of a story as they come, and who and what they are about.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { type Cast, WORLD } from "./cast.ts";
import type { Draft } from "./draft.ts";
import { type Packets, packetsText } from "../words/packets.ts";

/** What an entry has that its line takes from it. */
type Told = Pick<TraceEntry, "subject" | "at100ns"> & Partial<Pick<TraceEntry, "source">>;

/** What a line may have beside its text. */
type More = Partial<Pick<Draft, "packet" | "pattern" | "to" | "mark">> & { readonly who?: string };

/** What has been told so far. */
export class Scene {
  /** Who is who. */
  readonly cast: Cast;
  /** The packets, by their names. */
  readonly packets: Packets;
  /** The lines, in order. */
  readonly drafts: Draft[] = [];
  /** Choices that the run has made by now. */
  step = 0;
  /** Where the last line stands that stands out. */
  #markedAt = -1;
  /** Lines that are told only if another one of the same endpoint follows, by endpoint. */
  readonly #put = new Map<string, Draft>();

  /** Nothing has been told. */
  constructor(cast: Cast, packets: Packets) {
    this.cast = cast;
    this.packets = packets;
  }

  /** The line that was told last; null: none was. */
  get latest(): Draft | null {
    return this.drafts.at(-1) ?? null;
  }

  /** Tells of something. */
  tell(entry: Told, text: string, more: More = {}): Draft {
    const put = this.#put.get(entry.subject);
    if (put !== undefined) {
      this.#put.delete(entry.subject);
      this.drafts.push(put);
    }
    const draft = this.#draft(entry, text, more);
    if (draft.mark !== undefined) this.#markedAt = this.drafts.length;
    this.drafts.push(draft);
    return draft;
  }

  /** Tells of something once another line of the same endpoint follows, unless it is taken back before. */
  tellLater(entry: Told, text: string): Draft {
    const draft = this.#draft(entry, text, {});
    this.#put.set(entry.subject, draft);
    return draft;
  }

  /** Whether a line was never told, and will not be from now on. */
  takesBack(subject: string, draft: Draft): boolean {
    return this.#put.get(subject) === draft && this.#put.delete(subject);
  }

  #draft({ subject, at100ns, source }: Told, text: string, more: More): Draft {
    const { who = this.cast.who(subject), packet = null, pattern = text, to, mark } = more;
    return {
      step: this.step,
      at100ns,
      who,
      text,
      packet,
      pattern,
      ...to !== undefined && to !== who && { to },
      ...mark !== undefined && { mark },
      ...source !== undefined && { source },
    };
  }

  /** Whether somebody else has done something since `draft`, or it stands out. */
  hasOthersSince(draft: Draft): boolean {
    for (let at = this.drafts.length - 1; at >= 0 && this.drafts[at] !== draft; at--) {
      const { who, mark } = this.drafts[at]!;
      if (mark !== undefined || (who !== draft.who && who !== WORLD)) return true;
    }
    return false;
  }

  /** Whether anything that stands out has been told since the line at `place`. */
  isMarkedSince(place: number): boolean {
    return this.#markedAt > place;
  }

  /** What the driver of an endpoint still holds, for the end of a line. */
  heldText(subject: string): string {
    const held = this.packets.held(subject);
    if (held.length === 0) return "";
    return `, while ${packetsText(held)} ${held.length === 1 ? "is" : "are"} still held`;
  }
}
