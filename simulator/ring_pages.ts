/**
 * The option of scenarios whose user says how large a channel's rings are.
 *
 * @module
 */

import { PAGE_BYTES } from "../core/units.ts";
import { grouped } from "./layout.ts";
import type { NumberOption } from "./scenario.ts";

/** Both rings of a channel, with their control pages, are described by one GPADL (wire.md 3.3). */
const RING_PAGES_MAX = (8190 - 2) / 2;

/** How many data pages each ring has, `usual` where nobody says. */
export function ringPagesOption(usual: number): NumberOption {
  return {
    kind: "number",
    name: "ring-pages",
    placeholder: "N",
    description: `data pages of each ring, of ${grouped(PAGE_BYTES)} bytes`,
    least: 1,
    most: RING_PAGES_MAX,
    default: usual,
  };
}
