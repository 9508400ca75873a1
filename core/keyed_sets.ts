/**
 * Sets by a key: what is one of few among many is found without a look at all.
 *
 * @module
 */

/** Puts `value` into the set of `key`, behind what is there. */
export function addTo<Key, Value>(
  sets: Map<Key, Set<Value>>,
  key: Key,
  value: Value,
): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([value]));
  else known.add(value);
}

/** Takes `value` out of the set of `key`, if it is there; a set that is empty by that goes. */
export function takeFrom<Key, Value>(
  sets: Map<Key, Set<Value>>,
  key: Key,
  value: Value,
): void {
  const known = sets.get(key);
  if (known?.delete(value) === true && known.size === 0) sets.delete(key);
}
