// Each channel, packet object and partition is an actor to XState's own functions, never behind.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decode } from "@msgpack/msgpack";
import { type ActorRef, type AnyActorRef, toPromise, waitFor } from "xstate";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { post, request } from "../../support/driving.ts";

const INTERPRETERS = ["compiled", "stock"] as const;

for (const interpreter of INTERPRETERS) {
  Deno.test(`Fabric.actorOf: waitFor waits for a channel to be opened, ${interpreter}`, async () => {
    let opened: Promise<vmbus.ChartSnapshot<vmbus.ChannelEvent, vmbus.ChannelTag>> | null = null;
    const pair = await openPair({
      fabric: { interpreter },
      server: (_, channel) => {
        const fabric = fabrics.at(-1)!;
        const actor = fabric.actorOf(channel);
        assertEquals(actor.getSnapshot().hasTag("disabled"), true);
        opened = waitFor(actor, (snapshot) => snapshot.hasTag("opened"));
      },
      within: within(interpreter),
    });
    const snapshot = await opened!;
    assertEquals(snapshot.matches({ lifecycle: "opened" }), true);
    assertEquals(pair.fabric.actorOf(pair.server).getSnapshot().hasTag("opened"), true);
    await closePair(pair);
  });

  const packetCount = interpreter === "compiled" ? 10_000 : 100; // XState's own actor is behind nobody
  Deno.test(`Fabric.actorOf: ${packetCount} packets before anyone looks, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter, trace: "off" } });
    const { fabric, vsc, client } = pair;
    const packet = vsc.VmbPacketAllocate(client);
    let over = 0;
    vsc.VmbPacketSetCompletionRoutine(packet, () => over++);
    const bytes = Uint8Array.of(1, 2, 3);
    for (let i = 0; i < packetCount; i++) {
      vsc.VmbPacketSend(
        packet,
        bytes,
        3,
        null,
        vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
      );
      await fabric.settle();
    }
    assertEquals(over, packetCount);
    const actor = fabric.actorOf(packet);
    assertEquals(actor.getSnapshot().value, "owned");
    const seen: unknown[] = [];
    actor.subscribe(({ value }) => seen.push(value));
    vsc.VmbPacketSend(packet, bytes, 3, null, vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
    assertEquals(actor.getSnapshot().hasTag("awaiting"), true);
    await fabric.settle();
    assertEquals(seen, ["awaiting", "owned"]);
    vsc.VmbPacketFree(packet);
    assertEquals(seen, ["awaiting", "owned", "pooled"]);
    await closePair(pair);
  });

  Deno.test(`Fabric.actorOf: whoever comes late sees each packet encoded, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter } });
    await Promise.all([request(pair, "unseen"), pair.fabric.settle()]);
    const seen: unknown[] = [];
    const { system } = pair.fabric.actorOf(pair.client);
    const watch = system.inspect((inspection) => {
      if (inspection.type !== "@xstate.event") return;
      const { type, bytes, start, end } = inspection.event;
      if (bytes?.length > 0) seen.push([type, payloadOf(bytes.subarray(start, end))]);
    });
    await Promise.all([request(pair, "seen"), pair.fabric.settle()]);
    watch.unsubscribe();
    await Promise.all([request(pair, "unseen again"), pair.fabric.settle()]);
    const types = ["enter", "arrived", "settled", "complete"];
    assertEquals(seen, types.map((type) => [type, "seen"]));
    await closePair(pair);
  });

  Deno.test(`Fabric.actorOf: an actor ends with what it is of, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter } });
    const { fabric, guest } = pair;
    const ends = [fabric.actorOf(pair.server), fabric.actorOf(pair.client), fabric.actorOf(guest)]
      .map((actor) => toPromise(actor as AnyActorRef));
    const guestActor = fabric.actorOf(guest);
    await closePair(pair);
    guest.destroy();
    await Promise.all(ends);
    assertEquals(guestActor.getSnapshot().status, "stopped");
    for (const dead of [pair.server, pair.client, guest]) {
      assertThrows(
        () => fabric.actorOf(dead as vmbus.VMBCHANNEL),
        TypeError,
        "Cannot actorOf: of must be one of VMBCHANNEL, VMBPACKET, VMBPACKETCOMPLETION or a Partition, " +
          `not a ${dead === guest ? "Partition" : "VMBCHANNEL"} that does not live in this fabric`,
      );
    }
  });
}

const fabrics: vmbus.Fabric[] = [];

/** A fabric with a guest, which a test's callbacks can reach before its pair is made. */
function within(interpreter: vmbus.Interpreter): { fabric: vmbus.Fabric; guest: vmbus.Partition } {
  const fabric = vmbus.createFabric({ interpreter });
  fabrics.push(fabric);
  return { fabric, guest: fabric.createPartition({ name: "guest" }) };
}

/** The text that a packet carries, as msgpack has it (wire.md 2.1); the ring pads a body with zeros. */
function payloadOf(body: Uint8Array): string {
  for (let end = body.length; end > body.length - 8; end--) {
    try {
      return new TextDecoder().decode((decode(body.subarray(0, end)) as Uint8Array[])[3]);
    } catch (error) {
      assert(error instanceof RangeError && body[end - 1] === 0);
    }
  }
  return "";
}

Deno.test("Fabric.actorOf: changes no digest, watched or not", async () => {
  const run = async (look: (pair: Pair) => void): Promise<string> => {
    const pair = await openPair({ fabric: { seed: 3, schedule: "random" } });
    look(pair);
    for (const text of ["a", "b"]) await Promise.all([request(pair, text), pair.fabric.settle()]);
    await closePair(pair);
    return pair.fabric.traceDigest();
  };
  let count = 0;
  const watched = await run(({ fabric, server, client, guest }) => {
    for (const actor of [fabric.actorOf(server), fabric.actorOf(client), fabric.actorOf(guest)]) {
      (actor as AnyActorRef).subscribe(() => count++);
    }
  });
  assertEquals(watched, await run(() => {}));
  assert(count > 10, `${count} states`);
});

Deno.test("Fabric.actorOf: is XState's type of an actor, without a cast", async () => {
  const pair = await openPair();
  const channel: ActorRef<
    vmbus.ChartSnapshot<vmbus.ChannelEvent, vmbus.ChannelTag>,
    vmbus.ChannelEvent
  > = pair.fabric.actorOf(pair.server);
  const any: AnyActorRef = pair.fabric.actorOf(pair.guest);
  const packet = pair.vsc.VmbPacketAllocate(pair.client);
  const object: AnyActorRef = pair.fabric.actorOf(packet);
  const tags: readonly boolean[] = [
    channel.getSnapshot().hasTag("opened"),
    pair.fabric.actorOf(pair.guest).getSnapshot().hasTag("runs"),
    // @ts-expect-error: a word of another chart
    channel.getSnapshot().hasTag("pooled"),
  ];
  assertEquals(tags, [true, true, false]);
  assertEquals([any.getSnapshot().value, object.getSnapshot().value], ["running", "owned"]);
  assertStrictEquals(pair.fabric.actorOf(packet), object);
  pair.vsc.VmbPacketFree(packet);
  await closePair(pair);
});

Deno.test("Fabric.actorOf: refuses what is no live handle or partition of its fabric", async () => {
  const [pair, other] = [await openPair(), await openPair()];
  const packet = pair.vsc.VmbPacketAllocate(pair.client);
  pair.vsc.VmbPacketFree(packet);
  for (
    const [value, shown] of [
      [null, "null"],
      [5, "5"],
      ["channel", "channel"],
      [{}, "an object"],
      [pair.guest.device, "a DEVICE that does not live in this fabric"],
      [packet, "a VMBPACKET that does not live in this fabric"],
      [other.server, "a VMBCHANNEL that does not live in this fabric"],
      [other.guest, "a Partition that does not live in this fabric"],
    ] as const
  ) {
    assertThrows(
      () => pair.fabric.actorOf(value as unknown as vmbus.VMBCHANNEL),
      TypeError,
      `or a Partition, not ${shown}`,
    );
  }
  await closePair(other);
  await closePair(pair);
  pair.fabric.dispose();
  assertThrows(
    () => pair.fabric.actorOf(pair.guest),
    Error,
    "Cannot actorOf: the fabric was disposed of",
  );
});

for (const verifier of ["throw", "off"] as const) {
  Deno.test(`Fabric.actorOf: a packet that was freed has none, verifier ${verifier}`, async () => {
    const pair = await openPair({ fabric: { verifier } });
    const packet = pair.vsc.VmbPacketAllocate(pair.client);
    const actor = pair.fabric.actorOf(packet);
    pair.vsc.VmbPacketFree(packet);
    assertEquals(actor.getSnapshot().value, "pooled");
    assertThrows(() => pair.fabric.actorOf(packet), TypeError);
    await closePair(pair);
  });
}

Deno.test("Fabric.actorOf: what a subscriber throws fails the call that drives the loop", async () => {
  const pair = await openPair();
  const { unsubscribe } = pair.fabric.actorOf(pair.guest).subscribe(() => {
    throw new Error("not this state");
  });
  const errors: unknown[] = [];
  pair.guest.pause();
  await pair.fabric.settle().catch((error) => errors.push(error.message));
  assertEquals(errors, ["Cannot go on as ActorInspector of the program threw: not this state"]);
  unsubscribe();
  pair.guest.resume();
  pair.fabric.dispose();
});

Deno.test("Fabric.actorOf: a subscriber changes nothing, as it is told in the middle of a step", async () => {
  const pair = await openPair();
  const { fabric, guest, vsp, server } = pair;
  const refused: string[] = [];
  const actor = fabric.actorOf(server);
  const { unsubscribe } = actor.subscribe(() => {
    for (
      const change of [
        () => vsp.VmbChannelStart(server),
        () => guest.crash(),
        () => guest.pause(),
        () => fabric.dispose(),
      ]
    ) {
      try {
        change();
      } catch (error) {
        refused.push(String(error));
      }
    }
    unsubscribe();
  });
  const paused = waitFor(actor, (snapshot) => snapshot.matches({ flow: "paused" }))
    .then(() => vsp.VmbChannelStart(server)); // a turn of its own
  await vsp.VmbChannelPause(server);
  await paused;
  const where = "in an inspector or subscriber of an actor";
  assertEquals(refused, [
    `Error: Cannot call KMCL functions ${where}`,
    `Error: Cannot crash guest ${where}`,
    `Error: Cannot pause guest ${where}`,
    `Error: Cannot dispose ${where}`,
  ]);
  assertEquals(actor.getSnapshot().hasTag("active"), true);
  await closePair(pair);
});

Deno.test("Fabric.actorOf: shows the whole of long packets that wrap in the ring", async () => {
  const pair = await openPair({
    server: (vsp, channel) => vsp.VmbChannelInitSetMaximumPacketSize(channel, 9000),
    client: (vsc, channel) => vsc.VmbChannelInitSetMaximumPacketSize(channel, 9000),
  });
  const seen: string[] = [];
  const stop = pair.fabric.inspectActors(({ type, event }) => {
    if (type !== "@xstate.event" || event?.type !== "enterLast") return;
    seen.push(payloadOf(event.bytes!.slice(event.start, event.end)));
  });
  const texts = [..."abcdefgh"].map((letter) => letter.repeat(9000));
  for (const text of texts) {
    assertEquals(post(pair.vsc, pair.client, text), vmbus.STATUS_SUCCESS);
    await pair.fabric.settle();
  }
  stop();
  assertEquals(seen, texts);
  await closePair(pair);
});

for (const interpreter of INTERPRETERS) {
  Deno.test(`Fabric.actorOf: tells how far a packet is that arrived, ${interpreter}`, async () => {
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const inCall: unknown[] = [];
    const pair = await openPair({
      fabric: { interpreter },
      onServerPacket: (_channel, context) => {
        inCall.push(pair.fabric.actorOf(context).getSnapshot().value);
        held.push(context);
      },
    });
    const { fabric, vsp } = pair;
    const answer = request(pair, "ask");
    await fabric.settle();
    const actor = fabric.actorOf(held[0]!);
    const seen: unknown[] = [];
    actor.subscribe(({ value }) => seen.push(value));
    assertEquals(inCall, [{ delivering: "fresh" }]);
    assertEquals([actor.getSnapshot().value, actor.getSnapshot().hasTag("live")], ["held", true]);
    const settled = waitFor(actor, (snapshot) => snapshot.hasTag("unused"));
    vsp.VmbChannelPacketComplete(held[0]!, null, 0);
    assertEquals(seen, ["unused"]); // its completion is in the ring at once
    await Promise.all([settled, answer, fabric.settle()]);
    assertThrows(() => fabric.actorOf(held[0]!), TypeError);
    await closePair(pair);
  });

  Deno.test(`Fabric.actorOf: actors end with their fabric, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter } });
    const packet = pair.vsc.VmbPacketAllocate(pair.client);
    const actors: readonly AnyActorRef[] = [
      pair.fabric.actorOf(pair.server),
      pair.fabric.actorOf(packet),
      pair.fabric.actorOf(pair.guest),
      pair.fabric.actorOf(pair.fabric.root),
    ];
    const ends = actors.map((actor) => toPromise(actor));
    pair.fabric.dispose();
    await Promise.all(ends);
    assertEquals(actors.map((actor) => actor.getSnapshot().status), actors.map(() => "stopped"));
  });
}

