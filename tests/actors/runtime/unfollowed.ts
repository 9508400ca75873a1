/**
 * A runtime that cannot tell whose code continues after an await: tests pretend that theirs is one.
 *
 * @module
 */

/** Does `work`, such as making a fabric, where the runtime offers nothing to follow async code by. */
export function unfollowed<T>(work: () => T): T {
  const { process } = globalThis as { process?: { getBuiltinModule?: unknown } };
  if (process === undefined) return work();
  const { getBuiltinModule } = process;
  process.getBuiltinModule = undefined;
  try {
    return work();
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
}
