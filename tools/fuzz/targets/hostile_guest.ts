/**
 * Targets: whole guests that do anything, to servers in the host: one that treats packets in every way, and
 * those of the device pairs. See scripts.ts for what an input is.
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import { type OpenChannel, USER_DATA_BYTES } from "../../../core/control/messages.ts";
import { writeMmioPlacement } from "../../../core/control/user_data.ts";
import { createStorage, encodeStorageRequest, sparseImage } from "../../../devices/storage/mod.ts";
import { createDisk, encodeRequest, memoryImage } from "../../../devices/disk/mod.ts";
import { EchoServer } from "../../../devices/echo/mod.ts";
import * as vmbus from "../../../mod.ts";
import {
  controlMessageBytes,
  corruptMessage,
  encodePacket,
  gpadlMessages,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import { HostileGuest } from "../../../simulator/scenarios/hostile/hostile_guest.ts";
import type { PackageTarget } from "../package_target.ts";
import { drawEchoMessage } from "./devices.ts";
import { outcomeOf, type Play, scriptTarget, type Stage } from "./scripts.ts";

const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";

const MMIO_BYTES = 2 ** 20;
/** Ids of what it lends: those of rings are smaller. */
const LENT_ID = 0x1000;
const LENT_IDS = 2;

/** A server, as a play knows it. */
interface Server {
  /** How it stands. */
  outcome(): string;
  /** Takes it away, for good. */
  end(): Promise<void>;
  /** Whether its channel has MMIO, of one megabyte. */
  readonly wantsMmio?: boolean;
  /** Packets that an honest guest would send to it. */
  request(chance: Chance): Uint8Array;
}

/** A guest that also says what its server's protocol has. */
class SpeakingGuest extends HostileGuest {
  readonly #stage: Stage;
  readonly #server: Server;
  /** Where it has room for the MMIO of a device that wants some. */
  readonly #mmioGpa: number;

  constructor(stage: Stage, server: Server) {
    super(stage.guest, stage.codec);
    this.#stage = stage;
    this.#server = server;
    this.#mmioGpa = stage.guest.memory.reserveMmio(MMIO_BYTES) ?? 0;
  }

  protected override openChanges(): Partial<OpenChannel> {
    const userData = new Uint8Array(USER_DATA_BYTES);
    if (this.#server.wantsMmio === true) writeMmioPlacement(userData, this.#mmioGpa, MMIO_BYTES);
    return { userData };
  }

  /** Lends memory: a page or a few, for whatever the server wants it. */
  lend(chance: Chance): void {
    const channelId = this.one(chance)?.channelId ?? 1;
    const pages = Array.from({ length: 1 + chance.below(3) }, () => 32 + chance.below(16));
    const gpadlId = LENT_ID + chance.below(LENT_IDS);
    for (const message of gpadlMessages(channelId, gpadlId, [wholePages(pages)])) {
      this.#stage.guest.postControlMessage("toHost", controlMessageBytes(message));
    }
  }

  /** Sends a request, as it should be or almost so, with memory of its own. */
  request(chance: Chance): void {
    const one = this.one(chance);
    if (one === null) return;
    const right = this.#server.request(chance);
    const payload = chance.below(3) === 0 ? corruptMessage(chance, right) : right;
    const isDirect = chance.below(3) > 0;
    const range = {
      byteOffset: chance.below(2) * 512,
      byteCount: 512 * (1 + chance.below(8)),
    };
    const pages = Math.ceil((range.byteOffset + range.byteCount) / 4096);
    const pfns = Array.from(
      { length: pages },
      () => 32 + chance.below(chance.below(8) > 0 ? 16 : 99),
    );
    one.rings.put(
      "upstream",
      encodePacket(this.#stage.codec, {
        payload,
        completionRequested: chance.below(4) > 0,
        transactionId: BigInt(chance.below(9)),
        ...isDirect && { ranges: [{ ...range, pfns }] },
      }),
    );
    this.signal(one.channelId);
  }
}

