/**
 * Two sides that are both this package's break no rule of each other's (kmcl.md section 5, wire.md 1.9, 9.1).
 *
 * @module
 */

import { oppositeOf } from "../../actors/partition/opposite.ts";
import type { Checker } from "./checker.ts";
import { endpointOf, whereIs } from "../endpoints.ts";

/** Faults that a driver brings about, by a call that kmcl.md has for it. */
const DRIVERS_OWN: ReadonlySet<string> = new Set(["packetFailed", "completionTooLarge"]);

/** Nothing that an honest side sends is a fault. */
export const protocolChecker: Checker = {
  name: "protocol",
  attach: (context) => ({
    sees: {
      channelFaults: ({ endpoint, fault }) => {
        if (DRIVERS_OWN.has(fault) || context.isExcused(endpoint)) return;
        const opposite = oppositeOf(endpointOf(endpoint));
        if (opposite === null) return; // none of this package's
        const message = `${endpoint.name} has the fault ${fault} of ${opposite.name}, ` +
          "which nobody has tampered with";
        context.fail("wire.md 1.9: an honest side has no fault", whereIs(endpoint), message);
      },
    },
  }),
};
