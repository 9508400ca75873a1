// kmcl.md P5: of several mistakes in one call the first in the documented order is reported. Each test
// tries every mistake by itself, and every two at once.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  type Call,
  combinations,
  firstMistakes,
  goodCall,
  lastMistakes,
  type Mistake,
  type SendStage,
  setStage,
} from "../../support/send_stage.ts";
import { unchangedBy } from "../../support/sending.ts";

const _4 = vmbus.STATUS_INVALID_PARAMETER_4;
const _5 = vmbus.STATUS_INVALID_PARAMETER_5;
const _6 = vmbus.STATUS_INVALID_PARAMETER_6;
const _7 = vmbus.STATUS_INVALID_PARAMETER_7;
const _8 = vmbus.STATUS_INVALID_PARAMETER_8;

const FOREIGN_MDL: Mistake = ["MDL of another partition", _4, (call) => call.owner = "other"];
const MDL_PART: readonly Mistake[] = [
  ["MdlOffset", _5, (call) => call.mdlOffset = 1e6],
  ["MdlLength", _6, (call) => call.mdlLength = 1e6],
];
const NO_MDL: Mistake = ["no MDL", _4, (call) => call.owner = "none"];
const PFNS: readonly Mistake[] = [
  ["PfnLength 0", _5, (call) => call.pfnLength = 0],
  ["PFN", _4, (call) => call.isPfnOutside = true],
];
const ANSWER: readonly Mistake[] = [
  ["CompletionBuffer", _6, (call) => call.completionBuffer = "text"],
  ["CompletionBufferSize", _7, (call) => call.completionBufferSize = 31],
  ["Timeout", _8, (call) => call.timeout = "soon"],
];

type Send = (stage: SendStage, call: Call) => vmbus.NtStatus;

const send: Send = ({ table, packetOf, mdlOf }, call) =>
  table.VmbPacketSend(
    packetOf(call),
    call.buffer as Uint8Array,
    call.bufferLength,
    mdlOf(call),
    call.flags,
  );

const sendMdl: Send = ({ table, packetOf, mdlOf }, call) =>
  table.VmbPacketSendWithExternalMdl(
    packetOf(call),
    call.buffer as Uint8Array,
    call.bufferLength,
    mdlOf(call),
    call.mdlOffset,
    call.mdlLength,
    call.flags,
  );

const sendPfns: Send = ({ table, packetOf, pfnsOf }, call) =>
  table.VmbPacketSendWithExternalPfns(
    packetOf(call),
    call.buffer as Uint8Array,
    call.bufferLength,
    pfnsOf(call),
    call.pfnLength ?? pfnsOf(call).length,
    call.flags,
  );

/** Tries all combinations, then that the call without mistakes is good. */
async function checkOrder(sendCall: Send, lists: readonly (readonly Mistake[])[]): Promise<void> {
  const stage = await setStage();
  let tried = 0;
  for (const mistakes of lists) {
    for (const { name, call, status } of combinations(mistakes)) {
      const got = unchangedBy(stage.fabric, () => sendCall(stage, call));
      assertEquals([name, vmbus.ntStatusName(got)], [name, vmbus.ntStatusName(status)]);
      tried++;
    }
  }
  const each = lists.map(({ length }) => length * (length + 1) / 2);
  assertEquals(tried, each.reduce((sum, count) => sum + count, 0));
  const packet = stage.packetOf(goodCall());
  stage.table.VmbPacketSetCompletionRoutine(packet, () => {});
  assertEquals(sendCall(stage, goodCall()), vmbus.STATUS_SUCCESS);
  await stage.fabric.settle();
  await stage.close();
}

Deno.test("VmbPacketSend: reports the first mistake (P5)", async () => {
  await checkOrder(send, [
    [...firstMistakes("server"), FOREIGN_MDL, ...lastMistakes(_5)],
    [...firstMistakes("pipe"), FOREIGN_MDL, ...lastMistakes(_5)],
  ]);
});

Deno.test("VmbPacketSendWithExternalMdl: reports the first mistake (P5)", async () => {
  await checkOrder(sendMdl, [
    [...firstMistakes("server"), FOREIGN_MDL, ...MDL_PART, ...lastMistakes(_7)],
    [...firstMistakes("pipe"), NO_MDL, ...MDL_PART, ...lastMistakes(_7)],
  ]);
});

Deno.test("VmbPacketSendWithExternalPfns: reports the first mistake (P5)", async () => {
  await checkOrder(sendPfns, [
    [...firstMistakes("server"), ...PFNS, ...lastMistakes(_6)],
    [...firstMistakes("pipe"), ...PFNS, ...lastMistakes(_6)],
  ]);
});

Deno.test("VmbChannelSendSynchronousRequest: reports the first mistake (P5, Y2)", async () => {
  const stage = await setStage();
  const { fabric, table, channelOf, mdlOf } = stage;
  const send = (call: Call) =>
    table.VmbChannelSendSynchronousRequest(
      channelOf(call),
      call.buffer as Uint8Array,
      call.bufferLength,
      mdlOf(call),
      call.flags,
      call.completionBuffer as Uint8Array,
      call.completionBufferSize,
      call.timeout as number,
    );
  const [unknown, noWait, bounds, disabled] = lastMistakes(_5);
  for (const sender of ["server", "pipe"] as const) {
    const list = [...firstMistakes(sender), FOREIGN_MDL, unknown!, noWait!, ...ANSWER];
    for (const { name, call, status } of combinations([...list, bounds!, disabled!])) {
      const before = fabric.inspect();
      const result = await send(call);
      assertEquals(
        [name, vmbus.ntStatusName(result.status), result.completionBufferSize],
        [name, vmbus.ntStatusName(status), null],
      );
      assertEquals(fabric.inspect(), before);
    }
  }
  assertEquals((await send(goodCall())).status, vmbus.STATUS_SUCCESS);
  await stage.close();
});
