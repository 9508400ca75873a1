// What a backend that takes its time has come over a connection (wire.md 5.1): ours answers at once.

import { assertEquals } from "@std/assert";
import type { ConnectAnswer, ConnectionBackend } from "../../../../actors/bus/host/backend.ts";
import { type ConnectedEnd, HostConnection } from "../../../../actors/bus/host/connection.ts";
import type { HostLink } from "../../../../actors/bus/link.ts";
import type { PartitionObject } from "../../../../actors/partition/partition_object.ts";
import { decodeControlMessage, isControlFault } from "../../../../core/control/codec.ts";
import { ALL_VERSIONS } from "../../../../core/control/dialect.ts";
import type { ControlMessage } from "../../../../core/control/messages.ts";
import { contactMessage } from "../../../../simulator/peers/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { HeldHostLink } from "../../../support/held_link.ts";

/** A connection whose backend answers when the test says so. */
class Stage implements ConnectedEnd {
  readonly guest = vmbus.createFabric().createPartition({ name: "guest" }) as PartitionObject;
  readonly actors = this.guest.runtime.actors;
  readonly held = new HeldHostLink(this.guest.memory);
  readonly link: HostLink = this.held;
  readonly connection: HostConnection;
  isReleased = true;
  readonly asked: string[] = [];
  #answers: ConnectAnswer[] = [];

  constructor() {
    this.connection = new HostConnection(this, { versions: ALL_VERSIONS, features: 0 });
    const backend: ConnectionBackend = {
      connect: (_contact, answer) => this.#ask("connect", answer),
      modify: () => true,
      disconnect: (answer) => this.#ask("disconnect", answer),
    };
    this.connection.backend = backend;
  }

  disconnect(): void {
    this.asked.push("leave");
  }

  #ask(what: string, answer: ConnectAnswer): void {
    this.asked.push(what);
    this.#answers.push(answer);
  }

  /** The backend answers what it was asked first. */
  answer(isReady = true, hostPages?: null): void {
    this.#answers.shift()?.(isReady, hostPages);
  }

  say(message: ControlMessage): unknown {
    return this.connection.receive(message, 4);
  }

  /** What the guest has heard since: of an answer to a contact, whether it is supported, and how it stands. */
  heard(): string[] {
    return this.held.said.splice(0).map((bytes) => {
      const message = decodeControlMessage(bytes);
      if (isControlFault(message)) return message;
      if (message.message !== "versionResponse") return message.message;
      return `${message.supported} ${message.connectionState}`;
    });
  }
}

const UNKNOWN = { ...contactMessage("6.0"), version: 7 };

Deno.test("HostConnection: a contact while the last one is prepared follows it", () => {
  const stage = new Stage();
  stage.say(contactMessage("6.0"));
  assertEquals([stage.heard(), stage.connection.agreed], [[], "disconnected"]);
  assertEquals(stage.say({ message: "requestOffers" }), "other"); // which is not read while nothing is agreed on
  stage.say(contactMessage("5.3"));
  stage.answer();
  assertEquals(stage.heard(), ["1 0"]);
  stage.answer(); // the pages of the first are dropped
  stage.answer();
  assertEquals([stage.heard(), stage.connection.protocol?.version], [["1 0"], "5.3"]);
  assertEquals(stage.asked, ["connect", "leave", "disconnect", "connect"]);
});

Deno.test("HostConnection: what cannot be prepared is answered, and connects nobody", () => {
  const stage = new Stage();
  stage.say(contactMessage("6.0"));
  stage.answer(false);
  assertEquals([stage.heard(), stage.connection.agreed], [["1 2"], "disconnected"]);
  stage.say(contactMessage("6.0"));
  stage.say(UNKNOWN);
  stage.answer(false);
  assertEquals([stage.heard(), stage.connection.agreed], [["1 2", "0 0"], "disconnected"]);
});

// wire.md 4.2: connectionState 1, low resources; a failure is told from version 2.4 on.
Deno.test("HostConnection: a host without room for the pages that it brings says that, and the next contact is another", () => {
  const stage = new Stage();
  stage.say(contactMessage("6.0"));
  stage.answer(false, null);
  stage.say(contactMessage("6.0"));
  stage.answer(false);
  stage.say(contactMessage("1.1"));
  stage.answer(false, null);
  assertEquals(stage.heard(), ["1 1", "1 2", "0 0"]);
});

Deno.test("HostConnection: a new request takes the place of the one that was to follow", () => {
  const stage = new Stage();
  stage.say(contactMessage("6.0"));
  stage.answer();
  stage.heard();
  stage.isReleased = false;
  assertEquals(stage.say({ message: "unload" }), null);
  stage.say(UNKNOWN);
  stage.say(contactMessage("4.0"));
  assertEquals([stage.heard(), stage.connection.agreed], [[], "disconnected"]);
  stage.isReleased = true;
  stage.connection.look();
  stage.answer();
  stage.answer();
  assertEquals([stage.heard(), stage.connection.protocol?.version], [["1 0"], "4.0"]);
});

Deno.test("HostConnection: an answer of the backend to a guest that is gone comes to nothing", () => {
  const stage = new Stage();
  stage.say(contactMessage("6.0"));
  stage.connection.actor.send({ type: "guestGone" });
  stage.answer();
  assertEquals([stage.heard(), stage.connection.actor.is("gone")], [[], true]);
});
