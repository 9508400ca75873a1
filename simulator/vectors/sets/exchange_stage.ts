/**
 * A host and a guest whose control messages are written down: what happens between them is brought about by drivers, as
 * anywhere, or by a guest that is played by hand.
 *
 * @module
 */

import { hexToBytes } from "@noble/hashes/utils.js";
import { messageNameOf } from "../../../core/control/codec.ts";
import {
  ALL_VERSIONS,
  FEATURES_DEFAULT,
  type VersionRange,
} from "../../../core/control/dialect.ts";
import type { VmbusVersion } from "../../../core/control/versions.ts";
import * as vmbus from "../../../mod.ts";
import { RawGuest } from "../../peers/raw_guest.ts";
import {
  aimServer,
  clientFunctions,
  type Identity,
  serverFunctions,
} from "../../scenarios/protocols/set_up.ts";
import type { ExchangeCase } from "./exchanges_shape.ts";

/** The type of the device in the exchanges, and its instances. */
const DEVICE_TYPE = "b7b1f4c2-8b6e-4f5a-9d0e-3a6c5d7e8f90";
const instanceOf = (index: number) => `1d2c3b4a-5f6e-4789-8a9b-00000000000${index}`;

/** What an exchange has that is not the same in all of them. */
export interface StageOptions {
  /** What the host speaks. Default: all versions. */
  readonly host?: VersionRange | VmbusVersion;
  /** What the guest speaks. Default: all versions. */
  readonly guest?: VersionRange | VmbusVersion;
  /** Features that the host has. Default: those that it has by default. */
  readonly hostFeatures?: number;
  /** Features that the guest asks for. Default: those that it asks for by default. */
  readonly guestFeatures?: number;
  /** Whose monitor pages signals go through. Default: there are none. */
  readonly monitorPages?: "guest" | "host";
  /** Whether its paravisor serves the guest, in the host's place (wire.md section 6). Default false. */
  readonly isRedirected?: boolean;
}

/** Which channel of the device a pair has. */
export interface PairOptions {
  /** Which instance. Default 0. */
  readonly instance?: number;
  /** Which sub-channel; 0, the default, is the primary. */
  readonly subchannel?: number;
  /** Data pages of each ring. Default 1. */
  readonly ringPages?: number;
}

/** A server and a client of one channel. */
export interface Pair {
  /** The server's functions. */
  readonly vsp: vmbus.KmclServerInterfaceV1;
  /** Its channel. */
  readonly server: vmbus.VMBCHANNEL;
  /** The client's functions. */
  readonly vsc: vmbus.KmclClientInterfaceV1;
  /** Its channel. */
  readonly client: vmbus.VMBCHANNEL;
}

function rangeOf(spoken: VersionRange | VmbusVersion = ALL_VERSIONS): VersionRange {
  return typeof spoken === "string" ? { lowest: spoken, highest: spoken } : spoken;
}

/** Host and guest, and what they have said to each other. */
export class Stage {
  /** The fabric. */
  readonly fabric: vmbus.Fabric;
  /** The guest's partition. */
  readonly guest: vmbus.Partition;
  readonly #options: StageOptions;
  #byHand: RawGuest | null = null;

  /** Both, before they have said anything. */
  constructor(options: StageOptions) {
    this.#options = options;
    const { hostFeatures = FEATURES_DEFAULT, guestFeatures = FEATURES_DEFAULT, monitorPages } =
      options;
    this.fabric = vmbus.createFabric({
      codec: "vmbus",
      trace: "full",
      vmbusVersion: rangeOf(options.host),
      vmbusFeatures: hostFeatures,
      monitorPages: monitorPages === "host",
    });
    const size = { memoryPages: 256, mmioMegabytes: 0 };
    const processors = 4;
    const machine = options.isRedirected === true
      ? {
        vtlOf: this.fabric.createPartition({ name: "paravisor", vtl: 2, processors, ...size }),
        redirect: true,
      }
      : { processors };
    this.guest = this.fabric.createPartition({
      name: "guest",
      ...size,
      ...machine,
      vmbusVersion: rangeOf(options.guest),
      vmbusFeatures: guestFeatures,
      monitorPages: monitorPages ?? "none",
    });
  }

