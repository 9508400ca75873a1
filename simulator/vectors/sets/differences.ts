/**
 * Where what a case says differs from what was found.
 *
 * @module
 */

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** The first difference between `expected` and `actual`, such as `reader.readIndex: expected 16, got 0`; null: there is none. */
export function firstDifference(expected: unknown, actual: unknown, path = ""): string | null {
  if (!isRecord(expected) || !isRecord(actual)) {
    return Object.is(expected, actual)
      ? null
      : `${path}: expected ${shown(expected)}, got ${shown(actual)}`;
  }
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const inner = path === "" ? name : `${path}.${name}`;
    const difference = firstDifference(expected[name], actual[name], inner);
    if (difference !== null) return difference;
  }
  return null;
}
