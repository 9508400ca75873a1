import { assert, assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { DISPATCH_LEVEL, type Irql, PASSIVE_LEVEL } from "../../../actors/runtime/irql.ts";
import {
  DISPATCH_ITEMS_MAX,
  Processor,
  type Worker,
  WorkItem,
} from "../../../actors/runtime/processor.ts";
import { Scheduler } from "../../../actors/runtime/scheduler.ts";
import { RandomChooser } from "../../../actors/runtime/choosers/random.ts";
import { Chance } from "../../../core/chance.ts";

const WORKER: Worker = { traceId: 0, work: () => {} };

function item(processor: Processor, irql: Irql): WorkItem {
  return new WorkItem(WORKER, "interrupt", irql, processor);
}

/** Takes out everything that may run. */
function drain(scheduler: Scheduler): WorkItem[] {
  const taken: WorkItem[] = [];
  for (let next = scheduler.next(); next !== null; next = scheduler.next()) taken.push(next);
  return taken;
}

Deno.test("Scheduler.next: takes items in the order of scheduling, over all processors", () => {
  const scheduler = new Scheduler(null);
  const processors = [new Processor(0), new Processor(1), new Processor(0)];
  const items = Array.from(
    { length: 30 },
    (_, index) => item(processors[index % 3]!, PASSIVE_LEVEL),
  );
  for (const each of items) scheduler.schedule(each);
  assertEquals(drain(scheduler).map((each) => items.indexOf(each)), items.map((_, index) => index));
  assertEquals(scheduler.next(), null);
});

// api.md section 3: on one processor a lower IRQL does not run while a higher one is runnable.
for (const seed of [null, 1, 2, 3]) {
  const schedule = seed === null ? "in order" : `by chance ${seed}`;
  Deno.test(`Scheduler.next: takes the higher level of a processor first, ${schedule}`, () => {
    const scheduler = new Scheduler(
      seed === null ? null : new RandomChooser(Chance.fromSeed(seed)),
    );
    const busy = new Processor(0);
    const other = new Processor(1);
    const passive = [item(busy, PASSIVE_LEVEL), item(busy, PASSIVE_LEVEL)];
    const elsewhere = item(other, PASSIVE_LEVEL);
    const dispatch = [item(busy, DISPATCH_LEVEL), item(busy, DISPATCH_LEVEL)];
    for (const each of [...passive, elsewhere, ...dispatch]) scheduler.schedule(each);
    const taken = drain(scheduler);
    assertEquals(taken.length, 5);
    const last = (items: readonly WorkItem[]) => Math.max(...items.map((it) => taken.indexOf(it)));
    const first = (items: readonly WorkItem[]) => Math.min(...items.map((it) => taken.indexOf(it)));
    assert(last(dispatch) < first(passive));
    // The other processor does not wait for this one.
    if (seed === null) assertEquals(taken[0], elsewhere);
  });
}

Deno.test("Scheduler.next: prefers a higher level that came while a lower one was waiting", () => {
  const scheduler = new Scheduler(null);
  const processor = new Processor(0);
  const [passive, dispatch] = [item(processor, PASSIVE_LEVEL), item(processor, DISPATCH_LEVEL)];
  scheduler.schedule(passive);
  scheduler.schedule(dispatch);
  assertStrictEquals(scheduler.next(), dispatch);
  scheduler.schedule(dispatch);
  assertStrictEquals(scheduler.next(), dispatch);
  assertStrictEquals(scheduler.next(), passive);
});

Deno.test("Scheduler.schedule: has an item on its queue once at most", () => {
  const scheduler = new Scheduler(null);
  const processor = new Processor(0);
  const once = item(processor, PASSIVE_LEVEL);
  let calls = 0;
  scheduler.onSchedule = () => calls++;
  scheduler.schedule(once);
  scheduler.schedule(once);
  assertEquals([once.isScheduled, calls], [true, 1]);
  assertEquals(drain(scheduler), [once]);
  assertEquals(once.isScheduled, false);
  scheduler.schedule(once);
  assertEquals(drain(scheduler), [once]);
});

Deno.test("Scheduler.next: leaves the items of a processor that stands still", () => {
  for (const chooser of [null, new RandomChooser(Chance.fromSeed(4))]) {
    const scheduler = new Scheduler(chooser);
    const [stopped, running] = [new Processor(0), new Processor(0)];
    const [held, free] = [item(stopped, DISPATCH_LEVEL), item(running, PASSIVE_LEVEL)];
    stopped.runs = false;
    scheduler.schedule(held);
    scheduler.schedule(free);
    assertEquals(drain(scheduler), [free]);
    stopped.runs = true;
    assertEquals(drain(scheduler), [held]);
  }
});

Deno.test("Scheduler.clear: drops what is scheduled on a processor, which may serve again", () => {
  const scheduler = new Scheduler(null);
  const [cleared, other] = [new Processor(0), new Processor(1)];
  const dropped = [item(cleared, DISPATCH_LEVEL), item(cleared, PASSIVE_LEVEL)];
  const kept = item(other, PASSIVE_LEVEL);
  for (const each of [...dropped, kept]) scheduler.schedule(each);
  assertEquals(cleared.list(), dropped);
  scheduler.clear(cleared);
  assertEquals(dropped.map(({ isScheduled }) => isScheduled), [false, false]);
  assertEquals(drain(scheduler), [kept]);
  scheduler.schedule(dropped[1]!);
  assertEquals(drain(scheduler), [dropped[1]]);
});

/** The order in which one seed has 20 items run. */
function orderOf(seed: number): number[] {
  const scheduler = new Scheduler(new RandomChooser(Chance.fromSeed(seed)));
  const processor = new Processor(0);
  const items = Array.from({ length: 20 }, () => item(processor, PASSIVE_LEVEL));
  for (const each of items) scheduler.schedule(each);
  return drain(scheduler).map((each) => items.indexOf(each));
}

Deno.test("Scheduler.next: draws the order from its chance, and takes everything", () => {
  assertEquals(orderOf(1), orderOf(1));
  assertNotEquals(orderOf(1), orderOf(2));
  assertEquals(orderOf(3).toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i));
});

