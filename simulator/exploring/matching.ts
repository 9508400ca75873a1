/**
 * Tells that two worlds are in the same state: of the fabric, of the program and its drivers, who say it by
 * themselves, and of what checkers have seen.
 *
 * @module
 */

import type { Observation, Observer } from "../../actors/runtime/observation.ts";
import { messageOf } from "../../core/describe.ts";
import { MixHash } from "../../core/mix_hash.ts";
import { copyPlainData, encodePlainData } from "../../core/saved/plain_data.ts";
import type { GuidedRun } from "../worlds/guide.ts";
import { ExploreError } from "./explore_error.ts";
import type { Names } from "./names.ts";
import { stateOfFabric } from "./state_text.ts";

/** What was seen of one thing. */
interface History {
  readonly hash: MixHash;
  /** The hash as a text; null: something was seen since it was made. */
  text: string | null;
  /** Whether somebody else keeps it too: then it must not change. */
  isShared: boolean;
}

/** What was seen in a run until now, by the names of what it was seen of. */
export type Seen = ReadonlyMap<string, Readonly<History>>;

/**
 * What is seen of each endpoint, each callback, function and event in its own order: all that checkers know comes of
 * that.
 */
class Histories implements Observer {
  #streams = new Map<string, History>();
  /** Whether nothing is to be taken down, as it was in an earlier run. */
  #isKnown: boolean;

  /** `isKnown`: what is seen was taken down before, and is recalled. */
  constructor(isKnown: boolean) {
    this.#isKnown = isKnown;
  }

  /** See {@linkcode Observer.see}. */
  see(observation: Observation): void {
    if (this.#isKnown) return;
    const endpoint = "endpoint" in observation ? observation.endpoint ?? null : null;
    if (endpoint === null) return;
    const { kind, ...facts } = observation;
    const what = "callback" in observation
      ? observation.callback
      : "call" in observation
      ? observation.call
      : "";
    const history = this.#streamOf(`${endpoint.id} ${kind} ${what}`);
    const told = Object.values(facts).map((fact) => typeof fact === "object" ? "" : String(fact));
    history.takeText(told.join(" "));
    if ("payload" in observation) history.takeBytes(observation.payload, observation.payloadBytes);
    if ("answer" in observation) history.takeBytes(observation.answer, observation.answerBytes);
  }

  /** The hash of `name`, which takes something. */
  #streamOf(name: string): MixHash {
    let history = this.#streams.get(name);
    if (history === undefined || history.isShared) {
      history = { hash: new MixHash(history?.hash), text: null, isShared: false };
      this.#streams.set(name, history);
    }
    history.text = null;
    return history.hash;
  }

  /** What was seen until now. */
  get seen(): Seen {
    for (const history of this.#streams.values()) history.isShared = true;
    return new Map(this.#streams);
  }

  /** What was seen is `seen`; whatever comes is taken down. */
  recall(seen: Seen): void {
    this.#streams = new Map(seen);
    this.#isKnown = false;
  }

  /** All of them, by their names. */
  get text(): string {
    const texts: string[] = [];
    for (const [name, history] of this.#streams) {
      texts.push(history.text ??= `${name}:${history.hash.lanes.join()}`);
    }
    return texts.sort().join();
  }
}

/** Keys of the states that the runs of one scenario are in. */
export class Matching {
  /** Whether keys are the whole texts. */
  readonly isWhole: boolean;
  #run!: GuidedRun;
  #names!: Names;
  #histories!: Histories;
  #programTurns = 0;
  #stop: () => void = () => {};

  /** `isWhole`: keys are all that they are made of, which takes memory. */
  constructor(isWhole: boolean) {
    this.isWhole = isWhole;
  }

  /** A run begins; `isKnown`: what it shows at first is what an earlier one did, and is recalled. */
  begin(run: GuidedRun, names: Names, isKnown = false): void {
    this.#run = run;
    this.#names = names;
    this.#histories = new Histories(isKnown);
    this.#programTurns = 0;
    this.#stop = run.fabric.observers.add(this.#histories);
  }

  /** What was seen in the run until now. */
  get seen(): Seen {
    return this.#histories.seen;
  }

  /** What was seen in the run until now is `seen`. */
  recall(seen: Seen): void {
    this.#histories.recall(seen);
  }

  /** Stops looking at that run. */
  detach(): void {
    this.#stop();
  }

  /** The program has its turn. */
  programRuns(): void {
    this.#programTurns++;
  }

  /**
   * The key of the state that the run is in; null: it cannot be told.
   *
   * @param next Who may be next, by their names: of two worlds with the same work due, one may go on with what has
   * just stopped at a point, where in the other one that waits behind what its processor must do first.
   */
  keyNow(next: readonly string[]): string | null {
    const { fabric, world, part } = this.#run;
    const drivers = driversOf(world);
    const state = stateOfFabric(fabric, this.#names);
    if (state === null) return null;
    const program = [part, this.#programTurns, world.waiting, [...next].sort(), ...drivers];
    const text = `${JSON.stringify(program)} ${state} ${this.#histories.text}`;
    if (this.isWhole) return text;
    const hash = new MixHash();
    hash.takeText(text);
    hash.finish();
    return hash.lanes.join();
  }
}

/**
 * What the scenario says of its drivers, as bytes: JSON has one form for values that are not the same.
 *
 * @throws {ExploreError} It says nothing that can be compared.
 */
function driversOf(world: GuidedRun["world"]): Uint8Array {
  let told: unknown;
  try {
    told = world.state;
  } catch (error) {
    throw new ExploreError(`Cannot explore: stateOf throws: ${messageOf(error)}`);
  }
  const { data, fault } = copyPlainData(told, "what stateOf gives");
  if (fault !== null) throw new ExploreError(`Cannot explore: ${fault}, and must be plain data`);
  return encodePlainData(data);
}
