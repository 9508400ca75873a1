/**
 * Synchronous requests as tests make them: with names for the arguments.
 *
 * @module
 */

import type * as vmbus from "../../mod.ts";

/** The arguments behind the channel; each has a default. */
export interface RequestArguments {
  readonly payload?: Uint8Array;
  readonly mdl?: vmbus.Mdl | null;
  readonly flags?: number;
  /** Where the answer goes. Default: nowhere. */
  readonly answer?: Uint8Array | null;
  /** Default: the whole of `answer`. */
  readonly answerBytes?: number;
  readonly timeout?: number | bigint | null;
}

/** Makes a request. */
export function request(
  table: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  { payload, mdl, flags, answer, answerBytes, timeout }: RequestArguments,
): Promise<vmbus.RequestResult> {
  return table.VmbChannelSendSynchronousRequest(
    channel,
    payload ?? null,
    payload?.length ?? 0,
    mdl,
    flags ?? 0,
    answer,
    answerBytes ?? answer?.length ?? 0,
    timeout,
  );
}

/** Whether `promise` is settled already; other promise reactions come later. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = {};
  const first = await Promise.race([promise.then(() => null, () => null), tick(pending)]);
  return first !== pending;
}

/** Resolves two promise reactions from now: just after a settled promise's own reaction. */
async function tick(value: object): Promise<object> {
  await null;
  return value;
}
