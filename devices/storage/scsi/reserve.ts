/**
 * PERSISTENT RESERVE IN and OUT: what is reserved, and how that is changed (docs/storage.md D20 to D24).
 *
 * @module
 */

import {
  array,
  bigEndian,
  Damage,
  reserved,
  struct,
  u16,
  u32,
  u64,
  u8,
} from "../../../core/layout/mod.ts";
import { stored } from "./capacity.ts";
import { type Cdb, SERVICE_ACTION_MASK } from "./commands.ts";
import type { GuestData } from "./guest_data.ts";
import { RESERVATION_TYPES, type ReservationEnd, type ReservationNexus } from "./reservations.ts";
import { CONFLICT, failed, good, type ScsiResult } from "./result.ts";
import type { ScsiUnit } from "./unit.ts";

const beU64 = bigEndian(u64);
const HEAD = {
  generation: [0, bigEndian(u32)],
  followingBytes: [4, bigEndian(u32), "bytes"],
} as const;

const KEYS = struct("reservation keys", 8, { ...HEAD, keys: [8, array(beU64, "toTheEnd")] });
const NOTHING_RESERVED = struct("no reservation", 8, HEAD);
const RESERVED = struct("reservation", 24, {
  ...HEAD,
  key: [8, beU64],
  reserved16: [16, reserved(5)],
  scopeAndType: [21, u8],
  reserved22: [22, reserved(2)],
});
const CAPABILITIES = struct("reservation capabilities", 8, {
  byteCount: [0, bigEndian(u16), "bytes"],
  reserved2: [2, u8],
  flags: [3, u8], // bit 7: the types are listed
  types: [4, u8], // a bit for each type from 0 to 7
  moreTypes: [5, u8], // and for 8
  reserved6: [6, reserved(2)],
});
const PARAMETERS = struct("reservation parameters", 24, {
  key: [0, beU64],
  newKey: [8, beU64],
  reserved16: [16, reserved(8)],
});

const TYPES: readonly number[] = Object.values(RESERVATION_TYPES);
const TYPE_MASK = 0x0f;
/** The high half of the byte is the scope: 0, all of the disk. */
const SCOPE_MASK = 0xf0;

/** PERSISTENT RESERVE IN: the keys, the reservation, what there can be. */
export function reserveIn(
  { image: { reservations } }: ScsiUnit,
  cdb: Extract<Cdb, { readonly operation: "persistentReserveIn" }>,
  data: GuestData,
): ScsiResult {
  if (reservations === undefined) return failed("invalidOpcode");
  const answer = answerOf(cdb.serviceAction & SERVICE_ACTION_MASK, reservations);
  if (answer === null) return failed("invalidFieldInCdb");
  return stored(data, answer.subarray(0, cdb.allocationBytes));
}

function answerOf(action: number, { shared }: ReservationNexus): Uint8Array | null {
  const { generation, reservation, registered } = shared;
  switch (action) {
    case 0: {
      const keys = [...registered.values()];
      return KEYS.encode({ generation, followingBytes: 8 * keys.length, keys });
    }
    case 1: {
      if (reservation === null) return NOTHING_RESERVED.encode({ generation, followingBytes: 0 });
      const { key, type } = reservation;
      return RESERVED.encode({ generation, followingBytes: 16, key, scopeAndType: type });
    }
    case 2:
      return CAPABILITIES.encode({
        byteCount: CAPABILITIES.byteCount,
        reserved2: 0,
        flags: 0x80,
        types: TYPES.filter((type) => type < 8).reduce((bits, type) => bits | 1 << type, 0),
        moreTypes: 1,
      });
    default:
      return null;
  }
}

/** PERSISTENT RESERVE OUT: registers, reserves, releases, clears, preempts. */
export function reserveOut(
  { image: { reservations } }: ScsiUnit,
  cdb: Extract<Cdb, { readonly operation: "persistentReserveOut" }>,
  data: GuestData,
): ScsiResult {
  if (reservations === undefined) return failed("invalidOpcode");
  const action = CHANGES[cdb.serviceAction & SERVICE_ACTION_MASK];
  if (action === undefined) return failed("invalidFieldInCdb");
  const isWhole = cdb.parameterBytes === PARAMETERS.byteCount &&
    data.byteCount >= PARAMETERS.byteCount;
  if (!isWhole) return failed("invalidParameterListLength");
  const type = cdb.scopeAndType & TYPE_MASK;
  const isType = TYPES.includes(type) && (cdb.scopeAndType & SCOPE_MASK) === 0;
  if (action.hasType && !isType) return failed("invalidFieldInCdb");
  const parameters = PARAMETERS.decode(data.load(PARAMETERS.byteCount));
  if (parameters instanceof Damage) return failed("invalidFieldInParameters");
  switch (action.change(reservations, parameters, type)) {
    case "done":
      return good();
    case "conflict":
      return CONFLICT;
    case "wrong":
      return failed("invalidFieldInParameters");
  }
}

interface Change {
  /** Whether the scope and type in the CDB count. */
  readonly hasType: boolean;
  readonly change: (
    nexus: ReservationNexus,
    keys: { readonly key: number | bigint; readonly newKey: number | bigint },
    type: number,
  ) => ReservationEnd;
}

/** The service actions of PERSISTENT RESERVE OUT, by their numbers. */
const CHANGES: Readonly<Record<number, Change>> = {
  0: { hasType: false, change: (nexus, { key, newKey }) => nexus.register(key, newKey) },
  1: { hasType: true, change: (nexus, { key }, type) => nexus.reserve(key, type) },
  2: { hasType: true, change: (nexus, { key }, type) => nexus.release(key, type) },
  3: { hasType: false, change: (nexus, { key }) => nexus.clear(key) },
  4: {
    hasType: true,
    change: (nexus, { key, newKey }, type) => nexus.preempt(key, newKey, type, false),
  },
  5: {
    hasType: true,
    change: (nexus, { key, newKey }, type) => nexus.preempt(key, newKey, type, true),
  },
  6: { hasType: false, change: (nexus, { newKey }) => nexus.register(null, newKey) },
};
