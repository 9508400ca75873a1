/** Each fault that a guest can be caught at: who sees it, and what stops (kmcl.md S13, section 5). */
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  Chance,
  type Codec,
  type Corruption,
  CORRUPTIONS,
  type RawPacket,
} from "../../../simulator/peers/mod.ts";
import { type HostileOptions, HostileStage } from "../../support/hostile_server.ts";

const CODECS: readonly Codec[] = ["vmbus", "msgpack"];

/** How a server is made that the lie is one for. */
function optionsOf({ isPipe }: Corruption, codec: Codec): HostileOptions {
  if (isPipe !== true) return { codec };
  return {
    codec,
    server: (vsp, channel) => {
      const flag = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE;
      vsp.VmbServerChannelInitSetFlags(channel, flag);
    },
  };
}

const chance = Chance.fromSeed(19);
const noticed = CORRUPTIONS.filter(({ noticedBy, ring, pipeMode }) =>
  noticedBy === "reader" && ring !== "downstream" && pipeMode !== "bytes" // those: streams_test.ts
);

for (const corruption of noticed) {
  const { name, what, fault } = corruption;
  for (const codec of corruption.codec === null ? CODECS : [corruption.codec]) {
    const options = optionsOf(corruption, codec);
    // wire.md 1.9, kmcl.md S13
    Deno.test(`ChannelFault: ${fault} for ${what} (${codec})`, async () => {
      const stage = await HostileStage.open(options);
      corruption.apply(stage.rings, "upstream", chance.fork(name));
      await stage.signal();
      assertEquals(stage.received, []);
      await stage.assertStopped(`${fault}`);
      await stage.assertRecovers();
    });

    if (name === "maskSetByPeer") continue; // masked is how a ring begins
    Deno.test(`ChannelFault: ${fault} for ${what}, before the open (${codec})`, async () => {
      const stage = new HostileStage(options);
      assertEquals(stage.vsp.VmbChannelEnable(stage.server), vmbus.STATUS_SUCCESS);
      stage.vsp.VmbChannelStart(stage.server);
      corruption.apply(stage.rings, "upstream", chance.fork(name));
      stage.guest.open(stage.rings);
      await stage.fabric.settle();
      assertEquals(stage.state.fault, fault);
      // kmcl.md S4: packets may come before PostStarted; after a fault it is left out.
      assertEquals(stage.calls, ["server Opened", "server Started", "server Suspend"]);
      await stage.end();
    });
  }
}

// wire.md 1.9: the writer's side.
Deno.test("ChannelFault: invalidReadIndex stops the send that meets it", async () => {
  for (const readIndex of [4, 8192, 0xffff_fff8]) {
    const stage = await HostileStage.open();
    stage.rings.store("downstream", "readIndex", readIndex);
    assertEquals(stage.send(), vmbus.STATUS_DEVICE_REMOVED);
    await stage.fabric.settle();
    await stage.assertStopped("invalidReadIndex");
    await stage.assertRecovers();
  }
});

// kmcl.md section 5, VmbChannelPacketFail
Deno.test("ChannelFault: packetFailed after VmbChannelPacketFail", async () => {
  const stage: HostileStage = await HostileStage.open({
    onPacket: (_channel, packet) => stage.vsp.VmbChannelPacketFail(packet),
  });
  stage.rings.put("upstream", { flags: 1, transactionId: 3n }, { flags: 1, transactionId: 4n });
  await stage.signal();
  assertEquals(stage.received.length, 1);
  assertEquals(stage.state.outstanding, 0);
  assertEquals(stage.rings.load("downstream", "writeIndex"), 0);
  await stage.assertStopped("packetFailed");
  await stage.assertRecovers();
});

// wire.md 2.5: an id is good for one completion.
Deno.test("ChannelFault: unknownTransaction for a completion that comes twice", async () => {
  const stage = await HostileStage.open();
  const ends: vmbus.NtStatus[] = [];
  const packet = stage.vsp.VmbPacketAllocate(stage.server);
  stage.vsp.VmbPacketSetCompletionRoutine(packet, (_packet, status) => void ends.push(status));
  stage.vsp.VmbPacketSend(packet, null, 0, null, 1);
  const completion: RawPacket = { type: 11, transactionId: 0n };
  stage.rings.put("upstream", completion, completion);
  await stage.signal();
  assertEquals(ends, [vmbus.STATUS_SUCCESS]);
  stage.vsp.VmbPacketFree(packet);
  await stage.assertStopped("unknownTransaction");
  await stage.assertRecovers();
});

// kmcl.md S7, S13: what the driver holds it must retire, fault or not.
Deno.test("ChannelFault: packets that were delivered before it stay with the driver", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const stage = await HostileStage.open({ onPacket: (_channel, packet) => void held.push(packet) });
  const good: RawPacket = { flags: 1, transactionId: 9n };
  stage.rings.put("upstream", good, good, { flags: 2 });
  await stage.signal();
  assertEquals(held.length, 2);
  assertEquals(stage.state.outstanding, 2);
  assertEquals(stage.state.fault, "invalidDescriptorFlags");
  assertEquals(stage.calls.splice(0), ["server Suspend"]);
  const paused = stage.vsp.VmbChannelPause(stage.server);
  for (const packet of held) stage.vsp.VmbChannelPacketComplete(packet, null, 0);
  await paused;
  assertEquals(stage.state.outstanding, 0);
  assertEquals(stage.rings.load("downstream", "writeIndex"), 0); // no completion leaves
  await stage.end();
});

// kmcl.md S15
Deno.test("ChannelFault: transactions under way end when the channel closes", async () => {
  const stage = await HostileStage.open();
  const ends: string[] = [];
  const send = () => {
    const packet = stage.vsp.VmbPacketAllocate(stage.server);
    stage.vsp.VmbPacketSetCompletionRoutine(packet, (done, status) => {
      ends.push(vmbus.ntStatusName(status) ?? "");
      stage.vsp.VmbPacketFree(done);
    });
    stage.vsp.VmbPacketSend(packet, new Uint8Array(4000), 4000, null, 1);
  };
  for (let packets = 0; packets < 3; packets++) send(); // the third finds the ring full
  await stage.fabric.settle();
  assertEquals(stage.state.queued, 1);
  stage.rings.put("upstream", { type: 8 });
  await stage.signal();
  assertEquals(stage.state.fault, "invalidDescriptorType");
  assertEquals(ends, []);
  stage.guest.close();
  await stage.fabric.settle();
  assertEquals(ends, ["STATUS_DEVICE_REMOVED", "STATUS_DEVICE_REMOVED", "STATUS_CANCELLED"]);
  await stage.end();
});
