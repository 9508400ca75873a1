import { assertEquals } from "@std/assert";
import { isTarget, suits } from "../../../../actors/bus/guest/offers.ts";
import type { Endpoint } from "../../../../actors/channel/endpoint.ts";
import {
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_TLNPI_PROVIDER,
  type OfferChannel,
} from "../../../../core/control/messages.ts";
import { pipeUserData } from "../../../../core/control/user_data.ts";
import { offerMessage } from "../../../../simulator/peers/mod.ts";

const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";

const OFFER = offerMessage(TYPE, INSTANCE);

/** A client, as far as an offer concerns it. */
function client(
  {
    isRoot = false,
    isPipe = false,
    pipeType = "message",
    instance = null as string | null,
    subchannelIndex = 0,
  },
): Endpoint {
  const clientTarget = { interfaceType: TYPE, instance };
  const socket = null;
  const configuration = { clientTarget, isPipe, pipeType, subchannelIndex, socket };
  return { configuration, partition: { isRoot } } as unknown as Endpoint;
}

// kmcl.md S14, wire.md 4.4 and section 6
Deno.test("isTarget: a sub-channel is for a client that names its index, and for no other", () => {
  for (const instance of [null, INSTANCE]) {
    assertEquals(isTarget(client({ instance }), OFFER), true);
    for (const subchannelIndex of [1, 2, 0xffff]) {
      assertEquals(isTarget(client({ instance }), { ...OFFER, subchannelIndex }), false);
      const subClient = client({ instance, subchannelIndex });
      assertEquals(isTarget(subClient, { ...OFFER, subchannelIndex }), true);
      assertEquals(isTarget(subClient, OFFER), false);
      assertEquals(isTarget(subClient, { ...OFFER, subchannelIndex: subchannelIndex ^ 1 }), false);
    }
  }
});

Deno.test("isTarget: loopback offers are for clients of the root, and no others are", () => {
  const loopback = { ...OFFER, flags: OFFER_FLAG_LOOPBACK };
  assertEquals(isTarget(client({}), loopback), false);
  assertEquals(isTarget(client({ isRoot: true }), loopback), true);
  assertEquals(isTarget(client({ isRoot: true }), OFFER), false);
});

// wire.md 4.4: flags of a newer host or with an older meaning, and monitor pages that nobody uses
Deno.test("isTarget: flags and monitor ids that ask nothing of a client keep none away", () => {
  for (const flags of [0x1, 0x2, 0x4, 0x8, 0x200, 0x400, OFFER_FLAG_TLNPI_PROVIDER]) {
    assertEquals(suits(client({}), { ...OFFER, flags }), true);
  }
  assertEquals(suits(client({}), { ...OFFER, monitorId: 3, monitorAllocated: true }), true);
});

// kmcl.md section 7: each read gets what one write sent, which a stream of bytes does not keep.
Deno.test("suits: a pipe fits a client of pipes of its kind", () => {
  const pipe = (userData: Uint8Array) => ({ ...OFFER, flags: OFFER_FLAG_NAMED_PIPE, userData });
  const unknown = new Uint8Array(120).fill(7);
  const fits = (isPipe: boolean, offer: OfferChannel) => suits(client({ isPipe }), offer);
  assertEquals(fits(true, pipe(pipeUserData("message"))), true);
  assertEquals(fits(true, pipe(pipeUserData("byte"))), false);
  assertEquals(fits(true, pipe(unknown)), false);
  const stream = client({ isPipe: true, pipeType: "byte" });
  assertEquals(suits(stream, pipe(pipeUserData("byte"))), true);
  for (const userData of [pipeUserData("message"), unknown]) {
    assertEquals(suits(stream, pipe(userData)), false);
  }
  assertEquals(fits(false, pipe(pipeUserData("message"))), false);
  assertEquals(fits(true, OFFER), false);
  assertEquals(fits(false, { ...OFFER, userData: unknown }), true);
});
