// GPADL messages that cross, and those of several channels (wire.md 3.3, 3.4, 5.3).

import { assertEquals } from "@std/assert";
import type { ControlMessage } from "../../../core/control/messages.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../mod.ts";
import { gpadlMessages, openMessage, RawGuest, wholePages } from "../../../simulator/peers/mod.ts";
import {
  closePair,
  notedCallbacks,
  openPair,
  PAIR_TYPE,
  serverTable,
  setVmbus,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { PAGE_BYTES } from "../../support/gpadl_stage.ts";

const REFUSED = 0x8000_ffff;
/** Pages of a GPADL that takes one header and two bodies. */
const MANY = 64;

/** Two servers, and a guest without drivers that hears what the host says. */
class Stage {
  readonly fabric = createFabric();
  readonly guest = new RawGuest(
    this.fabric.createPartition({ name: "hostile", memoryPages: 64 }),
    (message) => this.#hear(message),
  );
  readonly vsp = serverTable(this.fabric);
  readonly servers: readonly vmbus.VMBCHANNEL[];
  /** What the host said, apart from offers. */
  readonly heard: string[] = [];
  readonly pfns: readonly number[] = this.guest.partition.memory.allocate(8 * PAGE_BYTES).pfns;

  constructor() {
    this.servers = [1, 2].map((number) => {
      const { channel } = vmbus.expectSuccess(
        this.vsp.VmbChannelAllocate(this.fabric.root.device, true),
      );
      setVmbus(this.vsp, channel, this.guest.partition);
      const instance = `00000000-0000-0000-0000-00000000000${number}`;
      this.vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instance);
      this.vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
      const callbacks = notedCallbacks([], "server", {
        EvtChannelClosed: () => this.fabric.delay(1),
      });
      this.vsp.VmbChannelInitSetStateChangeCallbacks(channel, callbacks);
      return channel;
    });
    for (const server of this.servers) this.enable(server);
  }

  /** A stage whose guest was told of both channels: 1 and 2. */
  static async make(): Promise<Stage> {
    const stage = new Stage();
    assertEquals(await stage.say(), []);
    return stage;
  }

  #hear(message: ControlMessage): void {
    const { channelId, gpadlId, status } = message as unknown as Record<string, number>;
    const id = [channelId, gpadlId].filter((part) => part !== undefined).join(".");
    if (message.message.includes("ffer") && !message.message.startsWith("rescind")) return;
    this.heard.push(`${message.message} ${id}${status === undefined ? "" : ` ${status}`}`);
  }

  enable(server: vmbus.VMBCHANNEL): void {
    assertEquals(this.vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  }

  /** Says all of it, and returns what came back. */
  async say(...messages: readonly ControlMessage[]): Promise<string[]> {
    for (const message of messages) this.guest.post(message);
    await this.fabric.settle();
    return this.heard.splice(0);
  }

  /** The messages that describe a GPADL of so many pages. */
  gpadl(channelId: number, gpadlId: number, pageCount: number): ControlMessage[] {
    const pfns = Array.from({ length: pageCount }, (_, at) => this.pfns[at % 8]!);
    return gpadlMessages(channelId, gpadlId, [wholePages(pfns)]);
  }

  get faults(): readonly string[] {
    const { faults } = (this.guest.partition as PartitionObject).bus;
    return faults.map(({ message, fault }) => `${message} ${fault}`);
  }

  async end(faults: readonly string[] = []): Promise<void> {
    assertEquals(this.faults, faults);
    for (const server of this.servers) {
      await this.vsp.VmbChannelDisable(server);
      this.vsp.VmbChannelCleanup(server);
    }
    this.guest.partition.destroy();
    assertEquals([this.fabric.leaks(), this.fabric.violations], [[], []]);
  }
}

const teardown = (channelId: number, gpadlId: number): ControlMessage => ({
  message: "gpadlTeardown",
  channelId,
  gpadlId,
});
const release = (channelId: number): ControlMessage => ({ message: "relIdReleased", channelId });

// wire.md 3.3, 3.4: only incomplete GPADLs need an id of their own.
Deno.test("GPADL: what becomes of a complete one is nothing to an incomplete one of another channel", async () => {
  for (const ends of [release(1), teardown(1, 77)]) {
    const stage = await Stage.make();
    assertEquals(await stage.say(...stage.gpadl(1, 77, 1)), ["gpadlCreated 1.77 0"]);
    const [header, ...bodies] = stage.gpadl(2, 77, MANY);
    const torndown = ends.message === "gpadlTeardown" ? ["gpadlTorndown 77"] : [];
    assertEquals(await stage.say(header!, ends), torndown);
    assertEquals(await stage.say(...bodies), ["gpadlCreated 2.77 0"]);
    await stage.end();
  }
});

