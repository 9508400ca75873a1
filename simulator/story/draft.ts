/**
 * A line of a story while it is told.
 *
 * @module
 */

import type { StoryMark } from "./story.ts";

/** A packet that a line is about. */
export interface DraftPacket {
  /** The endpoint that has sent it; empty: nobody knows. */
  readonly of: string;
  /** Its name in the story: packets of an endpoint are counted from 0. */
  readonly name: number;
  /** Its transaction, where the line names it: packet objects are used again, and their numbers with them. */
  readonly transaction?: number;
}

/** One line, with what folding has to know of it. */
export interface Draft {
  /** See {@linkcode StoryLine.step}. */
  readonly step: number;
  /** See {@linkcode StoryLine.at100ns}. */
  readonly at100ns: number;
  /** See {@linkcode StoryLine.who}. */
  readonly who: string;
  /** See {@linkcode StoryLine.text}. */
  text: string;
  /** See {@linkcode StoryLine.to}. */
  to?: string;
  /** See {@linkcode StoryLine.mark}. */
  readonly mark?: StoryMark;
  /** See {@linkcode StoryLine.source}. */
  readonly source?: string;
  /** The packet that it is about and nothing else; null: it is about more. */
  packet: DraftPacket | null;
  /** The same text for all packets that went the same way. */
  pattern: string;
}
