/**
 * The names by which messages and signals of a bus cross (wire.md 4.1, section 6): connection ids towards the
 * host, places of the synthetic interrupt controller (SynIC) towards the guest.
 *
 * @module
 */

import type { ServerPlace } from "../channel/partition_port.ts";

/** Where messages for the guest are put: one of its virtual processors, an interrupt source there, a trust level. */
export interface SynicPlace {
  /** Virtual processor. */
  readonly vp: number;
  /** Synthetic interrupt source (SINT), 0 to 15. */
  readonly sint: number;
  /** Virtual trust level: 0, 1 or 2. */
  readonly vtl: number;
}

/** An interrupt of the guest: a flag that is set at such a place. */
export interface GuestSignal extends SynicPlace {
  /** The flag, 1 to 2047. */
  readonly eventFlag: number;
}

/** An interrupt of the host, as a guest names it to the hypervisor. */
export interface HostSignal {
  /** The connection that is signalled. */
  readonly connectionId: number;
  /** The flag that is set there: 0, unless the guest has named another one. */
  readonly flag: number;
}

/** The interrupt source of VMBus. */
export const VMBUS_SINT = 2;
/** Where interrupts go that a guest has redirected (wire.md 4.1, 6). */
export const REDIRECT_PLACE = { sint: 7, vtl: 2 } as const;
/** Event flags of an interrupt source; flag 0 is nobody's. */
export const EVENT_FLAGS = 2048;
/** Messages to the host, before version 5.0 of the protocol. */
export const MESSAGE_CONNECTION_ID = 1;
/** Messages to the host from version 5.0 on, as long as the host has not named another one. */
const MULTICLIENT_CONNECTION_ID = 4;

/** The event flag that all channels share, before version 2.4: no channel has it as its id. */
export const SHARED_EVENT_FLAG = 0;
/** The signal of the host that all channels share, before version 1.1. */
export const SHARED_HOST_SIGNAL: HostSignal = { connectionId: 2, flag: 0 };

/** More than any {@linkcode guestSignalKey}. */
const PLACED_SIGNALS = 2 ** 24;
const SINT_SHIFT = 12;
const VTL_SHIFT = 16;
const MESSAGE_SINT_SHIFT = 4;
const MESSAGE_VTL_SHIFT = 22;

/** The host itself, to drivers of trust level `vtl`. */
export function hostPort(vtl: number): ServerPlace {
  return { vtl, sint: VMBUS_SINT, isTrusted: false };
}

/** A paravisor at trust level `vtl`, to the other levels of its guest. */
export function redirectPort(vtl: number): ServerPlace {
  return { vtl, sint: REDIRECT_PLACE.sint, isTrusted: true };
}

/** The connection id by which the guest signals a channel of `port`, unless it has named another one (wire.md 4.1). */
export function eventConnectionId(
  channelId: number,
  { vtl, sint }: Pick<ServerPlace, "vtl" | "sint">,
): number {
  return channelId | sint << SINT_SHIFT | vtl << VTL_SHIFT;
}

/** The connection id of messages for a server of another trust level and interrupt source (wire.md 4.1). */
export function messageConnectionId({ vtl, sint }: Pick<ServerPlace, "vtl" | "sint">): number {
  return MULTICLIENT_CONNECTION_ID | vtl << MESSAGE_VTL_SHIFT | sint << MESSAGE_SINT_SHIFT;
}

/** Where a guest that is served at `port` makes contact: a paravisor has one connection, in any version. */
export function contactConnectionId(port: ServerPlace, isMulticlient: boolean): number {
  if (port.isTrusted) return messageConnectionId(port);
  return isMulticlient ? MULTICLIENT_CONNECTION_ID : MESSAGE_CONNECTION_ID;
}

/**
 * A number for an interrupt of the guest, another one for another interrupt. Its virtual processor says where
 * the guest takes the interrupt, and not whose it is.
 */
export function guestSignalKey({ sint, vtl, eventFlag }: GuestSignal): number {
  return (vtl << 4 | sint) << 16 | eventFlag;
}

/**
 * The same where somebody outside takes them: each processor has flags of its own, and a guest may tell two channels
 * apart by that alone (wire.md 4.2).
 */
export function placedSignalKey(signal: GuestSignal): number {
  return signal.vp * PLACED_SIGNALS + guestSignalKey(signal);
}

/** A number for an interrupt of the host, another one for another interrupt. */
export function hostSignalKey({ connectionId, flag }: HostSignal): number {
  return connectionId * 0x1_0000 + flag;
}
