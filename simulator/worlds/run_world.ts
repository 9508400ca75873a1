/**
 * One run of a scenario: first with everything that may go wrong, then without, until all is quiet; and all
 * the while its checkers look.
 *
 * @module
 */

import { checkFabricOptions } from "../../actors/fabric/options.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { choiceDetails, type ChoiceSetting } from "../../actors/runtime/choice_trace.ts";
import type { Choice, Chooser } from "../../actors/runtime/chooser.ts";
import { FIFO } from "../../actors/runtime/choosers/fifo.ts";
import { Recorder } from "../../actors/runtime/choosers/record.ts";
import { ReplayChooser, ReplayError } from "../../actors/runtime/choosers/replay.ts";
import { SeededChooser } from "../../actors/runtime/choosers/seeded.ts";
import { turn } from "../../actors/runtime/event_loop.ts";
import { createChooser } from "../../actors/runtime/schedule.ts";
import { Chance } from "../../core/chance.ts";
import { isInstance, messageOf } from "../../core/describe.ts";
import { Checks } from "../checkers/checks.ts";
import { CHECKERS } from "../checkers/library.ts";
import { CoverageRecorder } from "../coverage/recorder.ts";
import { haveImagesFail } from "../faults/images/faulty_image.ts";
import { FaultSource } from "../faults/source.ts";
import { checkSettings } from "./check_settings.ts";
import { requireScenario } from "./define_scenario.ts";
import { drawHost } from "./drawn_options.ts";
import { tellApart } from "./expected.ts";
import { type Finding, type FindingKind, placeOfViolation } from "../finding.ts";
import { CutError, type WorldGuide } from "./guide.ts";
import { RunningWorld } from "./running_world.ts";
import { ITEMS_MAX, type WorldResult, type WorldSettings } from "./settings.ts";
import type { DriverTable, ScenarioDefinition } from "./world.ts";
import type { FabricOptions } from "../../mod.ts";

/** The world's own bound comes first: it counts the items of a phase, not of an instant. */
const ITEMS_MAX_FACTOR = 4;
/** A world is small: what it does not touch need not be there. */
const ROOT_PAGES = 256;

/** What a run has by then. */
class Run<Drivers extends DriverTable> {
  readonly scenario: ScenarioDefinition<Drivers>;
  readonly settings: Required<
    Omit<WorldSettings, "choices" | "beforeChoice" | "onChoice" | "sourceLines">
  >;
  readonly chooser: Recorder;
  readonly faults: FaultSource;
  readonly fabric: FabricRuntime;
  readonly world: RunningWorld<Drivers>;
  readonly findings: Finding[] = [];
  readonly coverage: CoverageRecorder;
  /** See {@linkcode GuidedRun.part}. */
  part = "begin";
  readonly #checks: Checks;
  readonly #guide: WorldGuide | null;
  /** Where choices are told, once there is a fabric. */
  #traced: ChoiceSetting | null = null;
  /** Nothing that is found from now on is of the run. */
  #isOver = false;
  /** What ends it for whoever runs it: it is not the one that is replayed, or who is told of choices threw. */
  #stop: { readonly thrown: unknown } | null = null;

  /** `guide`: makes the choices in the place of seed and `choices`; null: nobody does. */
  constructor(
    scenario: ScenarioDefinition<Drivers>,
    given: WorldSettings,
    guide: WorldGuide | null,
  ) {
    this.#guide = guide;
    requireScenario(scenario);
    checkSettings(given);
    const { seed = 0, schedule = "portfolio", isFaulty = true, itemsMax = ITEMS_MAX } = given;
    const chance = Chance.fromSeed(seed).fork("world");
    const codec = given.codec ?? (["msgpack", "vmbus"] as const)[chance.fork("codec").below(2)]!;
    const { trace = "digest", sourceLines = false, choices } = given;
    this.scenario = scenario;
    this.settings = { seed, schedule, codec, isFaulty, trace, itemsMax };
    const options: FabricOptions = {
      seed,
      schedule,
      codec,
      trace,
      verifier: "record",
      sourceLines,
      rootMemoryPages: ROOT_PAGES,
      itemsPerInstantMax: ITEMS_MAX_FACTOR * itemsMax,
    };
    const ofSeed = () =>
      new SeededChooser(
        createChooser(checkFabricOptions(options).schedule, seed) ?? FIFO,
        chance.fork("draws"),
      );
    const chooser = guide !== null
      ? this.#heeding(guide)
      : choices === undefined
      ? ofSeed()
      : new ReplayChooser(choices);
    this.chooser = new Recorder(this.#tracedChooser(this.#told(chooser, given)));
    this.faults = new FaultSource(isFaulty ? scenario.faults ?? [] : [], this.chooser);
    const host = drawHost(
      scenario.draws ?? [],
      (count) =>
        this.chooser.choose("draw", count, { draw: (chance: Chance) => chance.below(count) }),
    );
    const checked = checkFabricOptions({ ...options, ...host });
    this.fabric = new FabricRuntime(checked, this.chooser satisfies Chooser, this.faults.port);
    this.fabric.driverFaults = this.faults.drivers;
    haveImagesFail(this.fabric, this.faults);
    this.#traced = this.fabric;
    this.world = new RunningWorld(scenario, this.fabric, this);
    this.coverage = new CoverageRecorder(this.fabric);
    this.#checks = new Checks(this.fabric, [...CHECKERS, ...scenario.checkers ?? []], this);
  }

  /** Choices so far: see {@linkcode CheckedRun.step}. */
  get step(): number {
    return this.chooser.steps;
  }

  /** `chooser`, each of whose choices somebody is told of, if anybody is. */
  #told(chooser: Chooser, { beforeChoice, onChoice }: WorldSettings): Chooser {
    if (beforeChoice === undefined && onChoice === undefined) return chooser;
    return {
      choose: (kind, count, known) => {
        this.#tell(() => beforeChoice?.(this.step));
        const offset = chooser.choose(kind, count, known);
        this.#tell(() => onChoice?.({ kind, count, offset }));
        return offset;
      },
    };
  }

