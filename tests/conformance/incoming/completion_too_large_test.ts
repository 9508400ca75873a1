// kmcl.md R6 and section 9: a completion that the requester's ring can never carry.

import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import { type Ended, freeAll, names, notedPacket, WAIT } from "../../support/sending.ts";

const RULE = "completion that the requester's ring can never carry";
const CALL = "VmbChannelPacketComplete";
/** Rings of one page: a completion of so many bytes fits to the byte, and no longer one. */
const RING_PAGES = [1, 1] as const;
const FITS = { vmbus: 4096 - 16 - 16 - 8, msgpack: 4096 - 16 - 16 - 8 - 8 } as const;

interface Answered {
  readonly pair: Pair;
  readonly asker: vmbus.KmclClientInterfaceV1;
  readonly ends: Ended[];
  readonly packets: vmbus.VMBPACKET[];
  /** What the first PacketComplete threw. */
  readonly thrown: unknown[];
  /** The fault of the answering endpoint whenever its EvtChannelSuspend was called. */
  readonly faults: (string | null)[];
}

/** Two requests to `side`, which answers the first with `answerBytes`; nothing has run since. */
async function ask(
  side: "server" | "client",
  answerBytes: number,
  fabric: vmbus.FabricOptions,
): Promise<Answered> {
  const thrown: unknown[] = [];
  const faults: (string | null)[] = [];
  let count = 0;
  const answering: vmbus.EvtChannelProcessPacket = (_channel, packet) => {
    const bytes = count++ === 0 ? answerBytes : 0;
    try {
      (side === "server" ? pair.vsp : pair.vsc)
        .VmbChannelPacketComplete(packet, new Uint8Array(bytes), bytes);
    } catch (error) {
      thrown.push(error);
      throw error;
    }
  };
  const options: PairOptions = {
    fabric,
    ringPages: RING_PAGES,
    client: (vsc, channel) => {
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 64));
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 8, 1));
    },
    [side === "server" ? "onServerPacket" : "onClientPacket"]: answering,
    [`${side}Callbacks`]: {
      EvtChannelSuspend: (channel: vmbus.VMBCHANNEL) =>
        void faults.push(vmbus.inspectChannel(channel).fault),
    },
  };
  const pair = await openPair(options);
  const [asker, channel] = side === "server" ? [pair.vsc, pair.client] : [pair.vsp, pair.server];
  const ends: Ended[] = [];
  const packets = [0, 1].map(() => notedPacket(asker, channel, ends));
  for (const packet of packets) {
    assertEquals(asker.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
  }
  return { pair, asker, ends, packets, thrown, faults };
}

async function end({ pair, asker, packets }: Answered): Promise<void> {
  freeAll(asker, packets);
  for (const [kmcl, channel] of [[pair.vsp, pair.server], [pair.vsc, pair.client]] as const) {
    await kmcl.VmbChannelDisable(channel);
    kmcl.VmbChannelCleanup(channel);
  }
  assertEquals(pair.fabric.leaks(), []);
}

for (const side of ["server", "client"] as const) {
  Deno.test(`VmbChannelPacketComplete: more than the ring can carry blames a ${side}, in each mode`, async () => {
    for (const mode of ["throw", "record", "off"] as const) {
      const answered = await ask(side, 8192, { verifier: mode });
      const { pair, ends, thrown } = answered;
      await pair.fabric.settle();
      assertEquals(thrown, [], mode); // the call has done what it could, so it does not throw
      assertEquals(
        pair.fabric.violations.map(({ rule, call }) => [rule, call]),
        mode === "off" ? [] : [[RULE, CALL]],
      );
      const removed = "STATUS_DEVICE_REMOVED"; // S15: both ends, once
      assertEquals(names(ends.map(({ status }) => status)), [removed, removed], mode);
      // Its driver is told by Suspend, and sees why; then the channel closes by itself.
      assertEquals(answered.faults, ["completionTooLarge"], mode);
      const { lifecycle, outstanding } = vmbus.inspectChannel(pair[side]);
      assertEquals([lifecycle, outstanding], ["disabled", 0], mode);
      await end(answered);
    }
  });
}

Deno.test("VmbChannelPacketComplete: what just fits arrives, and a byte more does not (R6)", async () => {
  for (const codec of ["vmbus", "msgpack"] as const) {
    for (
      const [bytes, status] of [[FITS[codec], "STATUS_SUCCESS"], [
        FITS[codec] + 1,
        "STATUS_DEVICE_REMOVED",
      ]] as const
    ) {
      const answered = await ask("server", bytes, { codec, verifier: "record" });
      await answered.pair.fabric.settle();
      assertEquals(vmbus.ntStatusName(answered.ends[0]!.status), status, `${codec} ${bytes}`);
      await end(answered);
    }
  }
});

Deno.test("VmbChannelSendSynchronousRequest: ends where its answer can never come (Y1, R6)", async () => {
  const pair = await openPair({
    fabric: { verifier: "record" },
    ringPages: RING_PAGES,
    client: (vsc, channel) => {
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 64));
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 8, 1));
    },
    onServerPacket: (_channel, packet) =>
      pair.vsp.VmbChannelPacketComplete(packet, new Uint8Array(8192), 8192),
  });
  const { vsc, client } = pair;
  const result = await vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0);
  assertEquals(vmbus.ntStatusName(result.status), "STATUS_DEVICE_REMOVED");
});

Deno.test("VmbChannelPacketComplete: of a packet that wants no completion takes any answer", async () => {
  const pair = await openPair({
    ringPages: RING_PAGES,
    onServerPacket: (_channel, packet) =>
      pair.vsp.VmbChannelPacketComplete(packet, new Uint8Array(500_000), 500_000),
  });
  const packet = pair.vsc.VmbPacketAllocate(pair.client);
  assertEquals(pair.vsc.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_SUCCESS);
  await pair.fabric.settle();
  assertEquals(pair.fabric.violations, []);
  assertEquals(vmbus.inspectChannel(pair.server).fault, null);
});

// Nobody was told by a throw: who disposes of the fabric is (api.md section 4).
Deno.test("Fabric.asyncDispose: tells of an answer that was too large, in mode throw as well", async () => {
  for (const verifier of ["throw", "record", "off"] as const) {
    const answered = await ask("server", 8192, { verifier });
    const { fabric } = answered.pair;
    await fabric.settle();
    await end(answered);
    const dispose = async () => await fabric[Symbol.asyncDispose]();
    if (verifier === "off") await dispose();
    else {
      const error = await assertRejects(dispose, vmbus.DisposalError, CALL);
      assertEquals([error.violations.map(({ rule }) => rule), error.leaks], [[RULE], []]);
      fabric.dispose();
    }
  }
});
