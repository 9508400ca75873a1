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

// Whatever has ended continues as far as its driver has it: both ways of running charts do so alike.
for (const packet of ["arrived", "completed"] as const) {
  Deno.test(`Partition.destroy: may be called with a packet that has ${packet}, whatever runs the charts`, async () => {
    const run = async (interpreter: vmbus.Interpreter): Promise<string> => {
      let destroysLeft = 1;
      const pair: Pair = await openPair({
        fabric: { interpreter },
        onClientPacket: (_channel, context) => {
          if (packet === "arrived") pair.guest.destroy();
          pair.vsc.VmbChannelPacketComplete(context, null, 0);
        },
      });
      const { fabric, vsc, vsp, client, server, guest } = pair;
      const send = (): void => {
        const sent = vsc.VmbPacketAllocate(client);
        vsc.VmbPacketSetCompletionRoutine(sent, (done) => {
          if (packet === "completed" && destroysLeft-- > 0) guest.destroy();
          vsc.VmbPacketFree(done);
        });
        vsc.VmbPacketSend(sent, new Uint8Array(8), 8, null, 0);
      };
      send();
      post(vsp, server);
      await fabric.settle();
      send(); // the driver does not know
      await fabric.settle();
      await endServer(pair);
      return fabric.traceDigest();
    };
    assertEquals(await run("stock"), await run("compiled"));
  });
}
