// Whoever looks at the actors sees every packet go by as msgpack, and changes nothing by looking.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decode } from "@msgpack/msgpack";
import * as vmbus from "../../../mod.ts";
import { runBusyWorld } from "../../support/busy_world.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { turn } from "../../../actors/runtime/event_loop.ts";
import { post, request } from "../../support/driving.ts";

/** An event that carried a packet: its type, and the packet as msgpack has it. */
type Seen = readonly [type: string, packet: unknown];

/** The packets that actors are told of from now on; and what ends it. */
function watchPackets(fabric: vmbus.Fabric): { seen: Seen[]; stop: () => void } {
  const seen: Seen[] = [];
  const stop = fabric.inspectActors(({ type, event }) => {
    if (type !== "@xstate.event" || event?.bytes === undefined) return;
    // The ring pads a body to whole words: the encoded packet is followed by zeros at most.
    const body = event.bytes.slice(event.start, event.end);
    for (let end = body.length; end > body.length - 8; end--) {
      try {
        seen.push([event.type, decode(body.subarray(0, end))]);
        return;
      } catch (error) {
        assert(error instanceof RangeError && body[end - 1] === 0);
      }
    }
  });
  return { seen, stop };
}

/** A packet of `text` as it is encoded: type, flags, transaction id, payload, ranges (wire.md 2.1). */
function packet(type: number, flags: number, text: string): unknown[] {
  return [type, flags, 0, new TextEncoder().encode(text), null];
}

async function exchange(pair: Pair): Promise<void> {
  post(pair.vsc, pair.client, "note");
  const answer = request(pair, "ask");
  await pair.fabric.settle();
  await answer;
}

for (const interpreter of ["compiled", "stock"] as const) {
  Deno.test(`Fabric.inspectActors: shows every packet as msgpack, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter } });
    await exchange(pair); // nobody looks yet
    const { seen, stop } = watchPackets(pair.fabric);
    await exchange(pair);
    stop();
    await exchange(pair); // nobody looks any more
    assertEquals(seen, [
      ["enterLast", packet(6, 0, "note")],
      ["enter", packet(6, 1, "ask")],
      ["arrived", packet(6, 0, "note")],
      ["arrived", packet(6, 1, "ask")],
      ["settled", packet(11, 0, "ask")],
      ["complete", packet(11, 0, "ask")],
    ]);
    await closePair(pair);
  });

  Deno.test(`Fabric.inspectActors: changes no digest, whenever it begins and ends, ${interpreter}`, async () => {
    for (const schedule of ["fifo", "random"] as const) {
      const options = { seed: 4, schedule, interpreter };
      const unseen = await runBusyWorld(options);
      let count = 0;
      const seen = await runBusyWorld(options, (fabric) => fabric.inspectActors(() => count++));
      assertEquals(seen, unseen);
      assert(count > 5_000, `${count} events`);
      let [looks, isOver] = [0, false];
      const nowAndThen = await runBusyWorld(options, async (fabric) => {
        for (; !isOver; looks++) {
          const stop = fabric.inspectActors(() => {});
          await turn();
          stop();
          await turn(); // actors are left behind, and must be brought up at the next look
        }
      });
      isOver = true;
      assertEquals(nowAndThen, unseen);
      await turn();
      await turn();
      assert(looks > 50, `${looks} looks`);
    }
  });
}

Deno.test("Fabric.inspectActors: shows the whole of long packets that wrap in the ring", async () => {
  const pair = await openPair({
    server: (vsp, channel) => vsp.VmbChannelInitSetMaximumPacketSize(channel, 9000),
    client: (vsc, channel) => vsc.VmbChannelInitSetMaximumPacketSize(channel, 9000),
  });
  const { seen, stop } = watchPackets(pair.fabric);
  const texts = [..."abcd"].map((letter) => letter.repeat(9000));
  for (const text of texts) {
    assertEquals(post(pair.vsc, pair.client, text), vmbus.STATUS_SUCCESS);
    await pair.fabric.settle();
  }
  stop();
  const whole = texts.map((text) => packet(6, 0, text));
  assertEquals(seen, whole.flatMap((each) => [["enterLast", each], ["arrived", each]]));
  await closePair(pair);
});

for (const interpreter of ["compiled", "stock"] as const) {
  Deno.test(`Fabric.inspectActors: sees no jump where it comes late, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter } });
    const { fabric, vsp, server } = pair;
    const look = async (work: () => Promise<void>): Promise<string[]> => {
      const seen: string[] = [];
      const stop = fabric.inspectActors(({ type, event, snapshot }) => {
        const { value } = (snapshot ?? {}) as { value?: { readonly flow?: unknown } };
        if (type === "@xstate.event") seen.push(event?.type ?? "");
        if (type === "@xstate.snapshot") seen.push(JSON.stringify(value?.flow));
      });
      await work();
      stop();
      return seen;
    };
    const pausing = [
      ...[
        "pause",
        '{"stopping":"toPaused"}',
        "suspendCalled",
        '{"suspending":{"calling":"toPaused"}}',
      ],
      ...[
        "suspendReturned",
        '{"suspending":{"draining":"toPaused"}}',
        "retired",
        '{"paused":"suspended"}',
      ],
    ];
    assertEquals(await look(() => vsp.VmbChannelPause(server)), pausing);
    vsp.VmbChannelStart(server);
    await fabric.settle();
    assertEquals(await look(() => vsp.VmbChannelPause(server)), pausing);
    vsp.VmbChannelStart(server);
    await closePair(pair);
  });
}

