/**
 * A server whose guest is hostile, and what must hold once the guest has lied.
 *
 * @module
 */

import { createFabric } from "./fabric.ts";
import { assert, assertEquals, assertExists } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { RawGuest, type RawRings } from "../../simulator/peers/mod.ts";
import {
  notedCallbacks,
  PAIR_INSTANCE,
  PAIR_TYPE,
  serverTable,
  setVmbus,
} from "./connected_pair.ts";

/** How the server is made. */
export interface HostileOptions {
  readonly codec?: "msgpack" | "vmbus";
  readonly trace?: vmbus.TraceLevel;
  readonly server?: (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) => void;
  readonly onPacket?: vmbus.EvtChannelProcessPacket;
}

/** A server, and a guest without drivers. */
export class HostileStage {
  readonly fabric: vmbus.Fabric;
  readonly guest: RawGuest;
  readonly vsp: vmbus.KmclServerInterfaceV1;
  readonly server: vmbus.VMBCHANNEL;
  /** State change callbacks, in order. */
  readonly calls: string[] = [];
  /** Payloads that the server got. */
  readonly received: Uint8Array[] = [];
  readonly rings: RawRings;

  constructor(options: HostileOptions = {}) {
    this.fabric = createFabric({
      codec: options.codec ?? "vmbus",
      trace: options.trace ?? "digest",
    });
    this.guest = new RawGuest(this.fabric.createPartition({ name: "hostile", memoryPages: 64 }));
    this.vsp = serverTable(this.fabric);
    this.server = this.#makeServer(options);
    this.rings = this.guest.makeRings(2, 2);
  }

  #makeServer(options: HostileOptions): vmbus.VMBCHANNEL {
    const { vsp } = this;
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(this.fabric.root.device, true));
    setVmbus(vsp, channel, this.guest.partition);
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE);
    vsp.VmbChannelInitSetStateChangeCallbacks(channel, notedCallbacks(this.calls, "server"));
    const complete: vmbus.EvtChannelProcessPacket = (_channel, packet) => {
      vsp.VmbChannelPacketComplete(packet, null, 0);
    };
    const onPacket = options.onPacket ?? complete;
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (...all) => {
      this.received.push(all[2].slice(0, all[3]));
      return onPacket(...all);
    });
    options.server?.(vsp, channel);
    return channel;
  }

  /** A stage whose guest has opened the channel. */
  static async open(options: HostileOptions = {}): Promise<HostileStage> {
    const stage = new HostileStage(options);
    assertEquals(stage.vsp.VmbChannelEnable(stage.server), vmbus.STATUS_SUCCESS);
    stage.vsp.VmbChannelStart(stage.server);
    stage.guest.open(stage.rings);
    await stage.fabric.settle();
    stage.assertRuns();
    return stage;
  }

  get state(): vmbus.ChannelState {
    return vmbus.inspectChannel(this.server);
  }

  /** The guest, seen from outside. */
  get bus(): vmbus.PartitionState {
    const { name } = this.guest.partition;
    const state = this.fabric.inspect().partitions.find((partition) => partition.name === name);
    assertExists(state);
    return state;
  }

  /** Sends a packet that frees itself, at once where it is refused. */
  send(): vmbus.NtStatus {
    const packet = this.vsp.VmbPacketAllocate(this.server);
    assertExists(packet);
    const status = this.vsp.VmbPacketSend(packet, new Uint8Array(8), 8, null, 0);
    if (status !== vmbus.STATUS_SUCCESS) this.vsp.VmbPacketFree(packet);
    return status;
  }

  /** The guest signals, and the host does what it has to. */
  async signal(): Promise<void> {
    this.guest.signal();
    await this.fabric.settle();
  }

  assertRuns(): void {
    const { lifecycle, flow, fault } = this.state;
    assertEquals({ lifecycle, flow, fault }, { lifecycle: "opened", flow: "active", fault: null });
    assertEquals(this.calls.splice(0), ["server Opened", "server Started", "server PostStarted"]);
  }

  /** kmcl.md section 5, PacketFail: the fault is named, Suspend came once, and nothing moves any more. */
  async assertStopped(fault: string): Promise<void> {
    assertEquals(this.state.fault, fault);
    assertEquals(this.state.lifecycle, "opened");
    assertEquals(this.calls.splice(0), ["server Suspend"]);
    const received = this.received.length;
    const upstream = this.rings.copy("upstream");
    const downstream = this.rings.copy("downstream");
    assertEquals(this.send(), vmbus.STATUS_DEVICE_REMOVED);
    const request = await this.vsp.VmbChannelSendSynchronousRequest(
      this.server,
      null,
      0,
      null,
      0,
      null,
      0,
      0,
    );
    assertEquals(request.status, vmbus.STATUS_DEVICE_REMOVED);
    await this.signal();
    await this.vsp.VmbChannelPause(this.server);
    this.vsp.VmbChannelStart(this.server);
    await this.signal();
    assertEquals(this.calls, []);
    assertEquals(this.received.length, received);
    assertEquals(this.state.fault, fault);
    assertEquals([this.rings.copy("upstream"), this.rings.copy("downstream")], [
      upstream,
      downstream,
    ]);
  }

  /** The guest closes, and opens again: all is forgotten. Then the server goes. */
  async assertRecovers(): Promise<void> {
    this.guest.close();
    await this.fabric.settle();
    assertEquals(this.calls.splice(0), ["server Closed"]);
    assertEquals([this.state.lifecycle, this.state.fault], ["closed", null]);
    this.rings.reset();
    this.guest.open(this.rings);
    await this.fabric.settle();
    this.assertRuns();
    assertEquals(this.send(), vmbus.STATUS_SUCCESS);
    assert(this.rings.load("downstream", "writeIndex") > 0, "packets leave again");
    await this.end();
  }

  /** The server leaves, whatever its guest does (kmcl.md S11). */
  async end(): Promise<void> {
    await this.vsp.VmbChannelDisable(this.server);
    this.vsp.VmbChannelCleanup(this.server);
    this.guest.partition.destroy();
    assertEquals(this.fabric.violations, []);
    assertEquals(this.fabric.leaks(), []);
  }
}
