/**
 * The GPADLs that a guest's clients have created (kmcl.md G1–G6, wire.md 3).
 *
 * @module
 */

import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../../core/control/codec.ts";
import type { ControlMessage, GpadlCreated } from "../../../core/control/messages.ts";
import { bytesInRanges, type GpaRange } from "../../../core/memory/gpa_ranges.ts";
import type { GuestBuffer } from "../../../core/memory/guest_memory.ts";
import { shareRanges, unshareRanges } from "../../../core/memory/isolation.ts";
import { GPADL_WORDS_MAX, gpadlWords, splitGpadl } from "../../../core/memory/gpadl.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_SUCCESS,
  STATUS_UNSUCCESSFUL,
} from "../../../core/ntstatus.ts";
import { addTo, takeFrom } from "../../../core/keyed_sets.ts";
import { stateWith } from "../../chart/persisted.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { CallbackName } from "../../channel/driver_port.ts";
import type { ChannelFault } from "../../channel/types.ts";
import { type GpadlChange, tellGpadl } from "../gpadl_trace.ts";
import { GuestGpadl, type GuestGpadlContent, type GuestGpadlOwner } from "./gpadl.ts";
import { GUEST_GPADL_ACTOR } from "./gpadl_machine.ts";
import type { GuestPort } from "./guest_port.ts";

/** Where a guest's handles begin, as Linux has it (wire.md 3.3). */
const FIRST_HANDLE = 0xe1e10;

/** Every GPADL of one guest. */
export class GuestGpadls implements GuestGpadlOwner {
  readonly #end: GuestPort;
  readonly #byHandle = new Map<number, GuestGpadl>();
  /** The same by their channels. */
  readonly #byChannel = new Map<number, Set<GuestGpadl>>();
  /** Those of each client's driver, in the order of their creation. */
  readonly #ofDrivers = new Map<Endpoint, Set<GuestGpadl>>();
  /** The handle that was given out last. */
  lastHandle = FIRST_HANDLE;

  /** No GPADL yet. */
  constructor(end: GuestPort) {
    this.#end = end;
  }

