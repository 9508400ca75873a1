// kmcl.md S3, api.md section 3 (`inspect`): why a client's last open came to nothing goes with its guest.
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  stubClient,
  stubGuest,
  stubHost,
  stubServer,
  stubWorld,
} from "../../support/stub_drivers.ts";

Deno.test("restorePartition: a client whose open was refused still says why", async () => {
  const { fabric, guest } = stubWorld();
  const host = stubHost({
    start: (context) =>
      void stubServer(context, "complete", {
        EvtChannelOpened: () => vmbus.STATUS_INSUFFICIENT_RESOURCES,
      }),
  });
  const channels: vmbus.VMBCHANNEL[] = [];
  const driver = stubGuest({
    start: (context) => void channels.push(stubClient(context)),
    save: (tokens) => tokens.of(channels[0]!),
    restore: (context, token) => {
      channels.push(context.attachChannel(String(token), { processPacket: () => {} }));
    },
  });
  vmbus.loadHostDriver(guest, host);
  vmbus.loadGuestDriver(guest, driver);
  await fabric.settle();
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  const options = { guestDrivers: [driver], hostDrivers: [host] };
  const restored = vmbus.restorePartition(vmbus.createFabric(), bytes!, options);
  assertEquals(restored.reason, null);
  const states = channels.map((channel) => vmbus.inspectChannel(channel));
  const expected = ["disabled", vmbus.STATUS_INSUFFICIENT_RESOURCES] as const;
  const found = states.map(({ lifecycle, refusal }) => [lifecycle, refusal] as const);
  assertEquals<unknown>(found, [expected, expected]);
});