/** What a hostile guest does; the first opens a channel. */
const ACTS: Readonly<Record<string, (guest: SpeakingGuest, chance: Chance) => void>> = {
  open: (guest, chance) => guest.open(chance),
  request: (guest, chance) => guest.request(chance),
  lend: (guest, chance) => guest.lend(chance),
  send: (guest, chance) => guest.send(chance),
  answer: (guest, chance) => guest.answer(chance),
  lie: (guest, chance) => guest.lie(chance),
  scribble: (guest, chance) => guest.scribble(chance),
  forge: (guest, chance) => guest.forge(chance),
  "lie about memory": (guest, chance) => guest.lieAboutMemory(chance),
  babble: (guest, chance) => guest.babble(chance),
  close: (guest, chance) => guest.close(chance),
  release: (guest, chance) => guest.release(chance),
  connect: (guest, chance) => guest.connect(chance),
};

/** The play of a hostile guest before what `makeServer` makes. */
function guestPlay(stage: Stage, makeServer: (stage: Stage) => Server): Play {
  const server = makeServer(stage);
  const guest = new SpeakingGuest(stage, server);
  const acts = Object.values(ACTS).map((act) => (chance: Chance) => act(guest, chance));
  return {
    acts,
    outcome: () => server.outcome(),
    async end() {
      // Whatever the guest does or does not, its server leaves (kmcl.md S11).
      await server.end();
      stage.guest.destroy();
    },
  };
}

/** Treats packets in every way that there is, by turns. */
class MixedServer implements Server {
  readonly #channel: vmbus.VMBCHANNEL;
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #held: vmbus.VMBPACKETCOMPLETION[] = [];
  #turn = 0;

