// docs/saved-state.md: what an earlier release has saved is loaded.
import { assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { setVmbus } from "../support/connected_pair.ts";
import { TALK_PACKET_BYTES, TALK_TYPE, talkInstance } from "../support/talk_client.ts";
import { finishTalk, restoreTalk } from "../support/talk_stage.ts";
import { SAMPLES } from "./make.ts";

Deno.test("restorePartition: the sample of a saved guest loads, and comes to its end", async () => {
  const bytes = await Deno.readFile(new URL("partition.vmbs", SAMPLES));
  const expected = JSON.parse(await Deno.readTextFile(new URL("outcome.json", SAMPLES)));
  const stage = restoreTalk(vmbus.createFabric({ seed: 1, schedule: "random" }), bytes);
  stage.guest.resume();
  assertEquals(await finishTalk(stage), expected);
});

Deno.test("restoreServerChannel: the sample of a saved channel loads, packets and all", async () => {
  const bytes = await Deno.readFile(new URL("channel.vmbs", SAMPLES));
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    fabric.root.device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    1,
  ));
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(fabric.root.device, true));
  setVmbus(kmcl, channel, guest);
  kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, TALK_TYPE, talkInstance(1));
  kmcl.VmbChannelInitSetMaximumPacketSize(channel, TALK_PACKET_BYTES);
  kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 2);
  kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
  const states: number[] = [];
  kmcl.VmbServerChannelInitSetSaveRestorePacketCallbacks(
    channel,
    () => ({ status: vmbus.STATUS_SUCCESS, bytesNeeded: 0 }),
    (_channel, libBuffer, libBytes, _buffer, byteCount) => {
      states.push(byteCount);
      return kmcl.VmbPacketRestore(kmcl.VmbPacketAllocate(channel), libBuffer, libBytes);
    },
  );
  assertEquals(vmbus.restoreServerChannel(kmcl, channel, bytes), vmbus.STATUS_SUCCESS);
  assertEquals(states.length > 0 && states.every((byteCount) => byteCount === 4), true);
  assertEquals(vmbus.inspectChannel(channel).packets.length, states.length);
});
