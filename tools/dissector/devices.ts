/**
 * Devices whose packets the dissector reads.
 *
 * @module
 */

import { DISK_INTERFACE_TYPE } from "../../devices/disk/mod.ts";
import { ECHO_HEADER, ECHO_INTERFACE_TYPE } from "../../devices/echo/mod.ts";
import {
  FIBRE_CHANNEL_INTERFACE_TYPE,
  IDE_INTERFACE_TYPE,
  SCSI_CDB,
  SCSI_INTERFACE_TYPE,
  SCSI_SENSE,
  STORAGE_ANSWERS,
  STORAGE_NOTIFICATION,
  STORAGE_REQUEST,
} from "../../devices/storage/mod.ts";
import type { Layout } from "../../core/layout/mod.ts";
import { DISK_PAYLOADS } from "../../simulator/scenarios/disk/scenario.ts";
import type { ScenarioPayload } from "../../simulator/mod.ts";

/** A device, and how its payloads read. */
export interface DissectedDevice {
  /** What filters begin with, behind `vmbus.`: `disk`. */
  readonly name: string;
  /** The interface types of its channels. */
  readonly interfaceTypes: readonly string[];
  /** Its payloads. */
  readonly payloads: readonly Omit<ScenarioPayload, "interfaceType">[];
  /** How completions read whose layout their request decides: by that field of it. */
  readonly answers?: {
    readonly by: string;
    readonly layouts: Readonly<Record<string, Layout<unknown>>>;
  };
  /**
   * What lies in fields that are bytes to the device's own layouts. Where all are 0, a struct is not there; a layout whose
   * first field says what follows is, as 0 may be one of its values.
   */
  readonly inside?: Readonly<Record<string, Layout<unknown>>>;
}

/** All of them. */
export const DEVICES: readonly DissectedDevice[] = [
  { name: "echo", interfaceTypes: [ECHO_INTERFACE_TYPE], payloads: [{ layout: ECHO_HEADER }] },
  { name: "disk", interfaceTypes: [DISK_INTERFACE_TYPE], payloads: DISK_PAYLOADS },
  {
    name: "storage",
    interfaceTypes: [SCSI_INTERFACE_TYPE, IDE_INTERFACE_TYPE, FIBRE_CHANNEL_INTERFACE_TYPE],
    payloads: [
      { direction: "toHost", isAnswer: false, layout: STORAGE_REQUEST },
      { direction: "toGuest", isAnswer: false, layout: STORAGE_NOTIFICATION },
    ],
    answers: { by: "operation", layouts: STORAGE_ANSWERS },
    inside: { cdb: SCSI_CDB, sense: SCSI_SENSE },
  },
];
