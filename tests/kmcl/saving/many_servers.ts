/**
 * A driver for the root with any number of servers, which can be saved and restored.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { PAIR_TYPE, serverTable, setVmbus } from "../../support/connected_pair.ts";

/** What the driver is made of. */
export interface ManyServersOptions {
  readonly count: number;
  /** What EvtChannelOpened of server `index` answers. Default: a success. */
  readonly opened?: (index: number) => vmbus.NtStatus;
  /** Flags of server `index`. Default: none. */
  readonly flags?: (index: number) => number;
}

/** The instance of server `index`. */
export function instanceOf(index: number): string {
  return `00000000-0000-0000-0000-${(index + 1).toString(16).padStart(12, "0")}`;
}

/** The servers of one load or restore of the driver. */
export class ManyServers implements vmbus.HostDriverInstance {
  readonly channels: readonly vmbus.VMBCHANNEL[];
  readonly vsp: vmbus.KmclServerInterfaceV1;

  constructor(
    context: vmbus.HostContext,
    { count, opened, flags }: ManyServersOptions,
    saved: readonly Uint8Array[] | null,
  ) {
    const vsp = serverTable(context.fabric);
    this.vsp = vsp;
    this.channels = Array.from({ length: count }, (_, index) => {
      const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(context.device, true));
      setVmbus(vsp, channel, context.guest);
      vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instanceOf(index));
      vsp.VmbServerChannelInitSetFlags(channel, flags?.(index) ?? 0);
      vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
      vsp.VmbChannelInitSetStateChangeCallbacks(channel, {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelOpened: () => opened?.(index) ?? vmbus.STATUS_SUCCESS,
      });
      if (saved !== null) {
        vmbus.expectSuccess(vmbus.restoreServerChannel(vsp, channel, saved[index]!));
      }
      vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
      return channel;
    });
  }

  /** The ids of all servers; null for one that is not offered. */
  get ids(): (number | null)[] {
    return this.channels.map((channel) => vmbus.inspectChannel(channel).channelId);
  }

  async save(): Promise<vmbus.PlainData> {
    const saved: Uint8Array[] = [];
    for (const channel of this.channels) {
      saved.push(await vmbus.saveServerChannel(this.vsp, channel));
    }
    return saved;
  }

  resume(): void {}
}

/** The driver. */
export function manyServers(options: ManyServersOptions): vmbus.HostDriver<ManyServers> {
  return {
    name: "many",
    start: (context) => new ManyServers(context, options, null),
    restore: (context, state) => new ManyServers(context, options, state as Uint8Array[]),
  };
}

/** Saves a guest, and restores it in a fabric of its own; the servers of its one host driver. */
export async function moveGuest(
  guest: vmbus.Partition,
  drivers: vmbus.RestoreOptions,
  options: vmbus.FabricOptions = {},
): Promise<{ fabric: vmbus.Fabric; guest: vmbus.Partition; servers: ManyServers }> {
  const saved = vmbus.expectSuccess(await vmbus.savePartition(guest));
  const fabric = vmbus.createFabric(options);
  const { partition, loaded, reason } = vmbus.restorePartition(fabric, saved.bytes!, drivers);
  assertEquals(reason, null);
  const servers = loaded.find(({ name }) => name === "many")?.instance as ManyServers;
  return { fabric, guest: partition!, servers };
}
