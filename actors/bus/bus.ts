/**
 * The bus of one partition: the host's end, the guest's end, and the link between them (wire.md section 4).
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { encodeControlMessage } from "../../core/control/codec.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { PartitionPort } from "../channel/partition_port.ts";
import { GuestEnd } from "./guest/guest_end.ts";
import { HostEnd } from "./host/host_end.ts";
import type { BusLink } from "./lanes.ts";
import type { Direction } from "./link.ts";
import { type BusFault, Refusals } from "./refusals.ts";
import { MESSAGE_CONNECTION_ID } from "./synic.ts";
import type { ConnectionEvent, ConnectionTag } from "./host/types.ts";

/** The bus between the host and one partition. */
export class Bus {
  /** The host's end; null where somebody outside is the host. */
  readonly ownHost: HostEnd | null;
  /** The guest's end; null where somebody outside is the guest. */
  readonly ownGuest: GuestEnd | null;
  readonly #runtime: RuntimePort;
  readonly #partition: PartitionPort;
  readonly #root: PartitionPort;
  readonly #link: BusLink;
  readonly #refusals = new Refusals();

  /** The bus of `partition`, over `link`; its servers run in `root`. */
  constructor(
    runtime: RuntimePort,
    partition: PartitionPort,
    root: PartitionPort,
    link: BusLink,
  ) {
    this.#runtime = runtime;
    this.#partition = partition;
    this.#root = root;
    this.#link = link;
    this.ownHost = link.host && new HostEnd(
      { runtime, guest: partition, root, link: link.host },
      (...refusal) => this.refuse("toHost", ...refusal),
    );
    this.ownGuest = link.guest && new GuestEnd(
      { runtime, partition, link: link.guest },
      (...refusal) => this.refuse("toGuest", ...refusal),
    );
  }

  /** The host's end, of a bus whose host is ours. */
  get host(): HostEnd {
    assert(this.ownHost !== null, "the host of this bus is not somebody outside");
    return this.ownHost;
  }

  /** The guest's end, of a bus whose guest is ours. */
  get guest(): GuestEnd {
    assert(this.ownGuest !== null, "the guest of this bus is not somebody outside");
    return this.ownGuest;
  }

  /** The chart of the host's connection to the guest. */
  get actor(): ChartActor<ConnectionEvent, ConnectionTag> {
    return this.host.actor;
  }

  /** Refused messages, the latest last. */
  get faults(): readonly BusFault[] {
    return this.#refusals.latest;
  }

  /** How many messages were refused in all. */
  get faultCount(): number {
    return this.#refusals.count;
  }

  /** Messages on their way in `direction`, in order. */
  pending(direction: Direction): readonly Uint8Array[] {
    return this.#link.lane(direction).pending;
  }

  /** Whether messages are on their way in `direction`. */
  isBusy(direction: Direction): boolean {
    return this.#link.lane(direction).isBusy;
  }

  /** Puts messages to the guest on their way that were saved, in order; none is due yet. */
  restore(messages: readonly Uint8Array[]): void {
    this.#link.toGuest.restore(messages, this.host.messagePlace);
    this.ownGuest?.expect(messages);
  }

  /** The next message to the guest is due. */
  scheduleMessage(): void {
    this.#link.toGuest.schedule();
  }

  /** Says `message` in the place of one end. */
  post(direction: Direction, message: ControlMessage): void {
    this.postBytes(direction, encodeControlMessage(message));
  }

  /** Puts bytes on the bus as they are, whatever they say, where the end says its own that would say them. */
  postBytes(direction: Direction, bytes: Uint8Array): void {
    const { toHost, toGuest } = this.#link;
    const connectionId = this.ownGuest?.messageConnectionId ?? MESSAGE_CONNECTION_ID;
    if (direction === "toHost") toHost.post(bytes, connectionId);
    else toGuest.post(bytes, this.ownHost?.messagePlace ?? this.guest.messagePlace);
  }

  /** Interrupts one end of a channel in the place of the other. */
  interrupt(direction: Direction, channelId: number): void {
    if (this.ownHost?.signals.imitate(direction, channelId) === true) return;
    this.#link.lane(direction).ring(channelId);
  }

  /** The guest crashed or was destroyed. */
  guestGone(): void {
    this.#link.cut();
    this.#runtime.scheduler.drop(this.#partition.traceId, this.#root.processors);
    this.ownGuest?.gone();
    this.ownHost?.guestGone();
  }

  /** The fabric ends: nothing crosses any more, and nobody is told. */
  cut(): void {
    this.#link.cut();
  }

  /** The partition is gone for good; what servers still have of it goes when they release it. */
  stopActors(): void {
    this.ownHost?.actor.stop();
  }

  /** The restore of the partition failed: no further event comes for anything of it. */
  discard(): void {
    this.ownHost?.discard();
    this.ownGuest?.gone();
  }

  /** Notes a message that its receiver refused. */
  refuse(
    direction: Direction,
    message: string | null,
    fault: BusFault["fault"],
    reason?: string,
  ): void {
    this.#refusals.add({ direction, message, fault, ...reason !== undefined && { reason } });
    const { recorder, clock } = this.#runtime;
    const { traceId } = this.#partition;
    recorder.recordTexts(clock.now100ns, "fault", traceId, fault, message ?? "", direction);
  }
}
