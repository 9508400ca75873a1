/**
 * Control messages that are damaged on their way: one field of each, which says something else then (wire.md 3.2,
 * 4.2).
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import { decodeControlMessage, isControlFault } from "../../../core/control/codec.ts";
import { formOfSize } from "../../../core/control/layouts.ts";
import { type Field, u32 } from "../../../core/layout/mod.ts";
import { type Attack, type Attacker, DIRECTION_OF } from "./attack.ts";

/** The number of a message, which comes before its fields. */
const NUMBER = "its number";

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Another number than `value`, as a rule one near it. */
function otherNumber(value: number, max: number, chance: Chance): number {
  const edges = [value + 1, value - 1, 0, 1, max, chance.below(max + 1)];
  const drawn = Math.min(Math.max(edges[chance.below(edges.length)]!, 0), max);
  return drawn !== value ? drawn : value === 0 ? 1 : value - 1;
}

/** Damages `field` where it lies: whatever its width, the bits around it stay as they were. */
function damage(view: DataView, field: Field, chance: Chance): void {
  const value = field.read(view);
  if (typeof value === "boolean") return field.write(view, !value);
  if (typeof value === "number" || typeof value === "bigint") {
    const max = Math.min(2 ** (8 * field.type.byteCount) - 1, Number.MAX_SAFE_INTEGER - 1);
    const other = otherNumber(Math.min(Number(value), max), max, chance);
    return field.write(view, other);
  }
  if (typeof value === "string") { // a GUID: another digit at its end
    const digit = (parseInt(value.at(-1)!, 16) + 1 + chance.below(15)) % 16;
    return field.write(view, value.slice(0, -1) + digit.toString(16));
  }
  const changed = value as Uint8Array;
  if (changed.length === 0) return;
  const at = chance.below(changed.length);
  changed[at] = (changed[at]! + 1 + chance.below(255)) & 0xff;
  field.write(view, changed);
}

/** Each way in which a message can be damaged: one a field, and its number. */
function damagesOf(bytes: Uint8Array): readonly (readonly [string, (chance: Chance) => void])[] {
  const message = decodeControlMessage(bytes);
  if (isControlFault(message)) return [];
  const view = viewOf(bytes);
  const form = formOfSize(message.message, bytes.length);
  const fields = form.list.filter(({ type }) => !type.isSilent).map((field) =>
    [
      `${field.name} of ${message.message}`,
      (chance: Chance) => damage(view, field, chance),
    ] as const
  );
  const renumber = (chance: Chance) => {
    u32.write(view, 0, otherNumber(u32.read(view, 0), 31, chance));
  };
  return [...fields, [`${NUMBER}, of ${message.message}`, renumber]];
}

/** The messages of `by` that are on their way, each of which can be damaged in each of its fields. */
export function messageDamages(guest: PartitionObject, by: Attacker): readonly Attack[] {
  return guest.bus.pending(DIRECTION_OF[by])
    .flatMap(damagesOf)
    .map(([what, make]) => ({ what: `${what} is damaged`, make }));
}

/** The messages of `by` that are on their way, each of which can come once more. */
export function messageRepeats(guest: PartitionObject, by: Attacker): readonly Attack[] {
  const direction = DIRECTION_OF[by];
  return guest.bus.pending(direction).map((bytes) => {
    const message = decodeControlMessage(bytes);
    const name = isControlFault(message) ? "no message" : message.message;
    return {
      what: `${name} comes once more`,
      make: () => guest.bus.postBytes(direction, bytes.slice()),
    };
  });
}
