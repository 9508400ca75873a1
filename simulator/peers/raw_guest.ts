/**
 * A guest without drivers: it speaks to the host in control messages and in ring bytes, and may say
 * anything.
 *
 * @module
 */

import {
  CONNECTION_SUCCESSFUL,
  type VersionResponse,
  type VersionResponse2,
} from "../../core/control/connection_messages.ts";
import type {
  ControlMessage,
  OfferChannel,
  OpenChannel2,
  OpenReservedChannel,
} from "../../core/control/messages.ts";
import { protocolOf, versionOf, type VmbusVersion } from "../../core/control/versions.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { Partition } from "../../mod.ts";
import { TakenEnd } from "./bus_end.ts";
import { requireFunction } from "./checks.ts";
import { type AgreedVersion, contactMessage, type ContactOptions } from "./connection_messages.ts";
import { gpadlMessages, openMessage } from "./messages.ts";
import { wholePages } from "./ranges.ts";
import { RawRings, requireRings } from "./raw_rings.ts";

/**
 * A guest that has nothing but memory and its end of the bus: the opposite side of a VSP that must survive
 * any guest. It is bound by nothing, and answers nothing by itself. Channel ids count from 1, and GPADL ids
 * are the guest's own: where it has one channel, it need not name either.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 * import { RawGuest } from "@vmbus/kmcl/peers";
 *
 * await using fabric = vmbus.createFabric({ codec: "vmbus" });
 * const guest = new RawGuest(fabric.createPartition({ name: "hostile" }));
 * // Here a server for guest.partition is enabled, which offers a channel. Without one, this is a lie:
 * guest.open(guest.makeRings(1, 1));
 * await fabric.settle();
 * const bus = fabric.inspect().partitions.find(({ name }) => name === "hostile");
 * console.log(bus?.faults.map(({ message, fault }) => `${fault} of ${message}`));
 * guest.partition.destroy();
 * ```
 */
export class RawGuest {
  /** The partition: its memory, and the name by which the fabric knows it. */
  readonly partition: Partition;
  /** All that the host said, in order. It grows until it is emptied, as by `splice`. */
  readonly heard: ControlMessage[] = [];
  readonly #end: TakenEnd;
  readonly #onMessage: (message: ControlMessage) => void;
  /** Offers by channel id, in the order in which they came. */
  readonly #offers = new Map<number, OfferChannel>();
  /** The versions of contacts that await an answer, in order; null for a number that stands for none. */
  readonly #asked: (VmbusVersion | null)[] = [];
  /** What came of contacts of its own; undefined: it has made none. */
  #agreed: AgreedVersion | null | undefined;

  /**
   * Takes the guest's end of the bus of `partition`: drivers that are loaded there hear nothing any more.
   * `onMessage` is called with each message as it is heard, and may answer.
   *
   * @throws {TypeError} `partition` is no Partition, or `onMessage` no function.
   */
  constructor(partition: Partition, onMessage: (message: ControlMessage) => void = () => {}) {
    requireFunction("make a raw guest", "onMessage", onMessage);
    this.#end = new TakenEnd(partition, "guest", (message) => this.#hear(message));
    this.partition = partition;
    this.#onMessage = onMessage;
  }

