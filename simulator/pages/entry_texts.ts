/**
 * What the entries of a recording say.
 *
 * @module
 */

import { visible } from "../text.ts";
import { textsOf } from "../words/entry_text.ts";
import type { Recording } from "./recording.ts";

/** A line an entry: behind what happened to a packet stands what its device says in it, where that is known. */
export function entryTextsOf(
  { entries, bytes }: Pick<Recording, "entries" | "bytes">,
): readonly string[] {
  const texts = [...textsOf(entries)];
  for (const { entry, title } of bytes) {
    if (title !== undefined) texts[entry] += `: ${visible(title)}`;
  }
  return texts;
}
