// Whoever calls the peers wrongly is told the action, the reason and the value, and nothing of their inside.

import { assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import * as peers from "../../../simulator/peers/mod.ts";

const NO_SIDE = 'tell the model of a call: side must be one of "server", "client", not host';

/** Calls with something else than they take, and what the error says after `Cannot`. */
const MISUSES: readonly (readonly [call: () => unknown, reason: string])[] = [
  [
    () => peers.callbackOrderFault(undefined as never),
    "check the order of callbacks: callbacks must be an array, not undefined",
  ],
  [
    () => peers.gpadlMessages(1, 2, [undefined] as never),
    "describe a GPADL: range 0 must be an object, not undefined",
  ],
  [
    () => peers.offerMessage("", "", null as never),
    "make an offer: changes must be an object, not null",
  ],
  [
    () => peers.openMessage(1, 2, 3, 4 as never),
    "make an open request: changes must be an object, not 4",
  ],
  [
    () => peers.rawPacketBytes(undefined as never),
    "write a packet: packet must be an object, not undefined",
  ],
  ...(["enable", "disable", "start", "pause", "cleanUp", "request"] as const).map((name) =>
    [() => new peers.LifecycleModel()[name]("host" as never), NO_SIDE] as const
  ),
  [() => new peers.LifecycleModel().send("host" as never, 1), NO_SIDE],
];

for (const [at, [call, reason]] of MISUSES.entries()) {
  Deno.test(`peers: misuse ${at} is told: cannot ${reason}`, () => {
    assertThrows(call, TypeError, `Cannot ${reason}`);
  });
}

Deno.test("HonestGuest: options must be an object", () => {
  const guest = vmbus.createFabric().createPartition({ name: "guest" });
  assertThrows(
    () => new peers.HonestGuest(guest, peers.Chance.fromSeed(1), null as never),
    TypeError,
    "Cannot make an honest guest: options must be an object, not null",
  );
});
