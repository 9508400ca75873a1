/**
 * The part of the storage controller's VSC that finds disks: it asks each known one whether it is there still, then
 * the controller for its LUNs, then looks at each of them. One command at a time is under way for it.
 *
 * What the search comes to is told to its users as it goes.
 *
 * @module
 */

import type { PlainData, SavedFields } from "../../../mod.ts";
import { type DiskFacts, restoreFacts, unknownDisk } from "./disk_facts.ts";
import type { CommandPlan } from "./command.ts";
import { lunsIn } from "../scsi/luns.ts";
import { LOOK_STEPS, REFRESH_STEPS, REPORT_WORK, TEST_WORK } from "./scsi_work.ts";

/**
 * What the search is at:
 * - `"idle"`: nothing;
 * - `"testing"`: the first of its LUNs is tested, all of which are known;
 * - `"reporting"`: the controller is asked for its LUNs;
 * - `"looking"`: the first of its LUNs is looked at.
 */
type SearchStage = "idle" | "testing" | "reporting" | "looking";
const STAGES: readonly SearchStage[] = ["idle", "testing", "reporting", "looking"];

/** What the search asks, and tells. */
export interface SearchUsers {
  /** Sends the command that the search is at. */
  submit(plan: CommandPlan): void;
  /** The LUNs of disks that are known, in ascending order. */
  knownLuns(): readonly number[];
  /** What is known of a disk; null where it is not. */
  factsOf(lun: number): DiskFacts | null;
  /** A disk was found, or something of a known one has changed. */
  found(facts: DiskFacts): void;
  /** A known disk is not there any more. */
  gone(lun: number): void;
  /** A disk was looked at, whatever came of it. */
  looked(lun: number): void;
}

/** The search for the disks of one controller. */
export class Search {
  readonly #users: SearchUsers;
  #stage: SearchStage = "idle";
  /** Whether the controller has to be searched once more when this search has ended. */
  #isDue = false;
  /** LUNs that are to be tested or looked at, the one that is first. */
  #luns: number[] = [];
  /** Which step of looking is at. */
  #step = 0;
  /** What is known so far of the disk that is looked at. */
  #facts: DiskFacts = unknownDisk(0);

  /** A search that has not begun. */
  constructor(users: SearchUsers) {
    this.#users = users;
  }

  /** Whether nothing is searched for. */
  get isIdle(): boolean {
    return this.#stage === "idle";
  }

  /** Searches the whole controller: now, or once more where it is being searched, as the change may be behind. */
  all(): void {
    if (this.#stage !== "idle") {
      this.#isDue = true;
      return;
    }
    this.#isDue = false;
    this.#enter("testing", this.#users.knownLuns());
  }

  /** Reads a known disk anew. */
  one(lun: number): void {
    if (this.#stage === "idle") return this.#enter("looking", [lun]);
    // In the stages before, all that are known are still to be looked at.
    if (this.#stage === "looking" && !this.#luns.includes(lun, 1)) this.#luns.push(lun);
  }

  /** Ends it: the controller closes. */
  stop(): void {
    this.#stage = "idle";
    this.#isDue = false;
    this.#luns = [];
  }

  /** What the command of the present stage is. */
  get plan(): CommandPlan {
    const lun = this.#luns[0] ?? 0;
    switch (this.#stage) {
      case "testing":
        return { lun, work: TEST_WORK };
      case "looking":
        return { lun, work: this.#steps[this.#step]!.work };
      default:
        return { lun: 0, work: REPORT_WORK };
    }
  }

  /** The command has ended, with `data`; null where it has failed. */
  ended(data: Uint8Array | null): void {
    switch (this.#stage) {
      case "testing":
        this.#luns.shift(); // where nothing answers at the LUN any more, its disk was removed
        return this.#go();
      case "reporting":
        return this.#reported(data === null ? null : lunsIn(data));
      case "looking":
        return this.#looked(data);
      case "idle": // the controller was closed meanwhile
    }
  }

  get #steps() {
    return this.#users.factsOf(this.#luns[0]!) === null ? LOOK_STEPS : REFRESH_STEPS;
  }

  #enter(stage: SearchStage, luns: readonly number[]): void {
    this.#stage = stage;
    this.#luns = [...luns];
    this.#begin();
  }

  #begin(): void {
    this.#step = 0;
    const [lun] = this.#luns;
    if (lun !== undefined) this.#facts = this.#users.factsOf(lun) ?? unknownDisk(lun);
    this.#go();
  }

  /** Sends the next command, or goes to the next stage where none is left in this one. */
  #go(): void {
    const isOver = this.#luns.length === 0;
    if (this.#stage === "testing" && isOver) this.#stage = "reporting";
    if (this.#stage === "looking" && isOver) return this.#finish();
    this.#users.submit(this.plan);
  }

  #finish(): void {
    this.#stage = "idle";
    if (this.#isDue) this.all();
  }

  /** The LUNs are known; a controller that does not tell may have a disk at the first. */
  #reported(luns: readonly number[] | null): void {
    const known = this.#users.knownLuns();
    const there = luns ?? [...new Set([0, ...known])];
    for (const lun of known) {
      if (!there.includes(lun)) this.#users.gone(lun);
    }
    this.#enter("looking", there);
  }

  #looked(data: Uint8Array | null): void {
    const lun = this.#luns[0]!;
    const steps = this.#steps;
    const { read, isNeeded } = steps[this.#step]!;
    const facts = data === null ? null : read(this.#facts, data);
    const isLast = this.#step === steps.length - 1;
    if (facts !== null) this.#facts = facts;
    if (facts === null && isNeeded) return this.#leave(lun);
    this.#step++;
    if (!isLast) return this.#go();
    this.#users.found(this.#facts);
    this.#leave(lun);
  }

  #leave(lun: number): void {
    this.#luns.shift();
    this.#users.looked(lun);
    this.#begin();
  }

  // -- Saving

  /** What it is at, as plain data. */
  save(): PlainData {
    return {
      stage: this.#stage,
      isDue: this.#isDue,
      luns: [...this.#luns],
      step: this.#step,
      facts: { ...this.#facts },
    };
  }

  /**
   * Reads what {@linkcode Search.save} told; the disks are known already.
   *
   * @throws {Error} It is not such a state.
   */
  restore(saved: SavedFields): void {
    this.#stage = saved.word("stage", STAGES);
    this.#isDue = saved.flag("isDue");
    this.#luns = [...saved.uints("luns", 0xff)];
    this.#step = saved.uint("step");
    this.#facts = saved.record("facts", restoreFacts);
    const isLooking = this.#stage === "looking";
    const isSound = !isLooking || (this.#luns.length > 0 && this.#step < this.#steps.length &&
      this.#facts.lun === this.#luns[0]);
    if (isSound) return;
    throw new Error(`Cannot restore a search for disks: it never was ${this.#stage} like that`);
  }
}
