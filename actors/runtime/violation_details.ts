/**
 * What a violation is about, and how that is said.
 *
 * @module
 */

/** A channel as reports name it. */
export interface ChannelPlace {
  /** Its number in the fabric, in the order of VmbChannelAllocate. */
  readonly id: number;
  /** Which end of the channel it is. */
  readonly side: "client" | "server";
  /** The name that its driver gave it, or nothing. */
  readonly friendlyName: string;
  /** The partition whose driver has it. */
  readonly partition: string;
}

/** A call that was made before, and should have been the last of its kind. */
export interface EarlierCall {
  /** The documented function. */
  readonly call: string;
  /** Virtual time in milliseconds. */
  readonly at: number;
  /** The callback in whose synchronous part it was made; null: in none. */
  readonly callback: string | null;
  /** The driver's line, with file and column; null unless `sourceLines` was set for the fabric. */
  readonly source: string | null;
}

/** What a violation is about. */
export interface ViolationDetails {
  /** The channel; without it that whose callback runs, if any. */
  readonly channel?: ChannelPlace | null;
  /** The packet: its transaction id. */
  readonly packet?: number | string | null;
  /** The call that had ended already what the running one is about. */
  readonly first?: EarlierCall | null;
}

/** For reports: `channel 3 (server)`. */
export function nameOfChannel({ id, side, friendlyName }: ChannelPlace): string {
  return `channel ${id} (${side}${friendlyName === "" ? "" : `, ${friendlyName}`})`;
}

/** How reports name an endpoint that has this friendly name. */
export function placeOf(
  { id, side, partition }: Pick<ChannelPlace, "id" | "side"> & { partition: { name: string } },
  friendlyName: string,
): ChannelPlace {
  return { id, side, friendlyName, partition: partition.name };
}

/** A violation in words; the lines of sources are not in them, as they differ between machines. */
export function describeMisuse(
  message: string,
  channel: ChannelPlace | null,
  { packet = null, first = null }: ViolationDetails,
): string {
  const place = channel === null
    ? ""
    : `${nameOfChannel(channel)} in ${channel.partition}${
      packet === null ? "" : `, packet ${packet}`
    }: `;
  if (first === null) return place + message;
  const inside = first.callback === null ? "" : ` in ${first.callback}`;
  return `${place}${message}, by ${first.call} at ${first.at} ms${inside}`;
}
