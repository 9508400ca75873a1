/**
 * The states of kmcl.md section 3 in a small model: what each documented call does to a server and its
 * client, told one call at a time, with everything settled in between.
 *
 * @module
 */

import {
  type NtStatus,
  STATUS_BUFFER_OVERFLOW,
  STATUS_CANCELLED,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SHARING_VIOLATION,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { ChannelState, Side } from "../../mod.ts";
import { requireOneOf } from "./checks.ts";
import {
  type ModelEndpoint,
  type ModelGpadl,
  type ModelOutcome,
  SIDES,
} from "./lifecycle_types.ts";

function newEndpoint(side: Side): ModelEndpoint {
  const flow = side === "server" ? "paused" : "active";
  return { lifecycle: "initializing", flow, isQuiet: false, pending: [] };
}

function noOutcome(): ModelOutcome {
  return {
    callbacks: { server: [], client: [] },
    completions: { server: [], client: [] },
    violations: [],
  };
}

/** Whether an endpoint in this state is Disabled. */
function isDisabled({ lifecycle }: ModelEndpoint): boolean {
  return lifecycle === "initializing" || lifecycle === "tornDown";
}

/**
 * A server, its client, and what they share. Each method tells it of a call that was made, and answers with
 * what the call has to return; {@linkcode LifecycleModel.takeOutcome} says what has to happen until all has
 * settled. It takes both drivers for ones that answer each packet at once, that return success, and that
 * misuse nothing but what they are told to; whoever has others tells it of the calls that concern those
 * alone.
 *
 * @example
 * ```ts
 * import { LIFECYCLE_CALLS, LifecycleModel, predictCall } from "@vmbus/kmcl/peers";
 *
 * const model = new LifecycleModel();
 * for (const call of LIFECYCLE_CALLS) {
 *   const expected = predictCall(model, call); // a status, or null where the function returns none
 *   console.log(`${call.name} of the ${call.side}: ${expected}`);
 *   // Here the same call is made: await table[call.name](channel), and then compared:
 *   // fabric.settle(), the status, model.differences("server", inspectChannel(server)), model.takeOutcome()
 * }
 * ```
 */
export class LifecycleModel {
  /** The server. */
  readonly server: ModelEndpoint = newEndpoint("server");
  /** The client. */
  readonly client: ModelEndpoint = newEndpoint("client");
  /** The client's GPADLs by handle. */
  readonly gpadls: Map<number, ModelGpadl> = new Map();
  #isCrashed = false;
  #outcome = noOutcome();

  /** Whether the guest has crashed. */
  get isCrashed(): boolean {
    return this.#isCrashed;
  }

  /** Whether the channel is open. */
  get isOpen(): boolean {
    return this.client.lifecycle === "opened";
  }

  /** What must have happened since this was asked last. */
  takeOutcome(): ModelOutcome {
    const outcome = this.#outcome;
    this.#outcome = noOutcome();
    return outcome;
  }

  /** How an endpoint that has settled differs from what the model expects, in words; none: it is as it has to be. */
  differences(side: Side, state: ChannelState | null): string[] {
    requireOneOf("compare an endpoint", "side", side, SIDES);
    if (state === null) return [`the ${side} is gone`];
    const { lifecycle, flow } = this[side];
    const expected = {
      lifecycle: isDisabled(this[side]) ? "disabled" : lifecycle,
      initializing: lifecycle === "initializing",
      flow,
      fault: null,
      outstanding: 0,
    } as const;
    return (Object.keys(expected) as (keyof typeof expected)[])
      .filter((name) => state[name] !== expected[name])
      .map((name) => `${name} of the ${side} is ${state[name]}, not ${expected[name]}`);
  }

  // -- Calls

  /** VmbChannelEnable. */
  enable(side: Side): NtStatus {
    const endpoint = this.#of(side);
    if (!isDisabled(endpoint) || (side === "client" && this.#isCrashed)) {
      return STATUS_INVALID_DEVICE_STATE;
    }
    endpoint.lifecycle = "enabled";
    this.#match();
    return STATUS_SUCCESS;
  }

  /** VmbChannelDisable. */
  disable(side: Side): void {
    if (isDisabled(this.#of(side))) return;
    const wasOpen = this.isOpen;
    if (wasOpen) {
      this.#close("server");
      this.#close("client");
      this.#dropGpadls();
      this.server.lifecycle = "closed";
      this.#tearDown("client");
    }
    if (!(wasOpen && side === "client")) this.#tearDown(side);
  }

  /** VmbChannelStart. */
  start(side: Side): void {
    const endpoint = this.#of(side);
    if (side === "client" && this.#isCrashed) return;
    if (isDisabled(endpoint)) {
      this.#outcome.violations.push("Start in Disabled");
      return;
    }
    const wasPaused = endpoint.flow === "paused";
    endpoint.flow = "active";
    if (wasPaused && endpoint.lifecycle === "opened") this.#started(side);
  }

  /** VmbChannelPause. */
  pause(side: Side): void {
    const endpoint = this.#of(side);
    if (side === "client" && this.#isCrashed) return;
    if (endpoint.lifecycle === "opened" && endpoint.flow === "active") this.#suspended(side);
    endpoint.flow = "paused";
  }

  /** VmbChannelCleanup: true: the endpoint is gone, and another one takes its place. */
  cleanUp(side: Side): boolean {
    const endpoint = this.#of(side);
    if (side === "client" && this.#isCrashed) return false;
    if (isDisabled(endpoint)) {
      Object.assign(endpoint, newEndpoint(side));
      return true;
    }
    this.#outcome.violations.push("Cleanup while not Disabled");
    return false;
  }

  /** VmbPacketSend of a packet that wants a completion; `id` is what the caller calls it. */
  send(side: Side, id: number): NtStatus {
    const endpoint = this.#of(side);
    if (isDisabled(endpoint)) return STATUS_DEVICE_REMOVED;
    this.#noteQuiet(endpoint);
    endpoint.pending.push({ id, place: "queued" });
    this.#movePackets();
    return STATUS_SUCCESS;
  }

  /**
   * VmbChannelSendSynchronousRequest: the client's waits for its answer, with a timeout where there is none;
   * the server's waits for nothing, and is not queued.
   */
  request(side: Side): NtStatus {
    const endpoint = this.#of(side);
    if (isDisabled(endpoint)) return STATUS_DEVICE_REMOVED;
    this.#noteQuiet(endpoint);
    if (side === "server") return this.#runs("server") ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
    const isAnswered = this.#runs("client") && this.#runs("server");
    return isAnswered ? STATUS_SUCCESS : STATUS_CANCELLED;
  }

  /** VmbChannelCreateGpadlFromBuffer by the client. Whoever made one puts its handle into {@linkcode LifecycleModel.gpadls}. */
  createGpadl(): NtStatus {
    return this.isOpen ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_1;
  }

  /** VmbChannelDeleteGpadl by the client. */
  deleteGpadl(handle: number): void {
    const gpadl = this.gpadls.get(handle);
    if (this.#isCrashed) return;
    if (gpadl === undefined) this.#noteUnknownGpadl();
    else if (gpadl.isMapped) gpadl.isDeleting = true;
    else this.gpadls.delete(handle);
  }

  /** VmbChannelMapGpadl by the server. */
  mapGpadl(handle: number): NtStatus {
    if (!this.isOpen) return STATUS_INVALID_PARAMETER_1;
    const gpadl = this.gpadls.get(handle);
    if (gpadl === undefined || gpadl.isDeleting) return STATUS_INVALID_PARAMETER_3;
    if (gpadl.isMapped) return STATUS_SHARING_VIOLATION;
    gpadl.isMapped = true;
    return STATUS_SUCCESS;
  }

  /** VmbChannelUnmapGpadl by the server. */
  unmapGpadl(handle: number): void {
    const gpadl = this.gpadls.get(handle);
    if (gpadl === undefined) this.#noteUnknownGpadl();
    else if (!gpadl.isMapped) this.#outcome.violations.push("Unmap of an unmapped GPADL");
    else if (gpadl.isDeleting) this.gpadls.delete(handle);
    else gpadl.isMapped = false;
  }

  /** The guest crashes. */
  crash(): void {
    if (this.isOpen) {
      this.#close("server");
      this.server.lifecycle = "closed";
      for (const gpadl of this.gpadls.values()) {
        if (gpadl.isMapped) this.#noteGpadlLeft();
      }
    }
    this.gpadls.clear();
    this.#isCrashed = true;
    Object.assign(this.client, { ...newEndpoint("client"), lifecycle: "tornDown" });
  }

  /** After a crash and a Disable of the server: another guest and other endpoints take their places. */
  replaceGuest(): void {
    for (const side of SIDES) Object.assign(this[side], newEndpoint(side));
    this.gpadls.clear();
    this.#isCrashed = false;
  }

  // -- What follows

  /** Lets packets move as far as they can. */
  #movePackets(): void {
    for (const side of SIDES) {
      const endpoint = this[side];
      if (!this.#runs(side)) continue;
      const peerRuns = this.#runs(side === "server" ? "client" : "server");
      for (const packet of endpoint.pending) {
        if (packet.place === "queued") packet.place = "sent";
        if (packet.place === "sent" && peerRuns) packet.place = "answered";
      }
      const done = endpoint.pending.filter(({ place }) => place === "answered");
      endpoint.pending = endpoint.pending.filter(({ place }) => place !== "answered");
      const completions = done.map(({ id }) => ({ id, status: STATUS_SUCCESS }));
      this.#outcome.completions[side].push(...completions);
    }
    for (const side of SIDES) this.#markAnswered(side);
  }

  /** What a receiver that runs has answered, whether its sender looks or not. */
  #markAnswered(side: Side): void {
    if (!this.#runs(side === "server" ? "client" : "server")) return;
    for (const packet of this[side].pending) {
      if (packet.place === "sent") packet.place = "answered";
    }
  }

  /** An endpoint that a call is of; whoever names none is told. */
  #of(side: Side): ModelEndpoint {
    requireOneOf("tell the model of a call", "side", side, SIDES);
    return this[side];
  }

  #runs(side: Side): boolean {
    return this[side].lifecycle === "opened" && this[side].flow === "active";
  }

  #match(): void {
    const isOffered = this.server.lifecycle === "enabled" || this.server.lifecycle === "closed";
    if (this.#isCrashed || !isOffered || this.client.lifecycle !== "enabled") return;
    for (const side of SIDES) {
      this[side].lifecycle = "opened";
      this.#outcome.callbacks[side].push("EvtChannelOpened");
    }
    for (const side of SIDES) if (this[side].flow === "active") this.#started(side);
  }

  #started(side: Side): void {
    this[side].isQuiet = false;
    this.#outcome.callbacks[side].push("EvtChannelStarted", "EvtChannelPostStarted");
    this.#movePackets();
  }

  #suspended(side: Side): void {
    this[side].isQuiet = true;
    this.#outcome.callbacks[side].push("EvtChannelSuspend");
  }

  /** kmcl.md S10 and S15, for one endpoint. */
  #close(side: Side): void {
    const endpoint = this[side];
    if (endpoint.flow === "active") this.#suspended(side);
    this.#outcome.callbacks[side].push("EvtChannelClosed");
    endpoint.isQuiet = false;
    this.#endPackets(side);
  }

  #endPackets(side: Side): void {
    const completions = this[side].pending.map(({ id, place }) => ({
      id,
      status: place === "queued" ? STATUS_CANCELLED : STATUS_DEVICE_REMOVED,
    }));
    this.#outcome.completions[side].push(...completions);
    this[side].pending = [];
  }

  #tearDown(side: Side): void {
    this.#endPackets(side);
    this[side].lifecycle = "tornDown";
    this[side].flow = side === "server" ? "paused" : "active";
  }

  /** GPADLs that are left when Closed returns: a violation on each side that left one. */
  #dropGpadls(): void {
    for (const { isMapped, isDeleting } of this.gpadls.values()) {
      if (isMapped) this.#noteGpadlLeft();
      if (!isDeleting) this.#noteGpadlLeft();
    }
    this.gpadls.clear();
  }

  #noteGpadlLeft(): void {
    this.#outcome.violations.push("GPADL not deleted or still mapped when Closed returns");
  }

  #noteUnknownGpadl(): void {
    this.#outcome.violations.push(
      "DeleteGpadl or UnmapGpadl outside Opened to Closed or with an unknown handle",
    );
  }

  #noteQuiet({ isQuiet }: ModelEndpoint): void {
    if (!isQuiet) return;
    this.#outcome.violations.push("send between Suspend and the next Started or Closed");
  }
}
