/**
 * What a partition needs of the fabric that it is in, beside the runtime.
 *
 * @module
 */

import type { DriverFaults } from "../channel/driver_faults.ts";
import type { Loop } from "../runtime/loop.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";

/** The fabric, as its partitions see it. */
export interface FabricPort extends RuntimePort {
  /** What its drivers do wrong; null: nothing. */
  readonly driverFaults: Pick<DriverFaults, "standsStill"> | null;
  /** The loop in which all work runs. */
  readonly loop: Loop;
  /** Why KMCL functions cannot be called now, for the error; null: they can. */
  kmclRefusal: string | null;
  /** Whether `partition` is one of the fabric's: one that is being restored is not yet. */
  has(partition: object): boolean;
  /** A partition was destroyed. */
  removed(partition: { readonly traceId: number }): void;
  /** Refuses `call`, a function of the fabric or of one of its partitions, once it was disposed of. */
  requireLive(call: string): void;
}

/** Does `work`, in which KMCL functions refuse every call; `reason` says when that is, for their error. */
export function whileKmclRefuses<T>(
  fabric: Pick<FabricPort, "kmclRefusal">,
  reason: string,
  work: () => T,
): T {
  const outer = fabric.kmclRefusal;
  fabric.kmclRefusal = outer ?? reason;
  try {
    return work();
  } finally {
    fabric.kmclRefusal = outer;
  }
}
