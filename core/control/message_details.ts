/**
 * Control messages as entries of a trace tell of them: by name, field by field.
 *
 * @module
 */

import { describeBytes, withStatusName } from "../trace_entries.ts";
import type { TraceDetail, TraceDetails } from "../trace_events.ts";
import { decodeControlMessage, isControlFault } from "./codec.ts";

/** What `bytes` say: the message's name and fields, or what is wrong with them. */
export function messageDetails(bytes: Uint8Array): TraceDetails {
  const decoded = decodeControlMessage(bytes);
  if (isControlFault(decoded)) return { message: null, fault: decoded };
  const { message, ...rest } = decoded;
  const fields = Object.entries<boolean | number | string | Uint8Array>(rest)
    .map(([name, value]): [string, TraceDetail] => [
      name,
      value instanceof Uint8Array ? describeBytes(value, value.length) : value,
    ]);
  return { message, fields: withStatusName(Object.fromEntries(fields)) };
}