  /** Lets all happen that follows. */
  settle(): Promise<void> {
    return this.fabric.settle();
  }

  /** The guest, played by hand from now on. */
  get byHand(): RawGuest {
    return this.#byHand ??= new RawGuest(this.guest);
  }

  /** A server and a client of one channel, which are Disabled as yet. */
  pair({ instance = 0, subchannel = 0, ringPages = 1 }: PairOptions = {}): Pair {
    const must = vmbus.expectSuccess;
    const { vsp, server } = this.server({ instance, subchannel });
    const vsc = clientFunctions(this.guest.device);
    const { channel: client } = must(vsc.VmbChannelAllocate(this.guest.device, false));
    must(vsc.VmbClientChannelInitSetTargetPnp(client, DEVICE_TYPE, instanceOf(instance)));
    must(vsc.VmbClientChannelInitSetRingBufferPageCount(client, ringPages, ringPages));
    must(vmbus.initSetSubchannelIndex(vsc, client, subchannel));
    must(vsc.VmbChannelInitSetProcessPacketCallbacks(client, (_channel, packet) => {
      vsc.VmbChannelPacketComplete(packet, null, 0);
    }));
    return { vsp, server, vsc, client };
  }

  /** A server alone, for a guest that is played by hand. */
  server({ instance = 0, subchannel = 0 }: PairOptions = {}): Pick<Pair, "vsp" | "server"> {
    const must = vmbus.expectSuccess;
    const { device } = this.fabric.root;
    const vsp = serverFunctions(device);
    const { channel: server } = must(vsp.VmbChannelAllocate(device, true));
    const identity: Identity = { type: DEVICE_TYPE, instance: instanceOf(instance) };
    aimServer(vsp, server, this.guest, identity);
    must(vmbus.initSetSubchannelIndex(vsp, server, subchannel));
    must(vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet) => {
      vsp.VmbChannelPacketComplete(packet, null, 0);
    }));
    return { vsp, server };
  }

  /** Has the server offer its channel. */
  async offer({ vsp, server }: Pick<Pair, "vsp" | "server">): Promise<void> {
    vmbus.expectSuccess(vsp.VmbChannelEnable(server));
    vsp.VmbChannelStart(server);
    await this.settle();
  }

  /** Has the client open the channel that its server offers. */
  async open({ vsc, client }: Pair): Promise<void> {
    vmbus.expectSuccess(vsc.VmbChannelEnable(client));
    await this.settle();
  }

  /** Offers and opens the channel of a new pair. */
  async opened(options: PairOptions = {}): Promise<Pair> {
    const pair = this.pair(options);
    await this.offer(pair);
    await this.open(pair);
    return pair;
  }

  /** What was said, and what came of it. */
  taken(): Omit<ExchangeCase, "name" | "description"> {
    const { fabric } = this;
    const { host, guest, hostFeatures, guestFeatures } = this.#options;
    const said = fabric.trace.filter(({ event, subject }) =>
      subject === this.guest.name && (event === "messageToHost" || event === "messageToGuest")
    );
    const shown = fabric.inspect().partitions.find(({ name }) => name === this.guest.name);
    const { version = null, features = 0, connectionId = null } = shown?.connection ?? {};
    const isAgreed = version !== null && connectionId !== null;
    return {
      host: { ...rangeOf(host), features: hostFeatures ?? FEATURES_DEFAULT },
      guest: {
        ...rangeOf(guest),
        features: guestFeatures ?? FEATURES_DEFAULT,
        isByHand: this.#byHand !== null,
      },
      agreed: isAgreed ? { version, features, connectionId } : null,
      steps: said.map(({ event, details }) => {
        const hex = String(details.bytes);
        const to = event === "messageToHost" ? "host" : "guest";
        return { to, message: messageNameOf(hexToBytes(hex)), hex };
      }),
      faults: (shown?.faults ?? []).map(({ direction, message, fault }) => ({
        to: direction === "toHost" ? "host" : "guest",
        message,
        fault,
      })),
    };
  }
}
