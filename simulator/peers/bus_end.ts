/**
 * One end of a guest's bus in the hands of a program: this is where the peers take hold of the bus.
 *
 * @module
 */

import { requireBytes } from "../../core/arguments.ts";
import { describe, isInstance } from "../../core/describe.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { eventConnectionId } from "../../actors/bus/synic.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { Direction, Partition } from "../../mod.ts";
import { requireUint } from "./checks.ts";
import { controlMessageBytes } from "./messages.ts";

/** Which end of a bus. */
export type BusSide = "host" | "guest";

/** Where the messages of an end go. */
const TO_OPPOSITE: Readonly<Record<BusSide, Direction>> = { host: "toGuest", guest: "toHost" };

/** An end of a bus that a program has taken: what is said to it goes to `hear`, and to nobody else. */
export class TakenEnd {
  readonly #partition: PartitionObject;
  readonly #direction: Direction;
  /** What is said once the guest's contact was answered, as nobody takes it before; null: it was. */
  #held: (() => void)[] | null;

  /**
   * Takes that end of the bus of `partition`.
   *
   * @throws {TypeError} `partition` is no Partition, or somebody outside has that end of its bus.
   */
  constructor(partition: Partition, side: BusSide, hear: (message: ControlMessage) => void) {
    if (!isInstance(partition, PartitionObject)) {
      throw new TypeError(
        `Cannot take the ${side}'s end of a bus: ${describe(partition)} is no partition`,
      );
    }
    if ((side === "host" ? partition.bus.ownHost : partition.bus.ownGuest) === null) {
      throw new TypeError(`Cannot take the ${side}'s end of a bus: somebody outside has it`);
    }
    this.#partition = partition;
    this.#direction = TO_OPPOSITE[side];
    const { name, runtime } = partition;
    runtime.observer?.see({ kind: "channelTampered", partition: name, channelId: null });
    const { bus } = partition;
    const isContacting = bus.ownGuest?.connection.actor.is("contacting") === true;
    const isNew = bus.ownHost?.connection.protocol === null;
    const isAwaited = isContacting && (side === "guest" || isNew);
    this.#held = isAwaited ? [] : null;
    bus[side].taker = { hear, contacted: () => this.contacted() };
  }

  /**
   * Says something, which the opposite end hears in turn. A request to open a channel has the form that was agreed
   * on: signals by the channel's own number, unless `message` names others.
   */
  post(message: ControlMessage): void {
    controlMessageBytes(message); // a field that cannot be is refused now, whenever it is said
    this.#say(() => this.#postBytes(controlMessageBytes(this.#inAgreedForm(message))));
  }

  /** Puts bytes on the bus as they are. */
  postBytes(bytes: ArrayBufferView): void {
    requireBytes("post a control message", bytes);
    this.#say(() => this.#postBytes(bytes));
  }

  #say(say: () => void): void {
    if (this.#held === null) say();
    else this.#held.push(say);
  }

  #postBytes(bytes: ArrayBufferView): void {
    this.#partition.postControlMessage(this.#direction, bytes);
  }

  #inAgreedForm(message: ControlMessage): ControlMessage {
    if (message.message !== "openChannel" || "openFlags" in message) return message;
    const { bus, vtl } = this.#partition;
    if (bus.ownHost?.connection.protocol?.hasOpenChannel2 !== true) return message;
    const { channelId } = message;
    const connectionId = eventConnectionId(channelId & 0xfff, vtl);
    return { ...message, connectionId, eventFlag: channelId & 0xffff, openFlags: 0 };
  }

  /**
   * Says something while a message is being heard: where its sender waits inside a call, as for the answer
   * to a GPADL (kmcl.md G5), it is heard at once.
   */
  answer(message: ControlMessage): void {
    controlMessageBytes(message); // else a wrong field would be taken for a fault of the bus
    this.#partition.bus.post(this.#direction, message);
  }

  /** The guest's contact was answered: what waited for that is said. */
  contacted(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const say of held) say();
  }

  /** Signals the opposite end of a channel. An id that it does not know does nothing. */
  signal(channelId: number): void {
    requireUint("signal a channel", "channelId", channelId);
    this.#partition.postInterrupt(this.#direction, channelId);
  }
}