Deno.test("Scheduler.next: is the same after thousands of items as before", () => {
  const scheduler = new Scheduler(null);
  const processor = new Processor(0);
  const items = Array.from({ length: 3000 }, () => item(processor, PASSIVE_LEVEL));
  for (const each of items) scheduler.schedule(each);
  const taken: WorkItem[] = [];
  // Half of them, then all once more: the queue is cut while it is used.
  for (let i = 0; i < 1500; i++) taken.push(scheduler.next()!);
  for (const each of taken) scheduler.schedule(each);
  const order = drain(scheduler).map((each) => items.indexOf(each));
  assertEquals(order, [
    ...Array.from({ length: 1500 }, (_, i) => 1500 + i),
    ...Array.from({ length: 1500 }, (_, i) => i),
  ]);
});

// api.md section 3: a flood at DISPATCH_LEVEL does not starve what waits at PASSIVE_LEVEL.
for (const seed of [null, 5]) {
  const schedule = seed === null ? "in order" : "by chance";
  Deno.test(`Scheduler.next: lets one item at PASSIVE_LEVEL through a flood, ${schedule}`, () => {
    const scheduler = new Scheduler(
      seed === null ? null : new RandomChooser(Chance.fromSeed(seed)),
    );
    const processor = new Processor(0);
    const flood = [item(processor, DISPATCH_LEVEL), item(processor, DISPATCH_LEVEL)];
    const passive = [item(processor, PASSIVE_LEVEL), item(processor, PASSIVE_LEVEL)];
    // A flood that nobody waits behind is not counted.
    for (const each of flood) scheduler.schedule(each);
    for (let i = 0; i < 2 * DISPATCH_ITEMS_MAX; i++) scheduler.schedule(scheduler.next()!);
    for (const each of passive) scheduler.schedule(each);
    const at: number[] = [];
    for (let taken = 0; at.length < 2 && taken < 4 * DISPATCH_ITEMS_MAX; taken++) {
      const next = scheduler.next()!;
      if (next.irql === PASSIVE_LEVEL) at.push(taken);
      else scheduler.schedule(next);
    }
    assertEquals(at, [DISPATCH_ITEMS_MAX, 2 * DISPATCH_ITEMS_MAX + 1]);
  });
}

Deno.test("Scheduler.drop: a flood is counted anew once nobody waits behind it any more", () => {
  const scheduler = new Scheduler(null);
  const processor = new Processor(0);
  const other: Worker = { traceId: 1, work: () => {} };
  const flood = item(processor, DISPATCH_LEVEL);
  const dropped = new WorkItem(other, "stateChange", PASSIVE_LEVEL, processor);
  for (const each of [flood, dropped]) scheduler.schedule(each);
  for (let i = 0; i < DISPATCH_ITEMS_MAX; i++) scheduler.schedule(scheduler.next()!);
  scheduler.drop(1, [processor]);
  assertStrictEquals(scheduler.next(), flood);
  assertEquals(scheduler.next(), null);
});

Deno.test("Scheduler.onScheduledTwice: hears of an item that is due already, and nothing comes of it", () => {
  const scheduler = new Scheduler(null);
  const [first, second] = [0, 1].map((index) => item(new Processor(index), PASSIVE_LEVEL));
  const heard: WorkItem[] = [];
  scheduler.onScheduledTwice = (each) => heard.push(each);
  for (const each of [first!, second!, first!]) scheduler.schedule(each);
  assertEquals(heard.length, 1);
  assertStrictEquals(heard[0], first);
  assertEquals(drain(scheduler).length, 2);
});
