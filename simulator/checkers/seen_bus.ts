/**
 * One bus, as who hears all that is said on it knows it: what its ends have agreed on, which channels the guest has,
 * and who may say what next.
 *
 * @module
 */

import { CONNECTION_SUCCESSFUL } from "../../core/control/connection_messages.ts";
import type {
  InitiateContact,
  VersionResponse,
  VersionResponse2,
} from "../../core/control/connection_messages.ts";
import type { ControlMessage, OfferChannel } from "../../core/control/messages.ts";
import {
  type Agreed,
  FEATURES_KNOWN,
  MESSAGE_RULES,
  protocolOf,
  refusalOf,
  versionOf,
} from "../../core/control/versions.ts";

/** Who speaks. */
export type Speaker = "host" | "guest";

/** A sentence of wire.md that does not hold. */
export interface BrokenSentence {
  /** The sentence. */
  readonly rule: string;
  /** What is wrong, with the present value. */
  readonly what: string;
}

/** A channel that the guest was offered, and has not released. */
interface SeenChannel {
  /** Its device: type and instance. */
  readonly device: string;
  /** 0 for a primary channel. */
  readonly index: number;
  isRescinded: boolean;
}

/** How far the two ends are with each other. */
type Phase =
  /** Somebody has begun to look only now: whatever may be said may be right. */
  | "unknown"
  /** The guest has made contact, and waits for the answer. */
  | "contacting"
  | "connected"
  /** The host does not speak what the guest asked for, or has let go of what the guest had. */
  | "apart"
  /** The guest leaves, and has not been told that it may. */
  | "leaving";

/** What a guest may say in each phase beside what `refusalOf` lets through. */
const TO_LEAVE: ReadonlySet<ControlMessage["message"]> = new Set(["initiateContact", "unload"]);
/** What the host says to a place of its own: it waits for nothing (wire.md 5.4). */
const TO_A_PLACE: ReadonlySet<ControlMessage["message"]> = new Set([
  "versionResponse",
  "closeReservedResponse",
  "openResult",
]);

const WHO = "wire.md 4.2: who says it";
const WHEN = "wire.md 4.2: when it is said";
const FLOW = "wire.md 4.5: what follows what";

/** A bus, by what is said on it. */
export class SeenBus {
  #phase: Phase = "unknown";
  #agreed: Agreed = "any";
  /** Contacts that await their answer, in order. */
  readonly #contacts: InitiateContact[] = [];
  readonly #channels = new Map<number, SeenChannel>();
  /** How often offers were asked for on this connection. */
  #requests = 0;
  /** Who rests: the guest has said so, and the host has answered. */
  #rest: "none" | "asked" | "answered" = "none";
  #partings = 0;

  /** Whether what both ends have agreed on was seen, or that they have agreed on nothing. */
  get isKnown(): boolean {
    return this.#phase !== "unknown" && this.#phase !== "contacting";
  }

  /** How often nothing was left of a connection, so far. */
  get partings(): number {
    return this.#partings;
  }

  /** The contact that is answered next; null: none was seen. */
  get contact(): InitiateContact | null {
    return this.#contacts[0] ?? null;
  }

  /**
   * Takes note of what is said; answers with the sentence that it breaks, null for none.
   *
   * @param isWhole Whether all fields of the message were seen: else features, and what follows from them, are not known.
   */
  take(speaker: Speaker, message: ControlMessage, isWhole = true): BrokenSentence | null {
    const broken = MESSAGE_RULES[message.message].to === speaker
      ? { rule: WHO, what: `the ${speaker} says ${message.message}, which it is told` }
      : speaker === "guest"
      ? this.#brokenByGuest(message, isWhole)
      : this.#brokenByHost(message, isWhole);
    this.#note(speaker, message, isWhole);
    return broken;
  }

  #wrong(rule: string, what: string): BrokenSentence {
    const channels = [...this.#channels.keys()].join(", ") || "none";
    return { rule, what: `${what}; the ends are ${this.#phase}, channels ${channels}` };
  }

