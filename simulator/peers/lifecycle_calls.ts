/**
 * The calls on a channel that need nothing but the channel, as data: for whoever draws them.
 *
 * @module
 */

import type { NtStatus } from "../../core/ntstatus.ts";
import type { Side } from "../../mod.ts";
import { requireOneOf } from "./checks.ts";
import type { LifecycleModel } from "./lifecycle_model.ts";
import { SIDES } from "./lifecycle_types.ts";

/** A documented function that takes a channel and nothing else; each is a member of both tables. */
export type LifecycleFunction =
  | "VmbChannelEnable"
  | "VmbChannelDisable"
  | "VmbChannelStart"
  | "VmbChannelPause"
  | "VmbChannelCleanup";

/** A call, and whose channel it is made for. */
export interface LifecycleCall {
  /** The function. */
  readonly name: LifecycleFunction;
  /** Whose channel it is for. */
  readonly side: Side;
}

/** How the model is told of each. */
const TELL: Readonly<
  Record<LifecycleFunction, (model: LifecycleModel, side: Side) => NtStatus | null>
> = {
  VmbChannelEnable: (model, side) => model.enable(side),
  VmbChannelDisable: (model, side) => none(model.disable(side)),
  VmbChannelStart: (model, side) => none(model.start(side)),
  VmbChannelPause: (model, side) => none(model.pause(side)),
  VmbChannelCleanup: (model, side) => none(model.cleanUp(side)),
};

/** A function without a status. */
function none(_result: unknown): null {
  return null;
}

const FUNCTIONS = Object.keys(TELL) as LifecycleFunction[];

/**
 * Each such call, for either side: for `fc.constantFrom`, or to be drawn with
 * `LIFECYCLE_CALLS[chance.below(LIFECYCLE_CALLS.length)]`.
 */
export const LIFECYCLE_CALLS: readonly LifecycleCall[] = Object.freeze(
  SIDES.flatMap((side) => FUNCTIONS.map((name) => Object.freeze({ name, side }))),
);

/**
 * Tells `model` of a call; answers with the status that it has to return, null where the function returns
 * none.
 *
 * @throws {TypeError} There is no such call.
 */
export function predictCall(model: LifecycleModel, call: LifecycleCall): NtStatus | null {
  requireOneOf("predict a call", "name", call?.name, FUNCTIONS);
  requireOneOf("predict a call", "side", call.side, SIDES);
  return TELL[call.name](model, call.side);
}
