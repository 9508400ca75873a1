import { assert, assertEquals } from "@std/assert";
import { FabricRuntime } from "../../../../actors/fabric/fabric_runtime.ts";
import type { PartitionObject } from "../../../../actors/partition/partition_object.ts";
import { Chance } from "../../../../core/chance.ts";
import { MESSAGE_RULES } from "../../../../core/control/versions.ts";
import * as vmbus from "../../../../mod.ts";
import { forgedCompletions } from "../../../../simulator/faults/peers/completion_attacks.ts";
import {
  type Attack,
  type Attacker,
  ATTACKERS,
  type OpenChannel,
  openChannelsOf,
} from "../../../../simulator/faults/peers/attack.ts";
import { gpadlLies } from "../../../../simulator/faults/peers/gpadl_lies.ts";
import {
  messageDamages,
  messageRepeats,
} from "../../../../simulator/faults/peers/message_damage.ts";
import { forgedMessages } from "../../../../simulator/faults/peers/message_forgery.ts";
import { ringLies, ringWords } from "../../../../simulator/faults/peers/ring_attacks.ts";
import { CORRUPTIONS, GuardPages } from "../../../../simulator/peers/mod.ts";
import { closePair, openPair, type Pair } from "../../../support/connected_pair.ts";
import { request } from "../../../support/driving.ts";
import { times } from "../../../support/long.ts";

/** Messages of GPADLs, which `gpadlLies` makes up. */
const DESCRIBED = ["gpadlHeader", "gpadlBody"];

/** What can be done to a guest and its host now. */
type AttacksOf = (guest: PartitionObject, by: Attacker) => readonly Attack[];

const onChannel =
  (attacks: (channel: OpenChannel, by: Attacker) => readonly Attack[]): AttacksOf => (guest, by) =>
    openChannelsOf(guest).flatMap((channel) => attacks(channel, by));

const ATTACKS: Readonly<Record<string, AttacksOf>> = {
  "lies in rings": onChannel(ringLies),
  "words of control pages": onChannel(ringWords),
  "made up completions": onChannel(forgedCompletions),
  "made up messages": forgedMessages,
  "damaged messages": messageDamages,
  "repeated messages": messageRepeats,
  "lies about memory": gpadlLies,
};

/** A pair under attack, and another guest's pair beside it, which nobody attacks. */
class Stage {
  readonly fabric: FabricRuntime;
  readonly pair: Pair;
  readonly beside: Pair;
  readonly #guard: GuardPages;

  private constructor(fabric: FabricRuntime, pair: Pair, beside: Pair, guard: GuardPages) {
    this.fabric = fabric;
    this.pair = pair;
    this.beside = beside;
    this.#guard = guard;
  }

  static async open(codec: "vmbus" | "msgpack", isPipe: boolean, seed: number): Promise<Stage> {
    const options = { codec, verifier: "record", trace: "off", schedule: "random", seed } as const;
    const fabric = vmbus.createFabric({ ...options, rootMemoryPages: 16 });
    assert(fabric instanceof FabricRuntime);
    const pairIn = (name: string) => {
      const guest = fabric.createPartition({ name, memoryPages: 48 });
      const server = (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) =>
        void vsp.VmbServerChannelInitSetFlags(channel, isPipe ? 4 : 0);
      const client = (vsc: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL) =>
        void (isPipe && vsc.VmbChannelInitSetFlags(channel, 1));
      return openPair({ within: { fabric, guest }, server, client, ringPages: [1, 1] });
    };
    const pair = await pairIn("attacked");
    const guard = new GuardPages(pair.guest.memory, 4, Chance.fromSeed(seed));
    return new Stage(fabric, pair, await pairIn("beside"), guard);
  }

  get guest(): PartitionObject {
    return this.pair.guest as PartitionObject;
  }

  /** Both sides send, and wait for answers; the client opens again, or closes. */
  talk(chance: Chance): void {
    const { vsc, vsp, client, server, calls } = this.pair;
    const { lifecycle } = vmbus.inspectChannel(client);
    if (lifecycle === "disabled") vsc.VmbChannelEnable(client);
    else if (lifecycle === "opened" && chance.below(3) === 0) void vsc.VmbChannelDisable(client);
    for (
      const [side, table, channel] of [["client", vsc, client], ["server", vsp, server]] as const
    ) {
      const last = calls.findLast((call) => call.startsWith(side));
      const mayNotSend = last === `${side} Suspend`;
      for (let packets = 0; packets < 3 && !mayNotSend; packets++) {
        const packet = table.VmbPacketAllocate(channel);
        if (table.VmbPacketSend(packet, null, 0, null, 1) !== vmbus.STATUS_SUCCESS) {
          table.VmbPacketFree(packet);
        }
      }
    }
  }

