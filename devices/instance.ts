/**
 * The instance that tells devices of one kind apart, as a program says it.
 *
 * @module
 */

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The instance of a device that is made or opened, as it is saved: in small letters, and without braces.
 *
 * @param action What needs it, for the error.
 * @param options What it is one of, whatever the program gave.
 * @throws {TypeError} It was left out, or is no GUID.
 */
export function checkInstance(
  action: string,
  options: { readonly instance: string } | null | undefined,
): string {
  const instance: unknown = options?.instance;
  if (typeof instance === "string") {
    const guid = instance.replace(/^\{(.*)\}$/, "$1").toLowerCase();
    if (GUID.test(guid)) return guid;
  }
  const found = instance === undefined ? "which is left out" : `a GUID, not ${String(instance)}`;
  throw new TypeError(`Cannot ${action}: it needs the option instance, ${found}`);
}
