/**
 * The GPADLs of one bus, as who hears all that is said on it knows them: each may be in the states of the guest's own
 * chart that fit what was said, and its description is put together as the host does (wire.md 3.1 to 3.4).
 *
 * @module
 */

import { type Row, tableOf } from "../../actors/chart/compile.ts";
import { createGuestGpadlChart } from "../../actors/bus/guest/gpadl_machine.ts";
import type {
  ControlMessage,
  GpadlCreated,
  GpadlHeader,
  GpadlTeardown,
  GpadlTorndown,
} from "../../core/control/messages.ts";
import { RANGE_WORD_BYTES } from "../../core/memory/gpa_ranges.ts";
import { GpadlAssembler } from "../../core/memory/gpadl.ts";
import { NT_SUCCESS } from "../../core/ntstatus.ts";
import type { BrokenSentence } from "../checkers/seen_bus.ts";
import { PossibleStates } from "./possible_states.ts";

/** The guest's own chart of a GPADL. */
const CHART = createGuestGpadlChart();

/** GPADLs that are remembered: a host of ours takes no more of one guest. */
const GPADLS_MAX = 16_384;

/** A GPADL. */
interface SeenGpadl {
  readonly channelId: number;
  readonly gpadlId: number;
  readonly states: PossibleStates;
  /** Pages that its words can name, where it has one range; null: it has another number of ranges. */
  readonly pages: number | null;
  readonly rangeCount: number;
  /** What has arrived of its description; null: all of it, or its words were not seen. */
  assembler: GpadlAssembler | null;
}

const HANDSHAKE = "wire.md 3.4: what follows what";
const RANGES = "wire.md 3.1: a range list";
const RINGS = "wire.md 1.1: the GPADL of rings";
const OPEN = "wire.md 4.5: a GPADL is created before it is opened over";
const CLOSE = "wire.md 4.5: a channel is closed before its rings go";

/** An id as programs print it, too: Linux counts from 0xe1e10 on. */
const idText = (gpadlId: number) => `${gpadlId} (0x${gpadlId.toString(16)})`;

const silent = (): readonly Row[] => [];
const keyOf = (channelId: number, gpadlId: number) => `${channelId} ${gpadlId}`;

/** The GPADLs of a bus. */
export class SeenGpadls {
  readonly #chart = tableOf(CHART);
  readonly #gpadls = new Map<string, SeenGpadl>();
  /** The same by channel. */
  readonly #byChannel = new Map<number, Set<SeenGpadl>>();
  /** The same by id: some messages name no channel. */
  readonly #byId = new Map<number, Set<SeenGpadl>>();
  /** The one of each id whose bodies are on their way (wire.md 3.3). */
  readonly #incomplete = new Map<number, SeenGpadl>();
  /** Those of channels that were released, whose teardown may be answered all the same. */
  readonly #leaving = new Set<number>();
  /** The GPADL of a channel's rings. */
  readonly #rings = new Map<number, number>();

