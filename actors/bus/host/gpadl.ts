/**
 * A GPADL of the guest as the host knows it (wire.md 3.2, 5.3).
 *
 * @module
 */

import type { GpaRange } from "../../../core/memory/gpa_ranges.ts";
import type { Mdl } from "../../../core/memory/mdl.ts";

/** One GPADL of the guest. */
export interface HostGpadl {
  /** The channel that it was made for. */
  readonly channelId: number;
  /** The guest's handle of it. */
  readonly gpadlId: number;
  /** Whether the guest shares it for reading only. */
  readonly isReadOnly: boolean;
  /** Words of its description, as announced. */
  readonly words: number;
  /** The memory; its pages lie inside the guest's, once it is accepted. */
  ranges: readonly GpaRange[];
  /** `incomplete`: bodies are missing. `tearingDown`: the guest wants it back. */
  stage: "incomplete" | "accepted" | "tearingDown";
  /** What keeps it: the rings of an open channel, or a server's mapping. */
  use: "none" | "ring" | "mapped";
  /** The server's mapping. */
  mdl: Mdl | null;
}
