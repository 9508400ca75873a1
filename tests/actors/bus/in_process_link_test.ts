// The link of a bus both ends of which run in one thread (wire.md section 4, kmcl.md G5).

import { assertEquals } from "@std/assert";
import { InProcessLink } from "../../../actors/bus/in_process_link.ts";
import { DISPATCH_LEVEL } from "../../../actors/runtime/irql.ts";
import { WorkItem } from "../../../actors/runtime/processor.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { createFabric } from "../../support/fabric.ts";

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
  for (const value of [1, 2, 3]) link.guest.post(bytes(value));
  link.host.post(bytes(4));
  assertEquals(heard, []);
  assertEquals([link.isBusy("toHost"), link.host.isBusy, link.guest.isBusy], [true, true, true]);
  assertEquals(link.pending("toHost"), [bytes(1), bytes(2), bytes(3)]);
  guest.pause(); // what is for the guest waits, what it has said does not
  await fabric.settle();
  assertEquals(heard, ["host 1", "host 2", "host 3"]);
  guest.resume();
  await fabric.settle();
  assertEquals(heard.slice(3), ["guest 4"]);
  assertEquals([link.isBusy("toGuest"), link.guest.isBusy], [false, false]);
});

// kmcl.md G5
Deno.test("roundTrip: its answer overtakes what is on its way, and nothing else does", async () => {
  const { fabric, link, heard } = makeLink();
  link.host.connect((message) => {
    heard.push(`host ${message}`);
    link.host.post(bytes(10 + message[0]!));
  });
  link.host.post(bytes(7));
  link.guest.post(bytes(1));
  const answer = link.guest.roundTrip([bytes(2), bytes(3)], ([value]) => value === 13);
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
    link.host.post(bytes(5, 1));
    link.host.post(bytes(5, 2));
  });
  assertEquals(link.guest.roundTrip([bytes(1)], ([value]) => value === 5), bytes(5, 1));
  await fabric.settle();
  assertEquals(heard, ["guest 5,2"]);
  assertEquals(link.guest.roundTrip([bytes(1)], () => false), null);
});

// A program that plays the host may call the guest's functions while it is asked.
Deno.test("roundTrip: one within another has an answer of its own", async () => {
  const { fabric, link, heard } = makeLink();
  const answers: unknown[] = [];
  const ask = (value: number) => link.guest.roundTrip([bytes(value)], ([said]) => said === value);
  link.host.connect(([value]) => {
    if (value === 1) answers.push(ask(2));
    else link.host.post(bytes(1, 7)); // the outer one's comes first
    link.host.post(bytes(value!, 8));
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
  for (const value of [1, 2, 3]) link.host.post(bytes(value));
  link.guest.post(bytes(4));
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
  const bell = link.host.doorbell(3);
  bell.ring(); // nobody listens yet
  assertEquals(item.isScheduled, false);
  link.guest.listen(3, item);
  link.host.doorbell(4).ring();
  link.guest.doorbell(3).ring(); // the other direction
  assertEquals(item.isScheduled, false);
  bell.ring();
  assertEquals(item.isScheduled, true);
  guest.runtime.scheduler.clear(guest.processor(0));
  link.guest.stopListening(3);
  bell.ring();
  link.ring("toGuest", 3);
  assertEquals(item.isScheduled, false);
  link.guest.listen(3, item); // the channel is open again
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
  link.guest.listen(1, item);
  const bell = link.host.doorbell(1);
  link.guest.post(bytes(1));
  link.host.post(bytes(2));
  link.cut();
  bell.ring();
  link.guest.post(bytes(3));
  assertEquals(link.guest.roundTrip([bytes(4)], () => true), null);
  await fabric.settle();
  assertEquals([heard, item.isScheduled], [[], false]);
});

Deno.test("InProcessLink: a message is on the trace when it is said, by whatever way it goes", () => {
  const { fabric, guest, link } = makeLink();
  const before = fabric.trace.length; // both partitions have asked for their offers
  link.guest.post(bytes(0xab));
  link.guest.roundTrip([bytes(0xcd)], () => false);
  link.post("toGuest", bytes(0xef));
  const messages = fabric.trace.slice(before).filter(({ event }) => event.startsWith("messageTo"));
  assertEquals(messages.map(({ event, values }) => [event, ...values]), [
    ["messageToHost", "ab"],
    ["messageToHost", "cd"],
    ["messageToGuest", "ef"],
  ]);
  assertEquals(guest.bus.faults, []);
});
