/**
 * How a scenario says what its drivers' payloads mean.
 *
 * @module
 */

import { parseGuid } from "../../core/guid.ts";
import { Layout } from "../../core/layout/mod.ts";
import type { ScenarioPayload } from "../decoding/payloads.ts";

export type { ScenarioPayload };

/** What {@linkcode isScenarioPayload} wants. */
export const SCENARIO_PAYLOAD_FORM =
  'one with a layout, and where it has them a GUID as interfaceType, "toHost" or "toGuest" as direction, ' +
  "a boolean as isAnswer, a string as answerTo, and layouts by name as inside";

/** Whether `value` says how payloads read. */
export function isScenarioPayload(value: unknown): value is ScenarioPayload {
  const payload: Readonly<Record<string, unknown>> = Object(value);
  const { interfaceType, direction, isAnswer, answerTo, layout, inside } = payload;
  return layout instanceof Layout &&
    (interfaceType === undefined || parseGuid(interfaceType) !== null) &&
    (direction === undefined || direction === "toHost" || direction === "toGuest") &&
    (isAnswer === undefined || typeof isAnswer === "boolean") &&
    (answerTo === undefined || typeof answerTo === "string") &&
    (inside === undefined || typeof inside === "object" && inside !== null &&
        Object.values(inside).every((each) => each instanceof Layout));
}
