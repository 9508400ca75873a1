/**
 * Waits of drivers and programs for virtual time to pass.
 *
 * @module
 */

import type { RuntimePort } from "./runtime_port.ts";

/** Blocks the running caller until time is `due100ns`; `what` says so to who asks what it waits for. */
export function untilTime(
  runtime: Pick<RuntimePort, "beginWait" | "armTimer">,
  due100ns: number,
  what: string,
): Promise<void> {
  const options = { call: "delay", what, partition: null, heldUpBy: () => null, isTimed: true };
  const wait = runtime.beginWait<void>(options);
  runtime.armTimer(due100ns, { fire: () => wait.answer() });
  return wait.promise;
}