Deno.test("VmbChannelPacketGetExternalData: pages that are awaited hand back no packet that is held", async () => {
  // kmcl.md section 5: a call that is under way hands its packet back; one that the driver has, it keeps.
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const pair = await openPair({
    fabric: { verifier: "record" },
    server: (vsp, channel) => vsp.VmbChannelInitSetMaximumExternalData(channel, 8192, 2),
    client: (vsc, channel) => vsc.VmbChannelInitSetMaximumExternalData(channel, 8192, 2),
    onServerPacket: (_channel, context) => void held.push(context),
  });
  const { fabric, guest, vsc, vsp, client } = pair;
  const buffer = guest.memory.allocate(4096);
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (done) => vsc.VmbPacketFree(done));
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  const flags = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  assertEquals(vsc.VmbPacketSend(packet, Uint8Array.of(1), 1, mdl, flags), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  const [context] = held;
  assert(context !== undefined);
  guest.memory.pageOut(buffer.gpa, 4096);
  const { status } = vsp.VmbChannelPacketGetExternalData(context, 0);
  assertEquals(fabric.actorOf(context).getSnapshot().value, "held");
  vsp.VmbChannelPacketComplete(context, null, 0);
  vsp.VmbChannelPacketComplete(context, null, 0); // once more than it may be
  assertEquals(
    [status, fabric.violations.map(({ first }) => first?.call)],
    [vmbus.STATUS_PENDING, ["VmbChannelPacketComplete"]],
  );
  await fabric.settle();
  guest.memory.free(buffer);
  fabric.dispose();
});
