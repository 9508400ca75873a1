/**
 * Mistakes that authors of drivers make, each in a small scenario of its own.
 *
 * @module
 */

import { boundedBuffer } from "../../simulator/scenarios/protocols/bounded_buffer.ts";
import { burstPair } from "../../simulator/scenarios/protocols/burst.ts";
import { teardown } from "../../simulator/scenarios/protocols/teardown.ts";
import { twoPhaseCommit } from "../../simulator/scenarios/protocols/two_phase_commit/scenario.ts";
import type { DriverCanary } from "./canary.ts";
import { keptPastSuspend, noAnswerAfterRestore } from "./drivers/life.ts";
import { answeredTooEarly, freedTooEarly } from "./drivers/memory.ts";
import { heldLock, openOrder } from "./drivers/order.ts";
import { deviceQueue } from "./drivers/requests.ts";

/**
 * Ticks of the timer of two-phase commit. Where it has six, as the scenario says, votes have to wait for so long that
 * a run which is made smaller still has hundreds of switches; the mistake is the same where it has one.
 */
const TICKS = 1;

/** Each by its name. */
export const DRIVER_CANARIES: readonly DriverCanary[] = [
  {
    name: "completion-forgotten",
    breaks: "a request is never completed, where more wait than its author thought of",
    make: (mistaken) => deviceQueue(mistaken ? "forgotten" : "none"),
  },
  {
    name: "completed-twice",
    breaks: "a request is completed at Suspend, and once more when its device has done it",
    make: (mistaken) => deviceQueue(mistaken ? "completed twice" : "none"),
  },
  {
    name: "freed-too-early",
    breaks: "a buffer is freed with the last request, as if answers came in the order of requests",
    make: freedTooEarly,
  },
  {
    name: "answered-too-early",
    breaks: "an answer is given before what it is about was written",
    make: answeredTooEarly,
  },
  {
    name: "whole-burst-taken",
    breaks: "the host is taken to have read a whole burst when its first request is answered",
    make: burstPair,
  },
  {
    name: "lock-held-across-wait",
    breaks: "two locks, each held while a guest is asked, are taken in two orders",
    make: heldLock,
  },
  {
    name: "opens-in-order",
    breaks: "of two channels the one that was enabled first is taken to be open first",
    make: openOrder,
  },
  {
    name: "kept-past-suspend",
    breaks: "what was under way when the channel closed is believed to be after it opens again",
    make: keptPastSuspend,
  },
  {
    name: "no-answer-after-restore",
    breaks: "a restored packet has no completion routine, and nobody continues after it",
    make: noAnswerAfterRestore,
  },
  {
    name: "one-woken-of-either-kind",
    breaks: "whoever is done wakes whoever waits longest, also one who can do nothing",
    make: boundedBuffer,
  },
  {
    name: "freed-by-the-host-alone",
    breaks: "the host frees a rescinded device without the guest's word that it has let go",
    make: teardown,
  },
  {
    name: "late-timer-dropped",
    breaks: "a timer that is late is dropped, and with it the turn of whoever waits",
    make: (mistaken) => twoPhaseCommit(mistaken, TICKS),
  },
];
