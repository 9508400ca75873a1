/**
 * What configuration takes, and how it takes it (kmcl.md I6, section 5): devices, handles, GUIDs, structures.
 *
 * @module
 */

import { createFabric } from "../../support/fabric.ts";
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  clientTable,
  closePair,
  enablePair,
  makePair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  serverTable,
} from "../../support/connected_pair.ts";
import { callAny } from "./init_functions.ts";

const named = ({ status }: { status: vmbus.NtStatus }) => vmbus.ntStatusName(status);

// kmcl.md section 5, VmbChannelAllocate
Deno.test("VmbChannelAllocate: refuses a device that is none, and an endpoint that the device cannot have", () => {
  const { fabric, guest, vsp, vsc } = makePair();
  const foreign = createFabric();
  const gone = fabric.createPartition({ name: "gone", memoryPages: 1 });
  gone.crash();
  const before = fabric.inspect();
  for (const device of [null, undefined, 0, "root", {}, guest.vmbusHandle, foreign.root.device]) {
    assertEquals(callAny(vsp, "VmbChannelAllocate", [device, true]), {
      status: vmbus.STATUS_INVALID_PARAMETER_1,
      channel: null,
    });
  }
  assertEquals(named(vsc.VmbChannelAllocate(gone.device, false)), "STATUS_INVALID_PARAMETER_1");
  const second = [
    vsc.VmbChannelAllocate(guest.device, true), // a server in a child
    vsp.VmbChannelAllocate(fabric.root.device, false), // a client in the root, without loopback
  ];
  assertEquals(second.map(named), Array(2).fill("STATUS_INVALID_PARAMETER_2"));
  for (const isServer of [null, undefined, 2, -1, 0.5, NaN, 1n, "true", {}]) {
    assertEquals(callAny(vsp, "VmbChannelAllocate", [fabric.root.device, isServer]), {
      status: vmbus.STATUS_INVALID_PARAMETER_2,
      channel: null,
    });
  }
  // I4: the device comes first.
  assertEquals(named(vsp.VmbChannelAllocate(null, false)), "STATUS_INVALID_PARAMETER_1");
  assertEquals(fabric.inspect(), before);
});

// kmcl.md section 5, N5: a client in the root is for loopback offers
Deno.test("VmbChannelAllocate: gives the root a client for a loopback offer", () => {
  const { fabric, vsp, server } = makePair();
  const viaClientTable = clientTable(fabric.root).VmbChannelAllocate(fabric.root.device, false);
  assertEquals(named(viaClientTable), "STATUS_SUCCESS");
  vsp.VmbServerChannelInitSetFlags(server, vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER);
  const viaServerTable = vsp.VmbChannelAllocate(fabric.root.device, false);
  assertEquals(named(viaServerTable), "STATUS_SUCCESS");
  for (const { channel } of [viaClientTable, viaServerTable]) {
    assertEquals(vmbus.inspectChannel(channel).side, "client");
    vsp.VmbChannelCleanup(channel);
  }
});

// kmcl.md I6: upper case is accepted and lowered
Deno.test("Init functions: take GUIDs in upper case, and lower them", async () => {
  const pair = makePair({
    server: (vsp, channel) => {
      const status = vsp.VmbServerChannelInitSetTargetInterfaceId(
        channel,
        PAIR_TYPE.toUpperCase(),
        PAIR_INSTANCE.toUpperCase(),
      );
      assertEquals(status, vmbus.STATUS_SUCCESS);
    },
    client: (vsc, channel) => {
      const status = vsc.VmbClientChannelInitSetTargetPnp(
        channel,
        PAIR_TYPE.toUpperCase(),
        PAIR_INSTANCE.toUpperCase(),
      );
      assertEquals(status, vmbus.STATUS_SUCCESS);
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(pair.vsp.VmbChannelGetInterfaceInstance(pair.server), PAIR_INSTANCE);
  assertEquals(pair.vsc.VmbChannelGetInterfaceInstance(pair.client), PAIR_INSTANCE);
  await closePair(pair);
});

// kmcl.md I6: structures are copied at the call
Deno.test("VmbChannelInitSetStateChangeCallbacks: copies its structure", async () => {
  const log: string[] = [];
  const callbacks = {
    ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
    EvtChannelOpened: () => log.push("first") && vmbus.STATUS_SUCCESS,
  };
  const pair = makePair({
    server: (vsp, channel) => {
      const status = vsp.VmbChannelInitSetStateChangeCallbacks(channel, callbacks);
      assertEquals(status, vmbus.STATUS_SUCCESS);
    },
  });
  callbacks.EvtChannelOpened = () => log.push("second") && vmbus.STATUS_SUCCESS;
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(log, ["first"]);
  await closePair(pair);
});

// kmcl.md section 5
Deno.test("VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT: fills Version and Size, and nulls the callbacks", () => {
  assertEquals(vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(), {
    Version: 1,
    Size: 48,
    EvtChannelOpened: null,
    EvtChannelClosed: null,
    EvtChannelSuspend: null,
    EvtChannelStarted: null,
    EvtChannelPostStarted: null,
  });
});

// kmcl.md section 5: a kernel handle of a partition's VMBus, and the channel keeps its own reference
Deno.test("VmbServerChannelInitSetVmbusHandle: takes live kernel handles of its own fabric only", async () => {
  const pair = makePair();
  const { fabric, guest, vsp, server } = pair;
  const other = createFabric();
  const convert = (table: vmbus.KmclServerInterfaceV1, partition: vmbus.Partition) =>
    table.VmbConvertVmbusHandleToKernelHandle(partition.vmbusHandle).kernelHandle;
  const set = (handle: unknown) =>
    callAny(vsp, "VmbServerChannelInitSetVmbusHandle", [server, handle]);
  const closed = convert(vsp, guest);
  vmbus.ZwClose(closed);
  const foreign = convert(serverTable(other), other.root);
  for (const handle of [closed, foreign, guest.vmbusHandle, guest.device, server]) {
    assertEquals(set(handle), vmbus.STATUS_INVALID_PARAMETER_2);
  }
  const live = convert(vsp, guest);
  assertEquals(set(live), vmbus.STATUS_SUCCESS);
  assertEquals(fabric.leaks().filter(({ kind }) => kind === "kernelHandle").length, 1);
  assertEquals(vmbus.ZwClose(live), vmbus.STATUS_SUCCESS);
  enablePair(pair);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "opened");
  await closePair(pair);
});

// kmcl.md section 5
Deno.test("VmbConvertVmbusHandleToKernelHandle: refuses what is no VMBus of its fabric", () => {
  const { guest, vsp, server } = makePair();
  const foreign = createFabric().root.vmbusHandle;
  for (const handle of [null, undefined, 0, {}, guest.device, server, foreign]) {
    assertEquals(callAny(vsp, "VmbConvertVmbusHandleToKernelHandle", [handle]), {
      status: vmbus.STATUS_INVALID_HANDLE,
      kernelHandle: null,
    });
  }
  assertEquals(vmbus.ZwClose(null), vmbus.STATUS_INVALID_HANDLE);
});
