// docs/saved-state.md, type 8: GPADLs in every stage go along, mappings do not.
import { assert, assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { areEqual } from "../../../core/saved/plain_data.ts";
import * as vmbus from "../../../mod.ts";
import { restoreTalk, saveTalk, startTalk, type TalkStage } from "../../support/talk_stage.ts";

const TALK = { talk: { channels: 1, count: 2 } };

/** GPADLs of the guest's one channel, as client and server see them. */
function gpadlsOf({ client, host }: TalkStage): readonly unknown[] {
  return [client.channels[0]!, host.channels[0]!].map(({ channel }) =>
    vmbus.inspectChannel(channel).gpadls.map(({ state, isMapped }) => [state, isMapped])
  );
}

Deno.test("savePartition: a GPADL whose deletion waits for the server is gone after it (kmcl.md V11)", async () => {
  const stage = startTalk(TALK);
  await stage.fabric.settle();
  const { kmcl, channel, state } = stage.client.channels[0]!;
  const deleted = kmcl.VmbChannelDeleteGpadl(channel, state.gpadl);
  const { bytes } = await saveTalk(stage);
  assertEquals(gpadlsOf(stage), [[["deleting", false]], [["tearingDown", true]]]);

  const next = restoreTalk(vmbus.createFabric(), bytes);
  assertEquals(next.fabric.inspect().partitions[1]!.messagesToGuest, 1);
  assert(areEqual((await saveTalk(next)).bytes, bytes));
  assertEquals(gpadlsOf(next), [[["deleting", false]], []]);
  next.guest.resume();
  await next.fabric.settle();
  assertEquals(gpadlsOf(next), [[], []]);
  assertEquals(next.fabric.inspect().partitions[1]!.faults, []);

  // Where it was saved, the guest continues waiting until it is destroyed.
  stage.guest.resume();
  await stage.fabric.settle();
  assertEquals(gpadlsOf(stage), [[["deleting", false]], [["tearingDown", true]]]);
  stage.guest.destroy();
  await deleted;
});

Deno.test("savePartition: a GPADL that is half described is completed after it", async () => {
  const stage = startTalk(TALK);
  await stage.fabric.settle();
  const { channel } = stage.client.channels[0]!;
  const channelId = vmbus.inspectChannel(channel).channelId!;
  const words = (...values: readonly number[]) =>
    new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);
  stage.guest.postControlMessage(
    "toHost",
    encodeControlMessage({
      message: "gpadlHeader",
      channelId,
      gpadlId: 77,
      byteLength: 3 * 8,
      rangeCount: 1,
      readOnly: true,
      words: words(8192),
    }),
  );
  const { bytes } = await saveTalk(stage);
  assertEquals(gpadlsOf(stage)[1], [["accepted", true], ["incomplete", false]]);

  const next = restoreTalk(vmbus.createFabric(), bytes);
  assert(areEqual((await saveTalk(next)).bytes, bytes));
  next.guest.resume();
  await next.fabric.settle();
  next.guest.postControlMessage(
    "toHost",
    encodeControlMessage({
      message: "gpadlBody",
      messageNumber: 0,
      gpadlId: 77,
      words: words(5, 9),
    }),
  );
  await next.fabric.settle();
  assertEquals(gpadlsOf(next)[1], [["accepted", true], ["accepted", false]]);
});
