/**
 * The ends of a channel as the protocols' drivers have them: each driver is one end, and says what it does
 * with the packets that come. What a protocol is about stands in its own file.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { aimServer, clientFunctions, type Identity, serverFunctions } from "./set_up.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** The largest packet, and the most of external data: it is about order, not about bytes. */
const PACKET_BYTES = 64;

/** The memory of a protocol's guest. */
export const RAM = { memoryPages: 64 };

/** What a driver does with what comes to its end. */
export interface EndCallbacks {
  /** A packet has come: whoever takes it completes it, at once or later. Default: it is completed. */
  readonly received?: (packet: vmbus.VMBPACKETCOMPLETION, bytes: Uint8Array) => void;
  /** The packets of a batch were given, so many. */
  readonly batchEnded?: (packets: number) => void;
  /** The channel opens. */
  readonly opened?: (channel: vmbus.VMBCHANNEL) => void;
  /** Packets move. At PASSIVE_LEVEL. */
  readonly postStarted?: () => void;
  /** Nothing may be sent any more, and what is held must be completed. */
  readonly suspended?: () => void;
  /** The channel closes. */
  readonly closed?: () => vmbus.MaybePromise<void>;
  /** Bytes of the largest packet. Default 64. */
  readonly packetBytes?: number;
  /** Whether packets come at PASSIVE_LEVEL. Default: no. */
  readonly isPassive?: boolean;
}

/** What a completion brings: the status of the transaction, and the answer. */
export type OnEnd = (status: vmbus.NtStatus, answer: Uint8Array) => void;

/** One end of a channel. */
abstract class End {
  /** The endpoint. */
  readonly channel: vmbus.VMBCHANNEL;
  /** The functions that either end gets. */
  protected readonly kmcl: vmbus.KmclClientInterfaceV1;

  /** An endpoint for `device`, Disabled as yet. */
  protected constructor(
    kmcl: vmbus.KmclClientInterfaceV1,
    device: vmbus.Device,
    isServer: boolean,
  ) {
    this.kmcl = kmcl;
    this.channel = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, isServer)).channel;
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(this.channel, PACKET_BYTES));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(this.channel, PACKET_BYTES, 1));
  }

  /** Has what comes to the end go to `callbacks`. */
  protected listen(callbacks: EndCallbacks): void {
    const { kmcl, channel } = this;
    const { received = (packet) => this.complete(packet), packetBytes } = callbacks;
    if (packetBytes !== undefined) {
      vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, packetBytes));
    }
    vmbus.expectSuccess(
      kmcl.VmbChannelInitSetProcessPacketCallbacks(
        channel,
        (_channel, packet, buffer, length) => received(packet, buffer.subarray(0, length)),
        (_channel, packets) => callbacks.batchEnded?.(packets),
      ),
    );
    vmbus.expectSuccess(
      kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelOpened: () => {
          callbacks.opened?.(channel);
          return vmbus.STATUS_SUCCESS;
        },
        EvtChannelPostStarted: () => callbacks.postStarted?.(),
        EvtChannelSuspend: () => callbacks.suspended?.(),
        EvtChannelClosed: () => callbacks.closed?.(),
      }),
    );
    kmcl.VmbChannelSetIncomingProcessingAtPassive(channel, callbacks.isPassive === true);
  }

  /** Whether packets move. */
  get flows(): boolean {
    const state = vmbus.inspectChannel(this.channel);
    return state !== null && state.lifecycle === "opened" && state.flow === "active";
  }

  /** Sends a few numbers; with `onEnd` a completion is wanted, which it is told of. */
  send(bytes: ArrayLike<number>, onEnd: OnEnd): void {
    this.#send(bytes, onEnd, WAIT);
  }

  /** Sends a few numbers without wanting an answer. `onSent` hears when they are in the ring. */
  tell(bytes: ArrayLike<number>, onSent: () => void = () => {}): void {
    this.#send(bytes, onSent, 0);
  }

  /** Sends `count` packets, each once the one before was answered. */
  sendAll(count: number): void {
    if (count > 0) this.send([count], () => this.sendAll(count - 1));
  }

  #send(bytes: ArrayLike<number>, onEnd: OnEnd, flags: number): void {
    const { kmcl, channel } = this;
    const packet = kmcl.VmbPacketAllocate(channel);
    kmcl.VmbPacketSetCompletionRoutine(packet, (ended, status, answer, length) => {
      kmcl.VmbPacketFree(ended);
      onEnd(status, answer.subarray(0, length));
    });
    const payload = Uint8Array.from(bytes);
    const status = kmcl.VmbPacketSend(packet, payload, payload.length, null, flags);
    if (status === vmbus.STATUS_SUCCESS) return;
    kmcl.VmbPacketFree(packet);
    onEnd(status, payload.subarray(0, 0));
  }

  /** Completes a packet, with a few numbers. */
  complete(packet: vmbus.VMBPACKETCOMPLETION, answer: readonly number[] = []): void {
    this.kmcl.VmbChannelPacketComplete(packet, Uint8Array.from(answer), answer.length);
  }

  /** Lets no further packets come, until those are retired that have; then they come again. */
  async pauseOnce(): Promise<void> {
    await this.kmcl.VmbChannelPause(this.channel);
    this.kmcl.VmbChannelStart(this.channel);
  }

  /** Closes the channel; a server takes its offer back. */
  disable(): Promise<void> {
    return this.kmcl.VmbChannelDisable(this.channel);
  }

  /** Closes the channel, and frees it. */
  async close(): Promise<void> {
    await this.disable();
    this.kmcl.VmbChannelCleanup(this.channel);
  }
}

