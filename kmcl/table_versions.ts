/**
 * The functions that versions 2 to 5 add to the tables, and what is in the table of a version (kmcl.md N6).
 *
 * @module
 */

import type { Side } from "../actors/channel/types.ts";
import { isUint } from "../core/units.ts";
import {
  VmbChannelGetParentDeviceObject,
  VmbChannelGetTargetDeviceObject,
} from "./channel_devices.ts";
import { VmbChannelPacketGetClientContext } from "./channel_packet.ts";
import type {
  V2_FUNCTION_NAMES,
  V3_FUNCTION_NAMES,
  V4_FUNCTION_NAMES,
  V5_FUNCTION_NAMES,
  V5_SERVER_ONLY_FUNCTION_NAMES,
} from "./function_names.ts";
import {
  VmbChannelAllocateBounceBuffer,
  VmbChannelInitSetBounceBufferSizes,
} from "./bounce_buffers.ts";
import { VmbChannelCreateGpadlFromPfnList } from "./channel_gpadl.ts";
import { VmbChannelInitialize, VmbSizeofChannel } from "./channel_lifecycle.ts";
import { VmbChannelSetAllowableDpcCpuUsage } from "./channel_properties.ts";
import {
  VmbChannelInitSetInlinePacketContextSize,
  VmbChannelInitSetMaximumPacketCount,
  VmbChannelInitSetPrimaryChannel,
  VmbChannelInitSetProcessPacketCallbacksEx,
  VmbClientChannelInitSetTargetProcessorIndex,
  VmbServerChannelInitSetSaveRestorePacketCallbacksEx,
} from "./later_channel_init.ts";
import {
  VmbPacketGetInlinePacketContextPointer,
  VmbPacketSetCompletionRoutineEx,
} from "./packet_context.ts";
import {
  CLIENT_FUNCTIONS,
  namedIn,
  type NamedMethod,
  SERVER_ONLY_FUNCTIONS,
} from "./table_functions.ts";
import type {
  KmclFunctionsV2,
  KmclFunctionsV3,
  KmclFunctionsV4,
  KmclFunctionsV5,
  KmclServerOnlyFunctionsV5,
} from "./table_later.ts";
import type { Slots, Tied, Untied } from "./table_types.ts";

/** What version 2 adds. */
const functionsV2 = [
  { VmbChannelPacketGetClientContext },
  { VmbChannelGetTargetDeviceObject },
  { VmbChannelGetParentDeviceObject },
] as const satisfies Slots<typeof V2_FUNCTION_NAMES, KmclFunctionsV2>;

/** What version 3 adds. */
const functionsV3 = [
  { VmbChannelInitSetBounceBufferSizes },
  { VmbChannelAllocateBounceBuffer },
] as const satisfies Slots<typeof V3_FUNCTION_NAMES, KmclFunctionsV3>;

/** What version 4 adds. */
const functionsV4 = [
  { VmbChannelInitSetMaximumPacketCount },
  { VmbChannelCreateGpadlFromPfnList },
] as const satisfies Slots<typeof V4_FUNCTION_NAMES, KmclFunctionsV4>;

/** What version 5 adds. */
const functionsV5 = [
  { VmbChannelInitSetPrimaryChannel },
  { VmbChannelInitialize },
  { VmbSizeofChannel },
  { VmbChannelSetAllowableDpcCpuUsage },
  { VmbClientChannelInitSetTargetProcessorIndex },
  { VmbChannelInitSetInlinePacketContextSize },
  { VmbPacketGetInlinePacketContextPointer },
  { VmbChannelInitSetProcessPacketCallbacksEx },
  { VmbPacketSetCompletionRoutineEx },
] as const satisfies Slots<typeof V5_FUNCTION_NAMES, KmclFunctionsV5>;

/** What version 5 adds to the server's own. */
const serverOnlyFunctionsV5 = [
  { VmbServerChannelInitSetSaveRestorePacketCallbacksEx },
] as const satisfies Slots<typeof V5_SERVER_ONLY_FUNCTION_NAMES, KmclServerOnlyFunctionsV5>;

/** What the later versions add, all together. */
type All =
  & KmclFunctionsV2
  & KmclFunctionsV3
  & KmclFunctionsV4
  & KmclFunctionsV5
  & KmclServerOnlyFunctionsV5;
type Later = Pick<All, keyof All>;
type LaterFunctions = [
  ...typeof functionsV2,
  ...typeof functionsV3,
  ...typeof functionsV4,
  ...typeof functionsV5,
  ...typeof serverOnlyFunctionsV5,
];

/** The same signatures: each of the functions above is what its own says, to the letter. */
export type LaterSignatures = Tied<Later, Untied<LaterFunctions, Later>>;

/** What a version adds to the one before. */
interface Addition {
  /** To the client's table. */
  readonly client: readonly NamedMethod[];
  /** To the server's own, which stand behind the client's. */
  readonly serverOnly: readonly NamedMethod[];
}

/** What each version adds, from version 1 on. */
const ADDITIONS: readonly Addition[] = [
  { client: CLIENT_FUNCTIONS, serverOnly: SERVER_ONLY_FUNCTIONS },
  { client: namedIn(functionsV2), serverOnly: [] },
  { client: namedIn(functionsV3), serverOnly: [] },
  { client: namedIn(functionsV4), serverOnly: [] },
  { client: namedIn(functionsV5), serverOnly: namedIn(serverOnlyFunctionsV5) },
];

/**
 * The functions of the table of `version`, in its order; null where there is no such table. The server's is the client's
 * of the same version, with the server's own behind it.
 */
export function functionsOf(side: Side, version: unknown): readonly NamedMethod[] | null {
  if (!isUint(version, ADDITIONS.length) || version === 0) return null;
  const known = ADDITIONS.slice(0, version);
  const client = known.flatMap((addition) => addition.client);
  return side === "client" ? client : [...client, ...known.flatMap(({ serverOnly }) => serverOnly)];
}
