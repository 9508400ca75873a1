/**
 * How the payloads of a storage controller's channels read.
 *
 * @module
 */

import {
  FIBRE_CHANNEL_INTERFACE_TYPE,
  IDE_INTERFACE_TYPE,
  SCSI_INTERFACE_TYPE,
  SRB_ANSWER,
  STORAGE_NOTIFICATION,
  STORAGE_REQUEST,
} from "../../../devices/storage/mod.ts";
import type { ScenarioPayload } from "../../worlds/payloads.ts";

/** What the drivers of a storage controller say to each other. */
export const STORAGE_PAYLOADS: readonly ScenarioPayload[] = [
  SCSI_INTERFACE_TYPE,
  IDE_INTERFACE_TYPE,
  FIBRE_CHANNEL_INTERFACE_TYPE,
].flatMap((interfaceType): ScenarioPayload[] => [
  { interfaceType, direction: "toHost", isAnswer: false, layout: STORAGE_REQUEST },
  { interfaceType, direction: "toGuest", isAnswer: false, layout: STORAGE_NOTIFICATION },
  { interfaceType, direction: "toGuest", isAnswer: true, layout: SRB_ANSWER },
]);
