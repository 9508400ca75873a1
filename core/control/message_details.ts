/**
 * Control messages as entries of a trace tell of them: by name, field by field.
 *
 * @module
 */

import { fieldsOf } from "../layout/mod.ts";
import { describeBytes, withStatusName } from "../trace_entries.ts";
import type { TraceDetail, TraceDetails } from "../trace_events.ts";
import { type ControlFault, decodeControlMessage, isControlFault } from "./codec.ts";
import { CONTROL_MESSAGE } from "./layouts.ts";

/** What `bytes` say: the message's name and fields, or what is wrong with them, and their fields as far as they go. */
export function messageDetails(bytes: Uint8Array): TraceDetails {
  const decoded = decodeControlMessage(bytes);
  if (isControlFault(decoded)) return faultDetails(bytes, decoded);
  const { message, ...rest } = decoded;
  const fields = Object.entries<boolean | number | bigint | string | Uint8Array>(rest)
    .map(([name, value]): [string, TraceDetail] => [
      name,
      detailOf(value),
    ]);
  return { message, fields: withStatusName(Object.fromEntries(fields)) };
}

function detailOf(value: boolean | number | bigint | string | Uint8Array): TraceDetail {
  if (value instanceof Uint8Array) return describeBytes(value, value.length);
  return typeof value === "bigint" ? String(value) : value;
}

function faultDetails(bytes: Uint8Array, fault: ControlFault): TraceDetails {
  if (fault === "messageTooLarge") return { message: null, fault };
  const { fields, damage } = fieldsOf(CONTROL_MESSAGE, bytes);
  return {
    message: null,
    fault,
    fields: Object.fromEntries(fields.map(({ name, value }) => [name, value])),
    ...damage !== null && { reason: damage.reason, offset: damage.offset },
  };
}
