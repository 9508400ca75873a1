/**
 * What each of the two drivers counts.
 *
 * @module
 */

/** What a driver sent, and which completions it got. */
export interface DriverCounts {
  /** Packets that were sent, those of synchronous requests included. */
  packets: number;
  /** Bytes of their payloads, without headers. */
  payloadBytes: number;
  /** Packets of these whose completion was asked for. */
  completionsWanted: number;
  /** Completions that came. */
  completionsCame: number;
}

/** Nothing counted yet. */
export function noCounts(): DriverCounts {
  return { packets: 0, payloadBytes: 0, completionsWanted: 0, completionsCame: 0 };
}
