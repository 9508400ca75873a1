/**
 * Makes the runs that a run is made smaller by in a child process, which may die of one: then the next one makes
 * the next.
 *
 * @module
 */

import { type AttemptEnd, type RunMaker, ShrinkError } from "../../shrinking/attempt.ts";
import type { Plan, ToldChoice } from "../../shrinking/plan.ts";
import type { RunRecord } from "../../artefacts/artefact.ts";
import { causeOf } from "../../artefacts/causes.ts";
import { linesOfChoices } from "../../artefacts/choices_text.ts";
import type { Choice } from "../../worlds/settings.ts";
import { type ChildDeath, SweepChild } from "./child_process.ts";
import type { ChildMessage, ChildRequest, ChildTask } from "./messages.ts";

/** A run that takes so many times longer than the first one never ends. */
const PATIENCE = 20;
/** But none is given up before so many milliseconds: the machine may have other work. */
const PATIENCE_MS = 1000;

/** What comes of a run that was ended. */
const NOTHING: AttemptEnd = { findings: [], choices: [], faults: 0, lastFault: null };

/** Where a process stands that makes runs. */
interface Workshop {
  /** What its processes are started with. */
  readonly task: ChildTask;
  /** A world may take so many milliseconds. */
  readonly worldMs: number;
  /** Ends it: from then on nothing is found. */
  readonly signal: AbortSignal;
}

/** What a child says of a run, with the choices that it has told. */
interface Said {
  readonly told: readonly ToldChoice[];
  /** What it said last; null: nothing. */
  readonly message: ChildMessage | null;
  /** How it died; null: it lives. */
  readonly death: ChildDeath | null;
}

/** Makes runs in child processes. */
export class ChildMaker implements RunMaker {
  readonly #record: RunRecord;
  readonly #workshop: Workshop;
  /** Whether a process dies of the run. */
  readonly #isLost: boolean;
  #child: SweepChild | null = null;
  #boundMs: number;

  /** Makes runs like that of `record`. */
  constructor(record: RunRecord, workshop: Workshop) {
    this.#record = record;
    this.#workshop = workshop;
    this.#isLost = record.steps === null;
    this.#boundMs = workshop.worldMs;
  }

  /** See {@linkcode RunMaker.first}. */
  async first(): Promise<AttemptEnd> {
    const startedMs = performance.now();
    let lastMs = startedMs;
    const end = this.#endOf(await this.#ask({ again: "first" }, () => lastMs = performance.now()));
    // Of one that hangs the time until then is what a run takes.
    const tookMs = (this.#isLost ? lastMs : performance.now()) - startedMs;
    const { worldMs } = this.#workshop;
    this.#boundMs = Math.min(worldMs, Math.max(PATIENCE_MS, Math.ceil(PATIENCE * tookMs)));
    const { rule, place } = this.#record.finding;
    if (end.findings.some((each) => causeOf(each) === causeOf({ rule, place }))) return end;
    throw new ShrinkError(`not found any more: ${rule}, at ${place}`);
  }

  /** See {@linkcode RunMaker.attempt}. */
  async attempt(plan: Plan): Promise<AttemptEnd> {
    return this.#endOf(await this.#ask({ again: plan }));
  }

  /** See {@linkcode RunMaker.record}. */
  async record(choices: readonly Choice[]): Promise<RunRecord> {
    const lines = linesOfChoices(choices);
    if (this.#isLost) return await this.#lostRecord(lines);
    const { message } = await this.#ask({ keep: lines });
    if (message !== null && "kept" in message) return message.kept;
    throw new ShrinkError("its process does not come to the end of the smaller run");
  }

  /** The record of a run that a process dies of. */
  async #lostRecord(choices: readonly string[]): Promise<RunRecord> {
    const { told, death } = await this.#ask({ again: choices });
    if (death === null || causeOf(death) !== causeOf(this.#record.finding)) {
      throw new ShrinkError("its process does not die of the smaller run each time");
    }
    const finding = { ...this.#record.finding, message: death.message, step: told.length };
    return { ...this.#record, finding, choices };
  }

  /** What a run has come to; a process that died of it says so by that. */
  #endOf({ told, message, death }: Said): AttemptEnd {
    if (this.#workshop.signal.aborted) return NOTHING;
    if (message !== null && "gone" in message) throw new ShrinkError(message.gone);
    if (message !== null && "came" in message) return message.came;
    // Which rules have fired it cannot say: those that were to.
    const faults = new Set(
      told.flatMap(({ kind, offset, about }) => kind === "fault" && offset > 0 ? [about] : []),
    );
    const findings = death === null ? [] : [death];
    return { findings, choices: told, faults: faults.size, lastFault: null };
  }

  async #ask(request: ChildRequest, onTold: () => void = () => {}): Promise<Said> {
    const child = this.#child ?? await this.#start(request);
    const told: ToldChoice[] = [];
    let last: ChildMessage | null = null;
    const hear = (message: ChildMessage) => {
      last = message;
      if (!("told" in message)) return;
      told.push(message.told);
      onTold();
    };
    const death = await child.ask(request, hear, this.#boundMs);
    if (death !== null) await this.end();
    return { told, message: last, death };
  }

  /** A new process, which knows of the run. */
  async #start(request: ChildRequest): Promise<SweepChild> {
    const child = new SweepChild(this.#workshop.task, this.#workshop.worldMs);
    this.#child = child;
    await child.ready();
    const nothing = () => {};
    await child.ask({ shrink: this.#record, isTold: this.#isLost }, nothing, this.#boundMs);
    const isFirst = "again" in request && request.again === "first";
    // From the first run it learns how long one may be; one that dies of it learns nothing.
    if (!isFirst && !this.#isLost) await child.ask({ again: "first" }, nothing, this.#boundMs);
    return child;
  }

  /** Ends the process. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.end();
  }
}
