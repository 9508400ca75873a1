// Trust levels that are made, filled, stopped, saved, restored and ended in any order, while their drivers talk: nobody
// hangs, nothing is left, and no rule is broken (wire.md section 6; kmcl.md S13).

import { assert, assertEquals } from "@std/assert";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import { Chance } from "../../core/chance.ts";
import { VERSIONS } from "../../core/control/versions.ts";
import * as vmbus from "../../mod.ts";
import { times } from "../support/long.ts";
import { talkGuestDriver } from "../support/talk_client.ts";
import { talkHostDriver } from "../support/talk_server.ts";
import { TALK_DRIVERS } from "../support/talk_stage.ts";

const WORLDS = times(25, 10_000);
const ACTS = 40;
const MACHINE = { memoryPages: 120, mmioMegabytes: 0 };

/** One world of machines, which chance makes and ends. */
class Orders {
  readonly fabric: vmbus.Fabric;
  readonly #chance: Chance;
  readonly #saved: Uint8Array[] = [];
  #made = 0;
  /** Saves that worked out, and restores. */
  saves = 0;
  restores = 0;

  constructor(seed: number) {
    this.#chance = Chance.fromSeed(seed).fork("orders");
    const schedule = this.#pick(["fifo", "random"] as const);
    const codec = this.#pick(["vmbus", "msgpack"] as const);
    const monitorPages = this.#pick([true, false]);
    this.fabric = vmbus.createFabric({ codec, seed, schedule, monitorPages, verifier: "record" });
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#chance.below(list.length)]!;
  }

  get #guests(): readonly vmbus.Partition[] {
    return this.fabric.partitions.slice(1);
  }

  #make(vtlOf: vmbus.Partition | null): void {
    const redirect = vtlOf !== null && this.#pick([true, false]);
    const isSharing = vtlOf !== null && this.#pick([true, false]);
    this.fabric.createPartition({
      name: `level ${this.#made++}`,
      vtl: this.#chance.below(3),
      vtlOf,
      redirect,
      vmbusVersion: this.#pick(VERSIONS),
      monitorPages: this.#pick(["none", "guest", "host"]),
      ...isSharing ? {} : MACHINE,
    });
  }

  /** Does something to one of those that live; whatever cannot be done is refused with an Error. */
  async act(): Promise<void> {
    const living = this.#guests.filter((guest) =>
      guest instanceof PartitionObject && guest.isAlive
    );
    if (living.length === 0) return this.#make(null);
    const guest = this.#pick(living);
    const options = { channels: 1, count: 1 + this.#chance.below(4) };
    const acts: readonly (() => void | Promise<unknown>)[] = [
      () => this.#make(living.length < 3 ? null : guest),
      () => this.#make(guest),
      () => this.#make(guest),
      () => vmbus.loadHostDriver(guest, talkHostDriver, options),
      () => vmbus.loadGuestDriver(guest, talkGuestDriver, options),
      () => guest.pause(),
      () => guest.resume(),
      () => guest.disconnect(),
      () => guest.connect(),
      () => (this.#chance.below(3) === 0 ? guest.crash() : undefined),
      () => (this.#chance.below(3) === 0 ? guest.destroy() : undefined),
      () => this.#save(guest),
      () => this.#save(guest),
      () => this.#restore(),
      () => this.fabric.step(1 + this.#chance.below(30)),
      () => this.fabric.settle(),
    ];
    await this.#pick(acts)();
  }

  async #save(guest: vmbus.Partition): Promise<void> {
    const saving = vmbus.savePartition(guest, { itemsMax: this.#pick([10, 100_000]) });
    if (this.#chance.below(4) === 0) guest.crash();
    const { bytes, reason } = await saving;
    assertEquals(bytes === null, reason !== null);
    if (bytes === null) return;
    this.saves++;
    this.#saved.push(bytes);
    if (this.#pick([true, false])) guest.resume();
  }

  #restore(): void {
    if (this.#saved.length === 0) return;
    const { partition } = vmbus.restorePartition(
      this.fabric,
      this.#pick(this.#saved),
      TALK_DRIVERS,
    );
    assert(partition !== null, "what was saved can be restored");
    this.restores++;
    if (this.#pick([true, false])) partition.resume();
  }

  /** All runs on, and ends. */
  async end(): Promise<void> {
    const { fabric } = this;
    for (const guest of this.#guests) guest.resume();
    await fabric.advance(50);
    for (const guest of this.#guests) guest.destroy();
    await fabric.advance(50);
    const { callers, callbacks, partitions } = fabric.inspect();
    assertEquals([callers, callbacks, partitions.length], [[], [], 1]);
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  }
}

Deno.test("createPartition: trust levels come and go in any order", async () => {
  let [saves, restores] = [0, 0];
  for (let seed = 0; seed < WORLDS; seed++) {
    const orders = new Orders(seed);
    try {
      for (let act = 0; act < ACTS; act++) {
        try {
          await orders.act();
        } catch (error) { // a level that cannot be, a driver that is there already: said, and nothing is changed
          assert(error instanceof Error && error.message.startsWith("Cannot "), `${error}`);
          assert(!error.message.includes("this does not hold"), error.message);
        }
      }
      await orders.end();
    } catch (cause) {
      throw new Error(`World ${seed}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    }
    saves += orders.saves;
    restores += orders.restores;
  }
  assert(saves > WORLDS / 2 && restores > WORLDS / 4, `${saves} saves, ${restores} restores`);
});
