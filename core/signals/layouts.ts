/**
 * The pages that signals go through where they do not go one by one, as layouts (wire.md section 6): for whoever shows
 * them, writes wrong ones, or holds {@linkcode MonitorPage} and {@linkcode InterruptPage} against them.
 *
 * @module
 */

import {
  array,
  bytes,
  flags,
  hex,
  type Layout,
  reserved,
  struct,
  u16,
  u32,
} from "../layout/mod.ts";
import { PAGE_BYTES } from "../units.ts";

/** Monitor ids of a connection: 4 groups of 32. */
export const MONITOR_IDS = 128;
/** Groups of monitor ids. */
const MONITOR_GROUPS = 4;

/** Which monitor ids of a group are signalled. */
export interface MonitorGroup {
  /** u32: bit n = id n of the group is to be signalled. */
  readonly pending: number;
  /** u32: bit n = id n of the group is looked after. */
  readonly armed: number;
}

/** What a monitor id signals. */
export interface MonitorParameters {
  /** u32: the connection that is signalled. */
  readonly connectionId: number;
  /** u16: the event flag that is set. */
  readonly flag: number;
}

/** What a monitor page says: arrays go by monitor id, group after group. */
export interface MonitorPageFields {
  /** u32: bits 0 to 3 = the group is looked after. */
  readonly triggerState: number;
  /** What is to be signalled. */
  readonly groups: readonly MonitorGroup[];
  /** u32 each: when each id is looked at next. */
  readonly nextCheckTimes: readonly number[];
  /** u16 each: by how much a signal of each id may be late. */
  readonly latencies100ns: readonly number[];
  /** What each id signals. */
  readonly parameters: readonly MonitorParameters[];
}

const GROUP = struct("monitor group", 8, {
  pending: [0, hex(u32)],
  armed: [4, hex(u32)],
});

const PARAMETERS = struct("monitor parameters", 8, {
  connectionId: [0, hex(u32)],
  flag: [4, u16],
  reserved: [6, reserved(2)],
});

/** A monitor page. */
export const MONITOR_PAGE: Layout<MonitorPageFields> = struct("monitor page", PAGE_BYTES, {
  triggerState: [0, flags(u32, { group0: 1, group1: 2, group2: 4, group3: 8 })],
  reserved4: [4, reserved(4)],
  groups: [8, array(GROUP, MONITOR_GROUPS)],
  reserved40: [40, reserved(24)],
  nextCheckTimes: [64, array(u32, MONITOR_IDS)],
  latencies100ns: [576, array(u16, MONITOR_IDS)],
  reserved832: [832, reserved(256)],
  parameters: [1088, array(PARAMETERS, MONITOR_IDS)],
  reserved2112: [2112, reserved(PAGE_BYTES - 2112)],
});

/** What an interrupt page says: in each half bit n = channel n is signalled. */
export interface InterruptPageFields {
  /** 2048 bytes: by the host, to the guest. */
  readonly toGuest: Uint8Array;
  /** 2048 bytes: by the guest, to the host. */
  readonly toHost: Uint8Array;
}

/** An interrupt page. */
export const INTERRUPT_PAGE: Layout<InterruptPageFields> = struct("interrupt page", PAGE_BYTES, {
  toGuest: [0, bytes(PAGE_BYTES / 2)],
  toHost: [PAGE_BYTES / 2, bytes(PAGE_BYTES / 2)],
});
