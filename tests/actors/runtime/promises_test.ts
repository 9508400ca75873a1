import { assertEquals } from "@std/assert";
import { ignoreRejection, isPromise, whenSettled } from "../../../actors/runtime/promises.ts";
import { HOSTILE_PROMISES } from "../../support/hostile_values.ts";
import { hops } from "../../support/driving.ts";

Deno.test("isPromise: is true of anything with a then function, functions included", () => {
  const then = () => {};
  for (const value of [Promise.resolve(), { then }, Object.assign(() => {}, { then })]) {
    assertEquals(isPromise(value), true);
  }
  for (const value of [null, undefined, 1, "then", {}, { then: 1 }, () => {}]) {
    assertEquals(isPromise(value), false);
  }
});

Deno.test("whenSettled: calls one of the two, once, and never before it has returned", async () => {
  for (const [what, make] of Object.entries(HOSTILE_PROMISES)) {
    const heard: string[] = [];
    whenSettled(make(), () => heard.push("fulfilled"), () => heard.push("rejected"));
    assertEquals(heard, [], what);
    await hops(10);
    assertEquals(heard.length, 1, what);
  }
});

Deno.test("whenSettled: hands over what the promise came to", async () => {
  const heard: unknown[] = [];
  const hear = (value: unknown) => void heard.push(value);
  await whenSettled(Promise.resolve(7), hear, hear);
  await whenSettled(Promise.reject("why"), hear, hear);
  assertEquals(heard, [7, "why"]);
});

Deno.test("ignoreRejection: leaves no rejection that nobody hears", async () => {
  ignoreRejection(Promise.reject(new Error("nobody's")));
  ignoreRejection(7);
  await hops(10);
});
