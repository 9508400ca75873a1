/**
 * Linux tells of a message to the host once it is posted. The answer may be there by then, on another processor, and be
 * told of first: here each question comes before its answer again.
 *
 * @module
 */

import type { LinuxEntry } from "./reader.ts";

/** So many entries are kept back: an answer is not further ahead of its question than that. */
const WINDOW = 64;
/** Questions that are remembered: more wait for no answer. */
const QUESTIONS_MAX = 4096;

/** What a message asks for, or answers; null: neither. An id is offered again once it was released, which is a question, too. */
function keyOf(
  { message: told, isSaid }: LinuxEntry,
  held: ReadonlySet<number>,
): readonly [kind: "asks" | "answers", key: string] | null {
  if (told === null || !isSaid) return null;
  const { message } = told;
  switch (message.message) {
    case "initiateContact":
      return ["asks", "version"];
    case "versionResponse":
      return ["answers", "version"];
    case "requestOffers":
      return ["asks", "offers"];
    case "offerChannel":
      return held.has(message.channelId)
        ? ["answers", `release ${message.channelId}`]
        : ["answers", "offers"];
    case "relIdReleased":
      return ["asks", `release ${message.channelId}`];
    case "allOffersDelivered":
      return ["answers", "offers"];
    case "openChannel":
      return ["asks", `open ${message.channelId}`];
    case "openResult":
      return ["answers", `open ${message.channelId}`];
    case "gpadlHeader":
      return ["asks", `gpadl ${message.channelId} ${message.gpadlId}`];
    case "gpadlCreated":
      return ["answers", `gpadl ${message.channelId} ${message.gpadlId}`];
    case "gpadlTeardown":
      return ["asks", `teardown ${message.gpadlId}`];
    case "gpadlTorndown":
      return ["answers", `teardown ${message.gpadlId}`];
    case "modifyChannel":
      return ["asks", `modify ${message.channelId}`];
    case "modifyChannelResponse":
      return ["answers", `modify ${message.channelId}`];
    default:
      return null;
  }
}

/** The task that ran. */
function taskOf({ entry: { details: { linux } } }: LinuxEntry): unknown {
  return typeof linux === "object" && linux !== null && "task" in linux ? linux.task : null;
}

/** A question that was put before an answer. */
interface Move {
  readonly question: LinuxEntry;
  /** The entry that it stood behind. */
  readonly behind: LinuxEntry;
}

/** Puts the entries of a trace in the order in which the bus had them. */
export class PostingOrder {
  #kept: LinuxEntry[] = [];
  /** Questions without an answer so far, by what they ask for. */
  readonly #asked = new Map<string, number>();
  /** Channels that were offered, and not released. */
  readonly #held = new Set<number>();
  /** Answers among those that are kept, whose question was not seen. */
  readonly #early = new Map<LinuxEntry, string>();
  /** Questions among those that are kept which were put before an answer, by what they ask for. */
  readonly #moved = new Map<string, Move[]>();

  /** Takes the next entry; gives those that are in order by now. */
  add(entry: LinuxEntry): readonly LinuxEntry[] {
    const [kind, key] = keyOf(entry, this.#held) ?? [null, ""];
    const isEarly = kind === "asks" && this.#placeBeforeAnswer(entry, key);
    if (!isEarly) this.#hold(entry);
    if (kind === "asks" && !isEarly) {
      if (this.#asked.size >= QUESTIONS_MAX) this.#asked.clear();
      const isAwaited = !key.startsWith("release ");
      if (isAwaited) this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
      this.#kept.push(entry);
    } else if (kind !== "asks") {
      if (kind === "answers") this.#answer(entry, key);
      this.#kept.push(entry);
    }
    return this.#kept.length > WINDOW ? this.#give(1) : [];
  }

  /** Gives all that are left: nothing comes after them that could belong before. */
  end(): readonly LinuxEntry[] {
    return this.#give(this.#kept.length);
  }

  /** Which channels the guest has, as far as entries tell in the order in which they come. */
  #hold({ message: told, isSaid }: LinuxEntry): void {
    if (told === null || !isSaid) return;
    const { message } = told;
    if (message.message === "relIdReleased") this.#held.delete(message.channelId);
    else if (message.message === "versionResponse") this.#held.clear();
    else if (message.message === "offerChannel") {
      if (this.#held.size >= QUESTIONS_MAX) this.#held.clear();
      this.#held.add(message.channelId);
    }
  }

  #give(count: number): readonly LinuxEntry[] {
    for (const [key, moves] of this.#moved) {
      if (this.#kept.indexOf(moves[0]!.question) < count) this.#settle(key, moves);
    }
    const given = this.#kept.splice(0, count);
    for (const entry of given) this.#early.delete(entry);
    return given;
  }

  #answer(entry: LinuxEntry, key: string): void {
    const asked = this.#asked.get(key) ?? 0;
    if (asked === 0) this.#early.set(entry, key);
    else if (key === "offers") return; // all offers are answers to the one question
    else if (asked === 1) this.#asked.delete(key);
    else this.#asked.set(key, asked - 1);
  }

  /**
   * Where one more answer follows those before which questions were put, the first of them has its question before
   * anybody looked: each question is that of the next answer, and goes back to its place.
   */
  #settle(key: string, moves: readonly Move[]): void {
    this.#moved.delete(key);
    const last = this.#kept.indexOf(moves.at(-1)!.question);
    const more = this.#kept.find((kept, at) => at > last && this.#early.get(kept) === key);
    if (more === undefined) return;
    this.#early.delete(more);
    for (const { question, behind } of moves) {
      this.#kept.splice(this.#kept.indexOf(question), 1);
      this.#kept.splice(this.#kept.indexOf(behind) + 1, 0, question);
    }
  }

  /** A task tells of what it has posted before it posts anything else, so what else it sent stays before. */
  #placeBeforeAnswer(entry: LinuxEntry, key: string): boolean {
    // The first offer answers the question for all of them, and else the latest answer is the one that was too early.
    const isIt = (kept: LinuxEntry) => this.#early.get(kept) === key;
    const at = key === "offers" ? this.#kept.findIndex(isIt) : this.#kept.findLastIndex(isIt);
    if (at === -1) return false;
    const task = taskOf(entry);
    const hasSent = this.#kept.slice(at).some((kept) =>
      kept.message?.speaker === "guest" && taskOf(kept) === task
    );
    if (hasSent) return false;
    if (key === "offers") {
      for (const kept of this.#kept) if (this.#early.get(kept) === key) this.#early.delete(kept);
      this.#asked.set(key, 1);
    } else {
      this.#early.delete(this.#kept[at]!);
      const moves = this.#moved.get(key) ?? [];
      moves.push({ question: entry, behind: this.#kept.at(-1)! });
      this.#moved.set(key, moves);
    }
    this.#kept.splice(at, 0, entry);
    return true;
  }
}
