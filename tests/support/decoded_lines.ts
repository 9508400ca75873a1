/**
 * Decoded fields as lines of text, for tests that read them.
 *
 * @module
 */

import type { DecodedField } from "../../core/layout/mod.ts";

/** `offset+byteCount name: text` of each field, with those inside it indented below. */
export function linesOf(fields: readonly DecodedField[], indent = ""): string[] {
  return fields.flatMap(({ name, offset, byteCount, text, fields: inner = [] }) => [
    `${indent}${offset}+${byteCount} ${name}: ${text}`,
    ...linesOf(inner, `${indent}  `),
  ]);
}

/** Bytes written by hand in base 16: spaces divide fields. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}
