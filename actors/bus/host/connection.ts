/**
 * The host's connection to one guest: what both have agreed on, and what the guest says about the connection itself
 * (wire.md 4.5, 5.1, 5.4). The guest may be hostile.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { assert } from "../../../core/assert.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import {
  CONNECTION_FAILED_LOW_RESOURCES,
  CONNECTION_FAILED_UNKNOWN,
  CONNECTION_SUCCESSFUL,
  type InitiateContact,
  type ModifyConnection,
} from "../../../core/control/connection_messages.ts";
import type { Dialect } from "../../../core/control/dialect.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import type { Agreed, Protocol } from "../../../core/control/versions.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import { effectsOf, type EffectTable } from "../../chart/effects.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { HostLink } from "../link.ts";
import { type SynicPlace, VMBUS_SINT } from "../synic.ts";
import { BACKEND_AT_ONCE, type ConnectionBackend } from "./backend.ts";
import { CONNECTION_ACTOR } from "./connection_machine.ts";
import {
  acceptanceOf,
  type Contact,
  type ContactRules,
  failureOf,
  isTrusted,
  judgeContact,
  type MonitorPages,
  monitorPagesOf,
  type RefusedContact,
} from "./contact.ts";
import type { GuestFacts } from "./host_port.ts";
import { OutgoingMessages } from "./outgoing_messages.ts";
import type { ConnectionEffect, ConnectionEvent, ConnectionTag } from "./types.ts";

/** What is wrong with a message that is refused while a guest is connected, and hears (wire.md 4.5). */
const REASONS: { readonly [Name in ControlMessage["message"]]?: string } = {
  requestOffers: "the offers are asked for once in a connection, and were",
  resume: "it has not paused",
  modifyConnection: "there are two monitor pages, or none, and one change at a time",
};
const PAUSED_REASON = "it has paused, and may say Resume, Unload and InitiateContact alone";

/** The host's end, as its connection needs it. */
export interface ConnectedEnd {
  /** Makes the actor of the connection. */
  readonly actors: Actors;
  /** The guest. */
  readonly guest: GuestFacts;
  /** Its side of the link. */
  readonly link: HostLink;
  /** Whether a guest that has left has nothing left here but what it opened as reserved. */
  readonly isReleased: boolean;
  /** The guest leaves: it has released all of its channels but those that it opened as reserved. */
  disconnect(): void;
}

/** What is kept of a connection beside the state of its chart, for who saves it. */
export interface ConnectionFacts {
  /** What was agreed on last; null: nothing yet. */
  readonly agreed: Contact | null;
  /** The contact that follows once the guest has left; null for none. */
  readonly asked: Contact | null;
  /** The refusal that follows once the guest has left; null for none. */
  readonly refused: RefusedContact | null;
  /** Messages that wait for the guest to hear again. */
  readonly queued: readonly Uint8Array[];
}

/** The connection of one guest. */
export class HostConnection {
  readonly #end: ConnectedEnd;
  /** What it goes by. */
  readonly rules: ContactRules;
  readonly #outgoing: OutgoingMessages;
  #actor: ChartActor<ConnectionEvent, ConnectionTag>;
  #agreed: Contact | null = null;
  #asked: Contact | null = null;
  /** The contact that is being prepared: another one may have come meanwhile. */
  #underWay: Contact | null = null;
  #refused: RefusedContact | null = null;
  /** Whether there was no room for the pages of the contact that is being prepared. */
  #isShort = false;
  #newPages: MonitorPages | null = null;
  /** What the connection needs of the guest's memory. */
  backend: ConnectionBackend = BACKEND_AT_ONCE;
  /** Hears of a contact with the server of another trust level. */
  onOtherVtl: (message: InitiateContact, vtl: number) => void = () => {};

