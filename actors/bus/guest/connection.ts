/**
 * A guest's connection to its host: it asks for versions from its highest down, then for the offers, and leaves the
 * bus (wire.md 4.5, 5.6). The host may be hostile, too.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import {
  CONNECTION_SUCCESSFUL,
  type InitiateContact,
  type InitiateContact2,
  targetInfoOf,
  type VersionResponse,
  type VersionResponse2,
  type VersionResponse3,
} from "../../../core/control/connection_messages.ts";
import { type Dialect, versionBelow } from "../../../core/control/dialect.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import {
  type Agreed,
  type Protocol,
  protocolOf,
  VERSION_NUMBERS,
  type VmbusVersion,
} from "../../../core/control/versions.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import { effectsOf, type EffectTable } from "../../chart/effects.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { BusFault } from "../refusals.ts";
import type { ServerPlace } from "../../channel/partition_port.ts";
import { contactConnectionId, MESSAGE_CONNECTION_ID, VMBUS_SINT } from "../synic.ts";
import type { GuestSignals } from "./guest_signals.ts";
import { GUEST_CONNECTION_ACTOR } from "./connection_machine.ts";
import type { GuestConnectionEffect, GuestConnectionEvent, GuestConnectionTag } from "./types.ts";

/** The guest's end, as its connection needs it. */
export interface ConnectingEnd {
  /** Makes the actor of the connection. */
  readonly actors: Actors;
  /** The virtual trust level of the guest. */
  readonly vtl: number;
  /** Who serves it. */
  readonly port: ServerPlace;
  /** Who the guest says that it is, a lower-case GUID. */
  readonly clientId: string;
  /** What signals go by: the pages that the host is told of. */
  readonly signals: GuestSignals;
  /** Whether the guest has no channel any more. */
  readonly isReleased: boolean;
  /** The guest gives all of its channels back, as if the host had taken them. */
  leaveChannels(): void;
  /** Says something to the host. */
  post(message: ControlMessage): void;
  /** What it has asked of sockets on the host. */
  readonly sockets: { connected(): void };
}

/** What is kept of a connection beside the state of its chart, for who saves it. */
export interface GuestConnectionFacts {
  /** The version that the guest has asked for last. */
  readonly version: VmbusVersion;
  /** The features that were agreed on. */
  readonly features: number;
  /** Where the guest says what it says. */
  readonly connectionId: number;
  /** Who the guest says that it is, a lower-case GUID. */
  readonly clientId: string;
}

/** Where the monitor page lies that the host has brought for the guest to write; 0 where it has brought none. */
function hostPageOf(response: VersionResponse | VersionResponse3, protocol: Protocol): number {
  const isBrought = protocol.hasServerMonitorPages && "childToParentMonitorGpa" in response;
  return isBrought ? response.childToParentMonitorGpa : 0;
}

/** The connection of one guest. */
export class GuestConnection {
  readonly #end: ConnectingEnd;
  readonly #dialect: Dialect;
  #actor: ChartActor<GuestConnectionEvent, GuestConnectionTag>;
  /** The version that was asked for last. */
  #version: VmbusVersion;
  #features = 0;
  /** Who the guest says that it is: the same wherever it is restored. */
  #clientId: string;
  #connectionId = MESSAGE_CONNECTION_ID;

  /** No connection of `end` yet, which speaks `dialect`. */
  constructor(end: ConnectingEnd, dialect: Dialect) {
    this.#end = end;
    this.#dialect = dialect;
    this.#version = dialect.versions.highest;
    this.#clientId = end.clientId;
    this.#actor = this.#createActor(null);
  }

