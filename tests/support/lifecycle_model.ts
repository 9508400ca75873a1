/**
 * The states of kmcl.md section 3 in a small model: what each documented call must do to a server and
 * its client, told one call at a time, with everything settled in between.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";

/** One end of the channel. */
export type Side = "server" | "client";

/** Both ends. */
export const SIDES: readonly Side[] = ["server", "client"];

/** The states of the lifecycle, Disabled of both kinds. */
export type Life = "initializing" | "enabled" | "opened" | "closed" | "tornDown";

/** A packet that wants a completion, and has none. */
export interface PendingPacket {
  readonly id: number;
  /** On the sender's queue, in the ring, or answered by the receiver. */
  place: "queued" | "sent" | "answered";
}

/** One endpoint. */
export interface EndpointModel {
  life: Life;
  flow: "paused" | "active";
  /** Suspend was called, and neither Started nor Closed since. */
  isQuiet: boolean;
  pending: PendingPacket[];
}

/** The end of a transaction. */
export interface PacketEnd {
  readonly id: number;
  readonly status: vmbus.NtStatus;
}

/** What the calls since the last look must have led to. */
export interface Expected {
  /** State change callbacks, in order. */
  readonly calls: Readonly<Record<Side, string[]>>;
  /** Completion routines, in order. */
  readonly ends: Readonly<Record<Side, PacketEnd[]>>;
  /** Rules of violations, in any order. */
  readonly violations: vmbus.ViolationRule[];
}

function newEndpoint(side: Side): EndpointModel {
  const flow = side === "server" ? "paused" : "active";
  return { life: "initializing", flow, isQuiet: false, pending: [] };
}

function nothing(): Expected {
  return { calls: { server: [], client: [] }, ends: { server: [], client: [] }, violations: [] };
}

/** Whether an endpoint in this state is Disabled. */
export function isDisabled({ life }: EndpointModel): boolean {
  return life === "initializing" || life === "tornDown";
}

/** A server, its client, and what they share. */
export class LifecycleModel {
  readonly server: EndpointModel = newEndpoint("server");
  readonly client: EndpointModel = newEndpoint("client");
  /** The client's GPADLs by handle. */
  readonly gpadls = new Map<number, { isMapped: boolean; isDeleting: boolean }>();
  /** The guest has crashed. */
  isCrashed = false;
  #expected = nothing();

  /** What must have happened since this was asked last. */
  takeExpected(): Expected {
    const expected = this.#expected;
    this.#expected = nothing();
    return expected;
  }

  get isOpen(): boolean {
    return this.client.life === "opened";
  }

  // -- Calls

  enable(side: Side): vmbus.NtStatus {
    const endpoint = this[side];
    if (!isDisabled(endpoint) || (side === "client" && this.isCrashed)) {
      return vmbus.STATUS_INVALID_DEVICE_STATE;
    }
    endpoint.life = "enabled";
    this.#match();
    return vmbus.STATUS_SUCCESS;
  }

  disable(side: Side): void {
    if (isDisabled(this[side])) return;
    const wasOpen = this.isOpen;
    if (wasOpen) {
      this.#close("server");
      this.#close("client");
      this.#dropGpadls();
      this.server.life = "closed";
      this.#tearDown("client");
    }
    if (!(wasOpen && side === "client")) this.#tearDown(side);
  }

  start(side: Side): void {
    const endpoint = this[side];
    if (side === "client" && this.isCrashed) return;
    if (isDisabled(endpoint)) {
      this.#expected.violations.push("Start in Disabled");
      return;
    }
    const wasPaused = endpoint.flow === "paused";
    endpoint.flow = "active";
    if (wasPaused && endpoint.life === "opened") this.#started(side);
  }

  pause(side: Side): void {
    const endpoint = this[side];
    if (side === "client" && this.isCrashed) return;
    if (endpoint.life === "opened" && endpoint.flow === "active") this.#suspended(side);
    endpoint.flow = "paused";
  }

  send(side: Side, id: number): vmbus.NtStatus {
    const endpoint = this[side];
    if (isDisabled(endpoint)) return vmbus.STATUS_DEVICE_REMOVED;
    this.#noteQuiet(endpoint);
    endpoint.pending.push({ id, place: "queued" });
    this.movePackets();
    return vmbus.STATUS_SUCCESS;
  }

  /** A synchronous request: the client's waits for its answer, the server's may not queue. */
  request(side: Side): vmbus.NtStatus {
    const endpoint = this[side];
    if (isDisabled(endpoint)) return vmbus.STATUS_DEVICE_REMOVED;
    this.#noteQuiet(endpoint);
    if (side === "server") {
      return this.#runs("server") ? vmbus.STATUS_SUCCESS : vmbus.STATUS_BUFFER_OVERFLOW;
    }
    const isAnswered = this.#runs("client") && this.#runs("server");
    return isAnswered ? vmbus.STATUS_SUCCESS : vmbus.STATUS_CANCELLED;
  }

