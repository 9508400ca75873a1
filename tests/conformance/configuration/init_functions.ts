/**
 * Every `*Init*` function of the tables, with arguments that are right and arguments that are wrong
 * (kmcl.md section 5, I6).
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { PAIR_INSTANCE, PAIR_TYPE } from "../../support/connected_pair.ts";

/** One `*Init*` function. */
export interface InitFunction {
  readonly name: keyof vmbus.KmclServerInterfaceV5;
  /** Which endpoints it is for. */
  readonly side: "either" | "server" | "client";
  /** Right arguments after the channel. */
  readonly right: readonly unknown[];
  /** Wrong values by position; the channel is at position 1. */
  readonly wrong: Readonly<Record<number, readonly unknown[]>>;
}

/** What no unsigned number is. */
const NO_UINTS: readonly unknown[] = [
  -1,
  0.5,
  NaN,
  Infinity,
  -Infinity,
  1n,
  "1",
  true,
  null,
  undefined,
  {},
  [],
];
const NO_U32S: readonly unknown[] = [...NO_UINTS, 2 ** 32, 2 ** 53];
const NO_U16S: readonly unknown[] = [...NO_UINTS, 2 ** 16, 2 ** 32];
const NO_FUNCTIONS: readonly unknown[] = [0, 1, "", "name", true, {}, [], Symbol("function")];
const NO_GUIDS: readonly unknown[] = [
  "",
  "guid",
  PAIR_TYPE.slice(1),
  `{${PAIR_TYPE}`,
  `${PAIR_TYPE}}`,
  `{{${PAIR_TYPE}}}`,
  `(${PAIR_TYPE})`,
  ` ${PAIR_TYPE}`,
  `${PAIR_TYPE}\n`,
  PAIR_TYPE.replace("d", "g"),
  PAIR_TYPE.replaceAll("-", ""),
  0,
  true,
  {},
  [],
];
const ABSENT: readonly unknown[] = [null, undefined];

const callbacks = vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT;
const noop = () => {};

/** All of them. `VmbServerChannelInitSetVmbusHandle` takes a handle, which a test must add. */
export const INIT_FUNCTIONS: readonly InitFunction[] = [
  {
    name: "VmbChannelInitSetMaximumPacketSize",
    side: "either",
    right: [2000],
    wrong: { 2: [...NO_U32S, 0, 500_001] },
  },
  {
    name: "VmbChannelInitSetMaximumExternalData",
    side: "either",
    right: [8192, 2],
    wrong: { 2: [...NO_U32S, 0], 3: [...NO_U32S, 0] },
  },
  {
    name: "VmbChannelInitSetClientContextSize",
    side: "either",
    right: [16],
    wrong: { 2: NO_U32S },
  },
  {
    name: "VmbChannelInitSetProcessPacketCallbacks",
    side: "either",
    right: [noop, null],
    wrong: { 2: [...NO_FUNCTIONS, ...ABSENT], 3: NO_FUNCTIONS },
  },
  {
    name: "VmbChannelInitSetStateChangeCallbacks",
    side: "either",
    right: [callbacks()],
    wrong: {
      2: [
        ...ABSENT,
        0,
        "",
        noop,
        {},
        { ...callbacks(), Version: 0 },
        { ...callbacks(), Version: 2 },
        { ...callbacks(), Size: 40 },
        { ...callbacks(), Size: 56 },
        ...NO_FUNCTIONS.map((value) => ({ ...callbacks(), EvtChannelOpened: value })),
        { ...callbacks(), EvtChannelClosed: 1 },
        { ...callbacks(), EvtChannelSuspend: 1 },
        { ...callbacks(), EvtChannelStarted: 1 },
        { ...callbacks(), EvtChannelPostStarted: 1 },
      ],
    },
  },
  {
    name: "VmbChannelInitSetFriendlyName",
    side: "either",
    right: ["disk"],
    wrong: { 2: [...ABSENT, 0, true, {}, [], noop] },
  },
  {
    name: "VmbChannelInitSetFlags",
    side: "either",
    right: [0],
    wrong: { 2: [...NO_U32S, 2, 3, 0x8000_0000] },
  },
  {
    name: "VmbClientChannelInitSetRingBufferPageCount",
    side: "client",
    right: [3, 5],
    wrong: { 2: [...NO_U32S, 0, 8188, 100_000], 3: [...NO_U32S, 0, 8186, 100_000] },
  },
  {
    name: "VmbClientChannelInitSetTargetPnp",
    side: "client",
    right: [PAIR_TYPE, PAIR_INSTANCE, noop],
    wrong: { 2: [...NO_GUIDS, ...ABSENT], 3: NO_GUIDS, 4: NO_FUNCTIONS },
  },
  {
    name: "VmbServerChannelInitSetFlags",
    side: "server",
    right: [vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE],
    wrong: { 2: [...NO_U32S, 0x20, 0x8000_0000] },
  },
  {
    name: "VmbServerChannelInitSetMmioMegabytes",
    side: "server",
    right: [1, 2],
    wrong: { 2: NO_U16S, 3: NO_U16S },
  },
  {
    name: "VmbServerChannelInitSetSaveRestorePacketCallbacks",
    side: "server",
    right: [noop, noop],
    wrong: { 2: [...NO_FUNCTIONS, ...ABSENT], 3: [...NO_FUNCTIONS, ...ABSENT] },
  },
  {
    name: "VmbServerChannelInitSetTargetInterfaceId",
    side: "server",
    right: [PAIR_TYPE, PAIR_INSTANCE],
    wrong: { 2: [...NO_GUIDS, ...ABSENT], 3: [...NO_GUIDS, ...ABSENT] },
  },
  {
    name: "VmbServerChannelInitSetTargetVtl",
    side: "server",
    right: [0],
    wrong: { 2: [...NO_U32S, 3, 255] },
  },
  {
    name: "VmbServerChannelInitSetVmbusHandle",
    side: "server",
    right: [],
    wrong: { 2: [...ABSENT, 0, "", {}, noop] },
  },
  // Those of later versions (kmcl.md X6, X13, X15, X16, X18)
  {
    name: "VmbChannelInitSetBounceBufferSizes",
    side: "either",
    right: [8192, 0],
    wrong: { 2: NO_U32S, 3: NO_U32S },
  },
  {
    name: "VmbChannelInitSetMaximumPacketCount",
    side: "either",
    right: [64],
    wrong: { 2: [...NO_U32S, 0] },
  },
  {
    name: "VmbChannelInitSetInlinePacketContextSize",
    side: "either",
    right: [24],
    wrong: { 2: [...NO_U32S, 65_537] },
  },
  {
    name: "VmbClientChannelInitSetTargetProcessorIndex",
    side: "client",
    right: [0],
    wrong: { 2: [...NO_U32S, 1, 0xffff_ffff] },
  },
  {
    name: "VmbChannelInitSetProcessPacketCallbacksEx",
    side: "either",
    right: [noop, null, "context"],
    wrong: { 2: [...NO_FUNCTIONS, ...ABSENT], 3: NO_FUNCTIONS },
  },
  {
    name: "VmbServerChannelInitSetSaveRestorePacketCallbacksEx",
    side: "server",
    right: [noop, noop, "context"],
    wrong: { 2: [...NO_FUNCTIONS, ...ABSENT], 3: [...NO_FUNCTIONS, ...ABSENT] },
  },
];

/** Calls a function of a table with arguments that its type need not allow. */
export function callAny(
  table: vmbus.KmclClientInterfaceV1,
  name: string,
  args: readonly unknown[],
): unknown {
  return Reflect.apply(Reflect.get(table, name), undefined, args);
}
