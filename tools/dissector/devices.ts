/**
 * Devices whose packets the dissector reads.
 *
 * @module
 */

import { ECHO_HEADER, ECHO_INTERFACE_TYPE } from "../../devices/echo/mod.ts";
import { DISK_INTERFACE_TYPE } from "../../devices/disk/mod.ts";
import { DISK_PAYLOADS } from "../../simulator/scenarios/disk/scenario.ts";
import type { ScenarioPayload } from "../../simulator/mod.ts";

/** A device, and how its payloads read. */
export interface DissectedDevice {
  /** What filters begin with, behind `vmbus.`: `disk`. */
  readonly name: string;
  /** The interface type of its channels. */
  readonly interfaceType: string;
  /** Its payloads. */
  readonly payloads: readonly ScenarioPayload[];
}

/** All of them. */
export const DEVICES: readonly DissectedDevice[] = [
  { name: "echo", interfaceType: ECHO_INTERFACE_TYPE, payloads: [{ layout: ECHO_HEADER }] },
  { name: "disk", interfaceType: DISK_INTERFACE_TYPE, payloads: DISK_PAYLOADS },
];
