/**
 * The functions that versions 2 to 5 add to the tables, and what is in the table of a version (kmcl.md N6). A version
 * can be queried where its functions are here, and those of the versions before it.
 *
 * @module
 */

import type { Side } from "../actors/channel/types.ts";
import {
  VmbChannelGetParentDeviceObject,
  VmbChannelGetTargetDeviceObject,
} from "./channel_devices.ts";
import { VmbChannelPacketGetClientContext } from "./channel_packet.ts";
import type { V2_FUNCTION_NAMES } from "./function_names.ts";
import {
  CLIENT_FUNCTIONS,
  namedIn,
  type NamedMethod,
  SERVER_ONLY_FUNCTIONS,
} from "./table_functions.ts";
import type { KmclFunctionsV2 } from "./table_later.ts";
import type { Slots, Tied, Untied } from "./table_types.ts";

/** What version 2 adds. */
const functionsV2 = [
  { VmbChannelPacketGetClientContext },
  { VmbChannelGetTargetDeviceObject },
  { VmbChannelGetParentDeviceObject },
] as const satisfies Slots<typeof V2_FUNCTION_NAMES, KmclFunctionsV2>;

/** What the later versions add, all together. */
type Later = Pick<KmclFunctionsV2, keyof KmclFunctionsV2>;

/** The same signatures: each of the functions above is what its own says, to the letter. */
export type LaterSignatures = Tied<Later, Untied<[...typeof functionsV2], Later>>;

/** What a version adds to the one before. */
interface Addition {
  /** To the client's table. */
  readonly client: readonly NamedMethod[];
  /** To the server's own, which stand behind the client's. */
  readonly serverOnly: readonly NamedMethod[];
}

/** What each version adds, from version 1 on; null where its functions are not all here. */
const ADDITIONS: readonly (Addition | null)[] = [
  { client: CLIENT_FUNCTIONS, serverOnly: SERVER_ONLY_FUNCTIONS },
  { client: namedIn(functionsV2), serverOnly: [] },
];

/**
 * The functions of the table of `version`, in its order; null where there is no such table. The server's is the client's
 * of the same version, with the server's own behind it.
 */
export function functionsOf(side: Side, version: number): readonly NamedMethod[] | null {
  const additions = ADDITIONS.slice(0, version);
  const known = additions.filter((addition) => addition !== null);
  if (known.length !== version || version < 1) return null;
  const client = known.flatMap((addition) => addition.client);
  return side === "client" ? client : [...client, ...known.flatMap(({ serverOnly }) => serverOnly)];
}
