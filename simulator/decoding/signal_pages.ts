/**
 * Pages that signals go through, field by field, with what is to be signalled in one line (wire.md section 6).
 *
 * @module
 */

import { type DecodedFields, fieldsOf, type Layout } from "../../core/layout/mod.ts";
import { InterruptPage } from "../../core/signals/interrupt_page.ts";
import { INTERRUPT_PAGE, MONITOR_PAGE } from "../../core/signals/layouts.ts";
import { MonitorPage } from "../../core/signals/monitor_page.ts";
import { PAGE_BYTES } from "../../core/units.ts";

/** A page, and what it says in one line. */
interface DecodedPage extends DecodedFields {
  readonly title: string;
}

/** A list of ids in one line. */
function listed(ids: readonly number[]): string {
  return ids.length === 0 ? "none" : ids.join(", ");
}

function fieldsOfPage(
  layout: Layout<unknown>,
  bytes: Uint8Array,
  name: string,
  saidOf: (page: Uint8Array) => string,
): DecodedPage {
  const found = fieldsOf(layout, bytes);
  // A copy: words lie at their places in it, wherever the bytes that were given do.
  const said = found.damage === null ? `, ${saidOf(bytes.slice(0, PAGE_BYTES))}` : "";
  return { ...found, title: `${name}${said}` };
}

/** A monitor page, and which ids are to be signalled. */
export function fieldsOfMonitorPage(bytes: Uint8Array): DecodedPage {
  const saidOf = (page: Uint8Array) => `pending ids: ${listed(new MonitorPage(page).pending())}`;
  return fieldsOfPage(MONITOR_PAGE, bytes, "monitor page", saidOf);
}

/** An interrupt page, and which channels are signalled. */
export function fieldsOfInterruptPage(bytes: Uint8Array): DecodedPage {
  return fieldsOfPage(INTERRUPT_PAGE, bytes, "interrupt page", (page) => {
    const bits = new InterruptPage(page);
    const [toGuest, toHost] = [listed(bits.pending("toGuest")), listed(bits.pending("toHost"))];
    return `channels to the guest: ${toGuest}; to the host: ${toHost}`;
  });
}
