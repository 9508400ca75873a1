/**
 * Whether a world can be run as it is asked for.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { isUint } from "../../core/units.ts";
import { ITEMS_MAX, ITEMS_MAX_MOST, type WorldSettings } from "./settings.ts";

function refuse(what: string, right: string, value: unknown): never {
  throw new TypeError(`Cannot run a world: ${what} must be ${right}, not ${describe(value)}`);
}

/**
 * Checks what the fabric, which checks its own options, never sees.
 *
 * @throws {TypeError | RangeError} A setting is not what it should be.
 */
export function checkSettings(settings: WorldSettings): void {
  if (typeof settings !== "object" || settings === null) refuse("settings", "an object", settings);
  const { itemsMax = ITEMS_MAX, isFaulty = true, choices = [], beforeChoice, onChoice } = settings;
  if (!isUint(itemsMax, ITEMS_MAX_MOST) || itemsMax === 0) {
    const right = `a whole number from 1 to ${ITEMS_MAX_MOST}`;
    throw new RangeError(
      `Cannot run a world: itemsMax must be ${right}, not ${describe(itemsMax)}`,
    );
  }
  if (typeof isFaulty !== "boolean") refuse("isFaulty", "true or false", isFaulty);
  if (!Array.isArray(choices)) refuse("choices", "a list", choices);
  for (const [name, hear] of Object.entries({ beforeChoice, onChoice })) {
    if (hear !== undefined && typeof hear !== "function") refuse(name, "a function", hear);
  }
}
