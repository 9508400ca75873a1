import { assertEquals } from "@std/assert";
import { transition } from "xstate";
import { EFFECTS } from "../../../actors/channel/effects.ts";
import {
  CHANNEL_EFFECTS,
  type ChannelEffect,
  type ChannelTag,
} from "../../../actors/channel/types.ts";
import { stateKey } from "../../../actors/chart/compile.ts";
import { CHANNEL_CHARTS, CHANNEL_STEPS, has, type Step } from "../../support/channel_chart.ts";

/** What the chart names for each step, in order, as XState has it. */
const EFFECTS_OF: ReadonlyMap<Step, readonly string[]> = new Map(CHANNEL_STEPS.map((step) => {
  const [, actions] = transition(CHANNEL_CHARTS[step.side], step.from, { type: step.type });
  return [step, actions.map((action) => action.type)];
}));

const begins = ({ from, to }: Step, tag: ChannelTag) => !has(from, tag) && has(to, tag);
const ends = ({ from, to }: Step, tag: ChannelTag) => has(from, tag) && !has(to, tag);
const asksFor = (step: Step, tag: ChannelTag) =>
  begins(step, tag) || (step.type === "openedOk" && has(step.to, tag));

/** For each effect the steps that must have it, by what the documents say of the states around them. */
const OWED: Readonly<Record<ChannelEffect, (step: Step) => boolean>> = {
  // kmcl.md S10.1, S15: nobody waits for a channel that goes, nor for one whose opposite side broke the protocol.
  // Who reads a byte pipe continues until what came before the close was taken.
  releaseRequests: (step) =>
    begins(step, "leaving") || ends(step, "sound") || ends(step, "emptying"),
  // kmcl.md S10.6: what is owed to nobody but the bus.
  leaveBus: (step) => begins(step, "releasing"),
  // kmcl.md S8: whoever waits continues when the last packet is back, even if the flow begins again at once.
  answerPause: (step) => begins(step, "atRest") || step.type === "retired",
  // kmcl.md S11.
  answerDisable: (step) => begins(step, "disabled"),
  // kmcl.md S5, S6; S10: what the opposite side of a pipe sent before it closed is taken.
  lookAtRings: (step) =>
    begins(step, "flows") || begins(step, "emptying") ||
    (step.type === "postStartedReturned" && has(step.to, "emptying")),
  sendCompletions: (step) => ends(step, "flows"),
  // kmcl.md S3-S5, S7, S10: Closed waits for the flow.
  runNextCallback: (step) =>
    asksFor(step, "callOpened") || asksFor(step, "callStarted") ||
    asksFor(step, "callPostStarted") || asksFor(step, "callSuspend") ||
    begins(step, "callClosed") || (has(step.to, "callClosed") && begins(step, "atRest")),
  // kmcl.md S7.
  endDraining: (step) => begins(step, "draining"),
};

/** Effects that find nothing to do where they are named once more: whoever they are for has gone on. */
const HARMLESS: ReadonlySet<ChannelEffect> = new Set(
  ["releaseRequests", "answerPause", "answerDisable", "runNextCallback"],
);

for (const effect of CHANNEL_EFFECTS) {
  Deno.test(`CHANNEL_EFFECTS: ${effect} is named for the steps that owe it, once each`, () => {
    const wrong = CHANNEL_STEPS.flatMap((step) => {
      const count = EFFECTS_OF.get(step)?.filter((name) => name === effect).length ?? 0;
      const isOwed = OWED[effect](step);
      const isRight = HARMLESS.has(effect) ? !isOwed || count > 0 : count === (isOwed ? 1 : 0);
      return isRight ? [] : [`${step.side} ${stateKey(step.from.value)} ${step.type}: ${count}`];
    });
    assertEquals(wrong, []);
  });
}

// kmcl.md S6: completions behind a packet that waits for the next flow leave all the same.
Deno.test("EFFECTS: the end of a flow has the rings looked at where completions wait, and else not", () => {
  const scheduled: boolean[] = [];
  for (const hasCompletions of [false, true]) {
    let count = 0;
    const nothing = () => {};
    EFFECTS.sendCompletions({
      requests: { release: nothing },
      bytes: null,
      outgoing: { hasCompletions },
      work: { scheduleInterrupt: () => count++ },
      leaveBus: nothing,
      callers: { answerRest: nothing },
      ended: nothing,
      runNextCallback: nothing,
      endDraining: nothing,
    }, { type: "pause" });
    scheduled.push(count === 1);
  }
  assertEquals(scheduled, [false, true]);
});
