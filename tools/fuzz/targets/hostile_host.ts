/**
 * Targets: whole hosts that do anything, to clients in a guest: one that treats packets in every way, and
 * those of the device pairs. See scripts.ts for what an input is.
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import { readMmioPlacement } from "../../../core/control/user_data.ts";
import {
  DISK_ANSWERS,
  DISK_INTERFACE_TYPE,
  type DiskClient,
  encodeRegisters,
  encodeReply,
  openDisk,
} from "../../../devices/disk/mod.ts";
import {
  ECHO_INTERFACE_INSTANCE,
  ECHO_INTERFACE_TYPE,
  EchoClient,
} from "../../../devices/echo/mod.ts";
import { SCSI_INTERFACE_TYPE, storageDriver } from "../../../devices/storage/mod.ts";
import * as vmbus from "../../../mod.ts";
import { corruptMessage, encodePacket } from "../../../simulator/peers/mod.ts";
import { type Device, HostileHost } from "../../../simulator/scenarios/hostile/hostile_host.ts";
import type { PackageTarget } from "../package_target.ts";
import { drawEchoMessage } from "./devices.ts";
import { outcomeOf, type Play, scriptTarget, type Stage } from "./scripts.ts";

const DEVICE: Device = {
  interfaceId: "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10",
  instanceId: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33",
};

/** A client, as a play knows it. */
interface Client {
  readonly device: Device;
  /** Tries again what did not work. */
  tend(): void;
  /** How it stands. */
  outcome(): string;
  /** What an honest host would answer. */
  reply(chance: Chance): Uint8Array;
  /** What stands in the MMIO of the device; default: it has none. */
  readonly registers?: Uint8Array;
}

/** A host that also says what its client's protocol has. */
class SpeakingHost extends HostileHost {
  readonly #stage: Stage;
  readonly #client: Client;

  constructor(stage: Stage, client: Client, drawChance: () => Chance) {
    super(stage.guest, stage.codec, [client.device], drawChance);
    this.#stage = stage;
    this.#client = client;
  }

  /** As any host, it puts the device's registers where the guest has room for them. */
  protected override hear(message: ControlMessage): void {
    const { registers } = this.#client;
    if (message.message !== "openChannel" || registers === undefined) return;
    const { gpa, byteCount } = readMmioPlacement(message.userData);
    const { memory } = this.#stage.guest;
    if (byteCount > 0 && memory.placeMmio(gpa, byteCount)) memory.write(gpa, registers);
  }

  /** Completes what the client has sent, as it should or almost so; or sends a packet of that kind. */
  reply(chance: Chance): void {
    const one = this.one(chance);
    if (one === null) return;
    const { codec } = this.#stage;
    const payloadOf = () => {
      const right = this.#client.reply(chance);
      return chance.below(3) === 0 ? corruptMessage(chance, right) : right;
    };
    const { packets } = one.rings.take("upstream", codec);
    for (const { completionRequested, transactionId } of packets) {
      if (!completionRequested) continue;
      const completion = { type: 11, transactionId, payload: payloadOf() } as const;
      one.rings.put("downstream", encodePacket(codec, completion));
    }
    if (chance.below(2) === 0) {
      one.rings.put("downstream", encodePacket(codec, { payload: payloadOf() }));
    }
    this.signal(one.channelId);
  }
}

/** What a hostile host does; the first offers its device. */
const ACTS: Readonly<Record<string, (host: SpeakingHost, chance: Chance) => void>> = {
  offer: (host, chance) => host.offer(chance),
  reply: (host, chance) => host.reply(chance),
  send: (host, chance) => host.send(chance),
  answer: (host, chance) => host.answer(chance),
  turn: (host, chance) => host.turn(chance),
  lie: (host, chance) => host.lie(chance),
  scribble: (host, chance) => host.scribble(chance),
  forge: (host, chance) => host.forge(chance),
  babble: (host, chance) => host.babble(chance),
  rescind: (host, chance) => host.rescind(chance),
};

/** The play of a hostile host before what `makeClient` makes. */
function hostPlay(stage: Stage, makeClient: (stage: Stage) => Client): Play {
  const client = makeClient(stage);
  let last: Chance | null = null;
  const host = new SpeakingHost(stage, client, () => last!);
  return {
    acts: Object.values(ACTS).map((act) => (chance: Chance) => {
      last = chance;
      act(host, chance);
    }),
    tend: () => client.tend(),
    outcome: () => client.outcome(),
    end() {
      // Nothing of a guest that is turned off waits for such a host any more (kmcl.md S11).
      stage.guest.destroy();
      return Promise.resolve();
    },
  };
}

/** Packet objects of the client that treats packets in every way, at once. */
const PACKETS_MAX = 6;
const CONTEXT_BYTES = 8;

