/**
 * Callers that wait for what becomes of an endpoint: until its flow is at rest, until it is Disabled, until
 * it is drained (kmcl.md S8, S11, S16).
 *
 * @module
 */

import type { NtStatus } from "../../core/ntstatus.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { ObservedEndpoint } from "../runtime/observation.ts";
import type { Wait } from "../runtime/waits.ts";
import { Drain, type DrainedChannel } from "./drain.ts";
import type { DriverCallbacks } from "./driver_port.ts";
import type { Draining } from "./ending.ts";
import type { PartitionPort } from "./partition_port.ts";

/** What the callers need of the endpoint that they wait for. */
export interface AwaitedEndpoint extends DrainedChannel, ObservedEndpoint {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The partition whose driver waits. */
  readonly partition: PartitionPort;
  /** For reports: `channel 3 (server)`. */
  readonly name: string;
  /** What its driver hears of it. */
  readonly driverCallbacks: Pick<DriverCallbacks, "heldUpBy">;
}

/** Who waited when a driver was called to be told why its open came to nothing: they wait for its return as well. */
interface Telling {
  /** Those who wait until the endpoint is Disabled. */
  readonly waits: Wait<void>[];
  /** Answers to those for whom the channel has ended. */
  readonly ended: (() => void)[];
}

/** The callers that wait for one endpoint. */
export class WaitingCallers {
  /** Those that have the channel drained before it is disabled. */
  readonly drains: Draining[] = [];
  readonly #endpoint: AwaitedEndpoint;
  readonly #pauseWaits: Wait<void>[] = [];
  readonly #disableWaits: Wait<void>[] = [];
  /** Answers to those for whom the channel has ended, once its driver was told why its open came to nothing. */
  readonly #untold: (() => void)[] = [];
  /** Null: the driver is not being told anything. */
  #telling: Telling | null = null;

  /**
   * How many wait: for the flow to rest, for the end of the channel, for what its driver is to be told, and of the last
   * two for what it is being told.
   */
  get counts(): readonly number[] {
    const { waits = [], ended = [] } = this.#telling ?? {};
    const all = [this.#pauseWaits, this.#disableWaits, this.#untold, waits, ended];
    return all.map(({ length }) => length);
  }

  /** The callers that wait for `endpoint`. */
  constructor(endpoint: AwaitedEndpoint) {
    this.#endpoint = endpoint;
  }

  /** VmbChannelPause: resolves when the flow is at rest. */
  untilRest(): Promise<void> {
    const what = `${this.#endpoint.name} to come to rest`;
    const wait = this.#begin<void>("VmbChannelPause", what, "rest");
    this.#pauseWaits.push(wait);
    return wait.promise;
  }

  /** VmbChannelDisable: resolves when the endpoint is Disabled. */
  untilDisabled(): Promise<void> {
    const what = `${this.#endpoint.name} to be Disabled`;
    const wait = this.#begin<void>("VmbChannelDisable", what, "disabled");
    this.#disableWaits.push(wait);
    return wait.promise;
  }

  /** Has the endpoint disabled once it is drained, or at `deadline100ns`; resolves with how that ended. */
  untilDrained(deadline100ns: number): Promise<NtStatus> {
    const what = `${this.#endpoint.name} to be drained and Disabled`;
    const wait = this.#begin<NtStatus>("drainAndDisable", what, "disabled");
    const drain = new Drain(this.#endpoint, wait);
    this.drains.push(drain);
    drain.begin(deadline100ns);
    return wait.promise;
  }

  /** None of them is timed: of a drain the draining is, and what follows may take for ever. */
  #begin<T>(call: string, what: string, goal: "rest" | "disabled"): Wait<T> {
    const { runtime, partition } = this.#endpoint;
    const heldUpBy = () => this.#endpoint.driverCallbacks.heldUpBy({ goal });
    const endpoint = this.#endpoint;
    return runtime.beginWait<T>({ call, what, partition, endpoint, heldUpBy, isTimed: false });
  }

  /** The flow is at rest. */
  answerRest(): void {
    answerAll(this.#pauseWaits);
  }

  /** The endpoint is Disabled, and its driver was told why, if there was anything to tell. */
  answerDisabled(): void {
    this.answerTold();
    answerAll(this.#disableWaits);
    this.checkDrains();
  }

  /** The endpoint is enabled anew: whoever waits still does so for the end of its last life, of which its driver was not told. */
  beginAnew(): void {
    const waits = [...this.#telling?.waits.splice(0) ?? [], ...this.#disableWaits.splice(0)];
    const answers = this.#telling?.ended ?? this.#untold;
    for (const wait of waits) answers.push(() => wait.answer());
    for (const drain of [...this.drains]) answers.push(drain.leave());
  }

  /** EvtChannelPnpFailure is called: who begins to wait from now on may be in it, and does not wait for it. */
  beginTelling(): void {
    this.#telling = { waits: this.#disableWaits.splice(0), ended: this.#untold.splice(0) };
    for (const drain of this.drains) drain.awaitsTelling = true;
  }

  /** It has returned. */
  endTelling(): void {
    const telling = this.#telling;
    if (telling === null) return;
    this.#telling = null;
    this.#disableWaits.unshift(...telling.waits);
    for (const drain of this.drains) drain.awaitsTelling = false;
    for (const answer of telling.ended) answer();
  }

  /** The driver was told why its last open came to nothing. */
  answerTold(): void {
    for (const answer of this.#untold.splice(0)) answer();
  }

  /** Something happened that drains may have waited for. */
  checkDrains(): void {
    if (this.drains.length === 0) return;
    for (const drain of [...this.drains]) drain.check();
  }
}

function answerAll(waits: Wait<void>[]): void {
  for (const wait of waits.splice(0)) wait.answer();
}
