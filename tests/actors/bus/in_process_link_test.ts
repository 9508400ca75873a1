// The link of a bus both ends of which run in one thread (wire.md section 4, kmcl.md G5).

import { assertEquals } from "@std/assert";
import { InProcessLink } from "../../../actors/bus/in_process_link.ts";
import { DISPATCH_LEVEL } from "../../../actors/runtime/irql.ts";
import { WorkItem } from "../../../actors/runtime/processor.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { createFabric } from "../../support/fabric.ts";

/** Where the guest hears what is said to it. */
const PLACE = { vp: 0, sint: 2, vtl: 0 };
const guestSignal = (eventFlag: number) => ({ ...PLACE, eventFlag });
const hostSignal = (channelId: number) => ({ connectionId: 0x2000 | channelId, flag: 0 });

/** A link, and what each end has heard. */
function makeLink() {
  const fabric = createFabric({ trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 1 }) as PartitionObject;
  const root = fabric.root as PartitionObject;
  const link = new InProcessLink(guest.runtime, guest, root);
  const heard: string[] = [];
  link.host.connect((message) => heard.push(`host ${message}`));
  link.guest.connect((message) => heard.push(`guest ${message}`));
  return { fabric, guest, root, link, heard };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("InProcessLink: messages arrive in order each way, one for each turn of a processor", async () => {
  const { fabric, guest, link, heard } = makeLink();
  for (const value of [1, 2, 3]) link.guest.post(bytes(value), 1);
  link.host.post(bytes(4), PLACE);
  assertEquals(heard, []);
  assertEquals([link.toHost.isBusy, link.host.isBusy, link.guest.isBusy], [true, true, true]);
  assertEquals(link.toHost.pending, [bytes(1), bytes(2), bytes(3)]);
  guest.pause(); // what is for the guest waits, what it has said does not
  await fabric.settle();
  assertEquals(heard, ["host 1", "host 2", "host 3"]);
  guest.resume();
  await fabric.settle();
  assertEquals(heard.slice(3), ["guest 4"]);
  assertEquals([link.toGuest.isBusy, link.guest.isBusy], [false, false]);
});

// kmcl.md G5
Deno.test("roundTrip: its answer overtakes what is on its way, and nothing else does", async () => {
  const { fabric, link, heard } = makeLink();
  link.host.connect((message) => {
    heard.push(`host ${message}`);
    link.host.post(bytes(10 + message[0]!), PLACE);
  });
  link.host.post(bytes(7), PLACE);
  link.guest.post(bytes(1), 1);
  const answer = link.guest.roundTrip([bytes(2), bytes(3)], 1, ([value]) => value === 13);
  assertEquals([heard, answer], [["host 2", "host 3"], bytes(13)]);
  await fabric.settle();
  assertEquals(heard.filter((line) => line.startsWith("guest")), [
    "guest 7",
    "guest 12",
    "guest 11",
  ]);
});

Deno.test("roundTrip: of two answers the first is the caller's, and none is null", async () => {
  const { fabric, link, heard } = makeLink();
  link.host.connect(() => {
    link.host.post(bytes(5, 1), PLACE);
    link.host.post(bytes(5, 2), PLACE);
  });
  assertEquals(link.guest.roundTrip([bytes(1)], 1, ([value]) => value === 5), bytes(5, 1));
  await fabric.settle();
  assertEquals(heard, ["guest 5,2"]);
  assertEquals(link.guest.roundTrip([bytes(1)], 1, () => false), null);
});

// A program that plays the host may call the guest's functions while it is asked.
Deno.test("roundTrip: one within another has an answer of its own", async () => {
  const { fabric, link, heard } = makeLink();
  const answers: unknown[] = [];
  const ask = (value: number) =>
    link.guest.roundTrip([bytes(value)], 1, ([said]) => said === value);
  link.host.connect(([value]) => {
    if (value === 1) answers.push(ask(2));
    else link.host.post(bytes(1, 7), PLACE); // the outer one's comes first
    link.host.post(bytes(value!, 8), PLACE);
  });
  answers.push(ask(1));
  assertEquals(answers, [bytes(2, 8), bytes(1, 7)]);
  await fabric.settle();
  assertEquals(heard, ["guest 1,8"]);
});

// The schedules "urw" and "pct" ask for it (api.md section 3).
Deno.test("itemsAhead: each message on its way is an item ahead, whichever of them is due", async () => {
  const { fabric, guest, root, link } = makeLink();
  await fabric.settle(); // the partitions have asked for offers
  const ahead = () =>
    [root, guest].map((partition) =>
      partition.processor(0).list().filter(({ kind }) => kind === "message")
        .map(({ itemsAhead }) => itemsAhead)
    );
  assertEquals(ahead(), [[], []]);
  for (const value of [1, 2, 3]) link.host.post(bytes(value), PLACE);
  link.guest.post(bytes(4), 1);
  assertEquals(ahead(), [[1], [3]]);
  await fabric.step();
  assertEquals(ahead(), [[1], [2]]);
});

Deno.test("doorbell: schedules the item of whoever listens, however early it was taken", () => {
  const { guest, link } = makeLink();
  const item = new WorkItem(
    { traceId: guest.traceId, work: () => {} },
    "interrupt",
    DISPATCH_LEVEL,
    guest.processor(0),
  );
  const bell = link.host.doorbell(guestSignal(3), 3);
  bell.ring(); // nobody listens yet
  assertEquals(item.isScheduled, false);
  link.guest.listen(guestSignal(3), 3, item);
  link.host.doorbell(guestSignal(4), 4).ring();
  link.guest.doorbell(hostSignal(3), 3).ring(); // the other direction
  assertEquals(item.isScheduled, false);
  bell.ring();
  assertEquals(item.isScheduled, true);
  guest.runtime.scheduler.clear(guest.processor(0));
  link.guest.stopListening(guestSignal(3));
  bell.ring();
  link.toGuest.ring(3);
  assertEquals(item.isScheduled, false);
  link.guest.listen(guestSignal(3), 3, item); // the channel is open again
  bell.ring();
  assertEquals(item.isScheduled, true);
});

Deno.test("cut: nothing crosses any more, neither what is on its way nor what is said or rung later", async () => {
  const { fabric, guest, link, heard } = makeLink();
  const item = new WorkItem(
    { traceId: guest.traceId, work: () => {} },
    "interrupt",
    DISPATCH_LEVEL,
    guest.processor(0),
  );
  link.guest.listen(guestSignal(1), 1, item);
  const bell = link.host.doorbell(guestSignal(1), 1);
  link.guest.post(bytes(1), 1);
  link.host.post(bytes(2), PLACE);
  link.cut();
  bell.ring();
  link.guest.post(bytes(3), 1);
  assertEquals(link.guest.roundTrip([bytes(4)], 1, () => true), null);
  await fabric.settle();
  assertEquals([heard, item.isScheduled], [[], false]);
});

// wire.md 4.1: the names that messages and signals have on the wire
Deno.test("InProcessLink: each message tells where it was posted to, and signals of other names are others", async () => {
  const { fabric, guest, root, link } = makeLink();
  const places: unknown[] = [];
  link.host.connect((_, connectionId) => places.push(connectionId));
  link.guest.connect((_, place) => places.push(place));
  link.guest.post(bytes(1), 4);
  link.guest.roundTrip([bytes(1)], 0x80_0074, () => true);
  link.host.post(bytes(2), { vp: 3, sint: 5, vtl: 2 });
  await fabric.settle();
  assertEquals(places, [0x80_0074, 4, { vp: 3, sint: 5, vtl: 2 }]);

  const worker = { traceId: guest.traceId, work: () => {} };
  const itemOf = (partition: PartitionObject) =>
    new WorkItem(worker, "interrupt", DISPATCH_LEVEL, partition.processor(0));
  const [host, client] = [itemOf(root), itemOf(guest)];
  link.host.listen({ connectionId: 0x2003, flag: 7 }, 3, host);
  link.guest.listen({ ...PLACE, eventFlag: 9 }, 3, client);
  for (const [connectionId, flag] of [[0x2003, 0], [7, 0x2003], [0x1_2003, 7]] as const) {
    link.guest.doorbell({ connectionId, flag }, 4).ring();
  }
  link.host.doorbell({ ...PLACE, eventFlag: 3 }, 4).ring();
  link.host.doorbell({ ...PLACE, sint: 9, eventFlag: 9 }, 4).ring();
  link.host.doorbell({ ...PLACE, vtl: 2, eventFlag: 9 }, 4).ring();
  assertEquals([host.isScheduled, client.isScheduled], [false, false]);
  link.guest.doorbell({ connectionId: 0x2003, flag: 7 }, 3).ring();
  link.host.doorbell({ ...PLACE, vp: 6, eventFlag: 9 }, 3).ring(); // wherever the guest takes it
  assertEquals([host.isScheduled, client.isScheduled], [true, true]);
  guest.runtime.scheduler.clear(guest.processor(0));
  guest.runtime.scheduler.clear(root.processor(0));
});

Deno.test("InProcessLink: a message is on the trace when it is said, by whatever way it goes", () => {
  const { fabric, guest, link } = makeLink();
  const before = fabric.trace.length; // both partitions have asked for their offers
  link.guest.post(bytes(0xab), 1);
  link.guest.roundTrip([bytes(0xcd)], 1, () => false);
  link.toGuest.post(bytes(0xef), PLACE);
  const messages = fabric.trace.slice(before).filter(({ event }) => event.startsWith("messageTo"));
  assertEquals(messages.map(({ event, values }) => [event, ...values]), [
    ["messageToHost", "ab"],
    ["messageToHost", "cd"],
    ["messageToGuest", "ef"],
  ]);
  assertEquals(guest.bus.faults, []);
});
