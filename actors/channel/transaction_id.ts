/**
 * The opposite side's transaction ids outside of the ring: 64 bits each, which mean something to whoever
 * gave them out alone (wire.md 2.5). On a packet's way they are two numbers of 32 bits.
 *
 * @module
 */

import type { PlainData } from "../../core/saved/plain_data.ts";
import { coded, type Schema } from "../../core/saved/schema.ts";
import { isU32 } from "../../core/units.ts";

/** Where an id no longer fits the number of a C UINT32, and where none fits its 64 bits. */
const [WIDE_FROM, WIDE_END] = [2n ** 32n, 2n ** 64n];

/** The two halves of an id. */
export interface TransactionId {
  /** Its low 32 bits. */
  readonly transactionIdLow: number;
  /** Its high 32 bits. */
  readonly transactionIdHigh: number;
}

/** An id as it is saved. */
export const transactionId: Schema<TransactionId> = coded(
  "a u32, or from 2^32 on a bigint",
  saveTransactionId,
  readTransactionId,
);

function saveTransactionId(id: TransactionId): PlainData {
  const { transactionIdLow, transactionIdHigh } = id;
  if (transactionIdHigh === 0) return transactionIdLow;
  return BigInt(transactionIdHigh) << 32n | BigInt(transactionIdLow);
}

function readTransactionId(id: PlainData): TransactionId | undefined {
  if (isU32(id)) return { transactionIdLow: id, transactionIdHigh: 0 };
  if (typeof id !== "bigint" || id < WIDE_FROM || id >= WIDE_END) return undefined;
  return {
    transactionIdLow: Number(BigInt.asUintN(32, id)),
    transactionIdHigh: Number(id >> 32n),
  };
}
