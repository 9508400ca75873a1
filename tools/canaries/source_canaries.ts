/**
 * Bugs in the package's own sources, one line each: a copy of the repository is given one, and hunted through.
 *
 * @module
 */

import type { SourceCanary } from "./canary.ts";
import { CHANNEL_CANARIES } from "./sources/channels.ts";
import { PACKET_CANARIES } from "./sources/packets.ts";
import { STORAGE_CANARIES } from "./sources/storage.ts";

/** Each by its name. */
export const SOURCE_CANARIES: readonly SourceCanary[] = [
  ...PACKET_CANARIES,
  ...CHANNEL_CANARIES,
  ...STORAGE_CANARIES,
];
