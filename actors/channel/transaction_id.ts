/**
 * The opposite side's transaction ids outside of the ring: 64 bits each, which mean something to whoever
 * gave them out alone (wire.md 2.5). On a packet's way they are two numbers of 32 bits.
 *
 * @module
 */

import { throwDataError } from "../../core/saved/fault.ts";
import type { SavedFields } from "../../core/saved/fields.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";

/** Where an id no longer fits the number of a C UINT32. */
const WIDE_FROM = 2n ** 32n;

/** The two halves of an id. */
export interface TransactionId {
  /** Its low 32 bits. */
  readonly transactionIdLow: number;
  /** Its high 32 bits. */
  readonly transactionIdHigh: number;
}

/** An id as plain data: a number, or from 2^32 on a bigint. */
export function saveTransactionId(id: TransactionId): PlainData {
  const { transactionIdLow, transactionIdHigh } = id;
  if (transactionIdHigh === 0) return transactionIdLow;
  return BigInt(transactionIdHigh) << 32n | BigInt(transactionIdLow);
}

/** What {@linkcode saveTransactionId} made; throws a SavedStateFault where the field is something else. */
export function readTransactionId(fields: SavedFields): TransactionId {
  const id = fields.data("transactionId");
  if (typeof id !== "bigint") {
    return {
      transactionIdLow: fields.uint("transactionId", 0xffff_ffff),
      transactionIdHigh: 0,
    };
  }
  if (id < WIDE_FROM) {
    throwDataError(`${fields.where}: transactionId is ${id}, and not in its one form`);
  }
  return {
    transactionIdLow: Number(BigInt.asUintN(32, id)),
    transactionIdHigh: Number(id >> 32n),
  };
}
