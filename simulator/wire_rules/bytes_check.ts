/**
 * Bytes that are no conversation, measured by the rules of wire.md: rings, packets, descriptions of GPADLs.
 *
 * @module
 */

import type { DecodedField } from "../../core/layout/mod.ts";
import type { DecodedBytes, DecodedPart } from "../decoding/decode_bytes.ts";

/** Where bytes break a rule. */
export interface FoundInBytes {
  /** The rule. */
  readonly rule: string;
  /** At which of the bytes. */
  readonly offset: number;
  /** What is wrong, with the present value. */
  readonly what: string;
}

const PACKET = "wire.md 1.9: what a reader refuses";
const CONTROL_PAGE = "wire.md 1.2: the control page";
const TRAILER = "wire.md 1.4: the trailer";

/** The fields of a control page that are places in the ring. */
const INDICES = ["writeIndex", "readIndex"] as const;

/** What is damaged, by what it is part of. */
const RULES: Readonly<Record<DecodedBytes["kind"], string>> = {
  message: "wire.md 4.1: what is said is a message",
  packet: PACKET,
  ring: PACKET,
  rings: PACKET,
  gpadl: "wire.md 3.3: the description of a GPADL",
  monitorPage: "wire.md 6: a monitor page",
  interruptPage: "wire.md 6: an interrupt page",
};

/** The field that lies inside of others, by its name and theirs; null: it is not there. */
export function fieldAt(
  fields: readonly DecodedField[],
  ...names: readonly string[]
): DecodedField | null {
  let inside: readonly DecodedField[] | undefined = fields;
  let found: DecodedField | null = null;
  for (const name of names) {
    found = inside?.find((field) => field.name === name) ?? null;
    inside = found?.fields;
  }
  return found;
}

/** Bits of a control page that have no meaning. */
function brokenControlPage({ fields }: DecodedPart): readonly FoundInBytes[] {
  const bits = fieldAt(fields, "featureBits");
  if (bits === null || Number(bits.value) <= 1) return [];
  const what = `featureBits ${bits.text}: bits other than 0 must be 0`;
  return [{ rule: CONTROL_PAGE, offset: bits.offset, what }];
}

/** A packet of a ring whose trailer leads elsewhere. */
function brokenTrailer(part: DecodedPart): readonly FoundInBytes[] {
  const { fields, index } = part;
  const trailer = fieldAt(fields, "trailer", "descriptorOffset");
  if (index === undefined || trailer === null || Number(trailer.value) === index) return [];
  const what = `the trailer names ${trailer.text}, and the packet begins at ${index}`;
  return [{ rule: TRAILER, offset: trailer.offset, what }];
}

/** Whether it is an index of a control page that is damaged. */
function isIndexDamaged({ parts, damage }: Pick<DecodedBytes, "parts" | "damage">): boolean {
  const page = parts.find((part) => part.damage === damage);
  const indices = INDICES.map((name) => fieldAt(page?.fields ?? [], name)?.offset);
  return damage !== null && indices.includes(damage.offset);
}

/** The rules that bytes break, in their order. */
export function brokenBytes(
  bytes: Pick<DecodedBytes, "kind" | "parts" | "damage">,
): readonly FoundInBytes[] {
  const { kind, parts, damage } = bytes;
  const ofParts = kind === "ring" || kind === "rings"
    ? parts.flatMap((part) => [...brokenControlPage(part), ...brokenTrailer(part)])
    : [];
  if (damage === null) return ofParts;
  const rule = isIndexDamaged(bytes) ? "wire.md 1.3: indices" : RULES[kind];
  return [...ofParts, { rule, offset: damage.offset, what: damage.reason }]
    .toSorted((one, other) => one.offset - other.offset);
}
