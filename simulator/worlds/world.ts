/**
 * What a scenario's author writes against: the scenario as a value, and the world that it runs in.
 *
 * @module
 */

import type {
  Fabric,
  GuestDriver,
  GuestDriverInstance,
  HostDriver,
  HostDriverInstance,
  Partition,
  PartitionOptions,
  PlainData,
} from "../../mod.ts";
import type { Checker } from "../checkers/checker.ts";
import type { Nearness } from "../coverage/coverage.ts";
import type { FaultRule } from "../faults/rule.ts";
import type { ScenarioPayload } from "./payloads.ts";

/** What a driver of a scenario is started with: plain data, or what a function makes of draws. */
export type DriverOptions = PlainData | ((world: Draws) => PlainData);

/** A driver that runs in a guest. */
export interface ScenarioGuestDriver<Instance extends GuestDriverInstance = GuestDriverInstance> {
  /** The guest, by its name in the scenario. */
  readonly in: string;
  /** The driver. */
  readonly driver: GuestDriver<Instance>;
  /** What it is started with. Default null. */
  readonly options?: DriverOptions;
}

/** A driver that runs in the root, for one guest. */
export interface ScenarioHostDriver<Instance extends HostDriverInstance = HostDriverInstance> {
  /** The guest that it serves, by its name in the scenario. */
  readonly serves: string;
  /** The driver. */
  readonly driver: HostDriver<Instance>;
  /** What it is started with. Default null. */
  readonly options?: DriverOptions;
}

/** The drivers of a scenario, by name, in the order in which they are started. */
export type DriverTable = Readonly<Record<string, ScenarioGuestDriver | ScenarioHostDriver>>;

/** What the driver's `start` returns. */
export type InstanceOf<Driver> = Driver extends
  { readonly driver: { start(...given: never[]): infer Instance } } ? Instance : never;

/** Numbers that a world draws. */
export interface Draws {
  /**
   * A whole number from 0 to `count` - 1, drawn from the seed. It is one of the run's choices: 0 is what a
   * world is made smaller with, so let 0 be the plainest.
   *
   * @throws {RangeError} `count` is no whole number from 1 to 2^32.
   * @throws {Error} The world has ended.
   */
  draw(count: number): number;
  /**
   * One of the scenario's numbers: drawn where it is first asked for, and the same in all of the world.
   *
   * @throws {TypeError} The scenario has no number of that name.
   */
  number(name: string): number;
  /**
   * The same number drawn anew, for what begins a second time in a world: {@linkcode Draws.number} stays what it was.
   *
   * @throws {TypeError} The scenario has no number of that name.
   */
  numberAnew(name: string): number;
}

/** A number of a scenario, which each world draws: its least is what a world is made smaller with. */
export interface ScenarioNumber {
  /** What it is, in a few words. */
  readonly title: string;
  /** Its least value, a whole number from 0 on. */
  readonly least: number;
  /** Its greatest value. Where the two are the same nothing is drawn. */
  readonly most: number;
}

/** One run of a scenario, as its workload sees it. */
export interface World<Drivers extends DriverTable = DriverTable> extends Draws {
  /** What everything runs in. */
  readonly fabric: Fabric;
  /**
   * A guest by its name in the scenario, as it is now: one that was migrated or restored is another partition.
   *
   * @throws {TypeError} The scenario has no guest of that name.
   */
  guest(name: string): Partition;
  /** Whether a guest is there: one that crashed has gone. */
  isThere(name: string): boolean;
  /**
   * A driver by its name in the scenario, as it is now: one that was restored is another object.
   *
   * @throws {TypeError} The scenario has no driver of that name.
   */
  driver<Name extends keyof Drivers & string>(name: Name): InstanceOf<Drivers[Name]>;
  /**
   * Lets virtual time pass until `isReached` answers true, or nothing is left to run; it is asked before each
   * work item. What its caller does then comes before the next one. It rejects with what `isReached` throws, and
   * with a TypeError where that answers with a promise.
   *
   * @throws {TypeError} `isReached` is no function.
   */
  until(isReached: () => boolean): Promise<void>;
  /**
   * Something is not as the scenario has it. Texts of more than 4000 characters are cut.
   *
   * @throws {TypeError} One of them is no text.
   */
  fail(rule: string, message: string, place?: string): void;
  /**
   * A behaviour has come to be that ought to: see {@linkcode ScenarioDefinition.reach}.
   *
   * @param nearness How many of its conditions are fulfilled, where it is made of several: the behaviour is
   * reached where all are, and else a sweep tells how near a run has come.
   * @throws {TypeError} `name` is no text, or `nearness` no fraction.
   */
  reach(name: string, nearness?: Nearness): void;
  /** Whether faults may still happen. */
  readonly isFaulty: boolean;
  /**
   * Whether one side of that guest's channels has done to the other what no honest one does: from then on nothing is
   * promised of them but that nobody crashes, that every wait ends, and that nobody else is touched.
   */
  isTampered(guest: string): boolean;
}

