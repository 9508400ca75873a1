/**
 * Channels of every kind that a refused send tells apart, and calls that can be wrong in many ways at
 * once (kmcl.md P5).
 *
 * @module
 */

import { assertExists } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { closePair, makePair, openPair, PAIR_TYPE } from "./connected_pair.ts";
import { freeAll, pattern, WAIT } from "./sending.ts";

/** Whose packet is sent: a client's, a server's, or that of a pipe's client. */
export type Sender = "client" | "server" | "pipe";

/** The arguments of a send, as a value that mistakes are put into one by one. */
export interface Call {
  sender: Sender;
  /** The channel is Disabled instead of open. */
  isDisabled: boolean;
  /** Null in the place of the packet or channel. */
  isHandleBad: boolean;
  buffer: unknown;
  bufferLength: number;
  /** Whose memory the external data is. */
  owner: "sender" | "other" | "none";
  /** Pages of external data. */
  externalPages: number;
  mdlOffset: number;
  mdlLength: number;
  /** One of the pages lies outside of the guest's memory. */
  isPfnOutside: boolean;
  /** Null: all pages. */
  pfnLength: number | null;
  flags: number;
  completionBuffer: unknown;
  completionBufferSize: number;
  timeout: unknown;
}

/** A call with external data that nothing is wrong with. */
export function goodCall(): Call {
  return {
    sender: "client",
    isDisabled: false,
    isHandleBad: false,
    buffer: pattern(24),
    bufferLength: 24,
    owner: "sender",
    externalPages: 2,
    mdlOffset: 0,
    mdlLength: 0,
    isPfnOutside: false,
    pfnLength: null,
    flags: WAIT,
    completionBuffer: new Uint8Array(32),
    completionBufferSize: 32,
    timeout: null,
  };
}

/** A mistake: its name, what it gets when it is the only one, and how it is made. */
export type Mistake = readonly [
  name: string,
  status: vmbus.NtStatus,
  make: (call: Call) => void,
];

/** What is wrong with the handle, or what the channel can never do: the first steps of P5. */
export function firstMistakes(sender: "server" | "pipe"): readonly Mistake[] {
  return [
    ["handle", vmbus.STATUS_INVALID_PARAMETER_1, (call) => call.isHandleBad = true],
    ["sender", vmbus.STATUS_NOT_SUPPORTED, (call) => call.sender = sender],
    ["buffer", vmbus.STATUS_INVALID_PARAMETER_2, (call) => call.buffer = "text"],
    ["length", vmbus.STATUS_INVALID_PARAMETER_3, (call) => call.bufferLength = 25],
  ];
}

/** What is wrong with the flags, `flagsStatus`, or with what only the channel knows: the last steps. */
export function lastMistakes(flagsStatus: vmbus.NtStatus): readonly Mistake[] {
  return [
    ["unknown flags", flagsStatus, (call) => call.flags |= 8],
    ["no WAIT", flagsStatus, (call) => call.flags &= ~WAIT],
    ["bounds", vmbus.STATUS_INVALID_BUFFER_SIZE, (call) => call.externalPages = 17],
    ["Disabled", vmbus.STATUS_DEVICE_REMOVED, (call) => call.isDisabled = true],
  ];
}

/** Every mistake by itself, and every two of them in the order of their steps. */
export function* combinations(
  mistakes: readonly Mistake[],
): Iterable<{ readonly name: string; readonly call: Call; readonly status: vmbus.NtStatus }> {
  for (const [index, [name, status, make]] of mistakes.entries()) {
    const alone = goodCall();
    make(alone);
    yield { name, call: alone, status };
    for (const [laterName, , makeLater] of mistakes.slice(index + 1)) {
      const both = goodCall();
      make(both);
      makeLater(both);
      yield { name: `${name}, ${laterName}`, call: both, status };
    }
  }
}

/** Makes both ends of a pair pipes. */
export const PIPE_OPTIONS = {
  server: (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) => {
    const flags = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE;
    vmbus.expectSuccess(vsp.VmbServerChannelInitSetFlags(channel, flags));
  },
  client: (vsc: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL) => {
    const flags = vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE;
    vmbus.expectSuccess(vsc.VmbChannelInitSetFlags(channel, flags));
  },
} as const;

/** A GUID of its own for each digit. */
export function guid(digit: number): string {
  return PAIR_TYPE.slice(0, -1) + digit.toString(16);
}

/** Channels that are open and channels that are Disabled, with a packet of each. */
export interface SendStage {
  readonly fabric: vmbus.Fabric;
  readonly table: vmbus.KmclClientInterfaceV1;
  readonly channelOf: (call: Call) => vmbus.VMBCHANNEL | null;
  readonly packetOf: (call: Call) => vmbus.VMBPACKET | null;
  readonly mdlOf: (call: Call) => vmbus.Mdl | null;
  readonly pfnsOf: (call: Call) => readonly number[];
  /** Takes everything down again; nothing may be left. */
  readonly close: () => Promise<void>;
}

/** Sets the stage. */
export async function setStage(): Promise<SendStage> {
  const open = await openPair({ instance: guid(1) });
  const { fabric, guest } = open;
  const within = { fabric, guest };
  const pipe = await openPair({ within, instance: guid(2), ...PIPE_OPTIONS });
  const gone = makePair({ within, instance: guid(3) });
  const gonePipe = makePair({ within, instance: guid(4), ...PIPE_OPTIONS });
  const other = fabric.createPartition({ name: "other", memoryPages: 64 });
  const pairs = [open, pipe, gone, gonePipe];

  const packets = new Map<vmbus.VMBCHANNEL, vmbus.VMBPACKET>();
  for (const channel of pairs.flatMap(({ client, server }) => [client, server])) {
    const packet = open.vsp.VmbPacketAllocate(channel);
    assertExists(packet);
    packets.set(channel, packet);
  }
  const channelOf = ({ sender, isDisabled, isHandleBad }: Call) => {
    if (isHandleBad) return null;
    if (sender === "pipe") return (isDisabled ? gonePipe : pipe).client;
    return (isDisabled ? gone : open)[sender];
  };
  const packetOf = (call: Call) => {
    const channel = channelOf(call);
    return channel === null ? null : packets.get(channel) ?? null;
  };
  const mdlOf = ({ owner, externalPages }: Call) => {
    if (owner === "none") return null;
    const { memory } = owner === "sender" ? guest : other;
    return vmbus.IoAllocateMdl(memory, 0, externalPages * 4096);
  };
  const pfnsOf = ({ externalPages, isPfnOutside }: Call) =>
    Array.from({ length: externalPages }, (_, at) => isPfnOutside && at === 0 ? 512 : at);
  const close = async () => {
    freeAll(open.vsp, packets.values());
    for (const { vsp, vsc, client, server } of [gonePipe, gone, pipe]) {
      await vsc.VmbChannelDisable(client);
      await vsp.VmbChannelDisable(server);
      vsc.VmbChannelCleanup(client);
      vsp.VmbChannelCleanup(server);
    }
    await closePair(open);
  };
  return { fabric, table: open.vsp, channelOf, packetOf, mdlOf, pfnsOf, close };
}