  /** `chooser`, of whose choices the trace is told: by way of the fabric where they are among items. */
  #tracedChooser(chooser: Chooser): Chooser {
    if (this.settings.trace !== "full") return chooser;
    return {
      choose: (kind, count, known) => {
        const offset = chooser.choose(kind, count, known);
        if (kind !== "item") this.#traceChoice({ kind, count, offset });
        return offset;
      },
    };
  }

  #traceChoice({ kind, count, offset }: Choice): void {
    if (this.#traced === null) return; // the first choices say what may go wrong in the fabric
    const details = choiceDetails(kind, offset, this.step);
    const { recorder, clock } = this.#traced;
    recorder.imply(clock.now100ns, "choice", 0, { values: [count, offset], details });
  }

  /** `guide`, whose throw ends the run. */
  #heeding(guide: WorldGuide): Chooser {
    return { choose: (...given) => this.#tell(() => guide.choose(...given)) };
  }

  /** See {@linkcode GuidedRun.heed}. */
  heed<R>(work: () => R): R {
    return this.#tell(work);
  }

  #tell<R>(tell: () => R): R {
    try {
      return tell();
    } catch (thrown) {
      this.#stop ??= { thrown };
      throw thrown;
    }
  }

  found(finding: Finding): void {
    if (this.#isOver) return;
    const { kind, rule, place, message, by } = finding;
    this.findings.push(finding);
    if (by === "verifier") return; // it is on the trace where it happened
    const { recorder, clock } = this.fabric;
    const details = { kind, rule, place, message, by };
    recorder.imply(clock.now100ns, "found", 0, { details });
  }

  #fail(kind: FindingKind, rule: string, place: string, message: string, by = "world"): void {
    this.found({ kind, rule, place, message, by, step: this.step });
  }

  /** What a call into the scenario or the fabric threw, that the verifier does not tell of already. */
  #threw(place: string, thrown: unknown): void {
    if (isInstance(thrown, ReplayError)) this.#stop ??= { thrown };
    else if (this.#stop !== null && this.#stop.thrown === thrown) return;
    else if (!this.fabric.verifier.hasMade(thrown)) {
      this.#fail("crash", "nothing throws", place, messageOf(thrown));
    }
  }

  /** Runs it, and looks at what it has come to. */
  async run(): Promise<void> {
    let isWhole = false;
    try {
      isWhole = await this.#runPhases();
    } catch (error) {
      this.#threw("world", error);
    }
    this.#tellViolations();
    // What a world that stands still still has says no more than that it stands still.
    if (isWhole) this.#checks.end();
    this.#checks.detach();
    this.coverage.detach();
    this.#isOver = true;
    // What was wrong is told; that a driver waited meanwhile, and awaits nobody, must not end the process.
    this.fabric.disposeUnheard();
    if (this.#stop !== null) throw this.#stop.thrown;
  }

  /** First with all that may go wrong, then without; false where the world never got to its end. */
  async #runPhases(): Promise<boolean> {
    const { scenario, world, faults } = this;
    this.#guide?.begins?.(this);
    world.begin();
    faults.begin(world);
    if (!await this.#toItsEnd("workload", () => scenario.workload(world))) return false;
    world.isFaulty = false;
    faults.stop();
    if (await this.#drive("quiet", () => false) === "stuck") return false;
    this.#checks.quiet();
    return await this.#toItsEnd("end", () => scenario.end?.(world));
  }

  /** Runs a part of the scenario; false where it has no end. */
  async #toItsEnd(part: string, work: () => void | Promise<void>): Promise<boolean> {
    let isOver = false;
    const begun = (async () => await work())();
    begun.catch((error) => this.#threw(part, error)).finally(() => isOver = true);
    const outcome = await this.#drive(part, () => isOver);
    if (outcome === "quiet" && !this.#checks.stall()) {
      const what = "nothing is left to run, and it waits for nothing that the fabric knows of";
      this.#fail("liveness", "every wait ends", part, what);
    }
    return outcome === "over";
  }

  /**
   * Drives until `isOver`, or until nothing is left to run; acts of faults come between items. `"stuck"`: the
   * world never becomes quiet, or is not the one that is replayed.
   */
  async #drive(part: string, isOver: () => boolean): Promise<"over" | "quiet" | "stuck"> {
    this.part = part;
    let items = 0;
    /** Nothing was left to run, and a turn of the runtime has brought nothing. */
    let isIdle = false;
    const { itemsMax } = this.settings;
    const { world, faults, fabric } = this;
    const isDue = () => {
      if (fabric.scheduler.hasWork) isIdle = false;
      return ++items > itemsMax || isOver() || world.isAnswerDue() || faults.isActDue();
    };
    while (!isOver()) {
      let isReached = true;
      const begunMs = fabric.now();
      try {
        isReached = await fabric.runUntil(isDue);
      } catch (error) {
        this.#threw(part, error);
      }
      this.#guide?.programRuns?.();
      if (this.#stop !== null) return "stuck";
      if (fabric.isDisposed) {
        const message = "the fabric, which is the world's, was disposed of";
        this.#fail("correctness", "the world ends its fabric", part, message);
        return "stuck";
      }
      if (items > itemsMax) {
        this.#fail("liveness", "all becomes quiet", part, `more than ${itemsMax} items ran`);
        return "stuck";
      }
      if (fabric.now() > begunMs) isIdle = false;
      if (faults.isActDue()) await this.#act();
      else if (!world.answer(false) && !isReached && !faults.release()) {
        if (world.answer(true)) isIdle = false;
        else if (isIdle) return isOver() ? "over" : "quiet";
        else isIdle = true;
        // The scenario may await what is there already, and has a turn of the runtime for it. While nobody
        // drove, its own waits would drive, and be told that nothing can end them.
        void fabric.outside(turn);
      }
    }
    return "over";
  }

  async #act(): Promise<void> {
    try {
      await this.faults.act();
    } catch (error) {
      this.#threw("fault", error);
    }
  }

  #tellViolations(): void {
    for (const { rule, call, message, channel, source, first } of this.fabric.violations) {
      const firstSource = first?.source ?? null;
      this.found({
        kind: rule === "exception out of a callback" ? "crash" : "correctness",
        rule,
        place: placeOfViolation(call, channel),
        message,
        by: "verifier",
        step: this.step,
        ...source !== null && { source },
        ...firstSource !== null && { firstSource },
      });
    }
  }

  /** What was found, told apart from what the scenario expects. */
  get toldApart(): ReturnType<typeof tellApart> {
    return tellApart(this.findings, this.scenario.expected ?? [], this.faults.fired);
  }

  get result(): WorldResult {
    const { scenario, settings, chooser, faults, fabric, world } = this;
    const { findings, expected } = this.toldApart;
    return {
      scenario: scenario.name,
      seed: BigInt(settings.seed),
      schedule: settings.schedule,
      codec: settings.codec,
      findings,
      expected,
      choices: chooser.choices,
      steps: chooser.steps,
      faults: faults.fired,
      reached: Object.fromEntries(world.reached),
      coverage: this.coverage.coverage(world.reached, world.nearest),
      orderDigest: this.coverage.orderDigest,
      virtualMilliseconds: fabric.now(),
      traceDigest: fabric.traceDigest(),
      trace: fabric.trace,
    };
  }
}

