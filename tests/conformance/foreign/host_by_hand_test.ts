// A host that somebody else wrote, as bytes on the foreign door (wire.md 4, 5.6; kmcl.md S2, S10, G5).

import { assertEquals, assertThrows } from "@std/assert";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../mod.ts";
import { ByteHost, OFFER_5 } from "../../support/byte_host.ts";
import { createFabric } from "../../support/fabric.ts";
import { ForeignHostStage } from "../../support/foreign_host_stage.ts";
import { hexBytes, words } from "../../support/held_link.ts";

const CASES = [
  // version, memory base, the connection that the guest says everything over, how many versions it tries
  [0x4_0000, 0, 1, 7],
  [0x5_0003, 0x1_0000_0000, 9, 2],
] as const;

for (const [version, base, connectionId, tries] of CASES) {
  const name = `version 0x${version.toString(16)}, memory at 0x${base.toString(16)}`;
  Deno.test(`attachForeignHost: our client takes the offer of a host of bytes, ${name}`, async () => {
    const { stage, header, upstream, downstream } = await ForeignHostStage.opened({
      base,
      version,
    });
    const { host, vsc, client } = stage;
    assertEquals([host.tried[0], host.tried.length, host.tried.at(-1)], [0x6_0000, tries, version]);
    assertEquals(header.subarray(0, 8), hexBytes("08000000 00000000"));

    // A request of the guest's, which the host completes; the host is signalled as its offer says.
    const packet = vsc.VmbPacketAllocate(client);
    const completed: Uint8Array[] = [];
    vsc.VmbPacketSetCompletionRoutine(packet, (...all) => {
      completed.push(all[2].slice(0, all[3]));
    });
    const payload = hexBytes("0102030405060708");
    assertEquals(vsc.VmbPacketSend(packet, payload, 8, null, 1), vmbus.STATUS_SUCCESS);
    assertEquals([await stage.settle(), host.signals.splice(0)], [[], [`${0x3005} 0`]]);
    const request = upstream.read();
    assertEquals([request?.type, request?.flags, request?.payload], [6, 1, payload]);
    assertEquals(downstream.write(11, 0, request!.transactionId, payload), true);
    assertEquals(host.door.signalEvent(0, 2, 5), null);
    await stage.settle();
    assertEquals(completed, [payload]);
    vsc.VmbPacketFree(packet);

    host.say(2, 0, 5); // RescindChannelOffer
    await stage.fabric.settle();
    const connections = new Set(host.heard.map((heard) => heard.connectionId));
    assertEquals(connections, new Set([connectionId]));
    assertEquals(stage.calls, ["client Suspend", "client Closed"]);
    await stage.end();
  });
}

// kmcl.md G5
Deno.test("attachForeignHost: an answer to a GPADL comes inside waitForMessage as well", async () => {
  const waited: number[] = [];
  const waitForMessage = (host: ByteHost) => {
    waited.push(host.heard.length);
    if (waited.length === 1) host.say(4, 0); // something else comes first
    else host.created(host.heard.at(-1)!.bytes);
    return true;
  };
  const { stage } = await ForeignHostStage.opened({ answers: false, waitForMessage });
  assertEquals(waited.length, 2);
  await stage.end();
});

// kmcl.md G2, G5; wire.md 5.6, behaviour 56
Deno.test("attachForeignHost: without an answer an open is refused; one that comes late is torn down, and only then are its pages free", async () => {
  for (const isAccepted of [true, false]) {
    const stage = new ForeignHostStage({ answers: false });
    await stage.settle();
    const { host } = stage;
    host.post(OFFER_5);
    const [header] = await stage.settle();
    const { buffers } = (host.door.partition as PartitionObject).memory;
    assertEquals([header?.[0], buffers.size], [8, 1]);
    assertEquals(stage.calls, ["client PnpFailure STATUS_UNSUCCESSFUL"]);
    const [, , , gpadlId] = new Uint32Array(header!.slice(0, 16).buffer);
    host.created(header!, isAccepted ? 0 : 0x8000_ffff);
    const said = await stage.settle();
    if (isAccepted) {
      assertEquals([said, buffers.size], [[words(11, 0, 5, gpadlId!)], 1]);
      host.say(12, 0, gpadlId!);
      assertEquals(await stage.settle(), []);
    }
    assertEquals(buffers.size, 0);
    host.created(header!); // nobody waits for it any more
    await stage.settle();
    assertEquals(stage.fabric.inspect().partitions[1]?.faultCount, 1);
    await stage.end();
  }
});

Deno.test("attachForeignHost: a host that says other things for ever does not hold a guest up", async () => {
  let waits = 0;
  const waitForMessage = () => ++waits > 0;
  const stage = new ForeignHostStage({ answers: false, waitForMessage });
  await stage.settle();
  stage.host.post(OFFER_5);
  await stage.settle();
  assertEquals([waits, stage.calls], [4096, ["client PnpFailure STATUS_UNSUCCESSFUL"]]);
  await stage.end();
});

// wire.md 4.5
Deno.test("attachForeignHost: our guest tries the versions that it is to speak, and no others", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const range = { lowest: "4.0", highest: "5.1" } as const;
  const host = new ByteHost(fabric, { version: 0x3_0000, guest: { vmbusVersion: range } });
  await fabric.settle();
  assertEquals(host.tried, [0x5_0001, 0x5_0000, 0x4_0001, 0x4_0000]);
  const options = { name: "g", memory: new ArrayBuffer(4096), onMessage() {}, onSignal() {} };
  assertThrows(
    () => fabric.attachForeignHost({ ...options, vmbusVersion: "7.0" as "6.0" }),
    TypeError,
    "vmbusVersion must be one of",
  );
  fabric.dispose();
});
