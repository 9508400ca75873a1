/**
 * Exchanges of a guest that is played by hand: what our own does not say, and what none may say.
 *
 * @module
 */

import { PAGE_BYTES } from "../../../core/units.ts";
import { openMessage } from "../../peers/messages.ts";
import type { Script } from "./exchange_script.ts";
import type { Stage } from "./exchange_stage.ts";

/** Some GUID. */
const CONNECTION = "4f7d1c2a-6b3e-4a58-9d10-000000000001";

/** A channel is offered to a guest that is played by hand from then on. */
async function offeredByHand(stage: Stage): Promise<void> {
  await stage.offer(stage.server());
}

/** What only a guest by hand says. */
export function handExchanges(): readonly Script[] {
  return [
    {
      name: "reserved",
      description:
        "a reserved channel is opened, outlives Unload, and is closed without a connection",
      play: async (stage) => {
        await offeredByHand(stage);
        const guest = stage.byHand;
        guest.openReserved(guest.makeRings(1, 1));
        await stage.settle();
        guest.unload();
        await stage.settle();
        guest.closeReserved();
        await stage.settle();
      },
    },
    {
      name: "pause",
      description:
        "a guest pauses the host, which then says nothing until Resume; an offer waits for that",
      play: async (stage) => {
        await offeredByHand(stage);
        stage.byHand.post({ message: "pause" });
        await stage.settle();
        await stage.offer(stage.server({ instance: 1 }));
        stage.byHand.post({ message: "resume" });
        await stage.settle();
      },
    },
    {
      name: "modify-connection",
      description:
        "a guest puts its monitor pages somewhere else, gives one without the other, and takes them away",
      play: async (stage) => {
        const guest = stage.byHand;
        await stage.settle();
        for (const [parent, child] of [[0x1_0000, 0x1_1000], [0x1_0000, 0], [0, 0]] as const) {
          guest.post({
            message: "modifyConnection",
            parentToChildMonitorGpa: parent,
            childToParentMonitorGpa: child,
          });
          await stage.settle();
        }
      },
    },
  ];
}

/** What no guest may say, and what the host makes of it. */
export function hostileExchanges(): readonly Script[] {
  return [...wrongThings(), ...wrongMoments()];
}

/** Channels, ranges and rings that there are not. */
function wrongThings(): readonly Script[] {
  return [
    {
      name: "hostile-unknown-channel",
      description:
        "an open, a close, a change and a GPADL of a channel that there is not: the last alone is answered",
      play: async (stage) => {
        const guest = stage.byHand;
        await stage.settle();
        guest.post(openMessage(9, 1, 1));
        guest.post({ message: "closeChannel", channelId: 9 });
        guest.post({ message: "modifyChannel", channelId: 9, targetVp: 0 });
        guest.describe(9, 1, [{ byteCount: PAGE_BYTES, byteOffset: 0, pfns: [16] }]);
        guest.release(9);
        await stage.settle();
      },
    },
    {
      name: "hostile-gpadl-ranges",
      description:
        "GPADLs with a range that is wrong, in the header and in a body: each is answered once it is known to be",
      play: async (stage) => {
        await offeredByHand(stage);
        const pfns = Array.from({ length: 40 }, (_, page) => 32 + page);
        stage.byHand.describe(1, 1, [{
          byteCount: PAGE_BYTES,
          byteOffset: PAGE_BYTES,
          pfns: [16],
        }]);
        stage.byHand.describe(1, 2, [
          { byteCount: 40 * PAGE_BYTES, byteOffset: 0, pfns },
          { byteCount: 0, byteOffset: 0, pfns: [16] },
        ]);
        await stage.settle();
        stage.byHand.describe(1, 2, [{ byteCount: PAGE_BYTES, byteOffset: 0, pfns: [16] }]);
        await stage.settle();
      },
    },
    {
      name: "hostile-open-without-rings",
      description:
        "a channel is opened over a GPADL that there is not, and over one whose downstream ring has no page",
      play: async (stage) => {
        await offeredByHand(stage);
        const guest = stage.byHand;
        guest.post(openMessage(1, 77, 1));
        await stage.settle();
        guest.open(guest.makeRings(1, 1), 1, 1, { downstreamPageOffset: 4 });
        await stage.settle();
      },
    },
  ];
}

/** What may be said at another moment, in another version, or by somebody else. */
function wrongMoments(): readonly Script[] {
  return [
    {
      name: "hostile-open-twice",
      description: "a channel is opened twice, closed twice, and released while it is open",
      play: async (stage) => {
        await offeredByHand(stage);
        const guest = stage.byHand;
        const rings = guest.makeRings(1, 1);
        guest.open(rings);
        await stage.settle();
        guest.post(openMessage(1, 1, rings.downstreamPageOffset));
        guest.post({ message: "relIdReleased", channelId: 1 });
        guest.close();
        guest.close();
        await stage.settle();
      },
    },
    {
      name: "hostile-offers-twice",
      description:
        "a guest asks for the offers twice, and says what only a host says, and what nobody says",
      play: async (stage) => {
        await offeredByHand(stage);
        stage.byHand.post({ message: "requestOffers" });
        stage.byHand.post({ message: "allOffersDelivered" });
        stage.byHand.postBytes(Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0));
        stage.byHand.postBytes(Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0));
        await stage.settle();
      },
    },
    {
      name: "hostile-after-unload",
      description: "a guest has left, and speaks on",
      play: async (stage) => {
        await offeredByHand(stage);
        stage.byHand.unload();
        stage.byHand.post({ message: "requestOffers" });
        stage.byHand.post({ message: "unload" });
        await stage.settle();
      },
    },
    {
      name: "hostile-newer-message",
      description: "messages of later versions, in 3.0",
      host: "3.0",
      guest: "3.0",
      play: async (stage) => {
        await offeredByHand(stage);
        const guest = stage.byHand;
        guest.post({ message: "modifyChannel", channelId: 1, targetVp: 0 });
        guest.post({ message: "tlConnectRequest", endpointId: CONNECTION, serviceId: CONNECTION });
        guest.post({ message: "pause" });
        await stage.settle();
      },
    },
  ];
}
