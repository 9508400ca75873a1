// What is saved of the host's end of a bus, and comes back (docs/saved-state.md, wire.md 5.5).

import { assertEquals } from "@std/assert";
import { imageOfHostEnd, restoreHostEnd } from "../../../../actors/bus/host/image.ts";
import { words } from "../../../support/held_link.ts";
import {
  endpointOf,
  GPADL_9,
  HostStage,
  open,
  REQUEST_OFFERS,
} from "../../../support/host_stage.ts";

/** The host's end of a guest that was saved as the one of `stage` is. */
function restored(stage: HostStage): HostStage {
  const other = new HostStage({ partition: { processors: 4 } });
  restoreHostEnd(other.host, imageOfHostEnd(stage.host));
  return other;
}

/** How the host has its channels. */
const statesOf = ({ host }: HostStage) => host.known.map(({ actor }) => actor.snapshot.value);

// wire.md 5.5, section 8 case 43
Deno.test("restoreHostEnd: channels come back as the guest has them: open, changing processors, reserved", async () => {
  for (const kind of ["open", "modifying", "reserved"] as const) {
    const stage = new HostStage({ partition: { processors: 4 } });
    stage.enable();
    stage.host.modifier = { modify: () => {} };
    const opened = kind === "reserved" ? words(18, 0, 1, 1, 5, 9, 2) : open();
    await stage.say(REQUEST_OFFERS, GPADL_9, opened);
    if (kind === "modifying") await stage.say(words(22, 0, 1, 3));
    const other = restored(stage);
    assertEquals(statesOf(other), statesOf(stage));
    // Nothing of it is lost when it is saved once more before a server has claimed it.
    const channel = other.host.channel(1)!;
    assertEquals([channel.wantedVp, channel.hasInterrupts], [
      kind === "modifying" ? 3 : 0,
      kind !== "reserved",
    ]);
    await stage.end();
    other.host.unclaimed.rescindAll();
  }
});

// wire.md 5.5: Reoffered is saved as Revoked, and restored as Reoffered where the device is back
Deno.test("restoreHostEnd: a revoked channel hands its id over to a server that comes back", async () => {
  const stage = await HostStage.opened();
  const server = endpointOf(stage.pair.server);
  stage.host.takeBack(server);
  await stage.say();
  stage.host.offerAgain(server);
  assertEquals(statesOf(stage), [{ reoffered: "unused" }]);
  const other = restored(stage);
  assertEquals(statesOf(other), [{ revoked: "unused" }]);
  other.enable();
  assertEquals(statesOf(other), [{ reoffered: "unused" }]);
  await stage.end();
  await other.end();
});