/** A finding that is known, and does not count as a failure. */
export interface ExpectedFinding {
  /** Its rule. */
  readonly rule: string;
  /** Its place. */
  readonly place: string;
  /** Why it is expected, for who reads the report. */
  readonly reason: string;
}

/** What a guest of a scenario is made of. */
export interface ScenarioPartition extends Omit<PartitionOptions, "name" | "vtlOf"> {
  /** The name of the guest whose machine it is a further trust level of; one that stands before it. */
  readonly vtlOf?: string;
}

/**
 * What a world may draw: `"host"`, which versions of the bus its host speaks, with which features, and whether it brings
 * monitor pages. Of a guest: `"version"`, which versions it speaks and which features it asks for; `"vtl"`, the trust
 * level of its drivers, which its servers must then name (VmbServerChannelInitSetTargetVtl); `"level"`, in the place of
 * that, whether it is a further trust level of a guest before it, which that or the host serves; `"monitorPages"`,
 * whether its signals go through a monitor page, its own or the host's; `"isolated"`, whether its host can read only what
 * it shares, and then it has pages for bounce buffers as well (not beside `"level"`: a machine is isolated as a whole).
 */
export type DrawnOption = "host" | "version" | "vtl" | "level" | "monitorPages" | "isolated";

/** A scenario: which partitions and drivers there are, what they do, what goes wrong, and what must hold. */
export interface ScenarioDefinition<Drivers extends DriverTable = DriverTable> {
  /** As it is asked for: lower case words with `-` between them. */
  readonly name: string;
  /** What it does and shows, in one line. */
  readonly title: string;
  /** The guests by name, each with its options. */
  readonly partitions: Readonly<Record<string, ScenarioPartition>>;
  /** What its worlds draw of each guest, where its options do not say. Default nothing: each is as options leave it. */
  readonly draws?: readonly DrawnOption[];
  /** The drivers by name. Default: none; then the workload makes its own. */
  readonly drivers?: Drivers;
  /** Numbers that its worlds draw, by name. */
  readonly numbers?: Readonly<Record<string, ScenarioNumber>>;
  /**
   * What the program does, outside of the drivers, while things go wrong. It may await whatever the fabric
   * gives, and nothing else. A world whose workload never ends has a finding.
   */
  workload(world: World<Drivers>): void | Promise<void>;
  /**
   * What is done when the faults have stopped and all is quiet: channels are closed, totals compared. Then
   * nothing may be left alive.
   */
  end?(world: World<Drivers>): void | Promise<void>;
  /**
   * All that its workload and drivers know which their next steps hang on, as plain data: their variables, and how far
   * they are. With it an exploration tells two worlds in the same state, and continues with one of them alone; what is
   * forgotten in it may hide a failure, which `--verify-matching` looks for. It is asked between two work items, and
   * must change nothing. Default: no worlds are told to be in the same state.
   */
  stateOf?(world: World<Drivers>): PlainData;
  /**
   * How the payloads of its channels read, for who looks at a run: a page shows them field by field. The first that
   * fits counts. Default: bytes are all that is known.
   */
  readonly payloads?: readonly ScenarioPayload[];
  /** What may go wrong. Default: nothing. */
  readonly faults?: readonly FaultRule[];
  /** Guests one side of whose channels is hostile from the beginning, by name: see {@linkcode World.isTampered}. */
  readonly hostile?: readonly string[];
  /** What must hold, beside what always must. */
  readonly checkers?: readonly Checker[];
  /** Behaviours that ought to be reached, by name; a sweep says which were not. */
  readonly reach?: readonly string[];
  /** Findings that are known. */
  readonly expected?: readonly ExpectedFinding[];
}
