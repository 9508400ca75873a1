/**
 * A GPADL of the guest as the host knows it (wire.md 3.2, 5.3).
 *
 * @module
 */

import type { GpaRange } from "../../../core/memory/gpa_ranges.ts";
import { type Mdl, mdlRevoke } from "../../../core/memory/mdl.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import { effectsOf, type EffectTable } from "../../chart/effects.ts";
import type { Actors } from "../../runtime/actors.ts";
import { HOST_GPADL_ACTOR } from "./gpadl_machine.ts";
import type { HostGpadlEffect, HostGpadlEvent, HostGpadlTag } from "./types.ts";

/** What the guest has said of a GPADL. */
export interface GpadlDescription {
  /** The channel that it was made for. */
  readonly channelId: number;
  /** The guest's handle of it. */
  readonly gpadlId: number;
  /** Whether the guest shares it for reading only. */
  readonly isReadOnly: boolean;
  /** Words of its description, as announced. */
  readonly words: number;
}

/** What the steps of a GPADL do beyond itself. */
export interface GpadlOwner {
  /** The guest is told that its memory is its own again. */
  sendTorndown(gpadl: HostGpadl): void;
  /** The server's mapping of it is gone. */
  unmapped(gpadl: HostGpadl): void;
  /** It is removed. */
  remove(gpadl: HostGpadl): void;
}

/** One GPADL of the guest. Its chart says how far it is, and what uses it. */
export class HostGpadl implements GpadlDescription {
  readonly channelId: number;
  readonly gpadlId: number;
  readonly isReadOnly: boolean;
  readonly words: number;
  /** Its chart. */
  readonly actor: ChartActor<HostGpadlEvent, HostGpadlTag>;
  /** Whose it is. */
  readonly owner: GpadlOwner;
  /** The server's mapping, while it is mapped. */
  mdl: Mdl | null = null;
  #ranges: readonly GpaRange[] = [];

  /** One of which nothing but its header has come. */
  constructor(actors: Actors, owner: GpadlOwner, description: GpadlDescription) {
    this.channelId = description.channelId;
    this.gpadlId = description.gpadlId;
    this.isReadOnly = description.isReadOnly;
    this.words = description.words;
    this.owner = owner;
    this.actor = actors.create(HOST_GPADL_ACTOR, null, effectsOf(this, EFFECTS));
  }

  /** The memory; its pages lie inside the guest's, once it is accepted. */
  get ranges(): readonly GpaRange[] {
    return this.#ranges;
  }

  /** All of its description is there: it is of `ranges`, which lie inside the guest's memory. */
  complete(ranges: readonly GpaRange[]): void {
    this.#ranges = ranges;
    this.actor.send({ type: "complete" });
  }

  /** The outermost state of its chart. */
  get stage(): string {
    const { value } = this.actor.snapshot;
    return typeof value === "string" ? value : Object.keys(value)[0]!;
  }
}

/** What the chart names. */
const EFFECTS: EffectTable<HostGpadl, HostGpadlEvent, HostGpadlEffect> = {
  revokeMdl(gpadl) {
    if (gpadl.mdl !== null) mdlRevoke(gpadl.mdl);
    gpadl.mdl = null;
    gpadl.owner.unmapped(gpadl);
  },
  sendTorndown: (gpadl) => gpadl.owner.sendTorndown(gpadl),
  remove(gpadl) {
    gpadl.owner.remove(gpadl);
    gpadl.actor.stop();
  },
};