// wire.md 3.3: bodies carry no channel id.
Deno.test("GPADL: headers and bodies of two channels may come in any mixture", async () => {
  const stage = await Stage.make();
  const [header1, ...bodies1] = stage.gpadl(1, 7, MANY);
  const [header2, ...bodies2] = stage.gpadl(2, 8, MANY);
  const mixture = [header1!, header2!, bodies2[0]!, bodies1[0]!, bodies1[1]!, bodies2[1]!];
  assertEquals(await stage.say(...mixture), ["gpadlCreated 1.7 0", "gpadlCreated 2.8 0"]);
  await stage.end();
});

Deno.test("GPADL: a second header with an incomplete id is refused, and the first continues", async () => {
  for (const channelId of [1, 2]) {
    const stage = await Stage.make();
    const [header, ...bodies] = stage.gpadl(1, 7, MANY);
    const [again] = stage.gpadl(channelId, 7, MANY);
    assertEquals(await stage.say(header!, again!), [`gpadlCreated ${channelId}.7 ${REFUSED}`]);
    assertEquals(await stage.say(...bodies), ["gpadlCreated 1.7 0"]);
    await stage.end(["gpadlHeader badGpadl"]);
  }
});

// wire.md 3.4, 4.5: until it hears of the rescind, the guest continues as if there were none.
Deno.test("GPADL: one that crosses a rescind is accepted when it is complete, and torn down", async () => {
  for (const pageCount of [1, 26, 27, MANY]) {
    const stage = await Stage.make();
    const [header, ...bodies] = stage.gpadl(1, 7, pageCount);
    await stage.vsp.VmbChannelDisable(stage.servers[0]!);
    await stage.say();
    const created = ["gpadlCreated 1.7 0"];
    assertEquals(await stage.say(header!), bodies.length === 0 ? created : []);
    if (bodies.length > 0) assertEquals(await stage.say(...bodies), created);
    assertEquals(await stage.say(teardown(1, 7), release(1)), ["gpadlTorndown 7"]);
    await stage.end();
  }
});

Deno.test("GPADL: on a rescinded channel a wrong description is refused as on any", async () => {
  const stage = await Stage.make();
  await stage.vsp.VmbChannelDisable(stage.servers[0]!);
  await stage.say();
  const [header] = gpadlMessages(1, 7, [wholePages([0xffff_ffff])]);
  assertEquals(await stage.say(header!), [`gpadlCreated 1.7 ${REFUSED}`]);
  assertEquals(await stage.say(...stage.gpadl(1, 7, 1)), ["gpadlCreated 1.7 0"]); // its id is free
  assertEquals(await stage.say(...stage.gpadl(1, 7, 1)), [`gpadlCreated 1.7 ${REFUSED}`]);
  await stage.end(["gpadlHeader badGpadl", "gpadlHeader badGpadl"]);
});

// wire.md 5.3: InProgress is removed by a release; what comes later belongs to nothing.
Deno.test("GPADL: what a guest says of a channel that it has released is named", async () => {
  const stage = await Stage.make();
  await stage.vsp.VmbChannelDisable(stage.servers[0]!);
  await stage.say();
  const [header, ...bodies] = stage.gpadl(1, 7, MANY);
  assertEquals(await stage.say(header!, release(1), bodies[0]!, teardown(1, 7), header!), [
    `gpadlCreated 1.7 ${REFUSED}`,
  ]);
  await stage.end([
    "gpadlBody badGpadl",
    "gpadlTeardown unexpectedMessage",
    "gpadlHeader badGpadl",
  ]);
});

// wire.md 5.2: the id is in use until the server has let go of the rings, and nothing of it is the guest's.
Deno.test("RelIdReleased: a channel whose server still closes is gone for the guest already", async () => {
  const stage = await Stage.make();
  const { fabric, guest, vsp, servers } = stage;
  guest.open(guest.makeRings(2, 2), 1, 5);
  assertEquals(await stage.say(), ["gpadlCreated 1.5 0", "openResult 1 0"]);
  const disabled = vsp.VmbChannelDisable(servers[0]!);
  assertEquals(await stage.say(), ["rescindChannelOffer 1"]); // Closed takes its time
  const close: ControlMessage = { message: "closeChannel", channelId: 1 };
  const said = [release(1), release(1), openMessage(1, 5, 3), teardown(1, 5), close];
  const refused = [`gpadlCreated 1.7 ${REFUSED}`];
  assertEquals(await stage.say(...said, ...stage.gpadl(1, 7, 1)), refused);
  await fabric.advance(1);
  await disabled;
  stage.enable(servers[0]!); // the id may be used again
  assertEquals(await stage.say(...stage.gpadl(1, 7, 1)), ["gpadlCreated 1.7 0"]);
  await stage.end([
    "relIdReleased unexpectedMessage",
    "openChannel unexpectedMessage",
    "gpadlTeardown unexpectedMessage",
    "closeChannel unexpectedMessage",
    "gpadlHeader badGpadl",
  ]);
});

