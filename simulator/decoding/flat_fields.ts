/**
 * Fields and those inside of them, in one list.
 *
 * @module
 */

import type { DecodedField } from "../../core/layout/mod.ts";

/** Each field and, behind it, those inside of it; `depth` counts the fields that one lies in. */
export function* flatFields(
  fields: readonly DecodedField[],
  depth: number = 0,
): Generator<readonly [field: DecodedField, depth: number]> {
  for (const field of fields) {
    yield [field, depth];
    yield* flatFields(field.fields ?? [], depth + 1);
  }
}
