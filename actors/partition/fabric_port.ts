/**
 * What a partition needs of the fabric that it is in, beside the runtime.
 *
 * @module
 */

import type { DriverFaults } from "../channel/driver_faults.ts";
import type { Loop } from "../runtime/loop.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";

/** Hears that a word of a ring is loaded, or stored. */
export type RingUse = (guest: object, pfn: number, word: number, isStore: boolean) => void;

/** The fabric, as its partitions see it. */
export interface FabricPort extends RuntimePort {
  /** What its drivers do wrong; null: nothing. */
  readonly driverFaults: Pick<DriverFaults, "standsStill"> | null;
  /**
   * Hears of each use of a word of a ring's control page, by the guest whose memory it lies in and the ring's first
   * page; null: nobody does. It is set before the first guest is made.
   */
  readonly ringWatch: RingUse | null;
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
