/**
 * What is saved of a guest's GPADLs as the host knows them (docs/saved-state.md). A server's mapping is
 * not saved (kmcl.md V11): a GPADL that only a mapping kept is gone, and the guest is told so.
 *
 * @module
 */

import { encodeControlMessage } from "../../../core/control/codec.ts";
import { type GpaRange, RANGE_WORD_BYTES } from "../../../core/memory/gpa_ranges.ts";
import { GPADL_WORDS_MAX, GpadlAssembler, gpadlWords } from "../../../core/memory/gpadl.ts";
import { throwDataError } from "../../../core/saved/fault.ts";
import { type SavedFields, saveRanges } from "../../../core/saved/fields.ts";
import type { PlainData } from "../../../core/saved/plain_data.ts";
import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import type { HostEnd } from "./host_end.ts";
import type { HostGpadl } from "./gpadl.ts";
import type { HostGpadls } from "./gpadls.ts";

const U32_MAX = 0xffff_ffff;
const U16_MAX = 0xffff;

/** The GPADLs that are left after a save. */
export function saveHostGpadls(gpadls: HostGpadls): PlainData {
  return gpadls.all.filter((gpadl) => !isGone(gpadl)).map((gpadl) => {
    const assembler = gpadls.assembler(gpadl);
    return {
      channelId: gpadl.channelId,
      gpadlId: gpadl.gpadlId,
      isReadOnly: gpadl.isReadOnly,
      words: gpadl.words,
      ranges: assembler === null ? saveRanges(gpadl.ranges) : null,
      incomplete: assembler === null
        ? null
        : { rangeCount: assembler.rangeCount, arrived: assembler.arrived },
    };
  });
}

/** What the guest is told, behind all that is on its way: GPADLs which a mapping kept are torn down. */
export function messagesOfGone(gpadls: HostGpadls): readonly Uint8Array[] {
  return gpadls.all.filter(isGone).map(({ gpadlId }) =>
    encodeControlMessage({ message: "gpadlTorndown", gpadlId })
  );
}

function isGone({ stage }: HostGpadl): boolean {
  return stage === "tearingDown";
}

/** Gives a host's end that is as new its GPADLs again; its channels are there already. */
export function restoreHostGpadl(end: HostEnd, fields: SavedFields): void {
  const words = fields.uint("words", GPADL_WORDS_MAX);
  const assembler = fields.orNull(
    "incomplete",
    () => fields.record("incomplete", (saved) => restoreAssembler(words, saved)),
  );
  const ranges = fields.orNull("ranges", () => fields.ranges("ranges"));
  const gpadl: HostGpadl = {
    channelId: fields.uint("channelId", CHANNEL_ID_MAX, 1),
    gpadlId: fields.uint("gpadlId", U32_MAX, 1),
    isReadOnly: fields.flag("isReadOnly"),
    words,
    ranges: ranges ?? [],
    stage: ranges === null ? "incomplete" : "accepted",
    use: "none",
    mdl: null,
  };
  const isOne = (ranges === null) !== (assembler === null);
  const isGood = isOne && areGood(end, gpadl.ranges, words);
  if (!isGood || !end.gpadls.add(gpadl, assembler)) {
    throwDataError(`${fields.where} can be no GPADL`);
  }
}

function areGood({ memory }: HostEnd, ranges: readonly GpaRange[], words: number): boolean {
  return gpadlWords(ranges) <= words && ranges.every(({ pfns }) => memory.holdsPfns(pfns));
}

function restoreAssembler(words: number, saved: SavedFields): GpadlAssembler {
  const arrived = saved.bytes("arrived", words * RANGE_WORD_BYTES);
  const assembler = new GpadlAssembler(words * RANGE_WORD_BYTES, saved.uint("rangeCount", U16_MAX));
  const isWhole = arrived.length % RANGE_WORD_BYTES === 0;
  if (!isWhole || assembler.add(arrived) !== "more") {
    throwDataError(`${saved.where} is not incomplete`);
  }
  return assembler;
}
