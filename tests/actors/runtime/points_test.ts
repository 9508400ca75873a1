// api.md section 3: where what runs may be overtaken, and by whom.
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Chooser, Known } from "../../../actors/runtime/chooser.ts";
import { FIFO } from "../../../actors/runtime/choosers/fifo.ts";
import { PrefixChooser } from "../../../actors/runtime/choosers/replay.ts";
import { DISPATCH_LEVEL, type Irql, PASSIVE_LEVEL } from "../../../actors/runtime/irql.ts";
import type { Points } from "../../../actors/runtime/points.ts";
import {
  DISPATCH_ITEMS_MAX,
  Processor,
  type Worker,
  WorkItem,
} from "../../../actors/runtime/processor.ts";
import { Scheduler } from "../../../actors/runtime/scheduler.ts";

/** Does its work in parts, and says so. */
class PartWorker implements Worker {
  readonly traceId = 1;
  /** Parts that are left of the turn that it stopped in. */
  left = 0;
  readonly item: WorkItem;
  readonly #stage: Stage;
  readonly #name: string;
  readonly #parts: number;

  constructor(stage: Stage, name: string, parts: number, processor: Processor, irql: Irql) {
    this.#stage = stage;
    this.#name = name;
    this.#parts = parts;
    this.item = new WorkItem(this, "interrupt", irql, processor);
  }

  work(): void {
    if (this.left === 0) this.left = this.#parts;
    do {
      this.#stage.log.push(`${this.#name}${this.left--}`);
      this.#stage.onPart(`${this.#name}${this.left + 1}`);
    } while (this.left > 0 && !this.#stage.points.stop());
  }
}

/** A scheduler whose choices a test makes. */
class Stage {
  readonly log: string[] = [];
  readonly counts: number[] = [];
  readonly scheduler: Scheduler;
  readonly points: Points;
  onPart: (part: string) => void = () => {};
  readonly here = new Processor(0);
  readonly there = new Processor(1);

  constructor(offsets: readonly number[], isWatched = false) {
    const prefix = new PrefixChooser(offsets, FIFO);
    const chooser: Chooser = {
      choose: (kind, count: number, known: Known) => {
        this.counts.push(count);
        return prefix.choose(kind, count, known);
      },
    };
    this.scheduler = new Scheduler(chooser, true);
    this.points = this.scheduler.points!;
    this.points.isWatched = isWatched;
  }

  worker(
    name: string,
    parts: number,
    processor = this.here,
    irql: Irql = DISPATCH_LEVEL,
  ): WorkItem {
    return new PartWorker(this, name, parts, processor, irql).item;
  }

  schedule(...items: readonly WorkItem[]): void {
    for (const item of items) this.scheduler.schedule(item);
  }

