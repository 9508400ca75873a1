/**
 * The table of faults: each by its name.
 *
 * @module
 */

import type { Fault, FaultTable } from "./basics.ts";
import { BUS_FAULTS } from "./catalogue/bus.ts";
import { DRIVER_FAULTS } from "./catalogue/drivers.ts";
import { GUEST_FAULTS } from "./catalogue/guest.ts";
import { IMAGE_FAULTS } from "./catalogue/images.ts";
import { MACHINE_FAULTS } from "./catalogue/machine.ts";
import { PEER_FAULTS } from "./catalogue/peers.ts";
import type { FaultRule } from "./rule.ts";

/** All faults. */
export const FAULTS: FaultTable<FaultRule> = {
  ...BUS_FAULTS,
  ...GUEST_FAULTS,
  ...MACHINE_FAULTS,
  ...IMAGE_FAULTS,
  ...DRIVER_FAULTS,
  ...PEER_FAULTS,
};

/** The row of a rule's fault. */
export function faultOf(rule: FaultRule): Fault<never> {
  return FAULTS[rule.do];
}

/** A parameter as `rule` has it, or else as its fault has it. */
export function parameterOf(rule: FaultRule, name: string): number {
  const given = (rule as unknown as Readonly<Record<string, number | undefined>>)[name];
  return given ?? faultOf(rule).parameters[name]!.default;
}
