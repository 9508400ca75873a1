/**
 * The chart of a byte pipe at one end of a channel (wire.md 2.4): each direction ends by itself, and both with
 * the channel.
 *
 *   incoming  open ─close→ dropping ─endTaken→ ended     outgoing  open ─closeWrite→ closing ─endSent→ ended
 *               └─endTaken→ ended, reset or gone→ lost               └──reset or gone, also later──→ lost
 *   thread    waiting ─started→ called
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../chart/effects.ts";
import type { ActorKind } from "../runtime/actors.ts";

/** What can happen to a byte pipe. */
export type BytePipeEvent =
  /** The channel is enabled, or opened anew: a new stream begins in each direction. */
  | { readonly type: "begin" }
  /** The flow of the channel runs. */
  | { readonly type: "started" }
  /** The end of what the opposite side writes was taken from the ring. */
  | { readonly type: "endTaken" }
  /** Its driver will write no more. */
  | { readonly type: "closeWrite" }
  /** Its driver will neither write nor read any more. */
  | { readonly type: "close" }
  /** The end of what this side writes is in the ring. */
  | { readonly type: "endSent" }
  /** The opposite side closed, or broke the protocol: nobody takes what is written. */
  | { readonly type: "writerReset" }
  /** The same, and nothing more comes. */
  | { readonly type: "reset" }
  /** This side disables the channel, or it never opened. */
  | { readonly type: "gone" };

/** What is asked of its state. */
export type BytePipeTag =
  /** Bytes may come. */
  | "readable"
  /** What comes is dropped, up to the end. */
  | "dropping"
  /** The opposite side has ended its stream, and all of it was taken. */
  | "atEnd"
  /** Bytes may be written. */
  | "writable"
  /** The end is to follow what is still to be written. */
  | "closing"
  /** The end is in the ring. */
  | "ended"
  /** Reading ended with the channel, by the opposite side. */
  | "readReset"
  /** Writing ended with the channel, by the opposite side. */
  | "writeReset"
  /** The streams are those of a channel that closed: the next open begins new ones. */
  | "over";

/** What a step of the chart has a pipe do. */
const BYTE_PIPE_EFFECTS = [
  /** Whoever reads is told that nothing comes any more. */
  "answerReaders",
  /** Writing continues, up to the end. */
  "writeOn",
  /** The end is in the ring: whoever waits for that continues. */
  "answerClosers",
  /** Whoever writes is told that nobody takes it. */
  "failWriters",
  /** The driver is called, to use the pipe. */
  "callOpened",
] as const;

/** One of them. */
export type BytePipeEffect = typeof BYTE_PIPE_EFFECTS[number];

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createBytePipeChart() {
  return setup({
    types: { events: {} as BytePipeEvent, tags: {} as BytePipeTag },
    actions: nameEffects(BYTE_PIPE_EFFECTS),
  }).createMachine({ id: "bytePipe", type: "parallel", on: { close: {} }, states: {
    incoming: { initial: "open", on: { begin: ".open" }, states: {
      open: { tags: "readable", on: { endTaken: "ended", close: "dropping", reset: "lost.reset", gone: "lost.gone" } },
      dropping: { tags: "dropping", entry: "answerReaders", on: { endTaken: "ended", reset: "lost.reset", gone: "lost.gone" } },
      ended: { tags: "atEnd", entry: "answerReaders" },
      lost: { entry: "answerReaders", initial: "gone", states: { reset: { tags: "readReset" }, gone: {} } },
    } },
    outgoing: { initial: "open", on: { begin: ".open", gone: ".lost.gone", reset: ".lost.reset", writerReset: ".lost.reset" }, states: {
      open: { tags: "writable", on: { closeWrite: "closing", close: "closing" } },
      closing: { tags: "closing", entry: "writeOn", on: { endSent: "ended" } },
      ended: { tags: "ended", entry: "answerClosers", on: { gone: "lost.afterEnd", reset: "lost.afterEnd", writerReset: "lost.afterEnd" } },
      // What it was lost by stays: the channel that is torn down for that says "gone" as well.
      lost: { tags: "over", entry: "failWriters", initial: "gone", on: { gone: {}, reset: {}, writerReset: {} }, states: {
        reset: { tags: "writeReset" }, gone: {}, afterEnd: { tags: ["ended", "writeReset"] },
      } },
    } },
    thread: { initial: "waiting", on: { begin: ".waiting" }, states: {
      waiting: { on: { started: "called" } },
      called: { entry: "callOpened", on: { started: {} } },
    } },
  } });
}

/** The actor of a byte pipe. */
export const BYTE_PIPE_ACTOR: ActorKind = { name: "bytePipe", createChart: createBytePipeChart };
