/** Channels of the guest's storage driver that come and go. */

import { assertEquals } from "@std/assert";
import { closeStorage, openStorage } from "../../../support/storage_guest.ts";

// storage.md G10
Deno.test("StorageClient: a sub-channel that is offered again is opened again", async () => {
  const stage = await openStorage({ subChannelsMax: 2, partition: { processors: 3 } });
  const { host, program: { disks: [disk] }, client } = stage;
  const { fabric } = host;
  /** The channels on which ten commands at once go out. */
  const used = async () => {
    const from = host.heard.length;
    await Promise.all([fabric.settle(), ...Array.from({ length: 10 }, () => disk!.flush())]);
    return new Set(host.heard.slice(from).map(({ subChannel }) => subChannel));
  };
  assertEquals(await used(), new Set([0, 1, 2]));
  for (let time = 0; time < 2; time++) {
    host.script = (_request, _packet, subChannel) => subChannel === 1 ? "fail" : null;
    const asked = Array.from({ length: 6 }, () => disk!.flush()); // some are stranded
    await fabric.settle();
    await host.rescindSubChannel(1);
    await Promise.all([fabric.settle(), ...asked]);
    host.script = () => null;
    assertEquals(await used(), new Set([0, 2]));
    host.offerSubChannel(1);
    await fabric.settle();
    assertEquals(await used(), new Set([0, 1, 2]));
  }
  assertEquals([client.state.phase, stage.program.heard], ["ready", ["disk 0"]]);
  await closeStorage(stage);
});
