/**
 * The echo scenario on a stage: files in memory, and each of its drivers opposite a peer that a test
 * plays itself.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import {
  type BesidePacket,
  type ClientWork,
  ECHO_INTERFACE_INSTANCE,
  ECHO_INTERFACE_TYPE,
  type Handling,
  type MessageKind,
  type ServerWork,
  writeHeader,
} from "../../devices/echo/mod.ts";
import type { SourceFile } from "../../simulator/scenario.ts";

/** Bytes of the largest message on this stage. */
export const MESSAGE_BYTES_MAX = 2064;

/** A file of `byteCount` bytes, none like its neighbours. */
export function memoryFile(byteCount: number): SourceFile & { readonly bytes: Uint8Array } {
  const bytes = Uint8Array.from({ length: byteCount }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
  return {
    name: "memory",
    bytes,
    byteCount,
    read: (offset, count) => Promise.resolve(bytes.slice(offset, offset + count)),
  };
}

/** A message of the echo protocol, with a payload of zeros. */
export function message(kind: MessageKind, sequence: number, payloadBytes: number): Uint8Array {
  const bytes = new Uint8Array(16 + payloadBytes);
  writeHeader(bytes, kind, sequence, payloadBytes);
  return bytes;
}

/** Work for either driver that asks for nothing and keeps what it hears. */
export class ListeningWork implements ServerWork, ClientWork {
  readonly findings: string[] = [];
  readonly pieces: number[] = [];
  readonly endings: vmbus.NtStatus[] = [];
  beside: BesidePacket[] = [];
  handling: Handling = "atOnce";
  onTaken: (sequence: number) => void = () => {};

  nextBeside(): BesidePacket | null {
    return this.beside.shift() ?? null;
  }
  besideEnded(_packet: BesidePacket, status: vmbus.NtStatus): void {
    this.endings.push(status);
  }
  readFile(_offset: number, byteCount: number): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(byteCount));
  }
  nextKind(): "transaction" {
    return "transaction";
  }
  pieceReturned(sequence: number): void {
    this.pieces.push(sequence);
  }
  nextHandling(): Handling {
    return this.handling;
  }
  besideTaken(sequence: number): void {
    this.onTaken(sequence);
  }
  failed(finding: string): void {
    this.findings.push(finding);
  }
}

/**
 * A guest that opens the echo channel and completes every packet with nothing. Its incoming ring is as
 * small as can be; its flow may be paused from the start.
 */
export function rawGuest(guest: vmbus.Partition, isPaused = false): {
  readonly vsc: vmbus.KmclClientInterfaceV1;
  readonly client: vmbus.VMBCHANNEL;
} {
  const { kmcl: vsc } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    guest.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    1,
  ));
  const { channel: client } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  vmbus.expectSuccess(vsc.VmbClientChannelInitSetTargetPnp(client, ECHO_INTERFACE_TYPE));
  vmbus.expectSuccess(
    vsc.VmbChannelInitSetProcessPacketCallbacks(client, (_channel, packet) => {
      vsc.VmbChannelPacketComplete(packet, null, 0);
    }),
  );
  vmbus.expectSuccess(vsc.VmbClientChannelInitSetRingBufferPageCount(client, 1, 16));
  if (isPaused) vsc.VmbChannelPause(client); // kmcl.md S8
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  return { vsc, client };
}

/** A host that offers the echo channel, and answers every packet by `answer`. */
export function rawHost(
  fabric: vmbus.Fabric,
  guest: vmbus.Partition,
  answer: (payload: Uint8Array) => Uint8Array,
): { readonly vsp: vmbus.KmclServerInterfaceV1; readonly server: vmbus.VMBCHANNEL } {
  const { device } = fabric.root;
  const { kmcl: vsp } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    1,
  ));
  const { channel: server } = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, true));
  const { kernelHandle } = vmbus.expectSuccess(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
  );
  vmbus.expectSuccess(vsp.VmbServerChannelInitSetVmbusHandle(server, kernelHandle));
  vmbus.expectSuccess(vmbus.ZwClose(kernelHandle));
  vmbus.expectSuccess(vsp.VmbServerChannelInitSetTargetInterfaceId(
    server,
    ECHO_INTERFACE_TYPE,
    ECHO_INTERFACE_INSTANCE,
  ));
  vmbus.expectSuccess(
    vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet, buffer, length) => {
      const bytes = answer(buffer.subarray(0, length));
      vsp.VmbChannelPacketComplete(packet, bytes, bytes.length);
    }),
  );
  vmbus.expectSuccess(vsp.VmbChannelEnable(server));
  vsp.VmbChannelStart(server);
  return { vsp, server };
}
