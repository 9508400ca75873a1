/**
 * Checkers at work in a fabric: of a world, or of a program's own.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { Observer } from "../../actors/runtime/observation.ts";
import { isPromise } from "../../actors/runtime/promises.ts";
import { describe, messageOf } from "../../core/describe.ts";
import type { Fabric } from "../../mod.ts";
import { type Finding, FINDING_KINDS, type FindingKind, reported } from "../finding.ts";
import type {
  Checker,
  CheckerAtWork,
  Observation,
  ObservationKind,
  ObservedEndpoint,
} from "./checker.ts";
import { endpointOf, livingEndpoints, runtimeOf, whereIs } from "../endpoints.ts";
import { Excuses } from "./excuses.ts";

/** Whom checkers report to. */
export interface CheckedRun {
  /** How far the run is; left out: checks count work items. */
  readonly step?: number;
  /** Hears of findings. */
  found(finding: Finding): void;
}

/** A checker with what it does with observations of one kind. */
interface Listener {
  readonly name: string;
  readonly see: (observation: never) => unknown;
}

/** What a checker does it does at once: what it finds later nobody would hear. */
function requireNow(answer: unknown): void {
  if (!isPromise(answer)) return;
  answer.then(undefined, () => {}); // that it is there at all is told
  throw new TypeError("it must answer at once, not with a promise");
}

/** Work items from one look to the next: some, never the same number twice in a row. */
const LOOK_ITEMS_MIN = 24;
const LOOK_ITEMS_SPAN = 64;

/** Checkers at work in one fabric. */
export class Checks implements Observer {
  readonly #runtime: FabricRuntime;
  readonly #run: CheckedRun;
  readonly #excuses: Excuses;
  readonly #checkers: { readonly name: string; readonly atWork: CheckerAtWork }[] = [];
  readonly #listeners: Partial<Record<ObservationKind, Listener[]>> = {};
  /** What was found already: of findings with one cause the first is told. */
  readonly #known = new Set<string>();
  readonly #met = new WeakSet<ObservedEndpoint>();
  /** A server that is being restored: what comes next of it, it does with what was saved. */
  #restored: ObservedEndpoint | null = null;
  readonly #stopObserving: () => void;
  #items = 0;
  #itemsToLook = LOOK_ITEMS_MIN;
  #lookState = 1;

