/**
 * One end of a guest's bus in the hands of a program: this is where the peers take hold of the bus.
 *
 * @module
 */

import { requireBytes } from "../../core/arguments.ts";
import { describe, isInstance } from "../../core/describe.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { Direction, Partition } from "../../mod.ts";
import { requireUint } from "./checks.ts";
import type { AgreedVersion } from "./connection_messages.ts";
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
  #held: ArrayBufferView[] | null;

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

  /** What the guest's own end has agreed on with its host, before anybody took it or since; null: nothing. */
  get agreed(): AgreedVersion | null {
    const connection = this.#partition.bus.ownGuest?.connection ?? null;
    if (connection?.actor.tags.connected !== true) return null;
    const { version, features } = connection.protocol;
    return { version, features };
  }

  /** Says something, which the opposite end hears in turn. */
  post(message: ControlMessage): void {
    this.postBytes(controlMessageBytes(message));
  }

  /** Puts bytes on the bus as they are. */
  postBytes(bytes: ArrayBufferView): void {
    const checked = requireBytes("post a control message", bytes);
    if (this.#held === null) this.#partition.postControlMessage(this.#direction, checked);
    else this.#held.push(checked);
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
    for (const bytes of held) this.postBytes(bytes);
  }

  /** Signals the opposite end of a channel. An id that it does not know does nothing. */
  signal(channelId: number): void {
    requireUint("signal a channel", "channelId", channelId);
    this.#partition.postInterrupt(this.#direction, channelId);
  }
}
