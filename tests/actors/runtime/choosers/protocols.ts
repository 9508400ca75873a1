/**
 * Four protocols with a mistake each that only some orders show.
 *
 * @module
 */

import { type Protocol, read, type Step, type Task, write } from "./protocol.ts";

/**
 * A writer and a reader of a ring with `packets` packets (wire.md 1.5 to 1.8). `looksAgain`: whether the
 * reader looks at the ring once more when it has cleared its mask, as it has to.
 */
export function ringSignalling(packets: number, looksAgain: boolean): Protocol {
  const ring = { writeIndex: 0, readIndex: 0, isMasked: false, isSignalled: false };
  let taken = 0;
  function* writer(): Task {
    for (let packet = 0; packet < packets; packet++) {
      const before = ring.writeIndex;
      yield write("write index");
      ring.writeIndex++;
      yield read("mask");
      if (ring.isMasked) continue;
      yield read("read index");
      if (before !== ring.readIndex) continue; // the reader had not seen everything: it is awake
      yield write("signal");
      ring.isSignalled = true;
    }
  }
  function* readAll(): Generator<Step, void, void> {
    yield write("mask");
    ring.isMasked = true;
    for (;;) {
      yield read("write index");
      if (ring.writeIndex === taken) break;
      taken = ring.writeIndex;
    }
    yield write("read index");
    ring.readIndex = taken;
    yield write("mask");
    ring.isMasked = false;
  }
  function* reader(): Task {
    while (taken < packets) {
      yield write("signal", () => ring.isSignalled);
      ring.isSignalled = false;
      let isEmpty = false;
      while (!isEmpty) {
        yield* readAll();
        isEmpty = true;
        if (!looksAgain) break;
        yield read("write index");
        isEmpty = ring.writeIndex === taken;
      }
    }
  }
  return { tasks: [writer(), reader()], hasFailed: () => taken !== packets };
}

/** One place, two readers of `items` each, one writer; whoever is done wakes one that waits, of either kind. */
export function boundedBuffer(items: number): Protocol {
  let isFull = false;
  let owner: number | null = null;
  const waiting: number[] = [];
  const woken = new Set<number>();
  function* enter(me: number, isReady: () => boolean): Generator<Step, void, void> {
    yield write("lock", () => owner === null);
    owner = me;
    while (!isReady()) {
      waiting.push(me);
      owner = null;
      yield write(`wake-up ${me}`, () => woken.has(me));
      woken.delete(me);
      yield write("lock", () => owner === null);
      owner = me;
    }
  }
  function* use(me: number, times: number, fills: boolean): Task {
    for (let time = 0; time < times; time++) {
      yield* enter(me, () => isFull !== fills);
      isFull = fills;
      const first = waiting.shift();
      if (first !== undefined) woken.add(first);
      owner = null;
    }
  }
  return {
    tasks: [use(0, items, false), use(1, items, false), use(2, 2 * items, true)],
    hasFailed: (isStuck) => isStuck,
  };
}

/** A task of one step, and one of `steps`: it shows only if the one comes last. */
export function uneven(steps: number): Protocol {
  let done = 0;
  let isLast = false;
  function* one(): Task {
    yield write("flag");
    isLast = done === steps;
  }
  function* many(): Task {
    for (; done < steps; done++) yield write("count");
  }
  return { tasks: [one(), many()], hasFailed: () => isLast };
}

/**
 * The host rescinds after the guest has opened and before it looks again, and frees what the guest still
 * needs, with `busy` other steps on each side before: three steps that must come in one order.
 */
export function teardown(busy: number): Protocol {
  const channel = { isOpen: false, isRescinded: false, isFreed: false };
  let isUsedLate = false;
  function* others(on: string, count: number): Generator<Step, void, void> {
    for (let step = 0; step < count; step++) yield write(on);
  }
  function* guest(): Task {
    yield* others("guest", busy);
    yield write("channel");
    channel.isOpen = true;
    yield read("channel");
    const mayUse = !channel.isRescinded;
    yield* others("guest", 3);
    if (!mayUse) return;
    yield read("packet");
    isUsedLate = channel.isFreed;
  }
  function* host(): Task {
    yield* others("host", busy);
    yield write("channel");
    channel.isRescinded = channel.isOpen;
    yield* others("host", busy);
    if (!channel.isRescinded) return;
    yield write("packet");
    channel.isFreed = true;
  }
  return { tasks: [guest(), host()], hasFailed: () => isUsedLate };
}
