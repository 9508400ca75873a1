/**
 * Loadable drivers that do next to nothing, for tests of what is done with drivers.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { clientTable, PAIR_INSTANCE, PAIR_TYPE, serverTable, setVmbus } from "./connected_pair.ts";
import { treat, type Treatment } from "./treatment.ts";

/** A driver that does what `stub` says, and is an instance of what it was told last. */
function stubDriver<Start, Restore, Instance>(
  stub: {
    readonly name?: string;
    readonly start?: (context: Start) => void;
    readonly restore?: (context: Restore, state: vmbus.PlainData) => void;
  },
  instance: (state: vmbus.PlainData) => Instance,
) {
  return {
    name: stub.name ?? "stub",
    start(context: Start, options: vmbus.PlainData): Instance {
      stub.start?.(context);
      return instance(options);
    },
    restore(context: Restore, state: vmbus.PlainData): Instance {
      stub.restore?.(context, state);
      return instance(state);
    },
  };
}

/** What a stub does otherwise than nothing. */
export interface StubGuest {
  readonly name?: string;
  readonly start?: (context: vmbus.GuestContext) => void;
  readonly save?: (tokens: vmbus.HandleTokens) => unknown;
  readonly restore?: (context: vmbus.GuestRestoreContext, state: vmbus.PlainData) => void;
}

/** A driver for a guest that keeps the options it was given. */
export function stubGuest(stub: StubGuest = {}): vmbus.GuestDriver {
  const instance = (state: vmbus.PlainData): vmbus.GuestDriverInstance => ({
    save: (tokens) => (stub.save === undefined ? state : stub.save(tokens)) as vmbus.PlainData,
  });
  return stubDriver(stub, instance);
}

/** What a stub does otherwise than nothing. */
export interface StubHost {
  readonly name?: string;
  readonly start?: (context: vmbus.HostContext) => void;
  readonly save?: () => unknown;
  readonly resume?: () => void;
  readonly restore?: (context: vmbus.HostContext, state: vmbus.PlainData) => void;
}

/** A driver for the root that keeps the options it was given. */
export function stubHost(stub: StubHost = {}): vmbus.HostDriver {
  const instance = (state: vmbus.PlainData): vmbus.HostDriverInstance => ({
    save: () => (stub.save === undefined ? state : stub.save()) as vmbus.PlainData,
    resume: () => stub.resume?.(),
  });
  return stubDriver(stub, instance);
}

/** What a stub's channel does with packets, where a word does not say it. */
export type OnPacket = (
  kmcl: vmbus.KmclClientInterfaceV1,
  packet: vmbus.VMBPACKETCOMPLETION,
) => vmbus.MaybePromise<void>;

/** A client channel of a guest's stub, enabled. */
export function stubClient(
  { partition, device }: vmbus.GuestContext,
  onPacket: Treatment | OnPacket = "complete",
  callbacks: Partial<vmbus.StateChangeCallbacks> = {},
  configure: (channel: vmbus.VMBCHANNEL) => void = () => {},
): vmbus.VMBCHANNEL {
  const kmcl = clientTable(partition);
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, false));
  vmbus.expectSuccess(kmcl.VmbClientChannelInitSetTargetPnp(channel, PAIR_TYPE, PAIR_INSTANCE));
  vmbus.expectSuccess(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
  vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, 256));
  vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 1));
  configure(channel);
  enable(kmcl, channel, onPacket, callbacks);
  return channel;
}

/** A server channel of a root's stub, enabled and started. */
export function stubServer(
  { fabric, device, guest }: vmbus.HostContext,
  onPacket: Treatment | OnPacket = "complete",
  callbacks: Partial<vmbus.StateChangeCallbacks> = {},
  configure: (channel: vmbus.VMBCHANNEL) => void = () => {},
): vmbus.VMBCHANNEL {
  const kmcl = serverTable(fabric);
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, true));
  setVmbus(kmcl, channel, guest);
  vmbus.expectSuccess(
    kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE),
  );
  vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, 256));
  vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 1));
  configure(channel);
  enable(kmcl, channel, onPacket, callbacks);
  kmcl.VmbChannelStart(channel);
  return channel;
}

function enable(
  kmcl: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  onPacket: Treatment | OnPacket,
  callbacks: Partial<vmbus.StateChangeCallbacks>,
): void {
  vmbus.expectSuccess(
    kmcl.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      typeof onPacket === "function"
        ? (_channel, packet) => onPacket(kmcl, packet)
        : (_channel, packet) =>
          treat(onPacket, packet, {
            kmcl,
            complete: () => kmcl.VmbChannelPacketComplete(packet, null, 0),
            hold: () => {},
          }),
    ),
  );
  vmbus.expectSuccess(
    kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      ...callbacks,
    }),
  );
  vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
}

/** A guest to load stubs into. */
export function stubWorld(
  options: vmbus.FabricOptions = {},
): { readonly fabric: vmbus.Fabric; readonly guest: vmbus.Partition } {
  const fabric = vmbus.createFabric(options);
  return { fabric, guest: fabric.createPartition({ name: "guest", memoryPages: 16 }) };
}