  run(): string {
    for (let item = this.points.next(); item !== null; item = this.points.next()) {
      item.worker.work(item.kind);
    }
    return this.log.join(" ");
  }
}

for (const isWatched of [false, true]) {
  const asked = isWatched ? "asked after each part" : "asked where it stops";
  const stageOf = (...offsets: number[]) => new Stage(offsets, isWatched);

  Deno.test(`Points.stop: what runs continues at once where fifo would have it so, ${asked}`, () => {
    const stage = stageOf();
    stage.schedule(stage.worker("a", 3), stage.worker("b", 2, stage.there));
    assertEquals(stage.run(), "a3 a2 a1 b2 b1");
    // Which is first, then whether a continues, twice; b is alone.
    assertEquals(stage.counts, [2, 2, 2]);
  });

  Deno.test(`Points.stop: what was overtaken is the first of its processor, and continues where it was, ${asked}`, () => {
    const stage = stageOf(0, 2);
    const items = [stage.worker("a", 3), stage.worker("b", 1, stage.there), stage.worker("c", 1)];
    stage.schedule(...items);
    // At its first point b, which stands behind c, overtakes a; then a comes before c.
    assertEquals(stage.run(), "a3 b1 a2 a1 c1");
  });

  Deno.test(`Points.stop: what stopped last continues first, ${asked}`, () => {
    const stage = stageOf(0, 1);
    stage.schedule(stage.worker("a", 2), stage.worker("b", 2, stage.there));
    assertEquals(stage.run(), "a2 b2 b1 a1");
  });

  // A reader that has looked for the last time must look again for what is signalled then.
  Deno.test(`Points.stop: what is scheduled while it has stopped runs once more, ${asked}`, () => {
    const stage = stageOf(0, 1);
    const item = stage.worker("a", 2);
    stage.schedule(item, stage.worker("b", 1, stage.there));
    stage.onPart = (part) => part === "b1" && stage.schedule(item);
    assertEquals(stage.run(), "a2 b1 a1 a2 a1");
  });

  Deno.test(`Points.stop: whichever turn of a worker comes first continues where it was, ${asked}`, () => {
    const stage = stageOf(0, 1, 1, 0);
    const item = stage.worker("a", 3);
    stage.schedule(item, stage.worker("b", 1, stage.there));
    stage.onPart = (part) => part === "b1" && stage.schedule(item);
    // After b there are the rest of a, and a itself, which is chosen.
    assertEquals(stage.run(), "a3 b1 a2 a1 a3 a2 a1");
    assertEquals(stage.counts[2], 2);
  });

  Deno.test(`Points.stop: a lower level continues at once, but waits once it was overtaken, ${asked}`, () => {
    for (const [offset, expected] of [[0, "a3 a2 a1 d1 b1"], [1, "a3 d1 a2 a1 b1"]] as const) {
      const stage = stageOf(0, offset);
      const dispatch = stage.worker("d", 1);
      const passive = ["a", "b"].map((name, at) =>
        stage.worker(name, at === 0 ? 3 : 1, stage.here, PASSIVE_LEVEL)
      );
      stage.schedule(...passive);
      stage.onPart = (part) => part === "a3" && stage.schedule(dispatch);
      assertEquals(stage.run(), expected);
    }
  });
}

Deno.test("Points.stop: where nobody else may run, or something must come first, nobody is asked", () => {
  const alone = new Stage([]);
  alone.schedule(alone.worker("a", 4));
  assertEquals([alone.run(), alone.counts], ["a4 a3 a2 a1", []]);

  const paused = new Stage([1]);
  paused.there.runs = false;
  paused.schedule(paused.worker("a", 2), paused.worker("b", 1, paused.there));
  assertEquals([paused.run(), paused.counts], ["a2 a1", []]);

  const due = new Stage([0, 1, 1]);
  due.points.mustFinish = () => true;
  due.schedule(due.worker("a", 2), due.worker("b", 1, due.there));
  assertEquals([due.run(), due.counts], ["a2 a1 b1", [2]]);
});

Deno.test("Points.stop: of what was dropped or paused meanwhile nothing continues", () => {
  for (const end of ["drop", "pause"] as const) {
    const stage = new Stage([0, 1], true);
    stage.schedule(stage.worker("a", 3), stage.worker("b", 1, stage.there));
    stage.onPart = (part) => {
      if (part !== "b1") return;
      if (end === "drop") stage.scheduler.clear(stage.here);
      else stage.here.runs = false;
    };
    assertEquals(stage.run(), "a3 b1");
    assertEquals(stage.here.isIdle, end === "drop");
  }
});

// api.md section 3: a flood of interrupts does not starve PASSIVE_LEVEL.
Deno.test("Points.stop: parts of items count for the turn of the lower level once they were overtaken", () => {
  const stage = new Stage(new Array(2 * DISPATCH_ITEMS_MAX + 2).fill(1));
  // Two on one processor overtake each other for ever.
  const [a, b] = [stage.worker("a", DISPATCH_ITEMS_MAX), stage.worker("b", DISPATCH_ITEMS_MAX)];
  stage.schedule(a!, b!, stage.worker("p", 1, stage.here, PASSIVE_LEVEL));
  stage.run();
  assert(stage.log.indexOf("p1") <= DISPATCH_ITEMS_MAX + 1, `${stage.log.indexOf("p1")}`);
});

Deno.test("Points.answer: callers continue before what was scheduled, in order, or are overtaken", () => {
  for (
    const [offsets, expected] of [
      [[], "first second a1"],
      [[1], "second first a1"],
      [[2], "a1 first second"],
    ] as const
  ) {
    const stage = new Stage(offsets);
    stage.schedule(stage.worker("a", 1));
    for (const name of ["first", "second"]) stage.points.answer(() => stage.log.push(name));
    assertEquals(stage.run(), expected);
  }
});

Deno.test("Points.answer: a caller may be hurried, and then has no further turn", () => {
  const stage = new Stage([]);
  const turn = stage.points.answer(() => stage.log.push("first"));
  stage.points.answer(() => stage.log.push("second"));
  turn.take();
  turn.take();
  assertEquals(stage.run(), "first second");
});

Deno.test("Points.nextAnswer: callers continue together, or one by one", () => {
  for (const [offset, isThere] of [[0, true], [1, false]] as const) {
    const stage = new Stage([offset]);
    assertEquals(stage.points.nextAnswer(), null);
    stage.points.answer(() => {});
    assertEquals(stage.points.nextAnswer() !== null, isThere);
    assertEquals(stage.points.next() !== null, !isThere);
  }
});

Deno.test("Points.putsOff: asks between who continues and what would come now", () => {
  const known: Known[] = [];
  const chooser: Chooser = { choose: (_kind, _count, of) => known.push(of) };
  const { points } = new Scheduler(chooser, true);
  const item = new WorkItem(
    { traceId: 2, work: () => {} },
    "signal",
    DISPATCH_LEVEL,
    new Processor(0),
  );
  assertEquals(points!.putsOff(item), false, "nobody could come between");
  points!.isWorking = true;
  assertEquals(points!.putsOff(item), true);
  assert(known[0] !== null && "at" in known[0]!);
  assertStrictEquals(known[0].at(0), item);
});

Deno.test("Scheduler: without points, or without a chooser, there are none", () => {
  assertEquals([new Scheduler(FIFO).points, new Scheduler(null, true).points], [null, null]);
});
