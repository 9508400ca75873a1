import { assert, assertEquals } from "@std/assert";
import { unfollowed } from "./unfollowed.ts";
import { follower, realDelay, realNowMs, turn } from "../../../actors/runtime/event_loop.ts";
import { hops, watch } from "../../support/driving.ts";

/** A delay that no test lives to see. */
const FAR_MS = 1e6;

/** Runs `work` in a runtime that has no setImmediate, as browsers have none. */
async function withoutSetImmediate(work: () => Promise<void>): Promise<void> {
  const given = Object.getOwnPropertyDescriptor(globalThis, "setImmediate");
  assert(given !== undefined, "this runtime has one");
  Object.defineProperty(globalThis, "setImmediate", { value: undefined, configurable: true });
  try {
    await work();
  } finally {
    Object.defineProperty(globalThis, "setImmediate", given);
  }
}

Deno.test("turn: comes after every promise reaction that was due, of any depth", async () => {
  let count = 0;
  hops(1000).then(() => count++);
  const depth = async (level: number): Promise<void> => {
    await null;
    if (level > 0) await depth(level - 1);
  };
  depth(200).then(() => count++);
  await turn();
  assertEquals(count, 2);
});

Deno.test("turn: comes also where there is no setImmediate, and leaves no port open", async () => {
  await withoutSetImmediate(async () => {
    for (let i = 0; i < 3; i++) await turn();
  });
});

Deno.test("realDelay: takes its time", async () => {
  const start = realNowMs();
  await realDelay(5, new AbortController().signal);
  assert(realNowMs() - start >= 3);
});

Deno.test("realDelay: ends when it is aborted, and leaves no timer", async () => {
  const stop = new AbortController();
  const delayed = watch(realDelay(FAR_MS, stop.signal));
  await hops(10);
  assertEquals(delayed.state, "pending");
  stop.abort();
  await hops(10);
  assertEquals(delayed.state, "resolved");
  await realDelay(FAR_MS, stop.signal);
});

Deno.test("follower: keeps its value with whatever the code awaits, and with nothing else", async () => {
  const followed = follower();
  const mine = {};
  const gate = Promise.withResolvers<void>();
  const deep = async (depth: number): Promise<object | undefined> => {
    if (depth > 0) return await deep(depth - 1);
    await gate.promise;
    await null;
    return followed?.get();
  };
  const inside = followed?.run(mine, () => deep(5));
  assertEquals(followed?.get(), undefined);
  gate.resolve();
  assertEquals([await inside === mine, followed?.get()], [true, undefined]);
  assertEquals(followed?.run(mine, () => followed.run(undefined, () => followed.get())), undefined);
});

Deno.test("follower: is none where the runtime has nothing to follow by", () => {
  assertEquals(unfollowed(follower), null);
  assertEquals(follower() === follower(), true);
});
