/**
 * What both ends of a socket know: its names, and how large its rings are.
 *
 * @module
 */

/** What follows the port in the GUID of a service that a vsock port stands for. */
const VSOCK_TAIL = "-facb-11e6-bd58-64006a7986d3";
/** A GUID, bare or in a pair of braces. */
const GUID = ((digits) => new RegExp(`^(?:(${digits})|\\{(${digits})\\})$`, "i"))(
  "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
);
/** The highest vsock port: the one above stands for any. */
const VSOCK_PORT_MAX = 0xffff_fffe;

/** Data pages of each ring, unless a guest is told otherwise: with the control page six pages each. */
export const RING_PAGES = 5;
/** How long a connect may take unless it is told otherwise, in 100 ns: 2 s. */
export const CONNECT_TIMEOUT_100NS = 20_000_000;
/** How long a close waits for the end of the other side's stream, in 100 ns: 8 s. */
export const CLOSE_TIMEOUT_100NS = 80_000_000;

/**
 * The service that a vsock port stands for: Linux listens on and connects to no others.
 *
 * @throws {RangeError} `port` is no whole number from 0 to 4 294 967 294.
 */
export function vsockService(port: number): string {
  if (!Number.isInteger(port) || port < 0 || port > VSOCK_PORT_MAX) {
    throw new RangeError(
      `Cannot name a vsock port: it is a whole number from 0 to ${VSOCK_PORT_MAX}, not ${port}`,
    );
  }
  return port.toString(16).padStart(8, "0") + VSOCK_TAIL;
}

/** The vsock port that a service stands for; null where it stands for none. */
export function vsockPort(service: string): number | null {
  const guid = guidOf(service);
  return guid?.slice(8) === VSOCK_TAIL ? Number.parseInt(guid.slice(0, 8), 16) : null;
}

/** A GUID as the functions of KMCL give it, without braces and capitals; null where `value` is no GUID. */
function guidOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const [, bare, braced] = GUID.exec(value) ?? [];
  return (bare ?? braced)?.toLowerCase() ?? null;
}

/**
 * The same where there has to be one: what a service or a connection is known by, however a program has written it.
 *
 * @throws {TypeError} `value` is no GUID.
 */
export function requireGuid(action: string, name: string, value: unknown): string {
  const guid = guidOf(value);
  if (guid !== null) return guid;
  const shown = typeof value === "string"
    ? JSON.stringify(value)
    : `a value of type ${typeof value}`;
  throw new TypeError(`Cannot ${action}: ${name} must be a GUID, not ${shown}`);
}

/**
 * Checks a handler before anybody can be heard by it.
 *
 * @throws {TypeError} `handler` is no function.
 */
export function requireHandler(handler: unknown): void {
  if (typeof handler === "function") return;
  throw new TypeError(`Cannot listen: handler must be a function, not of type ${typeof handler}`);
}
