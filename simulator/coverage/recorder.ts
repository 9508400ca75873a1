/**
 * Notes what one run comes by. It is always on, so it counts by numbers, and makes names at the end.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { StepObserver } from "../../actors/chart/actor_system.ts";
import type { Step } from "../../actors/chart/compile.ts";
import { outermostState } from "../../actors/chart/outermost_state.ts";
import { CALLBACK_NAMES } from "../../actors/channel/driver_port.ts";
import type { Observation, ObservedEndpoint, Observer } from "../../actors/runtime/observation.ts";
import { CALL_NAMES } from "../../kmcl/call_parameters.ts";
import { endpointOf, guestOf, livingEndpoints, runtimeOf, statusText } from "../endpoints.ts";
import type { Fabric } from "../../mod.ts";
import type { Counts, Coverage, Nearness } from "./coverage.ts";
import { OrderDigest } from "./order_digest.ts";
import { transitionsOf } from "./transitions.ts";

/** What an endpoint's driver was told last; each takes 4 bits of a number. */
interface Told {
  readonly isServer: number;
  /** The callbacks so far, the latest in the lowest bits. */
  callbacks: number;
}

const CALLBACK_CODES: ReadonlyMap<string, number> = new Map(
  CALLBACK_NAMES.map((name, at) => [name, at + 1]),
);
const PROCESS_PACKET = codeOf("EvtChannelProcessPacket");
const COMPLETION_ROUTINE = codeOf("EvtPacketCompletionRoutine");
const CALLBACK_BITS = 4;
const CALLBACK_MASK = 0xf;
const PAIR_MASK = 0xff;
const TRIPLE_MASK = 0xfff;
const SERVER_BIT = 0x1000;

/** Waits on the digest of orders: their numbers begin where those of callbacks end. */
const WAIT_CODES: ReadonlyMap<string, number> = new Map(
  CALL_NAMES.map((name, at) => [name, 16 + at]),
);

const REQUEST = "VmbChannelSendSynchronousRequest";

function codeOf(callback: string): number {
  return CALLBACK_CODES.get(callback) ?? 0;
}

/** What one run comes by. */
export class CoverageRecorder implements Observer, StepObserver {
  readonly #runtime: FabricRuntime;
  readonly #steps = new Map<Step, number>();
  /** By function, then by status. */
  readonly #statuses = new Map<string, Map<number, number>>();
  readonly #orders = new Map<number, number>();
  readonly #faults = new Map<string, number>();
  readonly #told = new Map<ObservedEndpoint, Told>();
  readonly #digest = new OrderDigest();
  readonly #stop: () => void;

  /**
   * Notes what `fabric` comes by from now on.
   *
   * @throws {TypeError} It is no fabric.
   */
  constructor(fabric: Fabric) {
    this.#runtime = runtimeOf("record coverage", fabric);
    this.#stop = this.#runtime.observers.add(this);
  }

  /** It notes no more. */
  detach(): void {
    this.#stop();
  }

  /** See {@linkcode StepObserver.takes}. */
  takes(step: Step): void {
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
  }

