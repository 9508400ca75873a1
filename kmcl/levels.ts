/**
 * Checks the level of functions for PASSIVE_LEVEL alone (kmcl.md section 5, Levels). A call above it is a
 * violation, so it is checked last, after all that has a status.
 *
 * @module
 */

import { currentFrame, KeGetCurrentIrql, PASSIVE_LEVEL } from "../actors/runtime/irql.ts";
import type { RuntimePort } from "../actors/runtime/runtime_port.ts";

/** Whether the running code may block, as `call` would: at DISPATCH_LEVEL it must not. */
export function mayBlock({ verifier }: RuntimePort, call: string): boolean {
  if (KeGetCurrentIrql() === PASSIVE_LEVEL) return true;
  const message = `${currentFrame()?.name} must not wait`;
  verifier.report("waiting call at DISPATCH_LEVEL", call, message);
  return false;
}

/** Whether `call`, which does not wait, may be made at the level of the running code. */
export function isPassive({ verifier }: RuntimePort, call: string): boolean {
  if (KeGetCurrentIrql() === PASSIVE_LEVEL) return true;
  const message = `${currentFrame()?.name} runs at DISPATCH_LEVEL`;
  verifier.report("call above PASSIVE_LEVEL", call, message);
  return false;
}