  /** What an operator does: channels that have stopped are disabled, and a guest that hangs is turned off. */
  async end(): Promise<void> {
    const { vsc, vsp, client, server } = this.pair;
    await this.fabric.run();
    for (const channel of [server, client]) void vsp.VmbChannelDisable(channel);
    await this.fabric.run();
    this.guest.destroy();
    await this.fabric.run();
    assertEquals(vmbus.inspectChannel(server)?.lifecycle, "disabled");
    vsp.VmbChannelCleanup(server);
    void [vsc, client];
    assertEquals(this.#guard.changedAt(), null);
    assertEquals((await request(this.beside)).status, vmbus.STATUS_SUCCESS);
    await closePair({ ...this.beside });
    this.fabric.dispose();
  }
}

// wire.md 1.9, 3.4, 4.5: whatever the opposite side does, nobody crashes or hangs, and others go on.
for (const [kind, attacksOf] of Object.entries(ATTACKS)) {
  Deno.test(`attacks: ${kind} harm nobody but the channel`, async () => {
    const made = new Map<string, number>();
    for (let seed = 0; seed < times(8, 1000); seed++) {
      const chance = Chance.fromSeed(seed).fork(kind);
      const by = ATTACKERS[seed % 2]!;
      const stage = await Stage.open(seed % 4 < 2 ? "vmbus" : "msgpack", false, seed);
      for (let left = 1 + chance.below(3); left > 0; left--) {
        stage.talk(chance);
        await stage.fabric.step(1 + chance.below(6));
        let attacks = attacksOf(stage.guest, by);
        for (let tries = 0; tries < 40 && attacks.length === 0; tries++) {
          await stage.fabric.step(1);
          attacks = attacksOf(stage.guest, by);
        }
        const attack = attacks[chance.below(Math.max(attacks.length, 1))];
        if (attack === undefined) continue;
        attack.make(chance);
        made.set(`${by}: ${attack.what}`, 1);
      }
      await stage.end();
    }
    assert(made.size >= times(2, 4), `${[...made.keys()]}`);
  });
}

for (const by of ATTACKERS) {
  // wire.md 1.9: each has the fault that the list of lies says, whoever tells it.
  Deno.test(`ringLies: each lie of the ${by} is noticed by its victim, as its fault`, async () => {
    const told = new Set<string>();
    for (const { name, fault, noticedBy, codec } of CORRUPTIONS) {
      if (noticedBy === "writer") continue; // it notices when the ring is full, at the latest
      const stage = await Stage.open(codec ?? "vmbus", false, 1);
      const [lie] = ringLies(openChannelsOf(stage.guest)[0]!, by, name);
      if (lie !== undefined) {
        told.add(name);
        lie.make(Chance.fromSeed(7));
        await stage.fabric.run();
        const victim = by === "guest" ? stage.pair.server : stage.pair.client;
        assertEquals(vmbus.inspectChannel(victim)?.fault, fault, name);
      }
      await stage.end();
    }
    assert(told.size > 20, `${told.size}`);
  });
}

// wire.md 4.2: what an opposite side may make up is all that there is, whoever is to say it.
Deno.test("forgedMessages: each message can be made up by either side, but descriptions of memory", async () => {
  const stage = await Stage.open("vmbus", false, 3);
  const chance = Chance.fromSeed(5);
  const names = Object.keys(MESSAGE_RULES).filter((name) => !DESCRIBED.includes(name));
  for (const by of ATTACKERS) {
    const forged = forgedMessages(stage.guest, by);
    assertEquals(forged.map(({ what }) => what.split(" ")[0]).sort(), names.toSorted());
    // Whatever numbers are drawn, a message has room for them.
    for (let rounds = 0; rounds < 8; rounds++) for (const { make } of forged) make(chance);
  }
  await stage.end();
});
