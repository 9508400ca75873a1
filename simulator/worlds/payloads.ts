/**
 * How a scenario says what its drivers' payloads mean.
 *
 * @module
 */

import { parseGuid } from "../../core/guid.ts";
import { Layout } from "../../core/layout/mod.ts";

/**
 * How payloads of a scenario read: all those that the members which are given fit. Nobody but who looks at a run
 * reads by it.
 */
export interface ScenarioPayload {
  /** Payloads on channels of this interface type, a GUID. Default: on all. */
  readonly interfaceType?: string;
  /** Payloads that go this way. Default: both. */
  readonly direction?: "toHost" | "toGuest";
  /** Whether it is completions that have them (true) or packets (false). Default: both. */
  readonly isAnswer?: boolean;
  /** How they lie in bytes. What is longer than the layout has bytes of its own behind it. */
  readonly layout: Layout<unknown>;
}

/** Where a payload was seen. */
export interface PayloadPlace {
  /** The interface type of its channel; null: the channel has none by now. */
  readonly interfaceType: string | null;
  /** Which way it goes. */
  readonly direction: "toHost" | "toGuest";
  /** Whether a completion has it. */
  readonly isAnswer: boolean;
}

/** What {@linkcode isScenarioPayload} wants. */
export const SCENARIO_PAYLOAD_FORM =
  'one with a layout, and where it has them a GUID as interfaceType, "toHost" or "toGuest" as direction, ' +
  "a boolean as isAnswer";

/** Whether `value` says how payloads read. */
export function isScenarioPayload(value: unknown): value is ScenarioPayload {
  const { interfaceType, direction, isAnswer, layout }: Readonly<Record<string, unknown>> = Object(
    value,
  );
  return layout instanceof Layout &&
    (interfaceType === undefined || parseGuid(interfaceType) !== null) &&
    (direction === undefined || direction === "toHost" || direction === "toGuest") &&
    (isAnswer === undefined || typeof isAnswer === "boolean");
}

/** How a payload reads: by the first of `payloads` that fits; null: nobody says. */
export function payloadLayout(
  payloads: readonly ScenarioPayload[],
  place: PayloadPlace,
): Layout<unknown> | null {
  const found = payloads.find(({ interfaceType, direction, isAnswer }) =>
    (interfaceType === undefined || parseGuid(interfaceType) === place.interfaceType) &&
    (direction ?? place.direction) === place.direction &&
    (isAnswer ?? place.isAnswer) === place.isAnswer
  );
  return found?.layout ?? null;
}
