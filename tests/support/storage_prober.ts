/**
 * A guest's driver that says one request after the other to a storage controller, on the primary and on a sub-channel,
 * and can be saved in the middle: for the tests of the host's side.
 *
 * @module
 */

import {
  encodeCdb,
  encodeStorageRequest,
  SCSI_INTERFACE_TYPE,
  SRB_ANSWER,
  type StorageOperation,
  type StorageRequest,
} from "../../devices/storage/mod.ts";
import * as vmbus from "../../mod.ts";
import { clientTable } from "./connected_pair.ts";
import { srbRequest } from "./storage_stage.ts";

const { expectSuccess } = vmbus;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** Bytes that it writes and reads. */
export const PROBE_BYTES = 4096;
/** Where its buffer has what it writes, what it reads, and sense data. */
const [WRITTEN, READ, SENSE] = [0, PROBE_BYTES, 2 * PROBE_BYTES];

/** A request, and where its data is. */
interface Probe {
  readonly bytes: Uint8Array;
  readonly at?: number;
  readonly byteCount?: number;
}

function plain(operation: StorageOperation, version = 0x600, subChannels = 1): Probe {
  const request = { operation, flags: 1, status: 0, version, revision: 0, subChannels };
  return { bytes: encodeStorageRequest(request as StorageRequest, 64) };
}

function data(cdb: Uint8Array, direction: number, at: number, byteCount: number): Probe {
  const bytes = srbRequest({ cdb, direction, dataTransferBytes: byteCount });
  return { bytes, at, byteCount };
}

/** To an address without a disk: it leaves no sense data behind. */
const absent = { bytes: srbRequest({ lun: 7, cdb: encodeCdb({ operation: "testUnitReady" }) }) };
const range = { blockFlags: 0, lba: 4, blocks: 8 };

/** What each channel says, in order: the primary, the sub-channel. */
export const PROBES: readonly (readonly Probe[])[] = [
  [
    plain("beginInitialization"),
    plain("queryProtocolVersion"),
    plain("queryProperties"),
    plain("createSubChannels"),
    plain("endInitialization"),
    data(encodeCdb({ operation: "write10", ...range }), 0, WRITTEN, PROBE_BYTES),
    { bytes: srbRequest({ cdb: encodeCdb({ operation: "synchronizeCache10", ...range }) }) },
    data(encodeCdb({ operation: "read10", ...range }), 1, READ, PROBE_BYTES),
    absent,
    { bytes: srbRequest({ cdb: encodeCdb({ operation: "verify10", ...range, lba: 9999 }) }) },
    data(encodeCdb({ operation: "requestSense", allocationBytes: 18 }), 1, SENSE, 18),
  ],
  [absent, plain("queryProperties"), plain("resetBus"), absent],
];

/** What it knows. */
export interface ProberState {
  /** Its buffer. */
  buffer: vmbus.GuestBuffer;
  /** Of each channel, the answers so far: srbStatus and the header's status, or another end. */
  readonly answers: string[][];
}

/** The driver. */
export class StorageProber implements vmbus.GuestDriverInstance {
  readonly state: ProberState;
  readonly channels: vmbus.VMBCHANNEL[] = [];
  readonly packets: (vmbus.VMBPACKET | null)[] = [null, null];
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #memory: vmbus.GuestMemory;

  constructor(partition: vmbus.Partition, state: ProberState) {
    this.state = state;
    this.#memory = partition.memory;
    this.#kmcl = clientTable(partition);
  }