  /** Whether it may be said by what was agreed on. */
  #refused(message: ControlMessage, isWhole: boolean): BrokenSentence | null {
    const reason = refusalOf(message.message, this.#agreed);
    if (reason !== null) return this.#wrong(WHEN, reason);
    const isFormKnown = isWhole && message.message === "openChannel";
    if (!isFormKnown || typeof this.#agreed === "string") return null;
    const isLong = "openFlags" in message;
    if (isLong === this.#agreed.hasOpenChannel2) return null;
    return this.#wrong(WHEN, `an open request of the ${isLong ? "longer" : "shorter"} form`);
  }

  // -- The guest

  #brokenByGuest(message: ControlMessage, isWhole: boolean): BrokenSentence | null {
    const { message: name } = message;
    if (TO_LEAVE.has(name) || MESSAGE_RULES[name].isAlwaysSaid === true) return null;
    if (this.#phase !== "unknown" && this.#phase !== "connected") {
      return this.#wrong(FLOW, `the guest says ${name} on no connection`);
    }
    if (this.#rest !== "none" && name !== "resume") {
      return this.#wrong(FLOW, `the guest rests, and says ${name}`);
    }
    const refused = this.#refused(message, isWhole);
    if (refused !== null || this.#phase === "unknown") return refused;
    if (name === "requestOffers" && this.#requests > 0) {
      return this.#wrong(FLOW, "offers are asked for twice");
    }
    return this.#ofNoChannel(message);
  }

  #ofNoChannel(message: ControlMessage): BrokenSentence | null {
    if (!("channelId" in message) || message.message === "openReservedChannel") return null;
    if (this.#channels.has(message.channelId)) return null;
    return this.#wrong(FLOW, `channel ${message.channelId} is not the guest's`);
  }

  // -- The host

  #brokenByHost(message: ControlMessage, isWhole: boolean): BrokenSentence | null {
    const { message: name } = message;
    if (name === "versionResponse" || name === "unloadComplete") return this.#brokenByAnswer(name);
    if (this.#phase === "apart" && !TO_A_PLACE.has(name)) {
      return this.#wrong(FLOW, `the host says ${name} on no connection`);
    }
    if (this.#rest === "answered" && !TO_A_PLACE.has(name)) {
      return this.#wrong("wire.md 4.5: a host that was paused is silent", `it says ${name}`);
    }
    const refused = this.#refused(message, isWhole);
    if (refused !== null) return refused;
    if (message.message === "offerChannel") return this.#brokenByOffer(message);
    return message.message === "rescindChannelOffer"
      ? this.#brokenByRescind(message.channelId)
      : null;
  }

  #brokenByAnswer(name: "versionResponse" | "unloadComplete"): BrokenSentence | null {
    if (this.#phase === "unknown") return null;
    const isAsked = name === "versionResponse"
      ? this.#contacts.length > 0
      : this.#phase === "leaving";
    return isAsked ? null : this.#wrong(FLOW, `the host says ${name}, which nobody waits for`);
  }

  #brokenByOffer({ channelId }: OfferChannel): BrokenSentence | null {
    if (this.#channels.has(channelId)) {
      const what = `channel ${channelId} is offered again, and was not released`;
      return this.#wrong("wire.md 4.5: an id is offered once", what);
    }
    if (this.#phase !== "connected" || this.#requests > 0) return null;
    return this.#wrong(FLOW, "an offer comes, and nobody has asked for offers");
  }

  #brokenByRescind(channelId: number): BrokenSentence | null {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) return null; // the guest may have released it by itself
    if (channel.isRescinded) return this.#wrong(FLOW, `channel ${channelId} is taken back twice`);
    const [sub] = channel.index > 0
      ? []
      : [...this.#channels].filter(([, { device, index, isRescinded }]) =>
        device === channel.device && index > 0 && !isRescinded
      );
    if (sub === undefined) return null;
    const what = `primary ${channelId} is taken back before its sub-channel ${sub[0]}`;
    return this.#wrong("wire.md section 6: sub-channels go first", what);
  }

  // -- What is known then

  #note(speaker: Speaker, message: ControlMessage, isWhole: boolean): void {
    switch (message.message) {
      case "initiateContact":
        this.#contacts.push(message);
        this.#phase = "contacting";
        this.#rest = "none";
        return;
      case "versionResponse":
        return this.#answered(message, isWhole);
      case "requestOffers":
        return void this.#requests++;
      case "offerChannel": {
        const { channelId, interfaceId, instanceId, subchannelIndex: index } = message;
        const device = `${interfaceId} ${instanceId}`;
        return void this.#channels.set(channelId, { device, index, isRescinded: false });
      }
      case "rescindChannelOffer": {
        const channel = this.#channels.get(message.channelId);
        if (channel !== undefined) channel.isRescinded = true;
        return;
      }
      case "relIdReleased":
        return void this.#channels.delete(message.channelId);
      case "unload":
        this.#phase = "leaving";
        this.#rest = "none";
        return;
      case "unloadComplete":
        return this.#part();
      case "pause":
        this.#rest = "asked";
        return;
      case "pauseResponse":
        if (speaker === "host" && this.#rest === "asked") this.#rest = "answered";
        return;
      case "resume":
        this.#rest = "none";
    }
  }

  /** Nothing of the connection is left. */
  #part(): void {
    this.#partings++;
    this.#phase = "apart";
    this.#agreed = "disconnected";
    this.#channels.clear();
    this.#requests = 0;
  }

  #answered(message: VersionResponse | VersionResponse2, isWhole: boolean): void {
    const contact = this.#contacts.shift();
    if (contact === undefined) return;
    this.#part();
    // Where another contact is on its way already, what is said now may be about either.
    if (this.#contacts.length > 0) {
      this.#phase = "contacting";
      this.#agreed = "any";
      return;
    }
    const version = versionOf(contact.version);
    const isTaken = message.supported !== 0 && message.connectionState === CONNECTION_SUCCESSFUL;
    if (version === null || !isTaken) return;
    const answered = "supportedFeatures" in message ? message.supportedFeatures : 0;
    const features = isWhole ? answered : FEATURES_KNOWN;
    this.#phase = "connected";
    this.#agreed = protocolOf(version, features);
  }
}