  /** No connection of `end` yet, which speaks `dialect`. */
  constructor(end: ConnectedEnd, dialect: Dialect) {
    this.#end = end;
    const { vtl, port, processorCount } = end.guest;
    this.rules = { ...dialect, vtl, port, processorCount };
    this.#actor = this.#createActor(null);
    this.#outgoing = new OutgoingMessages(
      (bytes) => end.link.post(bytes, this.messagePlace),
      () => this.#actor.is("paused"),
    );
  }

  #createActor(state: AnyMachineSnapshot | null): ChartActor<ConnectionEvent, ConnectionTag> {
    return this.#end.actors.create(CONNECTION_ACTOR, state, effectsOf(this, EFFECTS));
  }

  /** Its chart. */
  get actor(): ChartActor<ConnectionEvent, ConnectionTag> {
    return this.#actor;
  }

  /** What messages of the guest are read by. */
  get agreed(): Agreed {
    return this.#actor.is("connected") ? this.protocol ?? "disconnected" : "disconnected";
  }

  /** What was agreed on last; null: nothing yet. */
  get protocol(): Protocol | null {
    return this.#agreed?.protocol ?? null;
  }

  /** What was agreed on last, with who the guest is and where its pages lie; null: nothing yet. */
  get contact(): Contact | null {
    return this.#agreed;
  }

  /** Where the guest hears what is said to it. */
  get messagePlace(): SynicPlace {
    return this.#agreed?.messagePlace ?? { vp: 0, sint: VMBUS_SINT, vtl: this.rules.vtl };
  }

  /** Messages that wait for the guest to hear again, in order. */
  get queued(): readonly Uint8Array[] {
    return this.#outgoing.waiting;
  }

  /** Says something to the guest, now or once it hears again. */
  post(bytes: Uint8Array): void {
    this.#outgoing.post(bytes);
  }

  /** Whether a message that comes over `connectionId` is taken: a guest that connected past the host is not heard through it. */
  trusts(connectionId: number): boolean {
    const isTrustedNow = this.#agreed !== null && isTrusted(this.#agreed.connectionId, this.rules);
    return !isTrustedNow || !this.#actor.is("connected") || isTrusted(connectionId, this.rules);
  }

  // -- What the guest says

  /**
   * Takes a message about the connection, which came over `connectionId`; answers with the fault where it is not to
   * be taken, and with `"other"` where it is about something else.
   */
  receive(message: ControlMessage, connectionId: number): ChannelFault | "other" | null {
    switch (message.message) {
      case "initiateContact":
        return this.#contact(message, connectionId);
      case "unload":
        return this.#tell("unload");
      case "pause":
        return this.#tell("pause");
      case "resume":
        return this.#tell("resume");
      case "modifyConnection":
        return this.#modify(message);
      default:
        // A guest that wants to hear nothing has nothing to say (wire.md 4.5).
        return this.#actor.is("paused") ? "unexpectedMessage" : "other";
    }
  }

  /** Why this connection refuses a message now, in words; undefined: for another reason. */
  whyRefused({ message }: ControlMessage): string | undefined {
    if (!this.#actor.is("connected")) return undefined;
    if (this.#actor.is("paused")) return PAUSED_REASON;
    return message === "modifyConnection" && this.protocol?.hasServerMonitorPages === true
      ? "the host has brought the monitor pages"
      : REASONS[message];
  }

  #tell(type: ConnectionEvent["type"]): ChannelFault | null {
    if (!this.#actor.can(type)) return "unexpectedMessage";
    this.#actor.send({ type });
    return null;
  }

  #contact(message: InitiateContact, connectionId: number): ChannelFault | null {
    const outcome = judgeContact(message, connectionId, this.rules);
    switch (outcome.kind) {
      case "forwarded":
        this.onOtherVtl(message, outcome.vtl);
        return null;
      case "unheard":
        this.#answer(outcome.refused);
        return null;
      case "bad":
        this.#refused = outcome.refused;
        this.#actor.send({ type: "badContact" });
        return null;
      case "good":
        this.#asked = outcome.contact;
        this.#actor.send({ type: "contact" });
        return null;
    }
  }

  /** Both pages or none; one change at a time; not where the host has brought the pages (wire.md 4.5). */
  #modify(message: ModifyConnection): ChannelFault | null {
    const pages = monitorPagesOf(message);
    const isFixed = this.protocol?.hasServerMonitorPages ?? false;
    if (pages === "unpaired" || isFixed || !this.#actor.can("modify")) return "unexpectedMessage";
    this.#newPages = pages;
    return this.#tell("modify");
  }

  // -- What the chart names

  /** The backend is asked for what the contact needs. */
  prepare(): void {
    const contact = this.#asked;
    assert(contact !== null, "what is prepared was asked for");
    this.#underWay = contact;
    this.backend.connect(contact, (isReady, hostPages) => {
      if (isReady && hostPages) this.#brought({ ...contact, monitorPages: hostPages });
      this.#isShort = hostPages === null;
      this.#hear(isReady ? "ready" : "failed");
    });
  }

  /** The backend has answered; a guest that is gone by then needs nothing. */
  #hear(type: ConnectionEvent["type"]): void {
    if (this.#actor.can(type)) this.#actor.send({ type });
  }

  /** The host brings the monitor pages of the contact that is being prepared: those of the guest mean nothing. */
  #brought(contact: Contact): void {
    if (this.#asked === this.#underWay) this.#asked = contact;
    this.#underWay = contact;
  }

  /** The guest hears that the host takes its contact. */
  accept(): void {
    const contact = this.#underWay;
    assert(contact !== null, "what is accepted was prepared");
    if (this.#asked === contact) this.#asked = null;
    this.#underWay = null;
    this.#agreed = contact;
    this.#say(acceptanceOf(contact), contact.messagePlace);
  }

  /** The guest hears that its contact came to nothing. */
  fail(): void {
    const contact = this.#underWay;
    assert(contact !== null, "what failed was prepared");
    this.#underWay = null;
    const { hasConnectionState } = contact.protocol;
    const failure = failureOf(contact, contact.messagePlace);
    const connectionState = CONNECTION_FAILED_LOW_RESOURCES;
    const isTold = this.#isShort && hasConnectionState;
    this.#answer(
      isTold ? { ...failure, response: { ...failure.response, connectionState } } : failure,
    );
  }

  /** The guest hears that its contact was refused. */
  refuse(): void {
    assert(this.#refused !== null, "what is refused was asked for");
    this.#answer(this.#refused);
    this.#refused = null;
  }

  #answer({ response, place }: RefusedContact): void {
    this.#say(response, place);
  }

  /** Says something past those messages that wait: it is lost where it cannot be said (wire.md 5.4). */
  #say(message: ControlMessage, place: SynicPlace): void {
    this.#end.link.post(encodeControlMessage(message), place);
  }

  /** What waited is said. */
  flush(): void {
    this.#outgoing.flush();
  }

  /** All channels of the guest close. */
  leave(): void {
    this.#end.disconnect();
    this.look();
  }

  /** A channel of the guest is released: perhaps it was the last that a guest had which left. */
  look(): void {
    if (this.#actor.is("leaving") && this.#end.isReleased) this.#actor.send({ type: "released" });
  }

  /** The backend lets go of what the connection had. */
  drop(): void {
    this.backend.disconnect(() => this.#hear("dropped"));
  }

  /** The guest hears that the host has let go of everything, in versions that say so. */
  sendUnloadComplete(): void {
    if (this.protocol?.hasUnloadComplete !== true) return;
    this.#say({ message: "unloadComplete" }, this.messagePlace);
  }

  /** The monitor pages are elsewhere, and the guest hears whether they are. */
  modify(): void {
    assert(this.#agreed !== null, "a connection was agreed on");
    const isDone = this.backend.modify(this.#newPages);
    if (isDone) this.#agreed = { ...this.#agreed, monitorPages: this.#newPages };
    this.#newPages = null;
    const connectionState = isDone ? CONNECTION_SUCCESSFUL : CONNECTION_FAILED_UNKNOWN;
    this.post(encodeControlMessage({ message: "modifyConnectionResponse", connectionState }));
  }

  /** The guest hears the last that it hears for now. */
  sendPauseResponse(): void {
    this.#say({ message: "pauseResponse" }, this.messagePlace);
  }

  // -- Saving

  /** See {@linkcode ConnectionFacts}. */
  get facts(): ConnectionFacts {
    return {
      agreed: this.#agreed,
      asked: this.#asked,
      refused: this.#refused,
      queued: this.queued,
    };
  }

  /** It is as it was saved, in `state` of its chart. */
  restore(state: AnyMachineSnapshot, { agreed, asked, refused, queued }: ConnectionFacts): void {
    this.#actor.stop();
    this.#actor = this.#createActor(state);
    this.#agreed = agreed;
    this.#asked = asked;
    this.#refused = refused;
    this.#outgoing.restore(queued);
  }
}

/** What the chart names. */
const EFFECTS: EffectTable<HostConnection, ConnectionEvent, ConnectionEffect> = {
  prepare: (connection) => connection.prepare(),
  accept: (connection) => connection.accept(),
  fail: (connection) => connection.fail(),
  refuse: (connection) => connection.refuse(),
  flush: (connection) => connection.flush(),
  leave: (connection) => connection.leave(),
  drop: (connection) => connection.drop(),
  sendUnloadComplete: (connection) => connection.sendUnloadComplete(),
  modify: (connection) => connection.modify(),
  sendPauseResponse: (connection) => connection.sendPauseResponse(),
};
