/**
 * The state of a chart in a word.
 *
 * @module
 */

/** The outermost state of a region of a chart. */
export function outermostState(value: unknown, region: string): string {
  const inside: unknown = (value as Readonly<Record<string, unknown>>)[region];
  return typeof inside === "object" && inside !== null ? Object.keys(inside)[0] ?? "" : `${inside}`;
}