/** A run that has come to its end. */
async function ended<Drivers extends DriverTable>(run: Run<Drivers>): Promise<Run<Drivers>> {
  await run.run();
  return run;
}

/**
 * Runs a scenario once.
 *
 * @throws {ReplayError} It was given choices, and is not the run that they are of.
 * @throws {TypeError | RangeError} A setting is not what it should be.
 */
export async function runWorld<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  settings: WorldSettings = {},
): Promise<WorldResult> {
  return (await ended(new Run(scenario, settings, null))).result;
}

/**
 * The same, where `guide` makes all choices, in the place of the seed and of `settings.choices`.
 *
 * @throws {ReplayError | TypeError | RangeError} See {@linkcode runWorld}.
 */
export async function runGuided<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  settings: WorldSettings,
  guide: WorldGuide,
): Promise<WorldResult> {
  return (await ended(new Run(scenario, settings, guide))).result;
}

/**
 * Runs a scenario once as `guide` has it, to its end or until the guide throws a {@linkcode CutError}; tells what
 * was found.
 *
 * @throws {unknown} What else the guide throws.
 */
export async function findGuided<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  settings: WorldSettings,
  guide: WorldGuide,
): Promise<readonly Finding[]> {
  const run = new Run(scenario, settings, guide);
  try {
    await run.run();
  } catch (error) {
    if (!(error instanceof CutError)) throw error;
  }
  return run.toldApart.findings;
}
