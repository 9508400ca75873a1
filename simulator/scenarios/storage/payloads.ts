/**
 * How the payloads of a storage controller's channels read.
 *
 * @module
 */

import { payloadsOf } from "../../decoding/devices.ts";
import type { ScenarioPayload } from "../../decoding/payloads.ts";

/** What the drivers of a storage controller say to each other. */
export const STORAGE_PAYLOADS: readonly ScenarioPayload[] = payloadsOf("storage");