Deno.test("Fabric.inspectActors: KMCL functions throw in an inspector, which is in the middle of a step", async () => {
  const pair = await openPair();
  const { fabric, vsp, server } = pair;
  const stop = fabric.inspectActors(() => {
    stop();
    vsp.VmbChannelStart(server);
  });
  post(pair.vsc, pair.client);
  await assertRejects(
    () => fabric.settle(),
    Error,
    "Cannot call KMCL functions in an inspector or subscriber of an actor",
  );
  fabric.dispose();
});

Deno.test("Fabric.inspectActors: several look at once, and each ends once", async () => {
  const pair = await openPair();
  const counts = [0, 0];
  const stops = counts.map((_, at) => pair.fabric.inspectActors(() => counts[at]!++));
  post(pair.vsc, pair.client);
  await pair.fabric.settle();
  assertEquals(counts[0], counts[1]);
  stops[0]?.();
  stops[0]?.(); // once more does not end the other
  const [first, second] = [...counts] as [number, number];
  post(pair.vsc, pair.client);
  await pair.fabric.settle();
  assertEquals(counts[0], first);
  assert(counts[1]! > second);
  stops[1]?.();
  await closePair(pair);
});

for (const interpreter of ["compiled", "stock"] as const) {
  Deno.test(`Fabric.inspectActors: may be called by an inspector, at any event, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter } });
    const stops: (() => void)[] = [];
    const counts = { outer: 0, inner: 0 };
    stops.push(pair.fabric.inspectActors(({ type }) => {
      counts.outer++; // an actor that begins is one of the events: the packet's
      if (type === "@xstate.actor") stops.push(pair.fabric.inspectActors(() => counts.inner++));
    }));
    await Promise.all([request(pair, "ask"), pair.fabric.settle()]);
    for (const stop of stops) stop();
    assert(stops.length > 1 && counts.inner > 0 && counts.outer > 0, `${stops.length} inspectors`);
    await closePair(pair);
  });
}

Deno.test("Fabric.inspectActors: refuses what is no function", () => {
  const fabric = vmbus.createFabric();
  for (const inspector of [undefined, null, {}, "look"]) {
    assertThrows(
      () => fabric.inspectActors(inspector as unknown as vmbus.ActorInspector),
      TypeError,
      "Cannot inspectActors: inspector must be a function, not",
    );
  }
});
