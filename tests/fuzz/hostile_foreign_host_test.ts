// A host that somebody else wrote, and that is hostile, with an isolated guest of ours: it says anything, and scribbles on
// all that it can touch. What the guest keeps to itself stays so, and stays as it is (kmcl.md X17 to X20).

import { assert, assertEquals } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import { ByteHost, OFFER_5 } from "../support/byte_host.ts";
import { makeClient } from "../support/connected_pair.ts";
import { createFabric } from "../support/fabric.ts";
import { words } from "../support/held_link.ts";
import { clientTableV5 } from "../support/later_tables.ts";
import { times } from "../support/long.ts";
import { pattern, WAIT } from "../support/sending.ts";
import { Receiver } from "../support/treatment.ts";

const RUNS = times(30, 1_000);
const STEPS = 40;
const PAGE = 4096;
const BASE = 0x1_0000_0000;
const VERSIONS = [0x1_0001, 0x2_0004, 0x5_0003, 0x6_0000];

/** An isolated guest with one driver, and the host. */
class Stage {
  readonly #chance: Chance;
  readonly #fabric = createFabric({ codec: "vmbus", verifier: "record" });
  readonly #host: ByteHost;
  readonly #vsc: vmbus.KmclClientInterfaceV5;
  readonly #client: vmbus.VMBCHANNEL;
  /** What nobody shares: the driver's data, which packets describe, and what they do not. */
  readonly #secret: vmbus.GuestBuffer;
  readonly #data: vmbus.GuestBuffer;
  readonly #gpadls: number[] = [];
  /** The id of the last open, and the last GPADL that was described. */
  #openId = 0;
  #gpadlId = 0;
  /** Packets of the driver's that went through copies, as far as its channel was there in the end. */
  copied = 0;

  constructor(seed: number) {
    const chance = this.#chance = Chance.fromSeed(seed).fork("hostile foreign host");
    const version = VERSIONS[chance.below(VERSIONS.length)]!;
    this.#host = new ByteHost(this.#fabric, {
      base: BASE,
      version,
      guest: { isolated: true, monitorPages: chance.below(2) === 0 ? "guest" : "none" },
    });
    this.#host.onMessage = (bytes) => this.#look(bytes);
    const { partition } = this.#host.door;
    this.#secret = partition.memory.allocate(PAGE);
    this.#data = partition.memory.allocate(2 * PAGE);
    partition.memory.write(this.#secret.gpa, pattern(PAGE, 1));
    this.#vsc = clientTableV5(partition);
    const receiver = new Receiver(this.#vsc, this.#fabric, false);
    this.#client = makeClient(this.#vsc, partition, [], { ringPages: [1, 1] }, receiver);
    this.#vsc.VmbChannelInitSetBounceBufferSizes(this.#client, 3 * PAGE, 4 * PAGE);
    this.#vsc.VmbChannelEnable(this.#client);
  }

  #look(bytes: Uint8Array): void {
    const [type, , , word] = new Uint32Array(bytes.slice(0, 16).buffer);
    if (type === 5) this.#openId = word!;
    if (type === 8) this.#gpadlId = word!;
  }

  /** One of some numbers that may be right. */
  #number(): number {
    const known = [0, 1, 5, this.#openId, this.#gpadlId, 0xffff_ffff];
    const at = this.#chance.below(known.length + 1);
    return known[at] ?? this.#chance.below(2 ** 31);
  }

  /** The host says, or does, something. */
  #attack(): void {
    const { door, visible } = this.#host;
    const chance = this.#chance;
    const kinds: readonly (() => unknown)[] = [
      () => {
        const offer = OFFER_5.slice();
        if (chance.below(3) === 0) offer[8 + chance.below(180)]! ^= 1 + chance.below(255);
        return door.postMessage(offer);
      },
      () => door.postMessage(words(6, 0, 5, this.#openId, chance.below(4) === 0 ? 1 : 0)),
      () => door.postMessage(words(12, 0, this.#gpadlId)),
      () => door.postMessage(words(2, 0, 5)),
      () => {
        const type = [2, 4, 6, 10, 12, 15, 17, 20, 24, 26, 28][chance.below(11)]!;
        const rest = Array.from({ length: chance.below(8) }, () => this.#number());
        return door.postMessage(words(type, 0, ...rest));
      },
      () => door.signalEvent(0, 2, chance.below(8)),
      () => {
        const pages = [...visible];
        if (pages.length === 0) return;
        const page = pages[chance.below(pages.length)]!;
        const offset = 4 * chance.below(chance.below(2) === 0 ? 20 : PAGE / 4);
        const value = Uint32Array.of(chance.below(2) === 0 ? chance.below(8192) : this.#number());
        assertEquals(door.writeMemory(page * PAGE + offset, value), null);
      },
      () => {
        for (const { gpa } of [this.#secret, this.#data]) this.#isKept(gpa);
      },
    ];
    kinds[chance.below(kinds.length)]!();
  }

  /** Private is what no GPADL of the driver's has shared. */
  #isKept(gpa: number): void {
    if (this.#gpadls.length > 0 && gpa === this.#data.gpa) return;
    assertEquals(this.#host.door.readMemory(gpa, 8), "privateMemory");
    assertEquals(this.#host.visible.has(gpa / PAGE), false);
  }

  /** The guest's driver does something. */
  #drive(): void {
    const { memory } = this.#host.door.partition;
    const [vsc, client] = [this.#vsc, this.#client];
    const kinds: readonly (() => unknown)[] = [
      () => {
        const packet = vsc.VmbPacketAllocate(client);
        vsc.VmbPacketSetCompletionRoutine(packet, (ended) => vsc.VmbPacketFree(ended));
        const mdl = vmbus.IoAllocateMdl(memory, this.#data.gpa + this.#chance.below(PAGE), PAGE);
        const status = vsc.VmbPacketSend(packet, Uint8Array.of(1), 1, mdl, WAIT);
        if (!vmbus.NT_SUCCESS(status)) vsc.VmbPacketFree(packet);
      },
      () => vsc.VmbChannelAllocateBounceBuffer(client, 1 + this.#chance.below(2 * PAGE)),
      () => {
        const { pfns } = this.#data;
        const { gpadlHandle } = vsc.VmbChannelCreateGpadlFromPfnList(client, 0, pfns, 1);
        if (gpadlHandle !== null) this.#gpadls.push(gpadlHandle);
      },
      () => vsc.VmbChannelEnable(client),
      () => vsc.VmbChannelStart(client),
    ];
    kinds[this.#chance.below(kinds.length)]!();
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      if (this.#chance.below(4) === 0) this.#drive();
      else this.#attack();
      if (this.#chance.below(2) === 0) await this.#fabric.settle();
    }
    await this.#fabric.settle();
    const { door } = this.#host;
    assertEquals(door.partition.memory.read(this.#secret.gpa, PAGE), pattern(PAGE, 1));
    this.#isKept(this.#secret.gpa);
    this.copied = vmbus.inspectChannel(this.#client)?.bounceBuffers?.packetsCopied ?? 0;
    const { sharedPages } = this.#fabric.inspect().partitions[1]!;
    assertEquals(sharedPages, this.#host.visible.size);
    door.detach();
    await this.#fabric.settle();
    this.#fabric.dispose();
  }
}

Deno.test("attachForeignHost: a hostile host learns and changes nothing that an isolated guest has not shared (X17)", async () => {
  let copied = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const stage = new Stage(seed);
    try {
      await stage.run();
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    copied += stage.copied;
  }
  assert(copied > RUNS / 10, `${copied} packets were copied`);
});