  constructor({ fabric, guest }: Stage) {
    const { device } = fabric.root;
    const { kmcl: vsp } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      1,
    ));
    this.#vsp = vsp;
    this.#channel = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, true)).channel;
    const channel = this.#channel;
    const { kernelHandle } = vmbus.expectSuccess(
      vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
    );
    vmbus.expectSuccess(vsp.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
    vmbus.ZwClose(kernelHandle);
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, TYPE, INSTANCE);
    vsp.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelSuspend: () => this.#retire(),
    });
    vsp.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, buffer, length, flags) => this.#process(packet, buffer, length, flags),
    );
    vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
    vsp.VmbChannelStart(channel);
  }

  #retire(): void {
    for (const packet of this.#held.splice(0)) this.#vsp.VmbChannelPacketComplete(packet, null, 0);
  }

  #process(
    packet: vmbus.VMBPACKETCOMPLETION,
    buffer: Uint8Array,
    length: number,
    flags: number,
  ): void {
    const vsp = this.#vsp;
    if (flags !== 0) {
      const { mdl } = vsp.VmbChannelPacketGetExternalData(packet, 0);
      for (const view of vmbus.mdlSegments(mdl)) view[0] = 1;
    }
    switch (this.#turn++ % 5) {
      case 0:
        return void this.#held.push(packet);
      case 1:
        if (vmbus.KeGetCurrentIrql() === 2) return vsp.VmbChannelPacketDeferToPassive(packet);
        break;
      case 2:
        this.#send();
        break;
      case 3:
        this.#retire();
    }
    vsp.VmbChannelPacketComplete(packet, buffer, Math.min(length, 64));
  }

  #send(): void {
    const vsp = this.#vsp;
    const packet = vsp.VmbPacketAllocate(this.#channel);
    const status = vsp.VmbPacketSend(packet, new Uint8Array(40), 40, null, this.#turn & 1);
    if (status !== vmbus.STATUS_SUCCESS) vsp.VmbPacketFree(packet);
  }

  outcome(): string {
    return outcomeOf(this.#channel);
  }

  request(chance: Chance): Uint8Array {
    return chance.bytes(8 * chance.below(8));
  }

  async end(): Promise<void> {
    await this.#vsp.VmbChannelDisable(this.#channel);
    this.#vsp.VmbChannelCleanup(this.#channel);
  }
}

function diskServer({ guest }: Stage): Server {
  const image = memoryImage(new Uint8Array(64 * 512));
  const server = createDisk(guest, image, { instance: INSTANCE, transferBytesMax: 4096 });
  return {
    wantsMmio: true,
    outcome() {
      const { statusGpadl, status: { lastError, blocksRead, blocksWritten } } = server.state;
      const moved = (blocksRead > 0 ? "read " : "") + (blocksWritten > 0 ? "written " : "");
      return `${statusGpadl === null ? "not negotiated" : "negotiated"} ${moved}${lastError}`;
    },
    end: () => server.close(),
    request(chance) {
      const transfer = { firstBlock: chance.below(66), blockCount: chance.below(10) };
      return encodeRequest(
        [
          {
            operation: "negotiate",
            version: 1,
            statusGpadl: LENT_ID + chance.below(LENT_IDS),
          } as const,
          { operation: "flush" } as const,
          { operation: "read", ...transfer } as const,
          { operation: "write", ...transfer } as const,
        ][chance.below(4)]!,
      );
    },
  };
}

const STORAGE_BLOCKS = 64;
/** Operations of a guest's that stand for themselves. */
const PLAIN = ["beginInitialization", "queryProperties", "endInitialization", "resetBus"] as const;

/** A request to a storage controller: often the next one of its initialization, else any SCSI command. */
function storageRequest(chance: Chance): Uint8Array {
  const head = { flags: 1, status: 0 };
  switch (chance.below(4)) {
    case 0:
      return encodeStorageRequest({ operation: PLAIN[chance.below(PLAIN.length)]!, ...head }, 64);
    case 1: {
      const version = [0x0600, 0x0402, 0x9999][chance.below(3)]!;
      return encodeStorageRequest(
        { operation: "queryProtocolVersion", ...head, version, revision: 0 },
        64,
      );
    }
    case 2: {
      const subChannels = chance.below(4);
      return encodeStorageRequest({ operation: "createSubChannels", ...head, subChannels }, 64);
    }
    default: {
      const bytes = new Uint8Array(64);
      bytes.set([3, 0, 0, 0, 1]);
      bytes.set(chance.bytes(52), 12);
      bytes[19] = chance.below(2); // the LUN
      bytes[28] = [0x00, 0x12, 0x28, 0x2a, 0x35, 0x42, 0x9e, 0xa0][chance.below(8)]!;
      return bytes;
    }
  }
}

function storageServer({ guest }: Stage): Server {
  const image = sparseImage(STORAGE_BLOCKS * 512);
  const server = createStorage(guest, [{ image }], { instance: INSTANCE, subChannelsMax: 2 });
  return {
    outcome: () => `${server.state.agreement.phase} ${server.state.death ?? ""}`.trim(),
    end: () => server.close(),
    request: storageRequest,
  };
}

/** Packets of traffic beside the guest's, which the echo's server sends. */
const BESIDE = 6;

function echoServer({ fabric, guest }: Stage): Server {
  let sequence = 0;
  const server = new EchoServer(fabric, guest, {
    nextBeside() {
      if (sequence >= BESIDE) return null;
      return { sequence: sequence++, byteCount: 20, wantsCompletion: sequence % 2 === 0 };
    },
    besideEnded: () => {},
    failed: () => {}, // the guest does wrong all the time
  }, { messageBytesMax: 128, window: 2 });
  server.enable();
  return {
    outcome: () => outcomeOf(server.channel),
    end: () => server.close(),
    request: drawEchoMessage,
  };
}

function guestTarget(
  name: string,
  title: string,
  makeServer: (stage: Stage) => Server,
): PackageTarget {
  const makePlay = (stage: Stage) => guestPlay(stage, makeServer);
  return scriptTarget(name, title, { acts: Object.keys(ACTS), guarded: "root", makePlay });
}

/** The targets of hostile guests. */
export const hostileGuestTargets: readonly PackageTarget[] = [
  guestTarget(
    "hostile-guest",
    "a whole guest that does anything, to a server",
    (stage) => new MixedServer(stage),
  ),
  guestTarget("disk-server", "a whole guest that does anything, to a disk", diskServer),
  guestTarget(
    "storage-server",
    "a whole guest that does anything, to a storage controller",
    storageServer,
  ),
  guestTarget("echo-server", "a whole guest that does anything, to the echo's server", echoServer),
];
