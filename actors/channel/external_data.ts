/**
 * External data of incoming packets: memory that they describe, shown to the driver as an MDL once its
 * pages are there (kmcl.md section 5, VmbChannelPacketGetExternalData).
 *
 * @module
 */

import { bytesInRanges } from "../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import { type Mdl, mdlOfRanges, mdlRevoke } from "../../core/memory/mdl.ts";
import {
  type NtStatus,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_NOT_FOUND,
  STATUS_PENDING,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { FaultPort } from "../runtime/fault_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import type { PartitionPort } from "./partition_port.ts";

/** What external data needs of the endpoint whose packets describe it. */
export interface SharingEndpoint extends Pick<EndpointPort, "configuration" | "runtime"> {
  /** The partition whose memory its packets describe; null: nobody said. */
  readonly guest: PartitionPort | null;
  /** The channel's number on the bus, while it has one. */
  readonly channelId: number | null;
  /** The guest's memory. */
  readonly memory: GuestRam;
  /** What it has to do. */
  readonly work: { schedulePageIn(): void };
}

/** The driver asked for pages that must be brought in first; it carries nothing, so one object serves all. */
const AWAIT_PAGES = { type: "awaitPages" } as const;

/** The external data of one endpoint's incoming packets. */
export class ExternalData {
  readonly #endpoint: SharingEndpoint;
  /** Pages that a driver waits for. */
  readonly #awaitedPfns: (readonly number[])[] = [];

  /** The external data of packets of `endpoint`. */
  constructor(endpoint: SharingEndpoint) {
    this.#endpoint = endpoint;
  }

  /** Whether pages must still be brought in. */
  get isAwaited(): boolean {
    return this.#awaitedPfns.length > 0;
  }

  /** The memory that `packet` describes; the bounds are the receiver's own. */
  of(packet: IncomingPacket): { status: NtStatus; mdl: Mdl | null } {
    const { externalBytesMax, externalChainMax } = this.#endpoint.configuration;
    const { memory } = this.#endpoint;
    const { ranges } = packet;
    if (ranges.length === 0) return { status: STATUS_NOT_FOUND, mdl: null };
    const byteCount = bytesInRanges(ranges);
    if (byteCount > externalBytesMax || ranges.length > externalChainMax) {
      return { status: STATUS_INVALID_BUFFER_SIZE, mdl: null };
    }
    if (packet.mdl !== null) return { status: STATUS_SUCCESS, mdl: packet.mdl };
    const { faults } = this.#endpoint.runtime;
    const arePresent = ranges.every((range) => memory.isResident(range.pfns));
    if (!arePresent || (faults !== null && this.#isPagedOut(faults))) {
      packet.actor.send(AWAIT_PAGES);
      for (const range of ranges) this.#awaitedPfns.push(range.pfns);
      this.#endpoint.work.schedulePageIn();
      return { status: STATUS_PENDING, mdl: null };
    }
    packet.mdl = mdlOfRanges(memory, ranges);
    return { status: STATUS_SUCCESS, mdl: packet.mdl };
  }

  /** Whether pages that were there are not there, this time. */
  #isPagedOut(faults: FaultPort): boolean {
    const { guest, channelId } = this.#endpoint;
    return guest !== null &&
      faults.fails("externalData", { guest, channelId, direction: null, what: null });
  }

  /** Takes back the MDL of `packet`, if its driver has one. */
  revoke(packet: IncomingPacket): void {
    if (packet.mdl !== null) mdlRevoke(packet.mdl);
    packet.mdl = null;
  }

  /** Brings in the pages that drivers wait for. */
  bringIn(): void {
    for (const pfns of this.#awaitedPfns) this.#endpoint.memory.bringIn(pfns);
    this.#awaitedPfns.length = 0;
  }

  /** The channel is closed: nobody waits any more. */
  forget(): void {
    this.#awaitedPfns.length = 0;
  }
}
