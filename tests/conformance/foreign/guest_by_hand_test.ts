// A guest that somebody else wrote, as bytes on the foreign door: connect, offers, GPADL, open, packets both ways,
// close, release (wire.md 2, 3, 4; kmcl.md S2, S3, S10).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { ByteGuest, type ByteGuestOptions } from "../../support/byte_guest.ts";
import { makeServer, PAIR_TYPE, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { hexBytes, words } from "../../support/held_link.ts";

/** A server and a guest of bytes. */
class ForeignStage {
  readonly fabric: vmbus.Fabric;
  readonly guest: ByteGuest;
  readonly vsp: vmbus.KmclServerInterfaceV1;
  readonly server: vmbus.VMBCHANNEL;
  /** State change callbacks, in order. */
  readonly calls: string[] = [];

  constructor(
    options: ByteGuestOptions = {},
    fabric = createFabric({ codec: "vmbus", trace: "full" }),
  ) {
    this.fabric = fabric;
    this.guest = new ByteGuest(this.fabric, options);
    this.vsp = serverTable(this.fabric);
    this.server = makeServer(this.vsp, this.fabric, this.guest.door.partition, this.calls, {});
    assertEquals(this.vsp.VmbChannelEnable(this.server), vmbus.STATUS_SUCCESS);
    this.vsp.VmbChannelStart(this.server);
  }

  /** Lets everything run; what the guest was told. */
  async settle(): Promise<Uint8Array[]> {
    await this.fabric.settle();
    return this.guest.take();
  }

  /** A stage whose guest has opened channel 1 over GPADL 9. */
  static async opened(
    options: ByteGuestOptions = {},
    within?: vmbus.Fabric,
  ): Promise<ForeignStage> {
    const stage = new ForeignStage(options, within);
    stage.guest.connect();
    await stage.settle();
    stage.guest.describe(1, 9, 0, 4);
    stage.guest.open(1, 7, 9);
    assertEquals((await stage.settle()).map(([type]) => type), [10, 6]);
    assertEquals(stage.calls.splice(0), ["server Opened", "server Started", "server PostStarted"]);
    return stage;
  }

  /** The guest is detached, and the server goes; nothing may be left. */
  async end(): Promise<void> {
    this.guest.door.detach();
    await this.vsp.VmbChannelDisable(this.server);
    this.vsp.VmbChannelCleanup(this.server);
    assertEquals([this.fabric.leaks(), this.fabric.violations], [[], []]);
    await this.fabric[Symbol.asyncDispose]();
  }
}

const CASES = [
  // version, memory base; VersionResponse: the version itself, or the connection id and the features
  [0x4_0000, 0, words(15, 0, 1, 0x4_0000)],
  [0x6_0000, 0x1_0000_0000, words(15, 0, 1, 4, 0)],
] as const;

for (const [version, base, welcome] of CASES) {
  const name = `version 0x${version.toString(16)}, memory at 0x${base.toString(16)}`;
  Deno.test(`attachForeignGuest: a guest of bytes is served from contact to unload, ${name}`, async () => {
    const stage = new ForeignStage({ base });
    const { guest } = stage;
    guest.contact(0xffff_ffff);
    assertEquals(await stage.settle(), [words(15, 0, 0, 0)]); // not supported
    guest.contact(version);
    assertEquals(await stage.settle(), [welcome]);
    guest.say(3, 0); // RequestOffers
    const [offer, delivered, ...more] = await stage.settle();
    assertEquals([offer?.length, delivered, more], [196, hexBytes("04000000 00000000"), []]);
    assertEquals(offer?.subarray(180), hexBytes("0000 0000 01000000 ff 00 0100 01200000"));
    assertEquals(PAIR_TYPE.slice(0, 8), "6d9d9a51");
    assertEquals(offer?.subarray(8, 12), hexBytes("519a9d6d"));

    guest.describe(1, 9, 0, 4);
    assertEquals(await stage.settle(), [words(10, 0, 1, 9, 0)]);
    guest.open(1, 7, 9);
    assertEquals(await stage.settle(), [words(6, 0, 1, 7, 0)]);
    assertEquals(stage.calls, ["server Opened", "server Started", "server PostStarted"]);

    // A request of the guest's, which the server completes with its own payload.
    const payload = hexBytes("0102030405060708");
    assertEquals(guest.upstream.write(6, 1, 0x1234n, payload), true);
    assertEquals(guest.door.signalEvent(0x2001, 0), null);
    assertEquals([await stage.settle(), guest.signals.splice(0)], [[], ["0 2 1"]]);
    assertEquals(guest.upstream.indices, [32, 32]);
    assertEquals(guest.downstream.read(), { type: 11, flags: 0, transactionId: 0x1234n, payload });

    // And one of the server's, which the guest completes.
    const packet = stage.vsp.VmbPacketAllocate(stage.server);
    const completed: Uint8Array[] = [];
    stage.vsp.VmbPacketSetCompletionRoutine(packet, (...all) => {
      completed.push(all[2].slice(0, all[3]));
    });
    assertEquals(stage.vsp.VmbPacketSend(packet, payload, 8, null, 1), vmbus.STATUS_SUCCESS);
    assertEquals([await stage.settle(), guest.signals.splice(0)], [[], ["0 2 1"]]);
    const request = guest.downstream.read();
    assertEquals([request?.type, request?.flags, request?.payload], [6, 1, payload]);
    guest.upstream.write(11, 0, request!.transactionId, hexBytes("0a0b0c0d00000000"));
    guest.door.signalEvent(0x2001, 0);
    await stage.settle();
    assertEquals(completed, [hexBytes("0a0b0c0d00000000")]);
    stage.vsp.VmbPacketFree(packet);

    guest.say(7, 0, 1); // CloseChannel, GpadlTeardown
    guest.say(11, 0, 1, 9);
    assertEquals(await stage.settle(), [words(12, 0, 9)]);
    assertEquals(stage.calls.slice(3), ["server Suspend", "server Closed"]);
    guest.say(13, 0, 1); // RelIdReleased
    assertEquals(await stage.settle(), []);
    guest.say(16, 0); // Unload
    assertEquals(await stage.settle(), [words(17, 0)]);
    guest.connect(version); // and again
    assertEquals((await stage.settle()).map(([type]) => type), [15, 1, 4]);
    const [, partition] = stage.fabric.inspect().partitions;
    assertEquals([partition?.faults, partition?.state], [[], "running"]);
    await stage.end();
  });
}

// wire.md 4.1
Deno.test("attachForeignGuest: what the guest hears goes to SINT 2 of processor 0, in its trust level", async () => {
  const stage = new ForeignStage({ vtl: 2 });
  stage.vsp.VmbChannelDisable(stage.server);
  stage.guest.connect(0x5_0001);
  await stage.fabric.settle();
  const place = { vp: 0, sint: 2, vtl: 2 };
  assertEquals(stage.guest.heard.map(({ target }) => target), [place, place]);
  stage.guest.say(14, 0, 0x5_0001, 0, 7, 0, 0, 0, 0, 0); // for SINT 7 of trust level 0: not this server's
  stage.guest.say(14, 0, 0x5_0001, 3, 7 | 2 << 8, 0, 0, 0, 0, 0); // for SINT 7: told there, on processor 3
  await stage.fabric.settle();
  const { bytes, target } = stage.guest.heard.at(-1)!;
  assertEquals([stage.guest.heard.length, bytes, target], [
    3,
    words(15, 0, 0, 0),
    { vp: 3, sint: 7, vtl: 2 },
  ]);
  stage.vsp.VmbChannelCleanup(stage.server);
});

Deno.test("attachForeignGuest: the same run has the same digest, and what comes from outside is in it", async () => {
  const run = async (id: bigint) => {
    const stage = await ForeignStage.opened();
    stage.guest.upstream.write(6, 1, id, new Uint8Array(8));
    stage.guest.door.signalEvent(0x2001, 0);
    await stage.settle();
    return [
      stage.fabric.traceDigest(),
      stage.fabric.trace.map(({ event }) => event).join(),
    ] as const;
  };
  const [[first, events], [again], [other]] = [await run(1n), await run(1n), await run(2n)];
  assertEquals([first === again, first === other], [true, false]);
  assertEquals([events.includes("messageToHost"), events.includes("peerSignalsHost")], [
    true,
    true,
  ]);
});

Deno.test("attachForeignGuest: two at once have a server each, and what is for one that stands still waits", async () => {
  const first = await ForeignStage.opened();
  const second = await ForeignStage.opened({ name: "second", base: 0x4000 }, first.fabric);
  first.guest.door.partition.pause();
  for (const { guest: { upstream, door } } of [first, second]) {
    upstream.write(6, 1, 5n, new Uint8Array(8).fill(door === first.guest.door ? 1 : 2));
    door.signalEvent(0x2001, 0);
  }
  first.guest.say(11, 0, 1, 99); // of a GPADL that is not there: refused, and told nothing
  first.guest.say(14, 0, 0xffff_ffff, 0, 0, 0, 0, 0, 0, 0);
  await first.fabric.settle();
  assertEquals([first.guest.signals, second.guest.signals], [[], ["0 2 1"]]);
  assertEquals(first.guest.heard, []);
  assertEquals(second.guest.downstream.read()?.payload[0], 2);
  first.guest.door.partition.resume();
  await first.fabric.settle();
  assertEquals([first.guest.signals, second.guest.signals], [["0 2 1"], ["0 2 1"]]);
  assertEquals(first.guest.downstream.read()?.payload[0], 1);
  assertEquals(first.guest.take().length, 1); // the answer to its contact
  second.guest.door.detach();
  await second.vsp.VmbChannelDisable(second.server);
  second.vsp.VmbChannelCleanup(second.server);
  await first.end();
});

// wire.md 4.5: what the state of the connection has against a message is said in words (api.md section 3, `inspect()`).
Deno.test("BusFault.reason: a message that its connection does not have now, in words", async () => {
  const stage = new ForeignStage();
  const { guest, fabric } = stage;
  guest.contact(0x6_0000, 0x24); // ModifyConnection, Pause
  await stage.settle();
  for (const message of [3, 3, 29, 27, 3]) guest.say(message, 0);
  guest.say(29, 0);
  guest.say(25, 0, 0x8000, 0, 0, 0);
  await stage.settle();
  assertEquals(
    fabric.inspect().partitions[1]!.faults.map(({ message, reason }) => `${message}: ${reason}`),
    [
      "requestOffers: the offers are asked for once in a connection, and were",
      "resume: it has not paused",
      "requestOffers: it has paused, and may say Resume, Unload and InitiateContact alone",
      "modifyConnection: there are two monitor pages, or none, and one change at a time",
    ],
  );
  await stage.end();
});