  #createActor(
    state: AnyMachineSnapshot | null,
  ): ChartActor<GuestConnectionEvent, GuestConnectionTag> {
    return this.#end.actors.create(GUEST_CONNECTION_ACTOR, state, effectsOf(this, EFFECTS));
  }

  /** Its chart. */
  get actor(): ChartActor<GuestConnectionEvent, GuestConnectionTag> {
    return this.#actor;
  }

  /** What was agreed on last, or is asked for. */
  get protocol(): Protocol {
    return protocolOf(this.#version, this.#features);
  }

  /** What messages of the host are read by. */
  get agreed(): Agreed {
    const { connected, unloading, contacting } = this.#actor.tags;
    if (contacting) return "any"; // what was agreed on before, is no more
    return connected || unloading ? this.protocol : "disconnected";
  }

  /** Where the guest says what it says. */
  get connectionId(): number {
    return this.#connectionId;
  }

  /** The guest connects, or connects anew; false where it is about to. */
  connect(): boolean {
    return this.#tell("connect");
  }

  /** The guest leaves the bus; false where it has, or is about to. */
  disconnect(): boolean {
    return this.#tell("disconnect");
  }

  #tell(type: GuestConnectionEvent["type"]): boolean {
    if (!this.#actor.can(type)) return false;
    this.#actor.send({ type });
    return true;
  }

  /** A channel was released: perhaps it was the last of a guest that leaves. */
  look(): void {
    if (this.#actor.is("leaving") && this.#end.isReleased) this.#tell("released");
  }

  // -- What the host says

  /**
   * Takes a message about the connection; answers with the fault where it is not to be taken, and with `"other"` where
   * it is about something else.
   */
  receive(message: ControlMessage): BusFault["fault"] | "other" | null {
    switch (message.message) {
      case "versionResponse":
        return this.#versionResponse(message);
      case "allOffersDelivered":
        this.#tell("allOffers");
        return null;
      case "unloadComplete":
        return this.#tell("unloaded") ? null : "unexpectedMessage";
      default:
        return "other";
    }
  }

  #versionResponse(
    response: VersionResponse | VersionResponse2 | VersionResponse3,
  ): BusFault["fault"] | null {
    if (!this.#actor.is("contacting")) return "unexpectedMessage";
    if (response.supported === 0) return this.#refused();
    if (response.connectionState !== CONNECTION_SUCCESSFUL) {
      this.#tell("failed");
      return "connectionFailed";
    }
    const { hasFeatureFlags, hasMulticlient } = this.protocol;
    // What the guest has not asked for, it has not: a host that says more is not believed.
    const given = hasFeatureFlags && "supportedFeatures" in response
      ? response.supportedFeatures
      : 0;
    this.#features = given & this.#dialect.features;
    this.#connectionId = hasMulticlient
      ? response.selected
      : contactConnectionId(this.#end.port, false);
    if (!this.#end.signals.connect(this.protocol, hostPageOf(response, this.protocol))) {
      this.#tell("failed");
      return "connectionFailed";
    }
    this.#tell("accepted");
    return null;
  }

  #refused(): BusFault["fault"] | null {
    const lower = versionBelow(this.#dialect.versions, this.#version);
    if (lower === null) {
      this.#tell("exhausted");
      return "noCommonVersion";
    }
    this.#version = lower;
    this.#tell("refused");
    return null;
  }

  // -- What the chart names

  /** The host is asked for the highest version. */
  contact(): void {
    this.#version = this.#dialect.versions.highest;
    this.tryLower();
  }

  /** The host is asked for the next version. */
  tryLower(): void {
    this.#features = 0;
    const asked = protocolOf(this.#version, this.#dialect.features);
    this.#connectionId = contactConnectionId(this.#end.port, asked.hasMulticlient);
    this.#end.post(this.#contactIn(asked));
  }

  #contactIn(asked: Protocol): InitiateContact | InitiateContact2 {
    const { interruptPageGpa, ...monitorPages } = this.#end.signals.pagesFor(asked);
    const { vtl } = this.#end;
    const info = {
      sint: VMBUS_SINT,
      vtl: asked.hasTargetVtl ? vtl : 0,
      featureFlags: asked.features,
    };
    const message: InitiateContact = {
      message: "initiateContact",
      version: VERSION_NUMBERS[asked.version],
      targetMessageVp: 0,
      targetInfo: asked.hasMulticlient
        ? targetInfoOf(info)
        : asked.hasInterruptPage
        ? interruptPageGpa
        : 0,
      ...monitorPages,
    };
    return asked.hasClientId ? { ...message, clientId: this.#clientId } : message;
  }

  /** The host is asked for its offers. */
  requestOffers(): void {
    this.#end.post({ message: "requestOffers" });
    this.#end.sockets.connected();
  }

  /** All channels go back. */
  leave(): void {
    this.#end.leaveChannels();
    this.look();
  }

  /** The host hears that the guest has left. A version that has no answer to that needs none. */
  sendUnload(): void {
    this.#end.post({ message: "unload" });
    if (!this.protocol.hasUnloadComplete) this.#tell("unloaded");
  }

  // -- Saving

  /** See {@linkcode GuestConnectionFacts}. */
  get facts(): GuestConnectionFacts {
    return {
      version: this.#version,
      features: this.#features,
      connectionId: this.#connectionId,
      clientId: this.#clientId,
    };
  }

  /** It is as it was saved, in `state` of its chart. */
  restore(state: AnyMachineSnapshot, facts: GuestConnectionFacts): void {
    this.#actor.stop();
    this.#actor = this.#createActor(state);
    this.#version = facts.version;
    this.#features = facts.features;
    this.#connectionId = facts.connectionId;
    this.#clientId = facts.clientId;
  }
}

/** What the chart names. */
const EFFECTS: EffectTable<GuestConnection, GuestConnectionEvent, GuestConnectionEffect> = {
  contact: (connection) => connection.contact(),
  tryLower: (connection) => connection.tryLower(),
  requestOffers: (connection) => connection.requestOffers(),
  leave: (connection) => connection.leave(),
  sendUnload: (connection) => connection.sendUnload(),
};