/** A protocol's run is a few hundred items: nobody would save it. */
function refuse(action: string): never {
  throw new Error(`Cannot ${action} a protocol's driver: its run is too short for that`);
}

function restore(): never {
  return refuse("restore");
}

/** A driver of a protocol for the guest, by its name and what starts it: it is not restored. */
export function guestDriver<Instance extends vmbus.GuestDriverInstance>(
  name: string,
  start: vmbus.GuestDriver<Instance>["start"],
): vmbus.GuestDriver<Instance> {
  return { name, start, restore };
}

/** The same for the host. */
export function hostDriver<Instance extends vmbus.HostDriverInstance>(
  name: string,
  start: vmbus.HostDriver<Instance>["start"],
): vmbus.HostDriver<Instance> {
  return { name, start, restore };
}

/** The host's end. */
export class ServerEnd extends End implements vmbus.HostDriverInstance {
  /** The documented functions of a server. */
  declare protected readonly kmcl: vmbus.KmclServerInterfaceV1;

  /** Offers a channel to the guest of `context`, and starts it. */
  constructor(
    { device, guest }: vmbus.HostContext,
    identity: Identity,
    callbacks: EndCallbacks,
  ) {
    const kmcl = serverFunctions(device);
    super(kmcl, device, true);
    aimServer(kmcl, this.channel, guest, identity);
    this.listen(callbacks);
    vmbus.expectSuccess(kmcl.VmbChannelEnable(this.channel));
    kmcl.VmbChannelStart(this.channel);
  }

  /** See {@linkcode vmbus.HostDriverInstance.save}. */
  save(): never {
    return refuse("save");
  }

  /** See {@linkcode vmbus.HostDriverInstance.resume}: it never stopped. */
  resume(): void {}
}

/** The guest's end. */
export class ClientEnd extends End implements vmbus.GuestDriverInstance {
  /** A channel in the guest of `context`, which {@linkcode ClientEnd.open} has look for its offer. */
  constructor(
    { device }: vmbus.GuestContext,
    { type, instance }: Identity,
    callbacks: EndCallbacks,
  ) {
    const kmcl = clientFunctions(device);
    super(kmcl, device, false);
    vmbus.expectSuccess(kmcl.VmbClientChannelInitSetTargetPnp(this.channel, type, instance));
    vmbus.expectSuccess(kmcl.VmbClientChannelInitSetRingBufferPageCount(this.channel, 1, 1));
    this.listen(callbacks);
  }

  /** Looks for the offer, and opens the channel. */
  open(): this {
    vmbus.expectSuccess(this.kmcl.VmbChannelEnable(this.channel));
    return this;
  }

  /** See {@linkcode vmbus.GuestDriverInstance.save}. */
  save(): never {
    return refuse("save");
  }
}

/** A driver of the host that is nothing but one end: `callbacksOf` says what that does, and may use it when it is called. */
export function endInHost(
  name: string,
  identity: Identity,
  callbacksOf: (fabric: vmbus.Fabric, end: () => ServerEnd) => EndCallbacks,
): vmbus.HostDriver<ServerEnd> {
  return hostDriver(name, (context) => {
    const end: ServerEnd = new ServerEnd(
      context,
      identity,
      callbacksOf(context.fabric, () => end),
    );
    return end;
  });
}

/** A driver of a guest that is nothing but one end, of some kind, which looks for its offer at once. */
export function endInGuest<Kind extends ClientEnd>(
  name: string,
  identity: Identity,
  Kind: new (...given: ConstructorParameters<typeof ClientEnd>) => Kind,
): vmbus.GuestDriver<Kind> {
  return guestDriver(name, (context) => new Kind(context, identity, {}).open());
}

/** Closes the ends that these drivers are, one after the other: clients first, where they are named first. */
export async function closeAll<Name extends string>(
  world: { driver(name: Name): { close(): Promise<void> } },
  names: readonly Name[],
): Promise<void> {
  for (const name of names) await world.driver(name).close();
}

/** One object for each fabric, which drivers of the host share, as they would a variable of their module. */
export function sharedInFabric<Shared>(make: () => Shared): (fabric: vmbus.Fabric) => Shared {
  const byFabric = new WeakMap<vmbus.Fabric, Shared>();
  return (fabric) => {
    let shared = byFabric.get(fabric);
    if (shared === undefined) byFabric.set(fabric, shared = make());
    return shared;
  };
}
