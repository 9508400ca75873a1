/**
 * The encodings of packets, for who chooses one.
 *
 * @module
 */

import type { FabricOptions } from "../mod.ts";

/** An encoding of packets in the rings. */
export type Codec = NonNullable<FabricOptions["codec"]>;