/** Lends memory, and treats packets in every way that there is, by turns. */
class MixedClient implements Client {
  readonly device: Device = DEVICE;
  readonly #vsc: vmbus.KmclClientInterfaceV5;
  readonly #channel: vmbus.VMBCHANNEL;
  readonly #guest: vmbus.Partition;
  /** What it shares with the host by a GPADL. */
  readonly #buffer: vmbus.GuestBuffer;
  /** What it sends by external data. */
  readonly #data: vmbus.GuestBuffer;
  readonly #held: vmbus.VMBPACKETCOMPLETION[] = [];
  #gpadl: number | null = null;
  #isRunning = false;
  #isLeaving = false;
  #turn = 0;

  constructor({ guest }: Stage) {
    this.#guest = guest;
    this.#buffer = guest.memory.allocate(4096);
    this.#data = guest.memory.allocate(4096);
    const { kmcl: vsc } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
      guest.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V5_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V5,
    ));
    this.#vsc = vsc;
    this.#channel = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false)).channel;
    const channel = this.#channel;
    vsc.VmbClientChannelInitSetTargetPnp(channel, DEVICE.interfaceId);
    vsc.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1);
    vsc.VmbChannelInitSetMaximumPacketSize(channel, 256);
    vsc.VmbChannelInitSetMaximumExternalData(channel, 4096, 1);
    vsc.VmbChannelInitSetMaximumPacketCount(channel, PACKETS_MAX);
    vsc.VmbChannelInitSetInlinePacketContextSize(channel, CONTEXT_BYTES);
    vsc.VmbChannelInitSetClientContextSize(channel, CONTEXT_BYTES);
    vsc.VmbChannelInitSetBounceBufferSizes(channel, 4096, 4096);
    vsc.VmbChannelSetAllowableDpcCpuUsage(channel, 50);
    vsc.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => this.#opened(),
      EvtChannelStarted: () => {
        this.#isRunning = true;
        this.#send();
      },
      EvtChannelSuspend: () => {
        this.#isRunning = false;
        this.#retire();
      },
      EvtChannelClosed: () => this.#closed(),
    });
    vsc.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, buffer, length) => this.#process(packet, buffer, length),
    );
    vmbus.expectSuccess(vsc.VmbChannelEnable(channel));
  }

  #opened(): vmbus.NtStatus {
    const { gpadlHandle } = this.#vsc.VmbChannelCreateGpadlFromBuffer(
      this.#channel,
      0,
      this.#buffer,
      4096,
    );
    this.#gpadl = gpadlHandle;
    return vmbus.STATUS_SUCCESS;
  }

  async #closed(): Promise<void> {
    const handle = this.#gpadl;
    this.#gpadl = null;
    // A host that lies may have let go of it before it was asked.
    const isThere = vmbus.inspectChannel(this.#channel)?.gpadls.some((one) =>
      one.handle === handle
    );
    if (handle !== null && isThere) await this.#vsc.VmbChannelDeleteGpadl(this.#channel, handle);
  }

  #retire(): void {
    for (const packet of this.#held.splice(0)) this.#vsc.VmbChannelPacketComplete(packet, null, 0);
  }

  #process(packet: vmbus.VMBPACKETCOMPLETION, buffer: Uint8Array, length: number): void {
    this.#vsc.VmbChannelPacketGetClientContext(packet)?.fill(this.#turn);
    switch (this.#turn++ % 4) {
      case 0:
        return void this.#held.push(packet);
      case 1:
        if (vmbus.KeGetCurrentIrql() === 2) return this.#vsc.VmbChannelPacketDeferToPassive(packet);
        break;
      case 2:
        this.#retire();
    }
    this.#vsc.VmbChannelPacketComplete(packet, buffer, Math.min(length, 64));
  }

  #send(): void {
    const vsc = this.#vsc;
    const packet = vsc.VmbPacketAllocate(this.#channel);
    if (packet === null) return; // the host need not answer those that there are
    vsc.VmbPacketGetInlinePacketContextPointer(packet)?.fill(this.#turn);
    const isDirect = this.#turn++ % 2 === 0;
    const mdl = isDirect ? vmbus.IoAllocateMdl(this.#guest.memory, this.#data.gpa, 100) : null;
    const status = vsc.VmbPacketSend(packet, new Uint8Array(24), 24, mdl, 1);
    if (status !== vmbus.STATUS_SUCCESS) vsc.VmbPacketFree(packet);
  }

  tend(): void {
    const there = vmbus.inspectChannel(this.#channel);
    if (there === null) return;
    if (there.lifecycle === "disabled") {
      this.#isLeaving = false;
      this.#vsc.VmbChannelEnable(this.#channel);
    } else if (there.fault !== null) this.#leave();
    else if (this.#isRunning) this.#send();
  }

  /** Closes the channel; the promise may never resolve, as the host need not answer. */
  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#vsc.VmbChannelDisable(this.#channel).catch(() => {}); // the guest is turned off before that
  }

  outcome(): string {
    return outcomeOf(this.#channel);
  }

  reply(chance: Chance): Uint8Array {
    return chance.bytes(8 * chance.below(8));
  }
}

const REGISTERS = {
  blockBytes: 512,
  blockCount: 64,
  transferBytesMax: 4096,
  queueDepth: 4,
  isReadOnly: false,
};

function diskClient({ guest }: Stage): Client {
  const disk: DiskClient = openDisk(guest, { transferBytesMax: 4096, ringPages: [1, 1] });
  const pages = guest.memory.allocate(4096);
  const outcomes = new Set<string>();
  return {
    device: {
      interfaceId: DISK_INTERFACE_TYPE,
      instanceId: DEVICE.instanceId,
      mmioMegabytes: 1,
    },
    registers: encodeRegisters(REGISTERS),
    tend() {
      if (disk.state.phase !== "open") return;
      const hear = (outcome: string) => void outcomes.add(outcome);
      disk.flush().then(hear, () => outcomes.add("refused"));
      disk.read(0, 1, pages.pfns).then(hear, () => outcomes.add("refused"));
    },
    outcome: () => `${disk.state.phase} ${disk.state.refusal ?? ""}`.trim(),
    reply: (chance) =>
      encodeReply({
        answer: DISK_ANSWERS[chance.below(3) > 0 ? 0 : chance.below(DISK_ANSWERS.length)]!,
        blockCount: chance.below(3),
      }),
  };
}

/** An answer of a storage controller: often one that lets its guest go on. */
function storageAnswer(chance: Chance): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes[0] = chance.below(8) === 0 ? 11 : 1;
  if (chance.below(4) === 0) bytes.set(chance.bytes(52), 12);
  else {
    bytes[14] = [1, 1, 0x84, 0x20, 5][chance.below(5)]!; // SRB status
    bytes[24] = [0, 36, 8, 255][chance.below(4)]!; // bytes that were moved
    bytes[26] = chance.below(2); // or, among the properties, 64 KiB for most bytes at once
  }
  return bytes;
}

function storageClient({ guest }: Stage): Client {
  let disks = 0;
  const client = vmbus.loadGuestDriver(
    guest,
    storageDriver({
      onDisk(disk) {
        disks++;
        // How they end is the host's to say, which does anything.
        for (const ask of [() => disk.flush(), () => disk.read(0, new Uint8Array(512))]) {
          ask().catch(() => {});
        }
      },
    }),
    { queueDepth: 2, ringPages: [1, 1], transferBytesMax: 4096 },
  );
  return {
    device: { interfaceId: SCSI_INTERFACE_TYPE, instanceId: DEVICE.instanceId },
    tend: () => client.rescan(),
    outcome: () => `${client.state.phase} ${client.state.refusal ?? ""} ${disks}`.trim(),
    reply: storageAnswer,
  };
}

const FILE_BYTES = 200;

function echoClient({ fabric, guest }: Stage): Client {
  const file = new Uint8Array(FILE_BYTES).fill(5);
  let turn = 0;
  const client = new EchoClient(fabric, guest, {
    readFile: (offset, byteCount) => Promise.resolve(file.subarray(offset, offset + byteCount)),
    nextKind: () => turn++ % 2 === 0 ? "transaction" : "datagram",
    pieceReturned: () => {},
    nextHandling: () => (["atOnce", "later", "deferred"] as const)[turn++ % 3]!,
    besideTaken: () => {},
    failed: () => {}, // the host does wrong all the time
  }, { fileBytes: FILE_BYTES, pieceBytes: 16, messageBytesMax: 128, ringPages: 1, window: 2 });
  client.enable();
  return {
    device: { interfaceId: ECHO_INTERFACE_TYPE, instanceId: ECHO_INTERFACE_INSTANCE },
    tend: () => {},
    outcome: () => outcomeOf(client.channel),
    reply: drawEchoMessage,
  };
}

function hostTarget(
  name: string,
  title: string,
  makeClient: (stage: Stage) => Client,
): PackageTarget {
  const makePlay = (stage: Stage) => hostPlay(stage, makeClient);
  return scriptTarget(name, title, { acts: Object.keys(ACTS), guarded: "guest", makePlay });
}

/** The targets of hostile hosts. */
export const hostileHostTargets: readonly PackageTarget[] = [
  hostTarget(
    "hostile-host",
    "a whole host that does anything, to a client",
    (stage) => new MixedClient(stage),
  ),
  hostTarget("disk-client", "a whole host that does anything, to a disk's client", diskClient),
  hostTarget(
    "storage-client",
    "a whole host that does anything, to a storage controller's client",
    storageClient,
  ),
  hostTarget("echo-client", "a whole host that does anything, to the echo's client", echoClient),
];
