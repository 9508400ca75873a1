/**
 * What is saved of a guest's GPADLs as the host knows them (docs/saved-state.md). A server's mapping is
 * not saved (kmcl.md V11): a GPADL that only a mapping kept is gone, and the guest is told so.
 *
 * @module
 */

import { encodeControlMessage } from "../../../core/control/codec.ts";
import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import { RANGE_WORD_BYTES } from "../../../core/memory/gpa_ranges.ts";
import { GPADL_WORDS_MAX, GpadlAssembler, gpadlWords } from "../../../core/memory/gpadl.ts";
import { isReachable } from "../../../core/memory/isolation.ts";
import { throwDataError } from "../../../core/saved/fault.ts";
import { bytes, flag, gpaRange, U16_MAX, U32_MAX, uint } from "../../../core/saved/forms.ts";
import {
  type Fields,
  list,
  optional,
  record,
  type RecordOf,
  type Where,
} from "../../../core/saved/schema.ts";
import type { HostGpadl } from "./gpadl.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { HostEnd } from "./host_end.ts";

const FIELDS = {
  channelId: [uint(CHANNEL_ID_MAX, 1), "one of `channels`, for which it was made"],
  gpadlId: [uint(U32_MAX, 1), "the guest's handle of it"],
  isReadOnly: [flag, "whether the guest shares it for reading only"],
  words: [uint(GPADL_WORDS_MAX), "words of its description, as announced"],
  ranges: [optional(list(gpaRange)), "its memory; nil while bodies are missing"],
  incomplete: [
    optional(record({
      rangeCount: [uint(U16_MAX), "ranges, as announced"],
      arrived: [bytes(), "the words that have arrived"],
    })),
    "what is there while bodies are missing, and only then",
  ],
} satisfies Fields;

type HostGpadlImage = RecordOf<typeof FIELDS>;

/** A GPADL as the host knows it. */
export const HOST_GPADL = record(FIELDS, {
  "it is complete and incomplete, or neither": ({ ranges, incomplete }) =>
    (ranges === null) !== (incomplete === null),
  "it has more words than were announced": ({ words, ranges, incomplete }) =>
    gpadlWords(ranges ?? []) <= words &&
    (incomplete?.arrived.length ?? 0) <= words * RANGE_WORD_BYTES,
  "it is not incomplete": (image) => image.incomplete === null || assemblerOf(image) !== null,
});

/** What has arrived of one whose bodies are missing; null where all are there, or where the words do not fit. */
function assemblerOf({ words, incomplete }: HostGpadlImage): GpadlAssembler | null {
  if (incomplete === null) return null;
  const { rangeCount, arrived } = incomplete;
  const assembler = new GpadlAssembler(words * RANGE_WORD_BYTES, rangeCount);
  const isWhole = arrived.length % RANGE_WORD_BYTES === 0;
  return isWhole && assembler.add(arrived) === "more" ? assembler : null;
}

/** The GPADLs that are left after a save. */
export function imagesOfHostGpadls(gpadls: HostGpadls): readonly HostGpadlImage[] {
  return gpadls.all.filter((gpadl) => !isTearingDown(gpadl)).map((gpadl) => {
    const { channelId, gpadlId, isReadOnly, words } = gpadl;
    const incomplete = gpadls.assembler(gpadl);
    const ranges = incomplete === null ? gpadl.ranges : null;
    return { channelId, gpadlId, isReadOnly, words, ranges, incomplete };
  });
}

/** What the guest is told, behind all that is on its way: GPADLs which a mapping kept are torn down. */
export function torndownMessages(gpadls: HostGpadls): readonly Uint8Array[] {
  return gpadls.all.filter(isTearingDown).map(({ gpadlId }) =>
    encodeControlMessage({ message: "gpadlTorndown", gpadlId })
  );
}

function isTearingDown({ actor }: HostGpadl): boolean {
  return actor.is("tearingDown");
}

/** Gives a host's end that is as new its GPADL again; its channels are there already. */
export function restoreHostGpadl(end: HostEnd, image: HostGpadlImage, where: Where): void {
  const { ranges } = image;
  const { memory, guest: { port: { isTrusted } } } = end;
  const isGood = (ranges ?? []).every(({ pfns }) => isReachable(memory, pfns, isTrusted)) &&
    end.gpadls.restore(image, ranges, assemblerOf(image));
  if (!isGood) throwDataError(`${where()} can be no GPADL`);
}
