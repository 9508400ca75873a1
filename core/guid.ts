/**
 * GUIDs: 36 lower-case characters without braces in programs, 16 mixed-endian bytes on the wire.
 *
 * @module
 */

const GUID_TEXT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The null GUID, all zeros. */
export const NULL_GUID = "00000000-0000-0000-0000-000000000000";

/** Wire position of each byte of the text form: u32, u16, u16 little-endian, then 8 bytes as is. */
const WIRE_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/**
 * The GUID that `value` spells, in lower case and without braces, or null where it is not a GUID (kmcl.md
 * I6).
 */
export function parseGuid(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const isBraced = value.startsWith("{") && value.endsWith("}");
  const guid = (isBraced ? value.slice(1, -1) : value).toLowerCase();
  return GUID_TEXT.test(guid) ? guid : null;
}

/** Writes `guid` at `offset` in its wire form (wire.md 4.4). */
export function writeGuid(target: DataView, offset: number, guid: string): void {
  const digits = guid.replaceAll("-", "");
  WIRE_ORDER.forEach((from, at) => {
    target.setUint8(offset + at, Number.parseInt(digits.slice(from * 2, from * 2 + 2), 16));
  });
}

/** Reads the GUID whose wire form begins at `offset` (wire.md 4.4). */
export function readGuid(source: DataView, offset: number): string {
  const bytes = WIRE_ORDER.map((from) =>
    source.getUint8(offset + from).toString(16).padStart(2, "0")
  );
  return [
    bytes.slice(0, 4),
    bytes.slice(4, 6),
    bytes.slice(6, 8),
    bytes.slice(8, 10),
    bytes.slice(10),
  ].map((group) => group.join("")).join("-");
}