  createGpadl(): vmbus.NtStatus {
    return this.isOpen ? vmbus.STATUS_SUCCESS : vmbus.STATUS_INVALID_PARAMETER_1;
  }

  deleteGpadl(handle: number): void {
    const gpadl = this.gpadls.get(handle);
    if (this.isCrashed) return;
    if (gpadl === undefined) {
      this.#expected.violations.push(
        "DeleteGpadl or UnmapGpadl outside Opened to Closed or with an unknown handle",
      );
    } else if (gpadl.isMapped) gpadl.isDeleting = true;
    else this.gpadls.delete(handle);
  }

  mapGpadl(handle: number): vmbus.NtStatus {
    if (!this.isOpen) return vmbus.STATUS_INVALID_PARAMETER_1;
    const gpadl = this.gpadls.get(handle);
    if (gpadl === undefined || gpadl.isDeleting) return vmbus.STATUS_INVALID_PARAMETER_3;
    if (gpadl.isMapped) return vmbus.STATUS_SHARING_VIOLATION;
    gpadl.isMapped = true;
    return vmbus.STATUS_SUCCESS;
  }

  unmapGpadl(handle: number): void {
    const gpadl = this.gpadls.get(handle);
    if (gpadl === undefined) {
      this.#expected.violations.push(
        "DeleteGpadl or UnmapGpadl outside Opened to Closed or with an unknown handle",
      );
    } else if (!gpadl.isMapped) this.#expected.violations.push("Unmap of an unmapped GPADL");
    else if (gpadl.isDeleting) this.gpadls.delete(handle);
    else gpadl.isMapped = false;
  }

  /** Whether the endpoint is gone, and another one takes its place. */
  cleanUp(side: Side): boolean {
    if (side === "client" && this.isCrashed) return false;
    if (isDisabled(this[side])) {
      Object.assign(this[side], newEndpoint(side));
      return true;
    }
    this.#expected.violations.push("Cleanup while not Disabled");
    return false;
  }

  crash(): void {
    if (this.isOpen) {
      this.#close("server");
      this.server.life = "closed";
      for (const gpadl of this.gpadls.values()) {
        if (gpadl.isMapped) this.#noteGpadlLeft();
      }
    }
    this.gpadls.clear();
    this.isCrashed = true;
    Object.assign(this.client, { ...newEndpoint("client"), life: "tornDown" });
  }

  // -- What follows

  /** Lets packets move as far as they can. */
  movePackets(): void {
    for (const side of SIDES) {
      const endpoint = this[side];
      if (!this.#runs(side)) continue;
      const peerRuns = this.#runs(side === "server" ? "client" : "server");
      for (const packet of endpoint.pending) {
        if (packet.place === "queued") packet.place = "sent";
        if (packet.place === "sent" && peerRuns) packet.place = "answered";
      }
      const ended = endpoint.pending.filter(({ place }) => place === "answered");
      endpoint.pending = endpoint.pending.filter(({ place }) => place !== "answered");
      const ends = ended.map(({ id }) => ({ id, status: vmbus.STATUS_SUCCESS }));
      this.#expected.ends[side].push(...ends);
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

  #runs(side: Side): boolean {
    return this[side].life === "opened" && this[side].flow === "active";
  }

  #match(): void {
    const isOffered = this.server.life === "enabled" || this.server.life === "closed";
    if (this.isCrashed || !isOffered || this.client.life !== "enabled") return;
    for (const side of SIDES) {
      this[side].life = "opened";
      this.#expected.calls[side].push("Opened");
    }
    for (const side of SIDES) if (this[side].flow === "active") this.#started(side);
  }

  #started(side: Side): void {
    this[side].isQuiet = false;
    this.#expected.calls[side].push("Started", "PostStarted");
    this.movePackets();
  }

  #suspended(side: Side): void {
    this[side].isQuiet = true;
    this.#expected.calls[side].push("Suspend");
  }

  /** kmcl.md S10 and S15, for one endpoint. */
  #close(side: Side): void {
    const endpoint = this[side];
    if (endpoint.flow === "active") this.#suspended(side);
    this.#expected.calls[side].push("Closed");
    endpoint.isQuiet = false;
    this.#endPackets(side);
  }

  #endPackets(side: Side): void {
    const ends = this[side].pending.map(({ id, place }) => ({
      id,
      status: place === "queued" ? vmbus.STATUS_CANCELLED : vmbus.STATUS_DEVICE_REMOVED,
    }));
    this.#expected.ends[side].push(...ends);
    this[side].pending = [];
  }

  #tearDown(side: Side): void {
    this.#endPackets(side);
    this[side].life = "tornDown";
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
    this.#expected.violations.push("GPADL not deleted or still mapped when Closed returns");
  }

  #noteQuiet({ isQuiet }: EndpointModel): void {
    if (isQuiet) {
      this.#expected.violations.push("send between Suspend and the next Started or Closed");
    }
  }
}
