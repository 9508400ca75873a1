/**
 * What must be true of the two sides of a channel when all is over.
 *
 * @module
 */

import { inspectChannel } from "../../../mod.ts";
import type { EverythingClient } from "./client.ts";
import { errandOf, type Sender } from "./plan.ts";
import type { EverythingServer } from "./server.ts";
import type { Talker } from "./talker.ts";

/** Hears of what is not true. */
export type Fail = (rule: string, message: string) => void;

/** Numbers of the bits that are set in `word`. */
function numbersIn(word: number): string {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => word >>> bit & 1).join(", ");
}

/** What one side has sent, as it and its receiver have it; `receiver` is null where its guest is gone. */
function checkDirection(sent: Talker, receiver: Talker | null, from: Sender, fail: Fail): void {
  const { state, plan } = sent;
  const all = state.sent === 0 ? 0 : 2 ** state.sent - 1;
  const open = all & ~(state.succeeded | state.lost | state.requested);
  if (open !== 0 || sent.inFlight.size > 0) {
    fail("S15: each transaction ends", `packets ${numbersIn(open)} of the ${from} have not ended`);
  }
  if ((state.succeeded & state.lost) !== 0) {
    fail("S15: a transaction ends once", `${numbersIn(state.succeeded & state.lost)} ended twice`);
  }
  if (receiver === null) return;
  const { received } = receiver.state;
  let answered = 0;
  for (let number = 0; number < state.sent; number++) {
    if (errandOf(plan, from, number).kind !== "post") answered |= 1 << number;
  }
  const unseen = state.succeeded & answered & ~received;
  if (unseen !== 0) {
    fail("P1: what is answered was received", `packets ${numbersIn(unseen)} of the ${from}`);
  }
  if ((received & ~all) !== 0) {
    fail("P3: what is received was sent", `packets ${numbersIn(received & ~all)} of the ${from}`);
  }
  const isWhole = state.closes + receiver.state.closes === 0 && state.lost === 0;
  if (isWhole && (state.succeeded & ~received) !== 0) {
    const missing = numbersIn(state.succeeded & ~received);
    fail("P1: what was sent arrives", `packets ${missing} of the ${from} never did`);
  }
}

/** What is wrong with a channel before it is closed: all has been sent, and has ended. */
export function checkTotals(
  client: EverythingClient | null,
  server: EverythingServer,
  fail: Fail,
): void {
  for (const side of [client, server]) {
    for (const { rule, message } of side?.state.wrongs ?? []) fail(rule, message);
  }
  if (client !== null) checkDirection(client, server, "guest", fail);
  checkDirection(server, client, "host", fail);
}

/**
 * Who holds what, of a side that has not come to its end; null: it has. One that is `alone`, as its guest is
 * gone, sends no more.
 */
export function describeUnfinished(talker: Talker, alone = false): string | null {
  if (talker.isDone || (alone && talker.isIdle)) return null;
  const there = inspectChannel(talker.channel);
  if (there === null) return null; // its driver is gone
  const { state, inFlight, held } = talker;
  const what = [
    `${there.lifecycle} and ${there.flow}`,
    `${state.sent} sent`,
    `${inFlight.size} in flight`,
    `${held.length} held`,
    there.fault === null ? "" : `fault ${there.fault}`,
  ];
  return what.filter((part) => part !== "").join(", ");
}
