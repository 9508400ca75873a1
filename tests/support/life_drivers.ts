/**
 * Loadable drivers with one channel, for tests of a channel's life: each notes what is called, and can be
 * told to refuse the open.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { clientTable, PAIR_INSTANCE, PAIR_TYPE, serverTable, setVmbus } from "./connected_pair.ts";

/** What both drivers are told. */
export type LifeOptions = {
  /** Who refuses the open. */
  readonly refuses?: "server" | "client" | null;
  /** MMIO that the server asks for, in MiB. */
  readonly mmioMegabytes?: number;
  /** Whether the server is never to be resumed. */
  readonly forceNew?: boolean;
  /** Which channel of the device it is. */
  readonly subchannelIndex?: number;
};

type LifeState = { readonly options: LifeOptions; readonly calls: readonly string[] };

/** One of the drivers at work. */
export interface Life {
  /** What was called, in order; a client's before and after saves. */
  readonly calls: string[];
  readonly channel: vmbus.VMBCHANNEL;
}

function callbacksOf(calls: string[], refuses: boolean): vmbus.StateChangeCallbacks {
  const note = (name: string) => void calls.push(name);
  return {
    ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
    EvtChannelOpened() {
      note("Opened");
      return refuses ? vmbus.STATUS_UNSUCCESSFUL : vmbus.STATUS_SUCCESS;
    },
    EvtChannelStarted: () => note("Started"),
    EvtChannelPostStarted: () => note("PostStarted"),
    EvtChannelSuspend: () => note("Suspend"),
    EvtChannelClosed: () => note("Closed"),
  };
}

/** The guest's driver. */
export const lifeGuestDriver: vmbus.GuestDriver<Life & vmbus.GuestDriverInstance> = {
  name: "life-guest",
  start({ partition, device }, data) {
    const options = data as LifeOptions;
    const kmcl = clientTable(partition);
    const calls: string[] = [];
    const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, false));
    vmbus.expectSuccess(
      kmcl.VmbClientChannelInitSetTargetPnp(
        channel,
        PAIR_TYPE,
        PAIR_INSTANCE,
        (_channel, status) => void calls.push(`PnpFailure ${vmbus.ntStatusName(status)}`),
      ),
    );
    vmbus.expectSuccess(vmbus.initSetSubchannelIndex(kmcl, channel, options.subchannelIndex ?? 0));
    vmbus.expectSuccess(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, 256));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 1));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}));
    const callbacks = callbacksOf(calls, options.refuses === "client");
    vmbus.expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, callbacks));
    vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
    return { calls, channel, save: (tokens) => ({ options, calls, token: tokens.of(channel) }) };
  },
  restore(context, data) {
    const { options, calls: before, token } = data as LifeState & { token: string };
    const calls = [...before];
    const channel = context.attachChannel(token, {
      processPacket: () => {},
      stateChange: callbacksOf(calls, options.refuses === "client"),
      pnpFailure: (_channel, status) => void calls.push(`PnpFailure ${vmbus.ntStatusName(status)}`),
    });
    return { calls, channel, save: (tokens) => ({ options, calls, token: tokens.of(channel) }) };
  },
};

/** The root's driver. A channel that it has disabled is gone when its guest is saved. */
export const lifeHostDriver: vmbus.HostDriver<Life & vmbus.HostDriverInstance> = {
  name: "life-host",
  start: (context, data) => lifeHost(context, data as LifeOptions, null),
  restore(context, data) {
    const state = data as { options: LifeOptions; bytes: Uint8Array | null };
    return lifeHost(context, state.options, state);
  },
};

function lifeHost(
  { fabric, device, guest }: vmbus.HostContext,
  options: LifeOptions,
  saved: { bytes: Uint8Array | null } | null,
): Life & vmbus.HostDriverInstance {
  const kmcl = serverTable(fabric);
  const calls: string[] = []; // a restored server is opened once more: that is no part of its state
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, true));
  setVmbus(kmcl, channel, guest);
  vmbus.expectSuccess(
    kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE),
  );
  vmbus.expectSuccess(vmbus.initSetSubchannelIndex(kmcl, channel, options.subchannelIndex ?? 0));
  vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, 256));
  vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 1));
  vmbus.expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}));
  const { mmioMegabytes = 0, forceNew = false, refuses } = options;
  if (mmioMegabytes > 0) {
    vmbus.expectSuccess(kmcl.VmbServerChannelInitSetMmioMegabytes(channel, mmioMegabytes, 0));
  }
  const flags = forceNew ? vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL : 0;
  vmbus.expectSuccess(kmcl.VmbServerChannelInitSetFlags(channel, flags));
  const callbacks = callbacksOf(calls, refuses === "server");
  vmbus.expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, callbacks));
  const bytes = saved?.bytes ?? null;
  if (bytes !== null) vmbus.expectSuccess(vmbus.restoreServerChannel(kmcl, channel, bytes));
  if (saved === null || bytes !== null) vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
  const isUp = () => vmbus.inspectChannel(channel).lifecycle !== "disabled";
  const resume = () => {
    if (isUp()) kmcl.VmbChannelStart(channel);
  };
  if (saved === null) resume();
  return {
    calls,
    channel,
    resume,
    async save() {
      const kept = isUp() ? await vmbus.saveServerChannel(kmcl, channel) : null;
      return { options, bytes: kept };
    },
  };
}
