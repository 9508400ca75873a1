import { assertEquals } from "@std/assert";
import { StreamDigest } from "../../../../simulator/cli/copy/digest.ts";
import type { GuestCopy } from "../../../../simulator/cli/copy/guest_copy.ts";
import { resultOf } from "../../../../simulator/cli/copy/result.ts";
import { NO_TOTALS } from "../../../../simulator/cli/copy/totals.ts";

/** A guest that has copied nothing, whose device tells these figures. */
function guestWith(figures: Readonly<Record<string, number>>, packets = 0): GuestCopy {
  const digests = { read: new StreamDigest(), returned: new StreamDigest() };
  const guest = {
    files: { source: { name: "a file" } },
    findings: [],
    digests,
    read: null,
    returned: null,
    counts: { packets: [packets, packets + 1], completions: [1, packets], transactions: packets },
    figures: Object.entries(figures).map(([key, value]) => ({ key, label: key, value })),
  };
  return guest as unknown as GuestCopy;
}

const END = {
  end: "over",
  savedTo: null,
  totals: { ...NO_TOTALS, traceDigests: ["0".repeat(64)] },
  moves: [],
  doneBytes: 0,
  totalBytes: 0,
} as const;

// Decisions D291.
Deno.test("resultOf: of a figure that several guests tell, the largest is shown; what was counted is added up", () => {
  const copies = [
    guestWith({ depth: 3, size: 9 }, 10),
    guestWith({ depth: 7, size: 1 }, 20),
    guestWith({ depth: 5, other: 0 }, 30),
  ];
  const { figures, counts, transactions } = resultOf({ ...END, copies });
  assertEquals(figures?.map(({ key, value }) => [key, value]), [
    ["guests", 3],
    ["depth", 7],
    ["size", 9],
    ["other", 0],
  ]);
  assertEquals(counts.rows.slice(0, 2).map(({ values }) => values), [[60, 63], [3, 60]]);
  assertEquals(transactions, 60);
});
