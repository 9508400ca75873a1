import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BrokenInvariant } from "../../core/assert.ts";
import { type Deadline, VirtualClock } from "../../core/clock.ts";

/** Everything due until `limit100ns`, each with the time at which it came. */
function takeAll<T>(clock: VirtualClock<T>, limit100ns: number): [number, T][] {
  const taken: [number, T][] = [];
  for (;;) {
    const timer = clock.takeDue(limit100ns);
    if (timer === null) return taken;
    taken.push([clock.now100ns, timer]);
  }
}

Deno.test("VirtualClock: begins at 0 with nothing armed", () => {
  const clock = new VirtualClock<string>();
  assertEquals(clock.now100ns, 0);
  assertEquals(clock.next100ns(), null);
  assertEquals(clock.takeDue(Number.MAX_SAFE_INTEGER), null);
  assertEquals(clock.now100ns, 0);
});

Deno.test("VirtualClock: goes from deadline to deadline", () => {
  const clock = new VirtualClock<string>();
  clock.arm(30, "c");
  clock.arm(10, "a");
  clock.arm(20, "b");
  assertEquals(clock.next100ns(), 10);
  assertEquals(takeAll(clock, 100), [[10, "a"], [20, "b"], [30, "c"]]);
  assertEquals(clock.now100ns, 30);
});

Deno.test("VirtualClock: a timer armed at a deadline is due before a later one", () => {
  const clock = new VirtualClock<string>();
  clock.arm(10, "first");
  clock.arm(50, "last");
  assertEquals(clock.takeDue(100), "first");
  clock.arm(clock.now100ns + 10, "chained");
  assertEquals(takeAll(clock, 100), [[20, "chained"], [50, "last"]]);
});

Deno.test("VirtualClock: ties fire in arming order", () => {
  const clock = new VirtualClock<number>();
  for (let order = 0; order < 20; order++) clock.arm(7, order);
  assertEquals(
    takeAll(clock, 7).map(([, timer]) => timer),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

Deno.test("VirtualClock: what is armed in the past is due at once, after others", () => {
  const clock = new VirtualClock<string>();
  clock.moveTo(100);
  clock.arm(100, "now");
  const late = clock.arm(3, "past");
  assertEquals(late.at100ns, 100);
  assertEquals(takeAll(clock, 100), [[100, "now"], [100, "past"]]);
});

Deno.test("VirtualClock: takes nothing that is due after the limit, and stays where it is", () => {
  const clock = new VirtualClock<string>();
  clock.arm(10, "a");
  assertEquals(clock.takeDue(9), null);
  assertEquals(clock.now100ns, 0);
  assertEquals(clock.takeDue(10), "a");
});

Deno.test("VirtualClock: a cancelled timer does not fire, and is cancelled once", () => {
  const clock = new VirtualClock<string>();
  const a = clock.arm(10, "a");
  clock.arm(20, "b");
  assertEquals(clock.cancel(a), true);
  assertEquals(clock.cancel(a), false);
  assertEquals(takeAll(clock, 100), [[20, "b"]]);
});

Deno.test("VirtualClock: a timer that fired cannot be cancelled", () => {
  const clock = new VirtualClock<string>();
  const a = clock.arm(10, "a");
  clock.arm(10, "b");
  clock.takeDue(10);
  assertEquals(clock.cancel(a), false);
  assertEquals(clock.takeDue(10), "b");
});

Deno.test("VirtualClock: does not cancel what another clock has armed", () => {
  const [clock, other] = [new VirtualClock<string>(), new VirtualClock<string>()];
  clock.arm(10, "mine");
  assertEquals(clock.cancel(other.arm(10, "other")), false);
  assertEquals(clock.cancel({ at100ns: 10, order: 0, timer: "mine" }), false);
  assertEquals(takeAll(clock, 10), [[10, "mine"]]);
  assertEquals(takeAll(other, 10), [[10, "other"]]);
});

Deno.test("VirtualClock: moveTo goes up to the earliest deadline and not past it", () => {
  const clock = new VirtualClock<string>();
  clock.arm(10, "a");
  clock.moveTo(10);
  assertEquals(clock.now100ns, 10);
  assertThrows(() => clock.moveTo(11), BrokenInvariant, "pass a deadline");
  assertThrows(() => clock.moveTo(9), BrokenInvariant, "go back");
  assertThrows(() => clock.moveTo(10.5), BrokenInvariant, "whole number");
  assertEquals(clock.now100ns, 10);
});

Deno.test("VirtualClock: asserts that a deadline is a safe whole number", () => {
  const clock = new VirtualClock<string>();
  for (const at100ns of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => clock.arm(at100ns, "never"), BrokenInvariant, "whole number");
  }
  assertEquals(clock.pending(), []);
});

Deno.test("VirtualClock: pending armed anew in its order gives the same firing order", () => {
  const clock = new VirtualClock<string>();
  const times = [5, 3, 5, 9, 3, 1];
  times.forEach((at100ns, index) => clock.arm(at100ns, `${at100ns}#${index}`));
  const restored = new VirtualClock<string>();
  for (const { at100ns, timer } of clock.pending()) restored.arm(at100ns, timer);
  assertEquals(clock.pending().map(({ timer }) => timer), [
    "1#5",
    "3#1",
    "3#4",
    "5#0",
    "5#2",
    "9#3",
  ]);
  assertEquals(takeAll(restored, 100), takeAll(clock, 100));
});

/** What a run of random calls does: arm after a delay, cancel one of those armed, or take one. */
type Step = { arm: number } | { cancel: number } | { takeWithin: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ arm: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ takeWithin: fc.nat(20) }) },
);

Deno.test("VirtualClock: does what a sorted array does", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 150, size: "max" }), (steps) => {
      const clock = new VirtualClock<number>();
      const armed: Deadline<number>[] = [];
      let model: Deadline<number>[] = [];
      for (const step of steps) {
        if ("arm" in step) {
          const deadline = clock.arm(clock.now100ns + step.arm, armed.length);
          armed.push(deadline);
          model.push(deadline);
          model.sort((a, b) => a.at100ns - b.at100ns || a.order - b.order);
        } else if ("cancel" in step) {
          const deadline = armed[step.cancel % armed.length];
          if (deadline === undefined) continue;
          assertEquals(clock.cancel(deadline), model.includes(deadline));
          model = model.filter((other) => other !== deadline);
        } else {
          const limit100ns = clock.now100ns + step.takeWithin;
          const first = model[0];
          const due = first !== undefined && first.at100ns <= limit100ns;
          assertEquals(clock.takeDue(limit100ns), due ? first.timer : null);
          if (due) model.shift();
        }
        assertEquals(clock.next100ns(), model[0]?.at100ns ?? null);
        const pending = clock.pending();
        assert(pending.length === model.length && pending.every((one, i) => one === model[i]));
      }
      assertEquals(takeAll(clock, 1e6).map(([, timer]) => timer), model.map(({ timer }) => timer));
    }),
    { seed: 42, numRuns: 300 },
  );
});