  /** All of them, in the order of their creation. */
  get all(): readonly GuestGpadl[] {
    return [...this.#byHandle.values()];
  }

  /** The GPADL with `handle`, whosever it is. */
  at(handle: number): GuestGpadl | null {
    return this.#byHandle.get(handle) ?? null;
  }

  /** Adds a GPADL that was saved; false where its handle is taken. */
  restore(content: GuestGpadlContent, stage: "created" | "deleting"): boolean {
    if (this.#byHandle.has(content.handle)) return false;
    const { actors } = this.#end.runtime;
    const state = stateWith(actors.chart(GUEST_GPADL_ACTOR), stage);
    this.pin(this.#add(new GuestGpadl(actors, this, content, state)));
    return true;
  }

  /** Whether the host has an answer to give about a GPADL of that channel. */
  isAwaited(channelId: number): boolean {
    for (const gpadl of this.#byChannel.get(channelId) ?? []) {
      if (!gpadl.actor.is("created")) return true;
    }
    return false;
  }

  /** The GPADLs of a client's driver, in the order of their creation. */
  of(client: Endpoint): readonly GuestGpadl[] {
    return [...this.#ofDrivers.get(client) ?? []];
  }

  /** The GPADL that `client`'s driver knows as `handle`. */
  find(client: Endpoint, handle: unknown): GuestGpadl | null {
    const gpadl = typeof handle === "number" ? this.#byHandle.get(handle) : undefined;
    const isOf = gpadl?.client === client && !gpadl.isRing && !gpadl.actor.is("forsaken");
    return gpadl !== undefined && isOf ? gpadl : null;
  }

  /** See {@linkcode SharedMemoryPort.rangesOf}. */
  rangesOf(client: Endpoint, handle: number): readonly GpaRange[] | null {
    const gpadl = this.find(client, handle);
    return gpadl?.actor.is("created") === true ? gpadl.ranges : null;
  }

  /**
   * Describes memory to the host, and carries the exchange through (kmcl.md G5): when it returns, the
   * host has confirmed the GPADL or refused it. The statuses are those that come last in kmcl.md G2.
   */
  create(
    client: Endpoint,
    ranges: readonly GpaRange[],
    isReadOnly: boolean,
    isRing: boolean,
  ): { status: NtStatus; gpadlHandle: number | null } {
    if (gpadlWords(ranges) > GPADL_WORDS_MAX) {
      return { status: STATUS_INVALID_BUFFER_SIZE, gpadlHandle: null };
    }
    const { channel, channelId } = client;
    if (
      channel === null || channelId === null || client.is("leaving") || !this.#end.partition.isAlive
    ) {
      return { status: STATUS_DEVICE_REMOVED, gpadlHandle: null };
    }
    const handle = this.#takeHandle();
    const { isRingConfidential, isMemoryConfidential } = channel;
    const isConfidential = isRing ? isRingConfidential : isMemoryConfidential;
    const content = { handle, client, channelId, ranges, isRing, isConfidential };
    const gpadl = this.#add(new GuestGpadl(this.#end.runtime.actors, this, content));
    this.#tell(gpadl, "creating");
    const answered = this.#end.link.roundTrip(
      describe(gpadl, isReadOnly).map(encodeControlMessage),
      this.#end.messageConnectionId,
      (bytes) => isAnswerTo(gpadl, bytes),
    );
    if (answered !== null) this.#end.hear(answered);
    if (gpadl.actor.is("created")) return { status: STATUS_SUCCESS, gpadlHandle: handle };
    if (gpadl.actor.can("unanswered")) {
      gpadl.actor.send({ type: "unanswered" });
      client.faulted("badGpadl");
    }
    this.#tell(gpadl, "refused");
    return { status: STATUS_UNSUCCESSFUL, gpadlHandle: null };
  }

  /** `pages` are nobody's any more; where the host has not said what became of them, it may still have them. */
  freePages(pages: GuestBuffer): void {
    const isOf = ({ actor, ranges: [range] }: GuestGpadl) =>
      actor.is("forsaken") && range?.pfns === pages.pfns;
    const forsaken = this.all.find(isOf);
    if (forsaken === undefined) this.#end.memory.free(pages);
    else forsaken.pages = pages;
  }

  /** See {@linkcode GuestGpadlOwner.forsake}: no driver sees it any more. */
  forsake(gpadl: GuestGpadl): void {
    this.#takeFromDriver(gpadl);
  }

  #tell({ channelId, handle: gpadlId, ranges }: GuestGpadl, change: GpadlChange): void {
    const { runtime, partition } = this.#end;
    const byteCount = bytesInRanges(ranges);
    tellGpadl(runtime, partition.traceId, "guest", change, { channelId, gpadlId, byteCount });
  }

  /** See {@linkcode GuestGpadlOwner.pin}. */
  pin(gpadl: GuestGpadl): void {
    for (const { pfns } of gpadl.ranges) this.#end.memory.pin(pfns);
    this.#tell(gpadl, "created");
  }

  /** See {@linkcode GuestGpadlOwner.unpin}. */
  unpin(gpadl: GuestGpadl): void {
    for (const { pfns } of gpadl.ranges) this.#end.memory.unpin(pfns);
    this.#tell(gpadl, "deleted");
  }

  /** It is shared before the host hears of it, if it is at all. */
  #add(gpadl: GuestGpadl): GuestGpadl {
    if (!gpadl.isConfidential) shareRanges(this.#end.memory, gpadl.ranges);
    this.#byHandle.set(gpadl.handle, gpadl);
    addTo(this.#byChannel, gpadl.channelId, gpadl);
    const { client, isRing } = gpadl;
    if (!isRing && client !== null) addTo(this.#ofDrivers, client, gpadl);
    return gpadl;
  }

  /** See {@linkcode GuestGpadlOwner.remove}. */
  remove(gpadl: GuestGpadl): void {
    this.#byHandle.delete(gpadl.handle);
    takeFrom(this.#byChannel, gpadl.channelId, gpadl);
    if (!gpadl.isConfidential) unshareRanges(this.#end.memory, gpadl.ranges);
    this.#takeFromDriver(gpadl);
    if (gpadl.pages !== null && this.#end.partition.isAlive) this.#end.memory.free(gpadl.pages);
  }

  #takeFromDriver(gpadl: GuestGpadl): void {
    if (gpadl.client !== null) takeFrom(this.#ofDrivers, gpadl.client, gpadl);
  }

  #takeHandle(): number {
    do {
      this.lastHandle = this.lastHandle >= 0xffff_ffff ? 1 : this.lastHandle + 1;
    } while (this.#byHandle.has(this.lastHandle));
    return this.lastHandle;
  }

  /** GpadlCreated: only one that is awaited is an answer. */
  created(message: GpadlCreated): ChannelFault | null {
    const gpadl = this.#byHandle.get(message.gpadlId);
    if (gpadl === undefined) return "badGpadl";
    const isAwaited = gpadl.actor.is("creating") || gpadl.actor.can("accepted");
    if (!isAwaited || gpadl.channelId !== message.channelId) {
      faulted(gpadl);
      return "badGpadl";
    }
    gpadl.actor.send({ type: NT_SUCCESS(message.status) ? "accepted" : "refused" });
    return null;
  }

  /** VmbChannelDeleteGpadl: resolves when the host has released the GPADL. */
  deleted(gpadl: GuestGpadl): Promise<void> {
    const { runtime, partition } = this.#end;
    const wait = runtime.beginWait<void>({
      call: "VmbChannelDeleteGpadl",
      what: `GPADL ${gpadl.handle} of ${gpadl.client?.name} to be unmapped`,
      partition,
      endpoint: gpadl.client,
      heldUpBy: () => {
        const { client, channelId, handle: gpadlHandle } = gpadl;
        return client?.driverCallbacks.heldUpBy({ goal: "unmapped", gpadlHandle, channelId }) ??
          null;
      },
      isTimed: false,
    });
    gpadl.waits.push(wait);
    if (gpadl.actor.can("teardown")) gpadl.actor.send({ type: "teardown" });
    return wait.promise;
  }

  /** See {@linkcode GuestGpadlOwner.sendTeardown}. */
  sendTeardown(gpadl: GuestGpadl): void {
    const { channelId, handle } = gpadl;
    this.#tell(gpadl, "deleting");
    this.#end.post({ message: "gpadlTeardown", channelId, gpadlId: handle });
  }

  /** GpadlTorndown: the memory is the guest's own again. */
  torndown(handle: number): ChannelFault | null {
    const gpadl = this.#byHandle.get(handle);
    if (gpadl?.actor.can("torndown") !== true) {
      faulted(gpadl);
      return "badGpadl";
    }
    gpadl.actor.send({ type: "torndown" });
    return null;
  }

  /** The guest crashed: nobody waits for the host any more. */
  gone(): void {
    for (const { actor } of this.all) actor.send({ type: "guestGone" });
  }

  /** The last `callback` of `client` returned: what its driver did not delete is a violation, and goes. */
  removeAll(client: Endpoint, callback: CallbackName): void {
    for (const gpadl of this.of(client)) {
      if (!gpadl.actor.can("teardown")) continue;
      client.runtime.verifier.raise(
        "GPADL not deleted or still mapped when Closed returns",
        callback,
        `GPADL ${gpadl.handle} was not deleted`,
        { channel: client.place },
      );
      gpadl.actor.send({ type: "teardown" });
    }
  }
}

/** The host has said of a GPADL what cannot be. One that it never answered is no client's any more. */
function faulted(gpadl: GuestGpadl | undefined): void {
  if (gpadl?.actor.is("forsaken") === false) gpadl.client?.faulted("badGpadl");
}

/** Whether a message of the host says what has become of a GPADL that the guest creates. */
function isAnswerTo({ handle }: GuestGpadl, bytes: Uint8Array): boolean {
  const message = decodeControlMessage(bytes);
  return !isControlFault(message) && message.message === "gpadlCreated" &&
    message.gpadlId === handle;
}

/** The messages that describe a GPADL: one header, then bodies (wire.md 3.2, 3.3). */
function describe(gpadl: GuestGpadl, isReadOnly: boolean): ControlMessage[] {
  const { handle: gpadlId, channelId, ranges } = gpadl;
  const [first = new Uint8Array(0), ...rest] = splitGpadl(ranges);
  return [
    {
      message: "gpadlHeader",
      channelId,
      gpadlId,
      byteLength: gpadlWords(ranges) * 8,
      rangeCount: ranges.length,
      readOnly: isReadOnly,
      words: first,
    },
    ...rest.map((words): ControlMessage => ({
      message: "gpadlBody",
      messageNumber: 0,
      gpadlId,
      words,
    })),
  ];
}