  /** Nothing is known any more. */
  forget(): void {
    const all = [this.#gpadls, this.#byChannel, this.#byId, this.#incomplete, this.#leaving];
    for (const known of [...all, this.#rings]) known.clear();
  }

  /** The guest is done with a channel: its GPADLs go with it (wire.md 5.3). */
  released(channelId: number): void {
    this.#rings.delete(channelId);
    for (const gpadl of this.#byChannel.get(channelId) ?? []) {
      if (gpadl.states.must("deleting") && this.#leaving.size < GPADLS_MAX) {
        this.#leaving.add(gpadl.gpadlId);
      }
      this.#remove(gpadl);
    }
  }

  /**
   * Takes note of what is said; answers with the sentence that it breaks, null for none.
   *
   * @param isWhole Whether all fields of the message were seen.
   * @param isKnown Whether all that was said of a channel was; null stands for all channels.
   * @param isInUse Whether a channel is open, or being opened.
   */
  take(
    message: ControlMessage,
    isWhole: boolean,
    isKnown: (channelId: number | null) => boolean,
    isInUse: (channelId: number) => boolean,
  ): BrokenSentence | null {
    switch (message.message) {
      case "gpadlHeader":
        return this.#header(message, isWhole);
      case "gpadlBody":
        return isWhole ? this.#body(message.gpadlId, message.words) : null;
      case "gpadlCreated":
        return this.#created(message, isKnown(message.channelId));
      case "gpadlTeardown":
        return this.#teardown(message, isKnown(message.channelId), isInUse(message.channelId));
      case "gpadlTorndown":
        return this.#torndown(message, isKnown(null));
      case "openChannel":
      case "openReservedChannel":
        return this.#opened(message, isKnown(message.channelId));
      default:
        return null;
    }
  }

  #find(channelId: number, gpadlId: number): SeenGpadl | null {
    return this.#gpadls.get(keyOf(channelId, gpadlId)) ?? null;
  }

  #add(gpadl: SeenGpadl): void {
    const { channelId, gpadlId } = gpadl;
    const [oldest] = this.#gpadls.values();
    if (this.#gpadls.size >= GPADLS_MAX) this.#remove(oldest!);
    const known = this.#find(channelId, gpadlId);
    if (known !== null) this.#remove(known);
    this.#gpadls.set(keyOf(channelId, gpadlId), gpadl);
    for (const [known, id] of this.#placesOf(gpadl)) {
      known.set(id, (known.get(id) ?? new Set()).add(gpadl));
    }
    if (gpadl.assembler !== null) this.#incomplete.set(gpadlId, gpadl);
  }

  #placesOf({ channelId, gpadlId }: SeenGpadl) {
    return [[this.#byChannel, channelId], [this.#byId, gpadlId]] as const;
  }

  #remove(gpadl: SeenGpadl): void {
    const { channelId, gpadlId } = gpadl;
    this.#gpadls.delete(keyOf(channelId, gpadlId));
    for (const [known, id] of this.#placesOf(gpadl)) {
      const there = known.get(id);
      there?.delete(gpadl);
      if (there?.size === 0) known.delete(id);
    }
    if (this.#incomplete.get(gpadlId) === gpadl) this.#incomplete.delete(gpadlId);
  }

  #header(header: GpadlHeader, isWhole: boolean): BrokenSentence | null {
    const { channelId, gpadlId, byteLength, rangeCount, words } = header;
    const isThere = this.#find(channelId, gpadlId) !== null;
    const isIncomplete = this.#incomplete.has(gpadlId);
    const gpadl: SeenGpadl = {
      channelId,
      gpadlId,
      states: new PossibleStates([this.#chart.first], silent),
      pages: rangeCount === 1 ? Math.floor(byteLength / RANGE_WORD_BYTES) - 1 : null,
      rangeCount,
      assembler: isWhole ? new GpadlAssembler(byteLength, rangeCount) : null,
    };
    this.#add(gpadl);
    const what = `GPADL ${idText(gpadlId)} of channel ${channelId} is described`;
    if (isThere) return { rule: HANDSHAKE, what: `${what}, and is there already` };
    if (isIncomplete) {
      return { rule: HANDSHAKE, what: `${what}, and another one of that id is not complete` };
    }
    return isWhole ? this.#addWords(gpadl, words) : null;
  }

  #body(gpadlId: number, words: Uint8Array): BrokenSentence | null {
    const gpadl = this.#incomplete.get(gpadlId);
    if (gpadl !== undefined) return this.#addWords(gpadl, words);
    // Of one whose header was refused, or not seen, bodies may be on their way.
    if (!this.#byId.has(gpadlId)) return null;
    const what = `a body of GPADL ${idText(gpadlId)} comes, and its description is complete`;
    return { rule: HANDSHAKE, what };
  }

  #addWords(gpadl: SeenGpadl, words: Uint8Array): BrokenSentence | null {
    const outcome = gpadl.assembler!.add(words);
    if (outcome === "more") return null;
    gpadl.assembler = null;
    this.#incomplete.delete(gpadl.gpadlId);
    if (outcome === "complete") return null;
    const { channelId, gpadlId } = gpadl;
    return { rule: RANGES, what: `GPADL ${idText(gpadlId)} of channel ${channelId}: ${outcome}` };
  }

  #created({ channelId, gpadlId, status }: GpadlCreated, isKnown: boolean): BrokenSentence | null {
    const gpadl = this.#find(channelId, gpadlId);
    const what = `gpadlCreated of GPADL ${idText(gpadlId)} of channel ${channelId}`;
    if (gpadl === null) {
      return isKnown ? { rule: HANDSHAKE, what: `${what}, which nobody described` } : null;
    }
    const isGood = NT_SUCCESS(status);
    const isEarly = isGood && gpadl.assembler !== null;
    const isTaken = gpadl.states.take([isGood ? "accepted" : "refused"]);
    const names = gpadl.states.names.join(" or ");
    if (!isGood) this.#remove(gpadl); // the id is free (wire.md 3.4)
    if (isEarly) return { rule: HANDSHAKE, what: `${what}, whose description is not complete` };
    return isTaken ? null : { rule: HANDSHAKE, what: `${what}, which is ${names}` };
  }

  #teardown(
    { channelId, gpadlId }: GpadlTeardown,
    isKnown: boolean,
    isInUse: boolean,
  ): BrokenSentence | null {
    const gpadl = this.#find(channelId, gpadlId);
    const what = `gpadlTeardown of GPADL ${idText(gpadlId)} of channel ${channelId}`;
    if (gpadl === null) {
      return isKnown ? { rule: HANDSHAKE, what: `${what}, which it does not have` } : null;
    }
    const { states } = gpadl;
    const names = states.names.join(" or ");
    if (!states.take(["teardown"])) return { rule: HANDSHAKE, what: `${what}, which is ${names}` };
    if (!isInUse || this.#rings.get(channelId) !== gpadlId) return null;
    return { rule: CLOSE, what: `${what}, whose rings are in use` };
  }

  /** The answer names no channel: any GPADL of that id which is on its way out may be meant. */
  #torndown({ gpadlId }: GpadlTorndown, isKnown: boolean): BrokenSentence | null {
    const all = [...this.#byId.get(gpadlId) ?? []];
    const leaving = all.find(({ states }) => states.must("deleting"));
    if (leaving !== undefined) {
      this.#remove(leaving);
      return null;
    }
    if (this.#leaving.delete(gpadlId) || (all.length === 0 && !isKnown)) return null;
    return {
      rule: HANDSHAKE,
      what: `gpadlTorndown of GPADL ${idText(gpadlId)}, which nobody tears down`,
    };
  }

  #opened(
    open: Extract<ControlMessage, { message: "openChannel" | "openReservedChannel" }>,
    isKnown: boolean,
  ): BrokenSentence | null {
    const { channelId, ringGpadlId, downstreamPageOffset: page } = open;
    this.#rings.set(channelId, ringGpadlId);
    const gpadl = this.#find(channelId, ringGpadlId);
    const what = `${open.message} of channel ${channelId} over GPADL ${idText(ringGpadlId)}`;
    if (gpadl === null) {
      return isKnown ? { rule: OPEN, what: `${what}, which it does not have` } : null;
    }
    const { states, pages, rangeCount } = gpadl;
    if (!states.must("created")) {
      return { rule: OPEN, what: `${what}, which is ${states.names.join(" or ")}` };
    }
    if (pages === null) return { rule: RINGS, what: `${what}, which has ${rangeCount} ranges` };
    if (page > 0 && page < pages) return null;
    const wrong = `downstreamPageOffset ${page} is not in 1..${pages - 1}`;
    return { rule: RINGS, what: `${what}: ${wrong}` };
  }
}
