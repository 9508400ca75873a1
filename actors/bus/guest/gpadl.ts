/**
 * A GPADL that a guest's client has created (kmcl.md G1–G6, wire.md 5.6).
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import type { GpaRange } from "../../../core/memory/gpa_ranges.ts";
import type { GuestBuffer } from "../../../core/memory/guest_memory.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import { effectsOf, type EffectTable } from "../../chart/effects.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { Wait } from "../../runtime/waits.ts";
import { GUEST_GPADL_ACTOR } from "./gpadl_machine.ts";
import type { GuestGpadlEffect, GuestGpadlEvent, GuestGpadlTag } from "./types.ts";

/** What a GPADL is of. */
export interface GuestGpadlContent {
  /** Its handle, never 0. */
  readonly handle: number;
  /** Whose it is; null where that channel was cleaned up before a save. */
  readonly client: Endpoint | null;
  /** The channel that it was made for. */
  readonly channelId: number;
  /** The memory, pinned while the host has the GPADL. */
  readonly ranges: readonly GpaRange[];
  /** Whether it holds the channel's rings: no driver sees it. */
  readonly isRing: boolean;
  /** Whether it stays private: who serves the guest lies inside it (kmcl.md X17). */
  readonly isConfidential: boolean;
}

/** What the steps of a GPADL do beyond itself. */
export interface GuestGpadlOwner {
  /** The host has its memory from now on. */
  pin(gpadl: GuestGpadl): void;
  /** The host is asked to release it. */
  sendTeardown(gpadl: GuestGpadl): void;
  /** Its memory is the guest's own again. */
  unpin(gpadl: GuestGpadl): void;
  /** Whoever created it was told that it came to nothing. */
  forsake(gpadl: GuestGpadl): void;
  /** It is removed. */
  remove(gpadl: GuestGpadl): void;
}

/** One GPADL of a client. Its chart says how far it is. */
export class GuestGpadl implements GuestGpadlContent {
  readonly handle: number;
  readonly client: Endpoint | null;
  readonly channelId: number;
  readonly ranges: readonly GpaRange[];
  readonly isRing: boolean;
  readonly isConfidential: boolean;
  /** Its chart. */
  readonly actor: ChartActor<GuestGpadlEvent, GuestGpadlTag>;
  /** Whose it is. */
  readonly owner: GuestGpadlOwner;
  /** Pages that are nobody's, and are free when it is gone: the host may have them until then. */
  pages: GuestBuffer | null = null;
  /** Callers of VmbChannelDeleteGpadl. */
  readonly waits: Wait<void>[] = [];

  /** One that the host is to be told of, or, in `state`, one that was saved. */
  constructor(
    actors: Actors,
    owner: GuestGpadlOwner,
    content: GuestGpadlContent,
    state: AnyMachineSnapshot | null = null,
  ) {
    this.handle = content.handle;
    this.client = content.client;
    this.channelId = content.channelId;
    this.ranges = content.ranges;
    this.isRing = content.isRing;
    this.isConfidential = content.isConfidential;
    this.owner = owner;
    this.actor = actors.create(GUEST_GPADL_ACTOR, state, effectsOf(this, EFFECTS));
  }

  /** The state of its chart. */
  get stage(): string {
    return String(this.actor.snapshot.value);
  }
}

/** What the chart names. */
const EFFECTS: EffectTable<GuestGpadl, GuestGpadlEvent, GuestGpadlEffect> = {
  pin: (gpadl) => gpadl.owner.pin(gpadl),
  sendTeardown: (gpadl) => gpadl.owner.sendTeardown(gpadl),
  unpin: (gpadl) => gpadl.owner.unpin(gpadl),
  forsake: (gpadl) => gpadl.owner.forsake(gpadl),
  remove(gpadl) {
    gpadl.owner.remove(gpadl);
    gpadl.actor.stop();
  },
  answerWaits({ waits }) {
    for (const wait of waits.splice(0)) wait.answer();
  },
};
