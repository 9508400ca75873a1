/**
 * The stand-in for `@std/async` waits, and stops waiting, as the real package does.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { deadline, delay } from "@std/async";

Deno.test("delay: resolves after its time, not at once", async () => {
  const order: string[] = [];
  const waiting = delay(5).then(() => order.push("delay"));
  await Promise.resolve().then(() => order.push("turn"));
  await waiting;
  assertEquals(order, ["turn", "delay"]);
});

Deno.test("delay: rejects with the signal's reason, before and during the wait", async () => {
  const reason = new Error("enough");
  assertStrictEquals(
    await assertRejects(() => delay(10_000, { signal: AbortSignal.abort(reason) })),
    reason,
  );
  const controller = new AbortController();
  const waiting = assertRejects(() => delay(10_000, { signal: controller.signal }));
  controller.abort(reason);
  assertStrictEquals(await waiting, reason);
});

Deno.test("deadline: passes on what settles in time", async () => {
  assertEquals(await deadline(Promise.resolve(7), 10_000), 7);
  const reason = new Error("own");
  assertStrictEquals(await assertRejects(() => deadline(Promise.reject(reason), 10_000)), reason);
});

Deno.test("deadline: rejects with TimeoutError after its time", async () => {
  const never = new Promise<never>(() => {});
  const error = await assertRejects(() => deadline(never, 1), DOMException);
  assertEquals(error.name, "TimeoutError");
});

Deno.test("deadline: rejects with the signal's reason", async () => {
  const reason = new Error("enough");
  const never = new Promise<never>(() => {});
  const controller = new AbortController();
  const waiting = assertRejects(() => deadline(never, 10_000, { signal: controller.signal }));
  controller.abort(reason);
  assertStrictEquals(await waiting, reason);
});
