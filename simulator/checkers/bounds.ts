/**
 * Bounds: no more packets out than the quota, none larger than it may be (kmcl.md R4, P5).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { PIPE_DATA_MAX, PIPE_HEADER_BYTES } from "../../core/packet/pipe.ts";
import type {
  CheckContext,
  Checker,
  CheckerAtWork,
  ObservationOf,
  ObservedEndpoint,
  Sees,
} from "./checker.ts";
import { endpointOf, PerEndpoint, whereIs } from "../endpoints.ts";

/** How many packets count for the quota of one endpoint. */
interface Counted {
  /** Packets that are not retired, or whose completion is not in the ring. */
  unsettled: number;
  /** The quota was seen to hold the queue up: until then only a completion starts it again. */
  isBlocked: boolean;
}

function countedOf({ incoming }: Endpoint): Counted {
  const { unsettled, isBlocked } = incoming.outstandingPackets;
  return { unsettled, isBlocked };
}

/** A checker at work. */
class BoundsAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #all = new PerEndpoint(countedOf);
  readonly sees: Sees = {
    packetEnters: (seen) => this.#enters(seen),
    packetArrives: ({ endpoint }) => this.#arrives(endpoint),
    packetRetired: ({ endpoint, how }) => {
      if (how !== "completed") this.#leaves(endpoint);
    },
    packetSettled: ({ endpoint }) => this.#leaves(endpoint),
    functionReturns: ({ call, endpoint }) => {
      if (call !== "VmbChannelSetTransactionQuota" || endpoint === null) return;
      this.#all.of(endpoint).isBlocked = endpointOf(endpoint).incoming.outstandingPackets.isBlocked;
    },
    ringsAttached: ({ endpoint }) => void (this.#all.of(endpoint).isBlocked = false),
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  meets(endpoint: ObservedEndpoint): void {
    this.#all.meet(endpoint);
  }

  #enters({ endpoint, packet, payloadBytes }: ObservationOf<"packetEnters">): void {
    const { isPipe, packetBytesMax } = endpointOf(endpoint).configuration;
    const bytes = isPipe ? payloadBytes - PIPE_HEADER_BYTES : payloadBytes;
    const max = isPipe ? Math.min(PIPE_DATA_MAX, packetBytesMax) : packetBytesMax;
    if (bytes <= max) return;
    const message = `packet ${packet} of ${endpoint.name} has ${bytes} bytes, more than ${max}`;
    this.#context.fail("P5: packets have their bound", `packet of ${whereIs(endpoint)}`, message);
  }

  #arrives(endpoint: ObservedEndpoint): void {
    const counted = this.#all.of(endpoint);
    const { quota } = endpointOf(endpoint).incoming.outstandingPackets;
    const place = `EvtChannelProcessPacket of ${whereIs(endpoint)}`;
    if (counted.unsettled >= quota) {
      const message = `${endpoint.name} is given a packet beside ${counted.unsettled}, ` +
        `and its quota is ${quota}`;
      this.#context.fail("R4: the quota is kept", place, message);
    } else if (counted.isBlocked) {
      const message = `${endpoint.name} is given a packet, and only a completion starts its queue`;
      this.#context.fail("R4: a queue stays blocked", place, message);
      counted.isBlocked = false;
    }
    counted.unsettled++;
  }

  #leaves(endpoint: ObservedEndpoint): void {
    const counted = this.#all.of(endpoint);
    const { quota } = endpointOf(endpoint).incoming.outstandingPackets;
    counted.unsettled--;
    if (counted.unsettled < quota) counted.isBlocked = false;
  }
}

/** Bounds of packets. */
export const boundsChecker: Checker = {
  name: "bounds",
  attach: (context) => new BoundsAtWork(context),
};
