/**
 * Clients that wait for an offer, and how they take one: first come, first served (wire.md 4.5; kmcl.md S2, S14).
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { STATUS_INSUFFICIENT_RESOURCES, STATUS_NOT_SUPPORTED } from "../../../core/ntstatus.ts";
import { BounceBuffers } from "../../channel/bounce_buffers.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import { WHOLE_BUS } from "../../channel/touches.ts";
import type { Touch } from "../../runtime/chooser.ts";
import { DISPATCH_LEVEL } from "../../runtime/irql.ts";
import { type Worker, WorkItem } from "../../runtime/processor.ts";
import type { GuestGpadls } from "./gpadls.ts";
import type { GuestSignals } from "./guest_signals.ts";
import { ClientChannel, type GuestChannel } from "./guest_channel.ts";
import type { GuestPort } from "./guest_port.ts";
import { isTarget, suits } from "./offers.ts";
import { allocateRingPages, clientRings, openMessageOf, placeClient, reserveMmio } from "./open.ts";

/** The guest's end, as clients that wait need it. */
export interface MatchingEnd extends GuestPort {
  /** The GPADLs of the guest's clients. */
  readonly gpadls: GuestGpadls;
  /** Offers by channel id, in the order in which they arrived. */
  readonly byId: ReadonlyMap<number, GuestChannel>;
  /** The number of the next open. */
  nextOpenId: number;
  /** `client` is on the channel of an offer from now on. */
  enter(client: Endpoint, own: ClientChannel): void;
  /** What signals go by. */
  readonly signals: GuestSignals;
}

/** The clients of one guest that wait for an offer. */
export class Matching implements Worker {
  /** In the order of Enable (kmcl.md S14). */
  readonly waiting: Endpoint[] = [];
  readonly #end: MatchingEnd;
  readonly #match: WorkItem;

  /** No client waits at `end` yet. */
  constructor(end: MatchingEnd) {
    this.#end = end;
    this.#match = new WorkItem(this, "match", DISPATCH_LEVEL, end.partition.processor(0));
  }

  /** Stands for it on the trace. */
  get traceId(): number {
    return this.#end.partition.traceId;
  }

  /** Waiting clients are to look at the offers. */
  schedule(): void {
    this.#end.runtime.scheduler.schedule(this.#match);
  }

  /** `client` waits no more, if it did. */
  leave(client: Endpoint): void {
    const at = this.waiting.indexOf(client);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  /** See {@linkcode Worker.touches}: each client and each offer. */
  touches(): readonly Touch[] {
    return [{ of: this.#end.memory, part: WHOLE_BUS, writes: true }];
  }

  /** See {@linkcode Worker.itemsAhead}. */
  itemsAhead(): number {
    return this.#end.link.isBusy ? 0 : 1;
  }

  /** See {@linkcode Worker.work}: waiting clients take offers, first come, first served. */
  work(): void {
    // What the host has said is heard first: a client must not take an offer that was taken back.
    if (this.#end.link.isBusy) return this.#matchLater();
    for (const client of [...this.waiting]) {
      // Whoever plays the host may have had one disabled while another one's rings were described to it.
      const channel = client.actor.can("connecting") ? this.#offerFor(client) : null;
      if (channel === null) continue;
      this.leave(client);
      this.#connect(client, channel);
    }
  }

  #matchLater(): void {
    if (!this.#end.link.putsOff(this.#match)) this.schedule();
  }

  #offerFor(client: Endpoint): GuestChannel | null {
    for (const channel of this.#end.byId.values()) {
      if (channel.actor.can("take") && isTarget(client, channel.offer)) return channel;
    }
    return null;
  }

  /** Takes an offer: rings and MMIO, the ring GPADL, then the open request (wire.md 4.5). */
  #connect(client: Endpoint, channel: GuestChannel): void {
    const end = this.#end;
    const { memory, partition } = end;
    const { offer } = channel;
    client.tell({ type: "connecting" });
    const own = new ClientChannel(offer, memory, partition.port.isTrusted);
    client.configuration.subchannelIndex = offer.subchannelIndex; // what it is, where it takes any
    end.enter(client, own);
    if (!suits(client, offer)) return client.refused(STATUS_NOT_SUPPORTED);
    const noRoom = () => client.refused(STATUS_INSUFFICIENT_RESOURCES);
    if (!reserveMmio(memory, own, offer)) return noRoom();
    if (memory.isolation !== null) {
      client.bounce = new BounceBuffers(client, memory, own.isMemoryConfidential);
      if (!client.bounce.open()) return noRoom();
    }
    const ringPages = allocateRingPages(client, memory);
    if (ringPages === null) return noRoom();
    own.rings = clientRings(client, memory, ringPages, end.signals.hasPendingSendSize);
    assert(own.rings !== null, "pages are divided as they were allocated");
    own.rings.incoming.initialize(own.rings.hasPendingSendSize);
    own.rings.outgoing.initialize(own.rings.hasPendingSendSize);
    const range = { byteOffset: 0, byteCount: ringPages.byteCount, pfns: ringPages.pfns };
    const { status, gpadlHandle } = end.gpadls.create(client, [range], false, true);
    if (!partition.isAlive) return; // whoever is the host ended the guest instead of an answer
    if (gpadlHandle === null) {
      end.gpadls.freePages(ringPages);
      return client.refused(status);
    }
    const openId = end.nextOpenId;
    end.nextOpenId = (openId + 1) >>> 0;
    channel.taken = { client, openId, ringPages, ringGpadlId: gpadlHandle, channel: own };
    channel.actor.send({ type: "take" });
    placeClient(client, own);
    end.signals.attach(own, client);
    end.post(openMessageOf(channel.taken, end.protocol));
  }
}