  /**
   * Has `checkers` look at `fabric`, whatever it is at.
   *
   * @throws {TypeError} It is no fabric.
   */
  constructor(fabric: Fabric, checkers: readonly Checker[], run: CheckedRun) {
    this.#runtime = runtimeOf("check a fabric", fabric);
    this.#run = run;
    this.#excuses = new Excuses(this.#runtime);
    for (const checker of checkers) this.#attach(checker, fabric);
    for (const endpoint of livingEndpoints(this.#runtime)) this.#meet(endpoint);
    this.#stopObserving = this.#runtime.observers.add(this);
  }

  #attach(checker: Checker, fabric: Fabric): void {
    const { name } = checker;
    const step = () => this.#step;
    try {
      const atWork = checker.attach({
        fabric,
        get step(): number {
          return step();
        },
        isExcused: (endpoint) => this.#excuses.has(endpoint),
        fail: (rule, place, message, kind) => this.#fail(name, rule, place, message, kind),
      });
      requireNow(atWork);
      if (typeof atWork !== "object" || atWork === null) {
        throw new TypeError(`attach must return an object, not ${describe(atWork)}`);
      }
      for (const [kind, see] of Object.entries(atWork.sees ?? {})) {
        if (typeof see !== "function") {
          throw new TypeError(`sees.${kind} must be a function, not ${describe(see)}`);
        }
        const listeners = this.#listeners[kind as ObservationKind] ??= [];
        listeners.push({ name, see: see as Listener["see"] });
      }
      this.#checkers.push({ name, atWork });
    } catch (error) {
      this.#threw(name, error);
    }
  }

  #fail(
    by: string,
    rule: string,
    place: string,
    message: string,
    kind: FindingKind = "correctness",
  ): void {
    const words = reported({ rule, place, message });
    if (!FINDING_KINDS.includes(kind)) {
      const kinds = FINDING_KINDS.join(", ");
      throw new TypeError(`Cannot report a finding: kind must be one of ${kinds}`);
    }
    const key = `${by}\n${words.rule}\n${words.place}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#run.found({ kind, ...words, by, step: this.#step });
  }

  /** See {@linkcode Observer.see}. */
  see(observation: Observation): void {
    const { kind } = observation;
    const endpoint = "endpoint" in observation ? observation.endpoint ?? null : null;
    if (endpoint !== null) {
      if (!this.#met.has(endpoint) || this.#restored === endpoint) this.#meet(endpoint);
      const isRestored = kind === "channelChanges" && observation.event === "restored";
      if (isRestored) this.#restored = endpoint;
    } else if (kind === "itemBegins") this.#itemBegins();
    else if (kind === "partitionChanges" && observation.change === "restored") {
      this.#meetAll(observation.partition);
    }
    this.#excuses.see(observation);
    const listeners = this.#listeners[kind];
    if (listeners === undefined) return;
    if (endpoint !== null && !endpointOf(endpoint).partition.isAlive) {
      return this.#hears(kind, endpoint);
    }
    for (let at = 0; at < listeners.length; at++) {
      const { name, see } = listeners[at]!;
      try {
        requireNow(see(observation as never));
      } catch (error) {
        this.#threw(name, error);
      }
    }
  }

  /**
   * A guest was restored: what was seen of its endpoints was half of them. Where it is migrated, the one that it was
   * saved from is there as well, under the same name, and before it.
   */
  #meetAll(name: string): void {
    const guest = this.#runtime.partitions.findLast((partition) => partition.name === name);
    for (const endpoint of livingEndpoints(this.#runtime)) {
      if (endpoint.partition === guest || endpoint.guest === guest) this.#meet(endpoint);
    }
  }

  #meet(endpoint: ObservedEndpoint): void {
    this.#met.add(endpoint);
    if (this.#restored === endpoint) this.#restored = null;
    for (const { name, atWork } of this.#checkers) {
      try {
        requireNow(atWork.meets?.(endpoint));
      } catch (error) {
        this.#threw(name, error);
      }
    }
  }

  /** A crashed or destroyed partition: what it leaves behind is nobody's, and nothing of it runs. */
  #hears(kind: ObservationKind, endpoint: ObservedEndpoint): void {
    if (kind !== "callbackBegins" && kind !== "packetArrives") return;
    const message = `a callback of ${endpoint.name} runs, and its partition is gone`;
    this.#fail("callbacks", "S13: nothing of a gone partition runs", whereIs(endpoint), message);
  }

  get #step(): number {
    return this.#run.step ?? this.#items;
  }

  #itemBegins(): void {
    this.#items++;
    if (--this.#itemsToLook > 0) return;
    this.#lookState = Math.imul(this.#lookState, 0x41c6_4e6d) + 0x3039 >>> 0;
    this.#itemsToLook = LOOK_ITEMS_MIN + this.#lookState % LOOK_ITEMS_SPAN;
    this.#each(({ look }) => look);
  }

  /** Nothing is left to run, and the program is not at its end; false where nobody has found out why. */
  stall(): boolean {
    const before = this.#known.size;
    this.#each(({ stall }) => stall);
    return this.#known.size > before;
  }

  /** A world is quiet before its end. */
  quiet(): void {
    this.#each(({ quiet }) => quiet);
  }

  /** Everything is quiet: what should have ended has, or is told of. */
  end(): void {
    this.#each(({ end }) => end);
  }

  /** They look no more. */
  detach(): void {
    this.#stopObserving();
    this.#each(({ detach }) => detach);
  }

  #each(workOf: (atWork: CheckerAtWork) => (() => void) | undefined): void {
    for (const { name, atWork } of this.#checkers) {
      try {
        requireNow(workOf(atWork)?.call(atWork));
      } catch (error) {
        this.#threw(name, error);
      }
    }
  }

  /** What a checker throws is its own fault, and is told. */
  #threw(name: string, error: unknown): void {
    this.#fail(name, "nothing throws", `checker ${name}`, messageOf(error), "crash");
  }
}
