/**
 * Structures that a driver hands over. Their members may be accessors, so to read them is to run the
 * driver's code: it may throw, answer differently each time, or call back into the package. So each is
 * read once, into a copy, before anything else is looked at, and only the copy is used.
 *
 * @module
 */

import { elementCountOf } from "./bytes.ts";

/**
 * The members `keys` of `value`, as they were; null for a value without members, and where one of them
 * cannot be read.
 */
export function copyMembers<Key extends string>(
  value: unknown,
  keys: readonly Key[],
): Record<Key, unknown> | null {
  if (typeof value !== "object" && typeof value !== "function" || value === null) return null;
  const members: Partial<Record<Key, unknown>> = {};
  try {
    for (const key of keys) members[key] = (value as Record<Key, unknown>)[key];
  } catch {
    return null; // an accessor of the driver's own, or a Proxy
  }
  return members as Record<Key, unknown>;
}

/** The elements of an array of any kind, at most `countMax` of them; null for any other value, and for one that cannot be read. */
export function copyElements(value: unknown, countMax: number): unknown[] | null {
  const elements: unknown[] = [];
  try {
    const count = elementCountOf(value) ?? (Array.isArray(value) ? value.length : null);
    if (count === null) return null;
    const list = value as ArrayLike<unknown>;
    for (let at = 0; at < Math.min(count, countMax); at++) elements.push(list[at]);
  } catch {
    return null;
  }
  return elements;
}
