import * as vmbus from "../mod.ts";

const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";

const fabric = vmbus.createFabric({ seed: 7 });
const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });

// Host: an echo server.
const { kmcl: vsp } = vmbus.WdfFdoQueryForInterface(
  fabric.root.device, vmbus.KMCL_SERVER_INTERFACE_TYPE, vmbus.KMCL_SERVER_INTERFACE_V1_SIZE, 1);
const { channel: server } = vsp.VmbChannelAllocate(fabric.root.device, true);
const { kernelHandle } = vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
vsp.VmbServerChannelInitSetVmbusHandle(server, kernelHandle);
vmbus.ZwClose(kernelHandle);
vsp.VmbServerChannelInitSetTargetInterfaceId(server, TYPE, INSTANCE);
vsp.VmbServerChannelInitSetMmioMegabytes(server, 8, 0);
vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet, buffer, length) => {
  vsp.VmbChannelPacketComplete(packet, buffer, length);
}, null);
vsp.VmbChannelEnable(server);
vsp.VmbChannelStart(server);

// Guest: its client.
const { kmcl: vsc } = vmbus.WdfFdoQueryForInterface(
  guest.device, vmbus.KMCL_CLIENT_INTERFACE_TYPE, vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE, 1);
const { channel: client } = vsc.VmbChannelAllocate(guest.device, false);
vsc.VmbClientChannelInitSetTargetPnp(client, TYPE, null, null);
vsc.VmbClientChannelInitSetRingBufferPageCount(client, 4, 4);
vsc.VmbChannelInitSetProcessPacketCallbacks(client, (_channel, packet) => vsc.VmbChannelPacketComplete(packet, null, 0), null);
vsc.VmbChannelEnable(client);
await fabric.settle();
console.log(vmbus.inspectChannel(server).lifecycle); // opened

const hello = new TextEncoder().encode("hello");
const packet = vsc.VmbPacketAllocate(client);
vsc.VmbPacketSetCompletionRoutine(packet, (done, status, buffer, length) => {
  console.log(vmbus.ntStatusName(status), new TextDecoder().decode(buffer.subarray(0, length))); // STATUS_SUCCESS hello
  vsc.VmbPacketFree(done);
});
vsc.VmbPacketSend(packet, hello, hello.length, null, vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
await fabric.settle();

await vsc.VmbChannelDisable(client);
await vsp.VmbChannelDisable(server);
vsc.VmbChannelCleanup(client);
vsp.VmbChannelCleanup(server);