  /** See {@linkcode Observer.see}. */
  see(observation: Observation): void {
    switch (observation.kind) {
      case "callbackBegins":
        return this.#calls(observation.endpoint, codeOf(observation.callback), observation.count);
      case "packetArrives":
        return this.#calls(observation.endpoint, PROCESS_PACKET, observation.transactionIdLow);
      case "transactionEnds": {
        const { endpoint, packet, status } = observation;
        this.#calls(endpoint, COMPLETION_ROUTINE, packet, status);
        return this.#returns("transaction", status);
      }
      case "waitReturns":
        return this.#waitReturns(observation.endpoint, observation.call, observation.status);
      case "functionReturns":
        if (observation.status !== null) this.#returns(observation.call, observation.status);
        return;
      case "channelFaults":
        return this.#meets(`fault ${observation.fault}`, [observation.endpoint]);
      case "faultFires":
        return this.#meets(
          observation.fault,
          this.#endpointsAt(observation.partition, observation.channelId),
        );
    }
  }

  #calls(endpoint: ObservedEndpoint, code: number, transaction: number, status = 0): void {
    this.#digest.take(endpoint.id, code, transaction, status);
    let told = this.#told.get(endpoint);
    if (told === undefined) {
      told = { isServer: endpoint.side === "server" ? SERVER_BIT : 0, callbacks: 0 };
      this.#told.set(endpoint, told);
    }
    const callbacks = (told.callbacks << CALLBACK_BITS | code) & TRIPLE_MASK;
    told.callbacks = callbacks;
    if (callbacks > CALLBACK_MASK) this.#follow(told.isServer | callbacks & PAIR_MASK);
    if (callbacks > PAIR_MASK) this.#follow(told.isServer | callbacks);
  }

  #follow(key: number): void {
    this.#orders.set(key, (this.#orders.get(key) ?? 0) + 1);
  }

  #waitReturns(endpoint: ObservedEndpoint | null, call: string, status: number | null): void {
    if (endpoint === null) return;
    this.#digest.take(endpoint.id, WAIT_CODES.get(call) ?? 0, 0, status ?? 0);
    // A request returns as a function as well, whether or not it had to wait.
    if (status !== null && call !== REQUEST) this.#returns(call, status);
  }

  #returns(call: string, status: number): void {
    let counts = this.#statuses.get(call);
    if (counts === undefined) this.#statuses.set(call, counts = new Map());
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }

  // -- Faults

  #meets(fault: string, endpoints: readonly ObservedEndpoint[]): void {
    const states = endpoints.length === 0 ? ["no channel"] : endpoints.map(stateText);
    for (const state of new Set(states)) {
      const name = `${fault} × ${state}`;
      this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    }
  }

  /** The endpoints of a channel, or of all channels of a guest. */
  #endpointsAt(guest: string, channelId: number | null): readonly ObservedEndpoint[] {
    return livingEndpoints(this.#runtime).filter((endpoint) =>
      guestOf(endpoint) === guest && (channelId === null || endpoint.channelId === channelId)
    );
  }

  // -- What it has come to

  /** The order that drivers saw so far, as 16 hexadecimal digits. */
  get orderDigest(): string {
    return this.#digest.text;
  }

  /** What it has come by so far; `reached` and `nearest` tell of the behaviours that ought to be reached. */
  coverage(
    reached: ReadonlyMap<string, number> = new Map(),
    nearest: ReadonlyMap<string, Nearness> = new Map(),
  ): Coverage {
    const { orderDigest } = this;
    return {
      worlds: 1,
      transitions: this.#transitions,
      statuses: this.#statusCounts,
      orders: Object.fromEntries([...this.#orders].map(([key, count]) => [orderText(key), count])),
      faults: Object.fromEntries(this.#faults),
      reached: Object.fromEntries([...reached].map(([name, times]) => [name, {
        times,
        worlds: times > 0 ? 1 : 0,
        ways: times > 0 ? [orderDigest] : [],
        nearest: times > 0 ? null : nearest.get(name) ?? null,
      }])),
    };
  }

  get #transitions(): Counts {
    const counts: Record<string, number> = {};
    for (const [step, count] of this.#steps) {
      for (const name of transitionsOf(step)) counts[name] = (counts[name] ?? 0) + count;
    }
    return counts;
  }

  get #statusCounts(): Counts {
    const counts: Record<string, number> = {};
    for (const [call, byStatus] of this.#statuses) {
      for (const [status, count] of byStatus) counts[`${call} ${statusText(status)}`] = count;
    }
    return counts;
  }
}

const orderTexts = new Map<number, string>();

/** The callbacks that a number stands for, and whose they are. */
function orderText(key: number): string {
  let text = orderTexts.get(key);
  if (text === undefined) {
    const codes = [key >> 2 * CALLBACK_BITS, key >> CALLBACK_BITS, key]
      .map((code) => code & CALLBACK_MASK).filter((code) => code !== 0);
    const names = codes.map((code) => CALLBACK_NAMES[code - 1]);
    text = `${(key & SERVER_BIT) === 0 ? "client" : "server"}: ${names.join(", ")}`;
    orderTexts.set(key, text);
  }
  return text;
}

/** The state of an endpoint in a few words: `client opened, running`. */
function stateText(endpoint: ObservedEndpoint): string {
  const { value } = endpointOf(endpoint).actor.snapshot;
  return `${endpoint.side} ${outermostState(value, "lifecycle")}, ${outermostState(value, "flow")}`;
}
