/**
 * A help for the happy path: checks that a result is a success, and types its outputs as non-null.
 *
 * @module
 */

import { NT_SUCCESS, type NtStatus, ntStatusName } from "../core/ntstatus.ts";

/** Thrown by {@linkcode expectSuccess}. */
export class KmclError extends Error {
  /** Always `"KmclError"`. */
  override readonly name = "KmclError";
  /** What the function returned. */
  readonly status: NtStatus;

  /** An error that names the function, where it is known, and the status. */
  constructor(status: NtStatus, functionName?: string) {
    const value = ntStatusName(status) ?? `0x${(status >>> 0).toString(16).padStart(8, "0")}`;
    super(`Cannot go on as ${functionName ?? "a KMCL function"} returned ${value}`);
    this.status = status;
  }
}

/**
 * A result with its outputs non-null. An output that was not asked for is null nevertheless
 * ([kmcl.md Y2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)).
 */
export type Succeeded<Result> = Result extends object
  ? { readonly [Key in keyof Result]: NonNullable<Result[Key]> }
  : Result;

/**
 * Returns `result`, a status or a structure with one, where it is a success.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * const fabric = vmbus.createFabric();
 * const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
 *   fabric.root.device, vmbus.KMCL_SERVER_INTERFACE_TYPE, vmbus.KMCL_SERVER_INTERFACE_V1_SIZE, 1));
 * const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(fabric.root.device, true));
 * kmcl.VmbChannelCleanup(channel);
 * ```
 *
 * @param functionName For the error's text.
 * @throws {KmclError} It is not a success.
 */
export function expectSuccess<Result extends NtStatus | { readonly status: NtStatus }>(
  result: Result,
  functionName?: string,
): Succeeded<Result> {
  const status = typeof result === "number" ? result : result.status;
  if (!NT_SUCCESS(status)) throw new KmclError(status, functionName);
  return result as Succeeded<Result>;
}
