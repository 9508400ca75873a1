/**
 * Completions that the opposite side makes up: of transactions that are nobody's, that have ended, or that it
 * has not answered and will answer again (wire.md 2.5).
 *
 * @module
 */

import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { Chance } from "../../../core/chance.ts";
import { PACKET_COMPLETION, PacketFields } from "../../../core/packet/packet.ts";
import { type Attack, type Attacker, endsOf, type OpenChannel, signalVictim } from "./attack.ts";

/** Which transactions completions are made up for. */
export type ForgedCompletion = "unknown" | "stale" | "duplicate";

/** Ids that no sender gives out. */
const UNKNOWN_HIGH = 0x100;
const BYTES_MAX = 64;

/** Has the writer of `own` put a completion into its ring, behind whatever it has written itself. */
function putCompletion(own: Endpoint, low: number, high: number, chance: Chance): boolean {
  const { ring } = own.outgoing;
  const { codec } = own.runtime;
  if (ring === null) return false;
  const fields = new PacketFields();
  fields.type = PACKET_COMPLETION;
  fields.completionRequested = false;
  fields.transactionIdLow = low;
  fields.transactionIdHigh = high;
  fields.payload = chance.bytes(chance.below(BYTES_MAX + 1));
  fields.payloadBytes = fields.payload.length;
  const { type, headerBytes, bodyBytes, flags, transactionIdLow, transactionIdHigh } = codec.frame(
    fields,
  );
  if (ring.reserve(bodyBytes) !== "ok") return false;
  codec.encode(fields, ring);
  ring.finish(type, headerBytes, flags, transactionIdLow, transactionIdHigh);
  ring.commit();
  return true;
}

/** Packet objects of `victim` by whether it awaits a completion for them. */
function slotsOf(victim: Endpoint, isAwaited: boolean): readonly number[] {
  const awaited = victim.outgoing.packets.live
    .filter(({ actor }) => actor.tags.awaiting)
    .map(({ slot }) => slot);
  if (isAwaited) return awaited;
  // Numbers are given out from the lowest on: what is below the highest was a transaction once.
  const highest = Math.max(0, ...victim.outgoing.packets.live.map(({ slot }) => slot));
  return Array.from({ length: highest + 1 }, (_, slot) => slot)
    .filter((slot) => !awaited.includes(slot));
}

/** The completions that `by` can make up on a channel, of one kind or of each. */
export function forgedCompletions(
  channel: OpenChannel,
  by: Attacker,
  kind?: ForgedCompletion,
): readonly Attack[] {
  const { victim, own } = endsOf(channel, by);
  if (own.configuration.isPipe) return [];
  const attack = (what: string, id: (chance: Chance) => readonly [number, number]): Attack => ({
    what,
    make(chance) {
      const [low, high] = id(chance);
      if (putCompletion(own, low, high, chance)) signalVictim(channel, by);
    },
  });
  const among = (slots: readonly number[]) => (chance: Chance) =>
    [slots[chance.below(slots.length)]!, 0] as const;
  const [awaited, stale] = [slotsOf(victim, true), slotsOf(victim, false)];
  const all: readonly (readonly [ForgedCompletion, Attack | null])[] = [
    [
      "unknown",
      attack(
        "a completion of no transaction",
        (chance) => [chance.below(0x1_0000), UNKNOWN_HIGH + chance.below(0x100)],
      ),
    ],
    ["stale", stale.length === 0 ? null : attack("a completion that came before", among(stale))],
    [
      "duplicate",
      awaited.length === 0 ? null : attack("a completion that will come again", among(awaited)),
    ],
  ];
  return all.flatMap(([name, made]) => made === null || (kind ?? name) !== name ? [] : [made]);
}
