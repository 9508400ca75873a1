// api.md section 3: a driver may crash its own partition, from inside any of its callbacks.
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { enablePair, makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { endServer, post } from "../../support/driving.ts";

/** Callbacks in which a driver may crash its own partition, and what it is called for. */
const SUICIDES: Readonly<Record<string, (crash: () => void) => Parameters<typeof makePair>[0]>> = {
  EvtChannelOpened: (crash) => ({
    clientCallbacks: {
      EvtChannelOpened: () => {
        crash();
        return vmbus.STATUS_SUCCESS;
      },
    },
  }),
  "EvtChannelOpened, async": (crash) => ({
    clientCallbacks: {
      EvtChannelOpened: async () => {
        crash();
        await null;
        return vmbus.STATUS_SUCCESS;
      },
    },
  }),
  EvtChannelStarted: (crash) => ({ clientCallbacks: { EvtChannelStarted: crash } }),
  EvtChannelPostStarted: (crash) => ({ clientCallbacks: { EvtChannelPostStarted: crash } }),
  "EvtChannelPostStarted, later": (crash) => ({
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        await null;
        crash();
      },
    },
  }),
  EvtChannelProcessPacket: (crash) => ({ onClientPacket: crash }),
  "EvtChannelProcessPacket, async": (crash) => ({
    client: (vsc, channel) => vsc.VmbChannelSetIncomingProcessingAtPassive(channel, true),
    onClientPacket: async () => {
      crash();
      await null;
    },
  }),
  EvtChannelProcessingComplete: (crash) => ({ onClientBatch: crash }),
};

for (const [callback, options] of Object.entries(SUICIDES)) {
  Deno.test(`Partition.crash: may be called inside its own ${callback}`, async () => {
    const pair: Pair = makePair(options(() => pair.guest.crash()));
    enablePair(pair);
    await pair.fabric.settle();
    for (const text of ["a", "b"]) post(pair.vsp, pair.server, text);
    await pair.fabric.settle();
    assertEquals(vmbus.inspectChannel(pair.client)?.lifecycle, "disabled");
    assertEquals(pair.calls.filter((call) => call === "server Closed").length, 1);
    await endServer(pair);
  });
}

Deno.test("Partition.crash: inside a completion routine keeps the others from running", async () => {
  const pair = await openPair();
  const { vsc, client, guest, fabric } = pair;
  let routines = 0;
  for (let i = 0; i < 3; i++) {
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, () => {
      routines++;
      guest.crash();
    });
    vsc.VmbPacketSend(packet, new Uint8Array(8), 8, null, 0);
  }
  await fabric.settle();
  assertEquals(routines, 1);
  await endServer(pair);
});