  #hear(message: ControlMessage): void {
    this.heard.push(message);
    if (message.message === "offerChannel") this.#offers.set(message.channelId, message);
    else if (message.message === "rescindChannelOffer") this.#offers.delete(message.channelId);
    else if (message.message === "versionResponse") this.#hearVersion(message);
    else if (message.message === "unloadComplete") this.#agreed = null;
    this.#onMessage(message);
  }

  #hearVersion(message: VersionResponse | VersionResponse2): void {
    const asked = this.#asked.shift() ?? null;
    const isTaken = message.supported !== 0 && message.connectionState === CONNECTION_SUCCESSFUL;
    const features = "supportedFeatures" in message ? message.supportedFeatures : 0;
    this.#agreed = asked === null || !isTaken
      ? null
      : { version: asked, features: protocolOf(asked, features).features };
    this.#offers.clear();
  }

  /** The channels that the host offers, and has not taken back. */
  get offers(): readonly OfferChannel[] {
    return [...this.#offers.values()];
  }

  /**
   * Says something to the host.
   *
   * @throws {TypeError | RangeError} A field cannot hold its value; see {@linkcode controlMessageBytes}.
   */
  post(message: ControlMessage): void {
    this.#end.post(message);
    if (message.message === "initiateContact") this.#asked.push(versionOf(message.version));
  }

  /**
   * Puts bytes on the bus, whatever they are.
   *
   * @throws {TypeError} `bytes` is no ArrayBufferView.
   */
  postBytes(bytes: ArrayBufferView): void {
    this.#end.postBytes(bytes);
  }

  /**
   * Makes contact: asks for that version, and for the features of `options`. What the host agrees to is
   * {@linkcode RawGuest.agreed} once it has answered. Whoever is connected begins anew by it.
   *
   * @throws {TypeError | RangeError} There is no such version, or a field cannot hold its value.
   */
  contact(version: VmbusVersion, options: ContactOptions = {}): void {
    this.post(contactMessage(version, options));
  }

  /**
   * What the host agreed to last: to a contact of its own, or to that which every partition makes when it is created;
   * null: there is no connection.
   */
  get agreed(): AgreedVersion | null {
    return this.#agreed === undefined ? this.#end.agreed : this.#agreed;
  }

  /** Leaves: the host closes all that it has of the guest but reserved channels, and says so from version 1.1 on. */
  unload(): void {
    this.post({ message: "unload" });
  }

  /**
   * Rings in fresh pages, empty, with so many pages of data.
   *
   * @throws {RangeError} A ring would have no data page, or so many pages are not free in a row.
   */
  makeRings(upstreamDataPages: number, downstreamDataPages: number): RawRings {
    return RawRings.allocate(this.partition.memory, upstreamDataPages, downstreamDataPages);
  }

  /**
   * Describes memory as a GPADL, in as many messages as it takes.
   *
   * @throws {RangeError} A number does not fit its field, or there are too many pages for one GPADL.
   */
  describe(channelId: number, gpadlId: number, ranges: readonly GpaRange[]): void {
    for (const message of gpadlMessages(channelId, gpadlId, ranges)) this.post(message);
  }

  /**
   * Describes `rings` as a GPADL, and asks for the channel to be opened over them. The host looks into the
   * rings as soon as it is.
   *
   * @throws {RangeError} A number does not fit its field.
   * @throws {TypeError} `rings` is no RawRings.
   */
  open(rings: RawRings, channelId = 1, gpadlId = 1, changes: Partial<OpenChannel2> = {}): void {
    requireRings("open a channel", rings);
    const { pfns, downstreamPageOffset } = rings;
    this.describe(channelId, gpadlId, [wholePages(pfns)]);
    this.post(openMessage(channelId, gpadlId, downstreamPageOffset, changes));
  }

  /**
   * Describes `rings` as a GPADL, and asks for the channel to be opened over them as a reserved one, which
   * outlives the connection ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
   *
   * @throws {RangeError} A number does not fit its field.
   * @throws {TypeError} `rings` is no RawRings.
   */
  openReserved(
    rings: RawRings,
    channelId = 1,
    gpadlId = 1,
    changes: Partial<OpenReservedChannel> = {},
  ): void {
    requireRings("open a reserved channel", rings);
    const { pfns, downstreamPageOffset } = rings;
    this.describe(channelId, gpadlId, [wholePages(pfns)]);
    this.post({
      message: "openReservedChannel",
      channelId,
      targetVp: 0,
      targetSint: 2,
      ringGpadlId: gpadlId,
      downstreamPageOffset,
      ...changes,
    });
  }

  /**
   * Closes a reserved channel, also where there is no connection any more; the answer comes to that place.
   *
   * @throws {RangeError} A number does not fit its field.
   */
  closeReserved(channelId = 1, targetVp = 0, targetSint = 2): void {
    this.post({ message: "closeReservedChannel", channelId, targetVp, targetSint });
  }

  /**
   * Closes the channel, and wants its rings back.
   *
   * @throws {RangeError} A number does not fit its field.
   */
  close(channelId = 1, gpadlId = 1): void {
    this.post({ message: "closeChannel", channelId });
    this.post({ message: "gpadlTeardown", channelId, gpadlId });
  }

  /**
   * Gives up a channel that is closed: the host may use its id again.
   *
   * @throws {RangeError} `channelId` is no u32.
   */
  release(channelId = 1): void {
    this.#offers.delete(channelId);
    this.post({ message: "relIdReleased", channelId });
  }

  /**
   * Signals the host, which looks at the rings of that channel. An id that it does not know does nothing.
   *
   * @throws {RangeError} `channelId` is no u32.
   */
  signal(channelId = 1): void {
    this.#end.signal(channelId);
  }
}
