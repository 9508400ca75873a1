/**
 * Rings that the opposite side spoils (wire.md 1.9).
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import { CORRUPTIONS } from "../../peers/corruptions.ts";
import type { Corruption, CorruptionName, PipeMode } from "../../peers/corruption_types.ts";
import { RING_FIELDS, RING_NAMES, type RingName } from "../../peers/raw_rings.ts";
import { type Attack, type Attacker, type OpenChannel, RING_OF, signalVictim } from "./attack.ts";

/**
 * The ring in which `corruption` is one that `by` can tell: it writes one ring, of which its victim is the
 * reader, and reads the other one. Null: its victim would not be the one who notices.
 */
function ringFor({ noticedBy, name, ring }: Corruption, by: Attacker): RingName | null {
  const written = RING_OF[by];
  const read = RING_NAMES.find((other) => other !== written)!;
  const isToldByReader = noticedBy === "writer" || name === "writeIndexRewritten";
  const told = isToldByReader ? read : written;
  return ring === null || ring === told ? told : null;
}

/** The lies that `by` can tell in the rings of a channel, or the one called `what`. */
export function ringLies(
  channel: OpenChannel,
  by: Attacker,
  what?: CorruptionName,
): readonly Attack[] {
  const { rings, server } = channel;
  const { codec } = server.runtime;
  const { isPipe } = server.configuration;
  const pipeMode: PipeMode = server.bytes === null ? "datagrams" : "bytes";
  return CORRUPTIONS.flatMap((corruption) => {
    const ring = ringFor(corruption, by);
    const fits = (corruption.codec ?? codec.name) === codec.name &&
      (corruption.isPipe ?? isPipe) === isPipe &&
      (corruption.pipeMode ?? pipeMode) === pipeMode;
    if (ring === null || !fits || (what ?? corruption.name) !== corruption.name) return [];
    return [{
      what: corruption.what,
      make(chance: Chance) {
        corruption.apply(rings, ring, chance);
        signalVictim(channel, by);
      },
    }];
  });
}

/** Numbers that a word of a control page is set to: edges, and any others. */
function wordFor(chance: Chance, dataBytes: number): number {
  const edges = [0, 1, 4, 7, 8, 16, dataBytes - 8, dataBytes, dataBytes + 8, 0xffff_ffff];
  const at = chance.below(edges.length + 1);
  return edges[at] ?? chance.below(2 ** 32);
}

/** The words of the control pages of both rings, each of which `by` can set to any number. */
export function ringWords(channel: OpenChannel, by: Attacker): readonly Attack[] {
  const { rings } = channel;
  return RING_NAMES.flatMap((ring) =>
    RING_FIELDS.map((field): Attack => ({
      what: `${field} of the ${ring} ring set`,
      make(chance) {
        rings.store(ring, field, wordFor(chance, rings.dataBytes(ring)));
        signalVictim(channel, by);
      },
    }))
  );
}
