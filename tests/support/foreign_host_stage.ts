/**
 * A client of our guest, and a host of bytes that somebody else might have written.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { ByteHost, type ByteHostOptions, OFFER_5 } from "./byte_host.ts";
import { ByteRing } from "./byte_ring.ts";
import { makeClient } from "./connected_pair.ts";
import { createFabric } from "./fabric.ts";
import { clientTableV5 } from "./later_tables.ts";
import { Receiver } from "./treatment.ts";

/** How a stage is made. */
export interface ForeignHostOptions extends ByteHostOptions {
  /** What is offered. Default: channel 5. */
  readonly offer?: Uint8Array;
  /** Bounce buffers of the client: for copies, and for its driver. Default: it does not say. */
  readonly bounceBytes?: readonly [packets: number, driver: number];
}

/** A client of our guest, and a host of bytes. */
export class ForeignHostStage {
  readonly fabric: vmbus.Fabric;
  readonly host: ByteHost;
  readonly vsc: vmbus.KmclClientInterfaceV5;
  readonly client: vmbus.VMBCHANNEL;
  /** State change callbacks, in order. */
  readonly calls: string[] = [];

  /** A guest whose client waits for an offer. */
  constructor(options: ForeignHostOptions = {}) {
    this.fabric = createFabric({ codec: "vmbus", trace: "full" });
    this.host = new ByteHost(this.fabric, options);
    const { partition } = this.host.door;
    this.vsc = clientTableV5(partition);
    const receiver = new Receiver(this.vsc, this.fabric, false);
    this.client = makeClient(this.vsc, partition, this.calls, { ringPages: [1, 1] }, receiver);
    const { vsc, client } = this;
    if (options.bounceBytes !== undefined) {
      vmbus.expectSuccess(vsc.VmbChannelInitSetBounceBufferSizes(client, ...options.bounceBytes));
    }
    assertEquals(this.vsc.VmbChannelEnable(this.client), vmbus.STATUS_SUCCESS);
  }

  /** Lets everything run; what the host was told. */
  async settle(): Promise<Uint8Array[]> {
    await this.fabric.settle();
    return this.host.take();
  }

  /** A stage whose host has offered channel 5 and opened it; both rings, as the host has them. */
  static async opened(options: ForeignHostOptions = {}) {
    const stage = new ForeignHostStage(options);
    await stage.settle();
    stage.host.post(options.offer ?? OFFER_5);
    const [header, open] = await stage.settle();
    const [, , , openId, , , downstreamPage] = new Uint32Array(open!.slice(0, 28).buffer);
    stage.host.say(6, 0, 5, openId!, 0);
    assertEquals(await stage.settle(), []);
    assertEquals(stage.calls.splice(0), ["client Opened", "client Started", "client PostStarted"]);
    const range = new DataView(header!.buffer, 20);
    const offset = Number(range.getBigUint64(8, true)) * 4096 - (options.base ?? 0);
    const pages = range.getUint32(0, true) / 4096;
    const { memory } = stage.host;
    const upstream = new ByteRing(memory, offset, downstreamPage! - 1);
    const downstream = new ByteRing(
      memory,
      offset + downstreamPage! * 4096,
      pages - downstreamPage! - 1,
    );
    return { stage, header: header!, upstream, downstream };
  }

  /** The host is detached, and the client goes; nothing may be left. */
  async end(): Promise<void> {
    this.host.door.detach();
    await this.vsc.VmbChannelDisable(this.client);
    this.vsc.VmbChannelCleanup(this.client);
    assertEquals([this.fabric.leaks(), this.fabric.violations], [[], []]);
    await this.fabric[Symbol.asyncDispose]();
  }
}
