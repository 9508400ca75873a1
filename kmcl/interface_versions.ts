/**
 * The versions of the two interfaces, and the sizes of their tables (kmcl.md N2 to N6).
 *
 * @module
 */

import type { Side } from "../actors/channel/types.ts";
import { assert } from "../core/assert.ts";
import { NAMES_BY_VERSION } from "./function_names.ts";

/** Version 1 of the client interface: the documented functions. */
export const KMCL_CLIENT_INTERFACE_VERSION_V1 = 1 as const;
/** Version 2 of the client interface: client contexts of packets, device objects. Our reading. */
export const KMCL_CLIENT_INTERFACE_VERSION_V2 = 2 as const;
/** Version 3 of the client interface: bounce buffers. Our reading. */
export const KMCL_CLIENT_INTERFACE_VERSION_V3 = 3 as const;
/** Version 4 of the client interface: how many packets, GPADLs of PFNs. Our reading. */
export const KMCL_CLIENT_INTERFACE_VERSION_V4 = 4 as const;
/** Version 5 of the client interface: sub-channels, memory of the caller, contexts of callbacks. Our reading. */
export const KMCL_CLIENT_INTERFACE_VERSION_V5 = 5 as const;
/** Version 1 of the server interface: the documented functions. */
export const KMCL_SERVER_INTERFACE_VERSION_V1 = 1 as const;
/** Version 2 of the server interface: that of the client's. Our reading. */
export const KMCL_SERVER_INTERFACE_VERSION_V2 = 2 as const;
/** Version 3 of the server interface: that of the client's. Our reading. */
export const KMCL_SERVER_INTERFACE_VERSION_V3 = 3 as const;
/** Version 4 of the server interface: that of the client's. Our reading. */
export const KMCL_SERVER_INTERFACE_VERSION_V4 = 4 as const;
/** Version 5 of the server interface: that of the client's, and one function of its own. Our reading. */
export const KMCL_SERVER_INTERFACE_VERSION_V5 = 5 as const;

/** `sizeof(KMCL_CLIENT_INTERFACE_V1)`: 360. */
export const KMCL_CLIENT_INTERFACE_V1_SIZE = 360 as const;
/** `sizeof(KMCL_CLIENT_INTERFACE_V2)`: 384. */
export const KMCL_CLIENT_INTERFACE_V2_SIZE = 384 as const;
/** `sizeof(KMCL_CLIENT_INTERFACE_V3)`: 400. */
export const KMCL_CLIENT_INTERFACE_V3_SIZE = 400 as const;
/** `sizeof(KMCL_CLIENT_INTERFACE_V4)`: 416. */
export const KMCL_CLIENT_INTERFACE_V4_SIZE = 416 as const;
/** `sizeof(KMCL_CLIENT_INTERFACE_V5)`: 488. */
export const KMCL_CLIENT_INTERFACE_V5_SIZE = 488 as const;
/** `sizeof(KMCL_SERVER_INTERFACE_V1)`: 472. */
export const KMCL_SERVER_INTERFACE_V1_SIZE = 472 as const;
/** `sizeof(KMCL_SERVER_INTERFACE_V2)`: 496. */
export const KMCL_SERVER_INTERFACE_V2_SIZE = 496 as const;
/** `sizeof(KMCL_SERVER_INTERFACE_V3)`: 512. */
export const KMCL_SERVER_INTERFACE_V3_SIZE = 512 as const;
/** `sizeof(KMCL_SERVER_INTERFACE_V4)`: 528. */
export const KMCL_SERVER_INTERFACE_V4_SIZE = 528 as const;
/** `sizeof(KMCL_SERVER_INTERFACE_V5)`: 608. */
export const KMCL_SERVER_INTERFACE_V5_SIZE = 608 as const;

/** Size of the INTERFACE header of a table on a 64-bit machine (kmcl.md N4). */
const INTERFACE_HEADER_BYTES = 32;
/** Size of a function pointer. */
const POINTER_BYTES = 8;

/** What a query must say of each version, from version 1 on. */
export const INTERFACE_SIZES = {
  client: [
    KMCL_CLIENT_INTERFACE_V1_SIZE,
    KMCL_CLIENT_INTERFACE_V2_SIZE,
    KMCL_CLIENT_INTERFACE_V3_SIZE,
    KMCL_CLIENT_INTERFACE_V4_SIZE,
    KMCL_CLIENT_INTERFACE_V5_SIZE,
  ],
  server: [
    KMCL_SERVER_INTERFACE_V1_SIZE,
    KMCL_SERVER_INTERFACE_V2_SIZE,
    KMCL_SERVER_INTERFACE_V3_SIZE,
    KMCL_SERVER_INTERFACE_V4_SIZE,
    KMCL_SERVER_INTERFACE_V5_SIZE,
  ],
} as const satisfies Record<Side, { readonly length: typeof NAMES_BY_VERSION["length"] }>;

/** Bytes of the table of `version` by the names of its functions. */
function sizeByNames(side: Side, version: number): number {
  const count = NAMES_BY_VERSION.slice(0, version).reduce(
    (sum, { client, serverOnly }) =>
      sum + client.length + (side === "server" ? serverOnly.length : 0),
    0,
  );
  return INTERFACE_HEADER_BYTES + count * POINTER_BYTES;
}

assert(
  (["client", "server"] as const).every((side) =>
    INTERFACE_SIZES[side].every((size, at) => size === sizeByNames(side, at + 1))
  ),
  "the sizes of the tables are those of their members",
);
