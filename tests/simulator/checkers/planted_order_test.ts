// The checker of order must be able to fail: events that never happened are told to it.

import { ITEM_BEGINS, type Observation } from "../../../actors/runtime/observation.ts";
import { orderChecker } from "../../../simulator/checkers/order.ts";
import { arrives, enters, retired, testPlanted } from "../../support/planted_events.ts";
import type { Planted } from "../../support/planted.ts";

const R6 = "order: R6: packets and completions leave as they were sent";

/** The server's completion of a packet is in the ring. */
function settled({ serverEnd: endpoint }: Planted, packet: number): Observation {
  return { kind: "packetSettled", endpoint, packet, isAnswered: true };
}

testPlanted(orderChecker, [
  { // kmcl.md R6
    fact: "a completion overtakes another",
    plant: (at) => [ITEM_BEGINS, retired(at, 1), retired(at, 2), settled(at, 2)],
    found: `${R6}, completion of server in root`,
  },
  { // kmcl.md R6
    fact: "a packet overtakes a completion",
    plant: (at) => [
      ITEM_BEGINS,
      { ...retired(at, 1), endpoint: at.clientEnd } as Observation,
      enters(at, 0),
    ],
    found: `${R6}, packet of client in guest`,
  },
  { // kmcl.md S6
    fact: "a completion stays where it is, though there is room",
    plant: (at) => [ITEM_BEGINS, arrives(at, 1, 0), retired(at, 1), ITEM_BEGINS],
    found: "order: S6: completions leave as long as the rings exist, completion of server in root",
  },
  { // kmcl.md S10
    fact: "a caller waits for an answer of a channel that goes away",
    plant: ({ serverEnd: endpoint }) => {
      const call = "VmbChannelSendSynchronousRequest";
      return [
        { kind: "waitBegins", call, endpoint, wait: 99, isTimed: false },
        { kind: "channelChanges", endpoint, event: "disable" },
        ITEM_BEGINS,
      ];
    },
    found: "order: S10: blocked callers return at once, request of server in root",
  },
]);
