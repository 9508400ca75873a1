// kmcl.md L1: which functions are for PASSIVE_LEVEL.

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, type Pair } from "../../support/connected_pair.ts";
import { sendPlain } from "../../support/sending.ts";

/** What stands ready before a driver is called at DISPATCH_LEVEL. */
interface Ready {
  readonly idle: vmbus.VMBCHANNEL;
  readonly kernelHandle: vmbus.KernelHandle;
  readonly saving: vmbus.VMBCHANNEL;
}

const REQUEST = vmbus.STATUS_INVALID_DEVICE_REQUEST;

/** Each with what it returns in mode `record`. */
const PASSIVE_CALLS: Record<string, [(pair: Pair, ready: Ready) => unknown, unknown]> = {
  VmbChannelAllocate: [
    ({ vsp, fabric }) => vsp.VmbChannelAllocate(fabric.root.device, true),
    { status: REQUEST, channel: null },
  ],
  VmbChannelSaveContinue: [
    ({ vsp }, { saving }) => vsp.VmbChannelSaveContinue(saving, new Uint8Array(4096), 4096),
    { status: REQUEST, bytesFilled: null, bytesRequired: null },
  ],
  VmbChannelRestoreFromBuffer: [
    ({ vsp }, { idle }) => vsp.VmbChannelRestoreFromBuffer(idle, new Uint8Array(8), 8),
    REQUEST,
  ],
  WdfFdoQueryForInterface: [
    ({ fabric }) =>
      vmbus.WdfFdoQueryForInterface(
        fabric.root.device,
        vmbus.KMCL_SERVER_INTERFACE_TYPE,
        vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
        1,
      ),
    { status: REQUEST, kmcl: null },
  ],
  WdfIoTargetQueryForInterface: [
    ({ fabric }) =>
      vmbus.WdfIoTargetQueryForInterface(
        fabric.root.device,
        vmbus.KMCL_SERVER_INTERFACE_TYPE,
        vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
        1,
      ),
    { status: REQUEST, kmcl: null },
  ],
  ZwClose: [(_pair, { kernelHandle }) => vmbus.ZwClose(kernelHandle), REQUEST],
};

/** Runs `work` in a ProcessPacket call at DISPATCH_LEVEL. */
async function atDispatchLevel(
  mode: vmbus.VerifierMode,
  work: (pair: Pair, ready: Ready) => void,
): Promise<Pair> {
  let runs = 0;
  const pair: Pair = makePair({
    fabric: { verifier: mode },
    onServerPacket: (_channel, packet) => {
      assertEquals(vmbus.KeGetCurrentIrql(), 2);
      runs++;
      work(pair, ready);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { vsp, fabric, guest } = pair;
  const other = makePair({ within: pair, instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a44" });
  vsp.VmbChannelEnable(other.server);
  vsp.VmbChannelSaveBegin(other.server);
  const { channel: idle } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  const { kernelHandle } = vmbus.expectSuccess(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
  );
  const ready: Ready = { idle, kernelHandle, saving: other.server };
  enablePair(pair);
  await fabric.settle();
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
  await fabric.settle();
  assertEquals(runs, 1);
  vsp.VmbChannelSaveEnd(other.server);
  await vsp.VmbChannelDisable(other.server);
  for (const channel of [other.server, other.client, idle]) vsp.VmbChannelCleanup(channel);
  assertEquals(vmbus.ZwClose(kernelHandle), vmbus.STATUS_SUCCESS);
  return pair;
}

for (const [call, [run, refused]] of Object.entries(PASSIVE_CALLS)) {
  Deno.test(`${call}: at DISPATCH_LEVEL is a violation, and does nothing (L1)`, async () => {
    const thrown: unknown[] = [];
    const pair = await atDispatchLevel("throw", (...stage) => {
      try {
        run(...stage);
      } catch (error) {
        assert(error instanceof vmbus.VerifierError);
        const { source: _, stack: __, ...violation } = error.violation;
        thrown.push(violation);
      }
    });
    const rule = "call above PASSIVE_LEVEL";
    const callback = "EvtChannelProcessPacket";
    const channel = { id: 1, side: "server", friendlyName: "", partition: "root" };
    const message = `channel 1 (server) in root: ${callback} runs at DISPATCH_LEVEL`;
    const none = { packet: null, first: null };
    assertEquals(thrown, [{ rule, call, message, at: 0, callback, channel, ...none }]);
    await pair.vsc.VmbChannelDisable(pair.client);
    await pair.vsp.VmbChannelDisable(pair.server);

    const results: unknown[] = [];
    const recorded = await atDispatchLevel("record", (...stage) => results.push(run(...stage)));
    assertEquals(results, [refused]);
    assertEquals(recorded.fabric.violations.map((violation) => violation.rule), [rule]);
  });
}

Deno.test("VmbChannelAllocate: at DISPATCH_LEVEL is no violation where its arguments are wrong (L1)", async () => {
  const statuses: unknown[] = [];
  const pair = await atDispatchLevel("throw", ({ vsp, fabric }) => {
    statuses.push(vsp.VmbChannelAllocate(null, true).status);
    statuses.push(vsp.VmbChannelAllocate(fabric.root.device, 2 as never).status);
  });
  assertEquals(statuses, [vmbus.STATUS_INVALID_PARAMETER_1, vmbus.STATUS_INVALID_PARAMETER_2]);
  await closePair(pair);
});

// No page names a level for these: they may be called anywhere.
Deno.test("VmbChannelEnable: with all others that no page binds may be called at DISPATCH_LEVEL (L1)", async () => {
  const pair = await atDispatchLevel("throw", ({ vsp, vsc, fabric, guest, client }, { idle }) => {
    vsp.VmbChannelInitSetFriendlyName(idle, "disk");
    vsp.VmbChannelEnable(idle);
    vsp.VmbChannelPause(idle);
    vsp.VmbConvertVmbusHandleToKernelHandle(null);
    vsp.VmbChannelSizeofPacket(idle);
    vsc.VmbPacketFree(vsc.VmbPacketAllocate(client));
    vmbus.IoAllocateMdl(guest.memory, 0, 8);
    assertEquals(fabric.violations, []);
  });
  await closePair(pair);
});
