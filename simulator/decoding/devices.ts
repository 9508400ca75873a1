/**
 * Devices of this package, whose packets are shown by the names that their drivers have: in the dissector, by `decode`, and
 * on pages.
 *
 * @module
 */

import { INTERFACE_TYPES } from "../../core/control/interface_types.ts";
import { DISK_INTERFACE_TYPE, DISK_REPLY, DISK_REQUEST } from "../../devices/disk/mod.ts";
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
import type { ScenarioPayload } from "./payloads.ts";

/** A device, and how its payloads read. */
export interface KnownDevice {
  /** What it is called: `disk`. */
  readonly name: string;
  /** The interface types of its channels. */
  readonly interfaceTypes: readonly string[];
  /** Its payloads. */
  readonly payloads: readonly Omit<ScenarioPayload, "interfaceType">[];
}

/** All of them. */
export const DEVICES: readonly KnownDevice[] = [
  { name: "echo", interfaceTypes: [ECHO_INTERFACE_TYPE], payloads: [{ layout: ECHO_HEADER }] },
  {
    name: "disk",
    interfaceTypes: [DISK_INTERFACE_TYPE],
    payloads: [
      { direction: "toHost", layout: DISK_REQUEST },
      { direction: "toGuest", layout: DISK_REPLY },
    ],
  },
  {
    name: "storage",
    interfaceTypes: [SCSI_INTERFACE_TYPE, IDE_INTERFACE_TYPE, FIBRE_CHANNEL_INTERFACE_TYPE],
    payloads: [
      { direction: "toHost", isAnswer: false, layout: STORAGE_REQUEST, inside: { cdb: SCSI_CDB } },
      { direction: "toGuest", isAnswer: false, layout: STORAGE_NOTIFICATION },
      ...Object.entries(STORAGE_ANSWERS).map(([answerTo, layout]) => ({
        direction: "toGuest" as const,
        isAnswer: true,
        answerTo,
        layout,
        inside: { sense: SCSI_SENSE },
      })),
    ],
  },
];

/** The names of all devices. */
export const DEVICE_NAMES: readonly string[] = DEVICES.map(({ name }) => name);

/** How the payloads of a device read. */
export function payloadsOf(device: string): readonly ScenarioPayload[] {
  return DEVICES.filter(({ name }) => name === device).flatMap(({ interfaceTypes, payloads }) =>
    interfaceTypes.flatMap((interfaceType) => payloads.map((each) => ({ interfaceType, ...each })))
  );
}

/** How those of all devices do. */
export const DEVICE_PAYLOADS: readonly ScenarioPayload[] = DEVICE_NAMES.flatMap(payloadsOf);

/** The interface type of a device's channels; null: there is no such device. */
export function interfaceTypeOf(device: string): string | null {
  return DEVICES.find(({ name }) => name === device)?.interfaceTypes[0] ?? null;
}

/** What devices are called, by their interface types: those of Hyper-V (wire.md section 7), and the package's own. */
export const NAMES_BY_TYPE: ReadonlyMap<string, string> = new Map([
  ...DEVICES.flatMap(({ name, interfaceTypes }) => interfaceTypes.map((id) => [id, name] as const)),
  ...Object.entries(INTERFACE_TYPES).map(([name, id]) => [id, name] as const),
]);
