/**
 * The faults of one world: what its rules bring about, as the world's chooser has it.
 *
 * @module
 */

import type { Chooser } from "../../actors/runtime/chooser.ts";
import type { FaultPlace, FaultPort } from "../../actors/runtime/fault_port.ts";
import type { Deed, Point } from "./basics.ts";
import { DRIVER_POINTS } from "./catalogue/drivers.ts";
import { ChosenMisdeeds } from "./chosen_misdeeds.ts";
import { DriverMisdeeds } from "./drivers/driver_misdeeds.ts";
import { FabricFaults } from "./fabric_faults.ts";
import type { FaultyWorld, WorldParts } from "./faulty_world.ts";
import { type DriverPlace, isAt, placeText, type SavePlace } from "./place.ts";
import type { FaultRule, FiredFault } from "./rule.ts";
import { faultOf } from "./table.ts";
import { Trigger } from "./trigger.ts";
import { VisitedWorld } from "./visited_world.ts";

/** Makes the choices of a world, and counts them. */
export interface CountingChooser extends Chooser {
  /** How many there were so far. */
  readonly steps: number;
}

/** The faults of one world. */
export class FaultSource {
  /** What the fabric asks where something may go wrong; null: nothing of that kind can. */
  readonly port: FaultPort | null;
  /** What stands between the fabric and its drivers; null: nothing need. */
  readonly drivers: DriverMisdeeds | null;
  readonly #chooser: CountingChooser;
  readonly #fired: FiredFault[] = [];
  readonly #triggers: readonly Trigger[];
  /** Those that do something to the world between two items. */
  readonly #acting: readonly Trigger[];
  /** Where faults happen; null until the drivers have started. */
  #world: VisitedWorld | null = null;
  #hasStopped = false;

  /** What `rules` bring about, chosen by `chooser`: first of all which of them are there. */
  constructor(rules: readonly FaultRule[], chooser: CountingChooser) {
    this.#chooser = chooser;
    this.#triggers = rules.map((rule, at) =>
      new Trigger(rule, faultOf(rule), `${at} ${rule.do}`, chooser)
    )
      .filter(({ isLoaded }) => isLoaded);
    this.#acting = this.#triggers.filter(({ fault }) => fault.deeds !== null);
    this.port = this.#triggers.length === 0 ? null : new FabricFaults(this);
    const doWrong = this.#triggers.some(({ fault }) => DRIVER_POINTS.has(fault.point));
    this.drivers = doWrong ? new DriverMisdeeds(new ChosenMisdeeds(this)) : null;
  }

  /** Whether one side of the guest called `name` has done to the other what no honest one does. */
  isTampered(name: string): boolean {
    return this.#fired.some(({ tampered }) => tampered === name);
  }

  /** What went wrong so far. */
  get fired(): readonly FiredFault[] {
    return this.#fired;
  }

  /** The drivers have started: from now on things go wrong. */
  begin(parts: WorldParts): void {
    this.#world = new VisitedWorld(parts, () => this.#fired.length);
  }

  /** Where faults happen; null while nothing goes wrong. */
  get world(): FaultyWorld | null {
    return this.#hasStopped || this.#world?.isCalm !== false ? null : this.#world;
  }

  /**
   * The rule that fires at `point` in this `place`, this time; null: none does. Each that is asked about it has
   * one opportunity less before it.
   */
  meets(point: Point, place: FaultPlace): FaultRule | null {
    const world = this.#world;
    if (this.#hasStopped || world?.isOpenTo(point) !== true) return null;
    for (const trigger of this.#triggers) {
      if (trigger.fault.point !== point || !trigger.isLoaded) continue;
      if (!isAt(trigger.where, place, world)) continue;
      if (trigger.isDue) {
        const { tampers = false, bringsAbout } = trigger.fault;
        const guest = world.nameOf(place.guest);
        this.#note(trigger, { place: placeText(place), guest, channelId: place.channelId }, {
          tampered: tampers ? guest : null,
          bringsAbout: bringsAbout?.(place as DriverPlace | SavePlace) ?? null,
        });
        return trigger.rule;
      }
      trigger.pass(1);
    }
    return null;
  }

  #note(
    trigger: Trigger,
    { place, guest, channelId = null }: Omit<Deed, "do">,
    effects: Omit<FiredFault, "fault" | "place" | "step">,
  ): void {
    const { steps } = this.#chooser;
    const fault = trigger.rule.do;
    const { fabric } = this.#world ?? {};
    fabric?.recorder.imply(fabric.clock.now100ns, "faultFired", 0, {
      details: { fault, place, guest, channelId, step: steps },
    });
    fabric?.observer?.see({ kind: "faultFires", fault, partition: guest, channelId });
    this.#fired.push({ fault, place, step: steps, ...effects });
    trigger.fire();
  }

  // -- Between two items

  /** Whether something is to be done to the world before its next work item. */
  isActDue(): boolean {
    if (this.#world === null) return false;
    if (this.#world.isReady) return true;
    const passed = this.#world.passed();
    if (passed > 0) { for (const trigger of this.#acting) trigger.pass(passed); }
    return this.#isOneDue;
  }

  get #isOneDue(): boolean {
    return !this.#hasStopped && this.#acting.some((trigger) => this.#deedsOf(trigger).length > 0);
  }

  /** What a trigger that is due can do now. */
  #deedsOf({ isDue, fault, rule }: Trigger): readonly Deed[] {
    const { world } = this;
    return world === null || !isDue ? [] : fault.deeds?.(world, rule as never) ?? [];
  }

  /** Does it. */
  async act(): Promise<void> {
    this.#world?.doReady();
    if (this.#hasStopped) return;
    for (const trigger of this.#acting) {
      const deeds = this.#deedsOf(trigger);
      const deed = deeds[this.#chooseAmong(deeds.length, trigger.about)];
      if (deed === undefined) continue;
      const tampered = trigger.fault.tampers === true ? deed.guest : null;
      this.#note(trigger, deed, { tampered, bringsAbout: null });
      await deed.do();
    }
  }

  #chooseAmong(count: number, about: string): number {
    if (count < 2) return 0;
    return this.#chooser.choose("fault", count, { about, draw: (chance) => chance.below(count) });
  }

  /** Nothing is left to run: does what is to be done all the same; false: nothing. What is held back comes by itself. */
  release(): boolean {
    const isReady = this.#world?.isReady === true;
    if (isReady) this.#world?.doReady();
    return isReady;
  }

  /** From now on nothing goes wrong; what was held back goes its way. */
  stop(): void {
    this.#hasStopped = true;
    this.#world?.end();
    this.drivers?.letAllGo();
  }
}
