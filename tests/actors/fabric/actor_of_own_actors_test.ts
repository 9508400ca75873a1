// What a program does with XState around an actor of a fabric does nothing to the fabric.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Actor, type AnyActorRef, type AnyStateMachine, createActor, toPromise } from "xstate";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair } from "../../support/connected_pair.ts";
import { request } from "../../support/driving.ts";

for (const interpreter of ["compiled", "stock"] as const) {
  Deno.test(`Fabric.actorOf: whoever watches may play on with an actor of their own, ${interpreter}`, async () => {
    const played = new Set<string>();
    const fabric = vmbus.createFabric({ interpreter });
    const pair = await openPair({
      within: { fabric, guest: fabric.createPartition({ name: "guest" }) },
      server: (_, channel) => {
        const actor = fabric.actorOf(channel) as Actor<AnyStateMachine>;
        actor.subscribe((snapshot) => {
          for (const logic of [actor.logic, snapshot.machine]) {
            const own = createActor(logic, { snapshot: actor.getPersistedSnapshot() }).start();
            own.send({ type: "disable" }); // which would have the channel leave its bus
            played.add(JSON.stringify(own.getSnapshot().value));
          }
        });
      },
    });
    assertEquals(
      (await Promise.all([request(pair), fabric.settle()]))[0].status,
      vmbus.STATUS_SUCCESS,
    );
    assert(played.size > 1, "the actors go on from where the channel is");
    await closePair(pair);
  });

  Deno.test(`Fabric.actorOf: whoever has an actor ends it by no way that XState knows, ${interpreter}`, async () => {
    const pair = await openPair({ fabric: { interpreter } });
    const { fabric, vsp, server } = pair;
    const actor: AnyActorRef = fabric.actorOf(server);
    const root = actor._parent!;
    assertThrows(() => actor.stop?.(), Error);
    for (
      const stop of [
        () => root.stop?.(),
        () => root.send({ type: "stop", child: actor }),
        () => root.send({ type: "xstate.stop" }),
      ]
    ) assertThrows(stop, Error, "Cannot stop the actors of a fabric");
    await vsp.VmbChannelPause(server);
    assertEquals(actor.getSnapshot().matches({ flow: "paused" }), true);
    vsp.VmbChannelStart(server);
    const ended = toPromise(actor);
    await closePair(pair);
    await ended;
  });
}