  /** Allocates what it needs, and enables its channels. */
  static start({ partition, device }: vmbus.GuestContext): StorageProber {
    const buffer = partition.memory.allocate(2 * PROBE_BYTES + 18);
    const written = Uint8Array.from({ length: PROBE_BYTES }, (_, at) => at * 5 + (at >> 8));
    partition.memory.write(buffer.gpa, written);
    const prober = new StorageProber(partition, { buffer, answers: [[], []] });
    const kmcl = prober.#kmcl;
    for (const index of PROBES.keys()) {
      const { channel } = expectSuccess(kmcl.VmbChannelAllocate(device, false));
      const { processPacket, stateChange } = prober.callbacks(index);
      const statuses = [
        kmcl.VmbClientChannelInitSetTargetPnp(channel, SCSI_INTERFACE_TYPE, null, null),
        kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1),
        vmbus.initSetSubchannelIndex(kmcl, channel, index),
        kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, processPacket, null),
        kmcl.VmbChannelInitSetStateChangeCallbacks(channel, stateChange!),
        kmcl.VmbChannelEnable(channel),
      ];
      for (const status of statuses) expectSuccess(status);
      prober.channels.push(channel);
    }
    return prober;
  }

  /** The callbacks of one channel. */
  callbacks(index: number): vmbus.ChannelCallbacks {
    return {
      processPacket: (_channel, packet) => this.#kmcl.VmbChannelPacketComplete(packet, null, 0),
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelPostStarted: () => this.#say(index),
      },
    };
  }

  /** What it reads of its buffer: what was written, what was read, the sense data. */
  get buffers(): readonly string[] {
    const { gpa } = this.state.buffer;
    const read = (at: number, byteCount: number) => this.#memory.read(gpa + at, byteCount).toHex();
    return [read(WRITTEN, PROBE_BYTES), read(READ, PROBE_BYTES), read(SENSE, 18)];
  }

  #say(index: number): void {
    const probe = PROBES[index]![this.state.answers[index]!.length];
    if (probe === undefined) return;
    const { bytes, at = 0, byteCount } = probe;
    const packet = expectPacket(this.#kmcl.VmbPacketAllocate(this.channels[index]!));
    this.#kmcl.VmbPacketSetCompletionRoutine(packet, this.routine(index));
    const { gpa } = this.state.buffer;
    const mdl = byteCount === undefined
      ? null
      : vmbus.IoAllocateMdl(this.#memory, gpa + at, byteCount);
    this.packets[index] = packet;
    expectSuccess(this.#kmcl.VmbPacketSend(packet, bytes, bytes.length, mdl, WAIT));
  }

  /** The routine of each packet of one channel. */
  routine(index: number): vmbus.EvtPacketCompletionRoutine {
    return (packet, status, buffer, length) => {
      this.#kmcl.VmbPacketFree(packet);
      this.packets[index] = null;
      const answer = SRB_ANSWER.decode(buffer, length);
      const text = "srbStatus" in answer
        ? `${answer.srbStatus.toString(16)} ${answer.status.toString(16)}`
        : "?";
      this.state.answers[index]!.push(status === vmbus.STATUS_SUCCESS ? text : `ended ${status}`);
      if (status === vmbus.STATUS_SUCCESS) this.#say(index);
    };
  }

  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      buffer: this.state.buffer.gpa,
      answers: this.state.answers.map((answers) => [...answers]),
      channels: this.channels.map((channel) => tokens.of(channel)),
      packets: this.packets.map((packet) => packet && tokens.of(packet)),
    };
  }

  /** Frees all that it has. */
  async close(): Promise<void> {
    for (const channel of this.channels.toReversed()) {
      await this.#kmcl.VmbChannelDisable(channel);
      this.#kmcl.VmbChannelCleanup(channel);
    }
    this.#memory.free(this.state.buffer);
  }
}

function expectPacket(packet: vmbus.VMBPACKET | null): vmbus.VMBPACKET {
  if (packet === null) throw new Error("no packet");
  return packet;
}

/** The driver as a value. */
export const storageProber: vmbus.GuestDriver<StorageProber> = {
  name: "storage prober",
  start: (context) => StorageProber.start(context),
  restore: (context, saved) => {
    const { buffer, answers, channels, packets } = saved as {
      buffer: number;
      answers: string[][];
      channels: string[];
      packets: (string | null)[];
    };
    const state = { buffer: context.buffer(buffer), answers: answers.map((each) => [...each]) };
    const prober = new StorageProber(context.partition, state);
    for (const [index, token] of channels.entries()) {
      prober.channels.push(context.attachChannel(token, prober.callbacks(index)));
      const packet = packets[index] ?? null;
      if (packet === null) continue;
      prober.packets[index] = context.attachPacket(packet, {
        completionRoutine: prober.routine(index),
      });
    }
    return prober;
  },
};
