import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  Chance,
  LIFECYCLE_CALLS,
  type LifecycleCall,
  LifecycleModel,
  predictCall,
  SIDES,
  type StateChangeCallback,
} from "../../../simulator/peers/mod.ts";
import { makePair, type Pair } from "../../support/connected_pair.ts";

/** A model, and a pair that it is compared with. */
class Stage {
  readonly model = new LifecycleModel();
  readonly pair: Pair = makePair({ fabric: { verifier: "record", trace: "off" } });

  channel(side: vmbus.Side): vmbus.VMBCHANNEL {
    return side === "server" ? this.pair.server : this.pair.client;
  }

  /** Makes a call, and compares all that came of it. */
  async make(call: LifecycleCall): Promise<void> {
    const { name, side } = call;
    const { fabric, vsp, vsc, calls } = this.pair;
    const seen = fabric.violations.length;
    const expected = predictCall(this.model, call);
    const made = await (side === "server" ? vsp : vsc)[name](this.channel(side));
    assertEquals(made ?? null, expected, `${name} of the ${side}`);
    await fabric.settle();
    const { callbacks, violations, completions } = this.model.takeOutcome();
    assertEquals(completions, { server: [], client: [] });
    assertEquals(fabric.violations.slice(seen).map(({ rule }) => rule), violations);
    for (const of of SIDES) {
      const own = calls.filter((text) => text.startsWith(of))
        .map((text) => `EvtChannel${text.slice(of.length + 1)}` as StateChangeCallback);
      assertEquals(own, callbacks[of]);
    }
    calls.length = 0;
  }

  differences(): string[] {
    return SIDES.flatMap((side) =>
      this.model.differences(side, vmbus.inspectChannel(this.channel(side)))
    );
  }
}

// kmcl.md S1 to S12: properties/lifecycle_test.ts has packets, GPADLs and crashes as well.
Deno.test("LifecycleModel: predicts calls that Chance draws, by their names in the tables", async () => {
  const calls = LIFECYCLE_CALLS.filter(({ name }) => name !== "VmbChannelCleanup");
  for (let seed = 0; seed < 8; seed++) {
    const chance = Chance.fromSeed(seed);
    const stage = new Stage();
    for (let made = 0; made < 40; made++) {
      await stage.make(calls[chance.below(calls.length)]!);
      assertEquals(stage.differences(), [], `seed ${seed}`);
    }
  }
});

// kmcl.md S12
Deno.test("LifecycleModel: predicts which Cleanup ends an endpoint", async () => {
  const stage = new Stage();
  await stage.make({ name: "VmbChannelEnable", side: "client" });
  for (const side of SIDES) await stage.make({ name: "VmbChannelCleanup", side });
  assertEquals(stage.differences(), ["the server is gone"]);
  const { server, client } = stage.model;
  assertEquals([server.lifecycle, client.lifecycle], ["initializing", "enabled"]);
});

Deno.test("LifecycleModel: says how an endpoint differs", () => {
  const { pair, model } = new Stage();
  model.enable("server");
  model.start("server");
  assertEquals(model.differences("server", vmbus.inspectChannel(pair.server)), [
    "lifecycle of the server is disabled, not enabled",
    "initializing of the server is true, not false",
    "flow of the server is paused, not active",
  ]);
});

Deno.test("predictCall: misuse is told", () => {
  const model = new LifecycleModel();
  assertThrows(
    () => predictCall(model, { name: "VmbPacketSend", side: "client" } as never),
    TypeError,
    'Cannot predict a call: name must be one of "VmbChannelEnable", "VmbChannelDisable", "VmbChannelStart", "VmbChannelPause", "VmbChannelCleanup", not VmbPacketSend',
  );
  assertThrows(
    () => predictCall(model, { name: "VmbChannelStart", side: "host" } as never),
    TypeError,
    'Cannot predict a call: side must be one of "server", "client", not host',
  );
  assertThrows(
    () => model.differences("host" as never, null),
    TypeError,
    'Cannot compare an endpoint: side must be one of "server", "client", not host',
  );
});
