/**
 * The guest's GPADLs as the host knows them: described by messages, mapped by servers, torn down when
 * nothing maps them any more (wire.md 3.2–3.4, 5.3; kmcl.md G1–G5).
 *
 * @module
 */

import type { GpadlBody, GpadlHeader, GpadlTeardown } from "../../../core/control/messages.ts";
import { bytesInRanges, type GpaRange, RANGE_WORD_BYTES } from "../../../core/memory/gpa_ranges.ts";
import { GpadlAssembler } from "../../../core/memory/gpadl.ts";
import { isReachable } from "../../../core/memory/isolation.ts";
import { type Mdl, mdlOfRanges } from "../../../core/memory/mdl.ts";
import {
  type NtStatus,
  STATUS_ACCESS_DENIED,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SHARING_VIOLATION,
  STATUS_SUCCESS,
} from "../../../core/ntstatus.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { CallbackName } from "../../channel/driver_port.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { FaultPort } from "../../runtime/fault_port.ts";
import type { GpadlChange } from "../gpadl_trace.ts";
import { type GpadlDescription, type GpadlOwner, HostGpadl } from "./gpadl.ts";
import type { HostPort } from "./host_port.ts";
import { RefusedGpadls } from "./refused_gpadls.ts";

/** The status with which OpenVMM refuses a GPADL (wire.md 3.4). */
const GPADL_REFUSED = 0x8000_ffff;
/** GPADLs of one guest at once: a hostile one must not fill the host's memory. */
const GPADLS_MAX = 16_384;
/** Words of all their descriptions, counted as announced: enough for 4 GiB in whole pages. */
const GPADL_WORDS_SUM_MAX = 0x10_0000;

interface Incomplete {
  readonly gpadl: HostGpadl;
  readonly assembler: GpadlAssembler;
}

/** The GPADLs of one guest. */
export class HostGpadls implements GpadlOwner {
  readonly #end: HostPort;
  readonly #byChannel = new Map<number, Map<number, HostGpadl>>();
  /** Body messages carry no channel id, so an id is incomplete once in the whole guest (wire.md 3.3). */
  readonly #incomplete = new Map<number, Incomplete>();
  readonly #refused = new RefusedGpadls();
  #count = 0;
  #words = 0;

  /** No GPADL yet. */
  constructor(end: HostPort) {
    this.#end = end;
  }

  /** All of them, channel after channel. */
  get all(): readonly HostGpadl[] {
    return [...this.#byChannel.values()].flatMap((ofChannel) => [...ofChannel.values()]);
  }

  /** What has arrived of an incomplete one; null for any other. */
  assembler(gpadl: HostGpadl): GpadlAssembler | null {
    const incomplete = this.#incomplete.get(gpadl.gpadlId);
    return incomplete?.gpadl === gpadl ? incomplete.assembler : null;
  }

  /**
   * Adds a GPADL that was saved: its memory, or else what has arrived of its description. False where a
   * guest cannot have it.
   */
  restore(
    description: GpadlDescription,
    ranges: readonly GpaRange[] | null,
    assembler: GpadlAssembler | null,
  ): boolean {
    const { channelId, gpadlId, words } = description;
    // A complete one may be older than an incomplete one of another channel with the same id.
    const isTwice = assembler !== null && this.#incomplete.has(gpadlId);
    if (isTwice || !this.#mayHave(channelId, gpadlId, words)) return false;
    const gpadl = this.#add(description);
    if (ranges !== null) gpadl.complete(ranges);
    if (assembler !== null) this.#incomplete.set(gpadlId, { gpadl, assembler });
    return true;
  }

  /** Whether the guest may have one more on that channel, with that id. */
  #mayHave(channelId: number, gpadlId: number, words: number): boolean {
    const isTooMuch = this.#count >= GPADLS_MAX || this.#words + words > GPADL_WORDS_SUM_MAX;
    const isFree = gpadlId !== 0 && this.#find(channelId, gpadlId) === null;
    return this.#end.channelOfGuest(channelId) !== null && isFree && !isTooMuch;
  }

  /** The GPADLs of a channel, in the order of their creation. */
  of(channelId: number): readonly HostGpadl[] {
    return [...this.#byChannel.get(channelId)?.values() ?? []];
  }

  #find(channelId: number, gpadlId: number): HostGpadl | null {
    return this.#byChannel.get(channelId)?.get(gpadlId) ?? null;
  }

  // -- What the guest says

  /**
   * GpadlHeader: answered at once where it is refused or complete. That the channel was rescinded is no
   * reason to refuse it: the guest may not have heard (wire.md 3.4, 5.3).
   */
  header(message: GpadlHeader): ChannelFault | null {
    const { channelId, gpadlId, byteLength, rangeCount, readOnly, words } = message;
    const wordsAnnounced = byteLength >> 3;
    const isIncomplete = this.#incomplete.has(gpadlId);
    const isBad = isIncomplete || !this.#mayHave(channelId, gpadlId, wordsAnnounced);
    const { faults } = this.#end;
    if (isBad || (faults !== null && this.#isRefused(faults, channelId))) {
      this.#refused.expect(gpadlId, wordsAnnounced * RANGE_WORD_BYTES - words.length);
      this.#answer(channelId, gpadlId, GPADL_REFUSED);
      return isBad ? "badGpadl" : null;
    }
    this.#refused.forget(gpadlId);
    const gpadl = this.#add({ channelId, gpadlId, isReadOnly: readOnly, words: wordsAnnounced });
    return this.#addWords({ gpadl, assembler: new GpadlAssembler(byteLength, rangeCount) }, words);
  }

  /** Whether the host has no room for a GPADL that is good, this time. */
  #isRefused(faults: FaultPort, channelId: number): boolean {
    const { guest } = this.#end;
    return faults.fails("gpadl", { guest, channelId, direction: null, what: null });
  }

  /** GpadlBody: for an id that is not incomplete there is no channel to answer to. */
  body({ gpadlId, words }: GpadlBody): ChannelFault | null {
    const incomplete = this.#incomplete.get(gpadlId);
    if (incomplete !== undefined) return this.#addWords(incomplete, words);
    return this.#refused.take(gpadlId, words.length) ? null : "badGpadl";
  }

  #addWords(incomplete: Incomplete, words: Uint8Array): ChannelFault | null {
    const { gpadl, assembler } = incomplete;
    const outcome = assembler.add(words);
    if (outcome === "more") {
      this.#incomplete.set(gpadl.gpadlId, incomplete);
      return null;
    }
    this.#incomplete.delete(gpadl.gpadlId);
    const isGood = outcome === "complete" && this.#accept(gpadl, assembler.ranges);
    if (!isGood) gpadl.actor.send({ type: "drop" });
    this.#answer(gpadl.channelId, gpadl.gpadlId, isGood ? STATUS_SUCCESS : GPADL_REFUSED);
    return isGood ? null : "badGpadl";
  }