// wire.md 3.4: a teardown has one answer, which comes when nothing uses the memory any more.
Deno.test("GpadlTeardown: a second one is named, also where the channel was rescinded meanwhile", async () => {
  const stage = await Stage.make();
  const { fabric, guest, vsp, servers } = stage;
  guest.open(guest.makeRings(2, 2), 1, 5);
  await stage.say(...stage.gpadl(1, 6, 1));
  vmbus.expectSuccess(vsp.VmbChannelMapGpadl(servers[0]!, 0, 6));
  assertEquals(await stage.say(teardown(1, 6)), []);
  const disabled = vsp.VmbChannelDisable(servers[0]!);
  await stage.say();
  assertEquals(await stage.say(teardown(1, 6), teardown(1, 5)), []);
  vsp.VmbChannelUnmapGpadl(servers[0]!, 6);
  assertEquals(await stage.say(), ["gpadlTorndown 6"]);
  await fabric.advance(1);
  await disabled;
  assertEquals(await stage.say(release(1)), ["gpadlTorndown 5"]);
  await stage.end(["gpadlTeardown badGpadl"]);
});

// wire.md 3.4: bodies that were on their way when their header was refused are not a second fault.
Deno.test("GpadlBody: what belongs to a header that was refused comes to nothing", async () => {
  const stage = await Stage.make();
  const words = new Uint8Array(8);
  const big = { message: "gpadlHeader", channelId: 1, readOnly: false, rangeCount: 1 } as const;
  for (let gpadlId = 1; gpadlId <= 128; gpadlId++) { // as many words as a guest may announce
    stage.guest.post({ ...big, gpadlId, byteLength: 0xffff, words });
  }
  const [header, ...bodies] = stage.gpadl(2, 500, MANY);
  await stage.say();
  const sum = 0x10_0000 - 128 * 8191; // what is left of them
  stage.guest.post({ ...big, gpadlId: 400, byteLength: sum * 8, words });
  assertEquals(await stage.say(header!, ...bodies), [`gpadlCreated 2.500 ${REFUSED}`]);
  assertEquals(await stage.say(release(1), header!, ...bodies), ["gpadlCreated 2.500 0"]);
  await stage.end(["gpadlHeader badGpadl"]);
});

// wire.md 4.5, 5.3: rings and GPADLs are those of one channel.
Deno.test("OpenChannel, GpadlTeardown: the GPADL of another channel is none", async () => {
  const stage = await Stage.make();
  const rings = stage.guest.makeRings(2, 2);
  await stage.say(...gpadlMessages(1, 5, [wholePages(rings.pfns)]));
  const failed = `openResult 2 ${vmbus.STATUS_INVALID_PARAMETER}`;
  assertEquals(await stage.say(openMessage(2, 5, 3), teardown(2, 5)), [failed]);
  assertEquals(await stage.say(openMessage(1, 5, 3)), ["openResult 1 0"]);
  await stage.end(["openChannel badRings", "gpadlTeardown badGpadl"]);
});

// kmcl.md G5: the same with drivers, whose guest creates a GPADL after its server was told to go.
Deno.test("VmbChannelCreateGpadlFromBuffer: one that crosses a rescind succeeds, and nobody is blamed", async () => {
  for (const pageCount of [1, 27, 300]) {
    const statuses: (string | undefined)[] = [];
    let deleted: Promise<void> | null = null;
    const pair = await openPair({
      partition: { memoryPages: 1024 },
      serverCallbacks: {
        EvtChannelClosed: () => { // the rescind is on its way
          const { vsc, client } = pair;
          const byteCount = pageCount * PAGE_BYTES;
          const made = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, byteCount);
          statuses.push(vmbus.ntStatusName(made.status));
          deleted = vsc.VmbChannelDeleteGpadl(client, made.gpadlHandle!);
        },
      },
    });
    const buffer = pair.guest.memory.allocate(pageCount * PAGE_BYTES);
    await pair.vsp.VmbChannelDisable(pair.server);
    await pair.fabric.settle();
    await deleted;
    assertEquals(statuses, ["STATUS_SUCCESS"]);
    assertEquals(pair.fabric.inspect().partitions.flatMap(({ faults }) => faults), []);
    pair.guest.memory.free(buffer);
    await closePair(pair);
  }
});