  #accept(gpadl: HostGpadl, ranges: readonly GpaRange[]): boolean {
    const { memory, guest: { port: { isTrusted } } } = this.#end;
    if (!ranges.every(({ pfns }) => isReachable(memory, pfns, isTrusted))) return false;
    gpadl.complete(ranges);
    this.#tell(gpadl, "accepted");
    return true;
  }

  /** GpadlTeardown: answered once nothing uses the memory any more. */
  teardown(message: GpadlTeardown): ChannelFault | null {
    const { channelId, gpadlId } = message;
    const channel = this.#end.channelOfGuest(channelId);
    if (channel === null) return "unexpectedMessage";
    const gpadl = this.#find(channelId, gpadlId);
    if (channel.isUnserved) { // the server may be closing, and lets go when it has (kmcl.md S10)
      if (gpadl === null) this.#torndown(gpadlId);
      else if (!gpadl.actor.can("teardown")) return "badGpadl"; // its one answer will come
      else gpadl.actor.send({ type: "teardown" });
      return null;
    }
    const isRingInUse = gpadl?.actor.is("ring") === true && !channel.actor.is("closing");
    if (gpadl === null || !gpadl.actor.is("accepted") || isRingInUse) {
      channel.endpoint?.faulted("badGpadl");
      return "badGpadl";
    }
    gpadl.actor.send({ type: "teardown" });
    return null;
  }

  // -- What uses them

  /** See {@linkcode SharedMemoryPort.rangesOf}. */
  rangesOf({ channelId }: Endpoint, gpadlId: number): readonly GpaRange[] | null {
    const gpadl = channelId === null ? null : this.#find(channelId, gpadlId);
    const isShared = gpadl?.actor.is("accepted") === true && !gpadl.actor.is("ring");
    return isShared ? gpadl.ranges : null;
  }

  /** A GPADL that may become the rings of `channelId`. */
  ringCandidate(channelId: number, gpadlId: number): HostGpadl | null {
    const gpadl = this.#find(channelId, gpadlId);
    return gpadl?.actor.can("useAsRing") === true ? gpadl : null;
  }

  /** VmbChannelMapGpadl, once channel and flags were checked (kmcl.md G2). */
  map(
    channelId: number,
    gpadlId: number,
    isReadOnly: boolean,
  ): { status: NtStatus; mdl: Mdl | null } {
    const gpadl = this.#find(channelId, gpadlId);
    const refuse = (status: NtStatus) => ({ status, mdl: null });
    const isGood = gpadl?.actor.is("accepted") === true && !gpadl.actor.is("ring");
    if (!isGood || gpadl.ranges.length === 0) return refuse(STATUS_INVALID_PARAMETER_3);
    if (gpadl.actor.is("mapped")) return refuse(STATUS_SHARING_VIOLATION);
    if (gpadl.isReadOnly && !isReadOnly) return refuse(STATUS_ACCESS_DENIED);
    gpadl.actor.send({ type: "map" });
    gpadl.mdl = mdlOfRanges(this.#end.memory, gpadl.ranges);
    this.#tell(gpadl, "mapped");
    return { status: STATUS_SUCCESS, mdl: gpadl.mdl };
  }

  /** VmbChannelUnmapGpadl; tells what is wrong with the handle. */
  unmap(channelId: number, gpadlId: number): "unmapped" | "unknown" | "notMapped" {
    const gpadl = this.#find(channelId, gpadlId);
    if (gpadl === null || gpadl.actor.is("ring")) return "unknown";
    if (!gpadl.actor.is("mapped")) return "notMapped";
    gpadl.actor.send({ type: "unused" });
    return "unmapped";
  }

  /** The last `callback` of `endpoint` returned: what it left mapped is a violation, and is unmapped. */
  unmapAll(endpoint: Endpoint, channelId: number, callback: CallbackName): void {
    for (const gpadl of this.of(channelId)) {
      if (!gpadl.actor.is("mapped")) continue;
      endpoint.runtime.verifier.raise(
        "GPADL not deleted or still mapped when Closed returns",
        callback,
        `GPADL ${gpadl.gpadlId} is still mapped`,
        { channel: endpoint.place },
      );
      gpadl.actor.send({ type: "unused" });
    }
  }

  /** The server of a channel is saved: its mappings do not come back (kmcl.md V11). */
  forgetMappings(channelId: number): void {
    for (const { actor } of this.of(channelId)) {
      if (actor.is("mapped")) actor.send({ type: "unused" });
    }
  }

  /** The guest released a channel: its GPADLs are forgotten. */
  releaseChannel(channelId: number): void {
    for (const { actor } of this.of(channelId)) actor.send({ type: "drop" });
  }

  /**
   * The guest disconnects, or is gone: what servers still have of its memory stays theirs until they have closed.
   * Of channels that `keeps` says, nothing goes.
   */
  disconnect(keeps: (channelId: number) => boolean): void {
    this.#refused.clear();
    for (const { actor, channelId } of this.all) {
      if (!keeps(channelId)) actor.send({ type: "disconnect" });
    }
  }

  /** No further event comes for any of them. */
  stopActors(): void {
    for (const { actor } of this.all) actor.stop();
  }

  #add(description: GpadlDescription): HostGpadl {
    const gpadl = new HostGpadl(this.#end.actors, this, description);
    let ofChannel = this.#byChannel.get(gpadl.channelId);
    if (ofChannel === undefined) {
      ofChannel = new Map();
      this.#byChannel.set(gpadl.channelId, ofChannel);
    }
    ofChannel.set(gpadl.gpadlId, gpadl);
    this.#count++;
    this.#words += gpadl.words;
    return gpadl;
  }

  /** See {@linkcode GpadlOwner.remove}. */
  remove(gpadl: HostGpadl): void {
    const ofChannel = this.#byChannel.get(gpadl.channelId);
    if (ofChannel?.delete(gpadl.gpadlId) !== true) return;
    // The id may be incomplete on another channel (wire.md 3.4): that is another GPADL.
    if (this.#incomplete.get(gpadl.gpadlId)?.gpadl === gpadl) {
      this.#incomplete.delete(gpadl.gpadlId);
    }
    if (ofChannel.size === 0) this.#byChannel.delete(gpadl.channelId);
    this.#count--;
    this.#words -= gpadl.words;
  }

  #answer(channelId: number, gpadlId: number, status: NtStatus): void {
    this.#end.post({ message: "gpadlCreated", channelId, gpadlId, status });
  }

  /** See {@linkcode GpadlOwner.sendTorndown}. */
  sendTorndown(gpadl: HostGpadl): void {
    this.#tell(gpadl, "tornDown");
    this.#torndown(gpadl.gpadlId);
  }

  /** See {@linkcode GpadlOwner.unmapped}. */
  unmapped(gpadl: HostGpadl): void {
    this.#tell(gpadl, "unmapped");
  }

  #tell({ channelId, gpadlId, ranges }: HostGpadl, change: GpadlChange): void {
    this.#end.tellGpadl(change, { channelId, gpadlId, byteCount: bytesInRanges(ranges) });
  }

  #torndown(gpadlId: number): void {
    this.#end.post({ message: "gpadlTorndown", gpadlId });
  }
}
