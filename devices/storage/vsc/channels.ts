/**
 * The part of the storage controller's VSC that has its channels, the primary and the sub-channels: it opens and
 * closes them, and says what is heard on them.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { allocateChannel, countProcessors } from "./channel.ts";
import type { Path } from "./queue_parts.ts";
import type { StorageClientState } from "./state.ts";

const { expectSuccess } = vmbus;

/** What is heard on channels. */
export interface ChannelUsers {
  /** Called before anything else is done in a callback. */
  awake(): void;
  /** The primary is open. */
  opened(): void;
  /** A sub-channel is open. */
  pathOpened(): void;
  /** A sub-channel has closed. */
  pathClosed(): void;
  /** The primary closes; `fault` is the rule of the bus that the host has broken, null where it has not. */
  suspended(fault: string | null): void;
  /** The primary cannot be opened. */
  refused(status: vmbus.NtStatus): void;
  /** What the host says by itself, on the primary. */
  notified(bytes: Uint8Array, byteCount: number): void;
}

/** What channels stand on. */
export interface ChannelsParts {
  /** The driver's device and guest. */
  readonly context: vmbus.GuestContext;
  /** The table with which it uses its channels. */
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** Where it reads the settings, and what the host has granted. */
  readonly state: StorageClientState;
  /** The channels, the primary first: requests are sent on them. */
  readonly paths: Path[];
  /** The rest of the driver. */
  readonly users: ChannelUsers;
}

function isClosed({ channel }: Path): boolean {
  return vmbus.inspectChannel(channel)?.lifecycle === "disabled";
}

/** The channels of one controller. */
export class Channels {
  readonly #parts: ChannelsParts;

  /** No channel as yet. */
  constructor(parts: ChannelsParts) {
    this.#parts = parts;
  }

  /** Makes the primary and opens it; `state` has the guest's processors from then on. */
  start(): void {
    const { kmcl, state, users } = this.#parts;
    const channel = this.#allocate(0, state.settings.instance);
    state.processors = countProcessors(kmcl, channel);
    users.awake();
    expectSuccess(kmcl.VmbChannelEnable(channel), "VmbChannelEnable");
  }

  /** Whether they live: they go with their guest. */
  get areLive(): boolean {
    const { primary } = this;
    return primary !== null && vmbus.inspectChannel(primary.channel) !== null;
  }

  /** The primary; null where it was freed. */
  get primary(): Path | null {
    return this.#parts.paths[0] ?? null;
  }

  /** Opens sub-channels that the host has granted: each waits for its offer. */
  openSubChannels(): void {
    const { kmcl, state, paths } = this.#parts;
    const instance = kmcl.VmbChannelGetInterfaceInstance(paths[0]!.channel);
    try {
      for (let index = paths.length; index <= state.subChannels; index++) {
        const channel = this.#allocate(index, instance);
        vmbus.initSetTargetProcessor(kmcl, channel, index % state.processors);
        expectSuccess(kmcl.VmbChannelEnable(channel), "VmbChannelEnable");
      }
    } catch (error) {
      // Where there is no memory for one more, those that are there will do.
      if (!(error instanceof vmbus.KmclError)) throw error;
      state.subChannels = paths.length - 1;
    }
  }

  /** Lets requests onto the primary. */
  serve(): void {
    this.#parts.paths[0]!.isOpen = true;
  }

  /** Opens the primary anew. */
  reopen(): vmbus.NtStatus {
    const { kmcl, paths } = this.#parts;
    return kmcl.VmbChannelEnable(paths[0]!.channel);
  }

  /** Closes those that are open, sub-channels first. */
  async close(): Promise<void> {
    const { kmcl, paths } = this.#parts;
    const open = paths.filter((path) => !isClosed(path)).toReversed();
    await Promise.all(open.map(({ channel }) => kmcl.VmbChannelDisable(channel)));
  }

  /** Closes the one of `path`, or waits until it is torn down where it went by itself. */
  async closeOne(path: Path): Promise<void> {
    await this.#parts.kmcl.VmbChannelDisable(path.channel);
    path.isGone = true;
  }

  /** The sub-channels that are closed. */
  get closedSubChannels(): readonly Path[] {
    return this.#parts.paths.filter((path) => path.index > 0 && isClosed(path));
  }

  /** Opens sub-channels anew that are torn down. One that cannot be opened is left: the others will do. */
  reopenSubChannels(): void {
    for (const path of this.closedSubChannels) {
      if (path.isGone) this.#parts.kmcl.VmbChannelEnable(path.channel);
      path.isGone = false;
    }
  }

  /** Frees those from `index` on, which are closed. */
  freeFrom(index: number): void {
    const { kmcl, paths } = this.#parts;
    for (const { channel } of paths.splice(index)) kmcl.VmbChannelCleanup(channel);
  }

  #allocate(index: number, instance: string | null): vmbus.VMBCHANNEL {
    const { kmcl, context: { device }, state: { settings }, paths } = this.#parts;
    const callbacks = this.#callbacks(index);
    const channel = allocateChannel({ kmcl, device, settings, instance, index, callbacks });
    paths.push({ channel, index, isOpen: false, isGone: false, underWay: 0 });
    return channel;
  }

  #pathOf(channel: vmbus.VMBCHANNEL | null): Path | null {
    return this.#parts.paths.find((path) => path.channel === channel) ?? null;
  }

  /** What is attached to a channel, the first time and after each restore. */
  #callbacks(index: number): vmbus.ChannelCallbacks {
    const { kmcl, users } = this.#parts;
    const isPrimary = index === 0;
    return {
      processPacket: (_channel, packet, bytes, byteCount) => {
        users.awake();
        if (isPrimary) users.notified(bytes, byteCount);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelPostStarted: (channel) => {
          users.awake();
          const path = this.#pathOf(channel);
          if (path === null) return;
          if (isPrimary) return users.opened();
          path.isOpen = true;
          users.pathOpened();
        },
        EvtChannelSuspend: (channel) => {
          const path = this.#pathOf(channel);
          if (path !== null) path.isOpen = false; // before a program that hears of its disks asks for more
          users.awake();
          if (isPrimary) users.suspended(vmbus.inspectChannel(channel)?.fault ?? null);
        },
        EvtChannelClosed: () => {
          users.awake();
          if (!isPrimary) users.pathClosed();
        },
      },
      pnpFailure: (_channel, status) => {
        users.awake();
        if (isPrimary) users.refused(status);
      },
    };
  }

  // -- Saving

  /** What is saved of them. */
  save(tokens: vmbus.HandleTokens): readonly vmbus.PlainData[] {
    return this.#parts.paths.map(({ channel, index, isOpen }) => ({
      channel: tokens.of(channel),
      index,
      isOpen,
    }));
  }

  /**
   * Takes back what {@linkcode Channels.save} told.
   *
   * @throws {Error} They are not in order.
   */
  restore(context: vmbus.GuestRestoreContext, fields: vmbus.SavedFields): void {
    const { paths } = this.#parts;
    const index = fields.uint("index");
    if (index !== paths.length) throw new Error(`Cannot restore channel ${index} of a controller`);
    const channel = context.attachChannel(fields.text("channel"), this.#callbacks(index));
    paths.push({ channel, index, isOpen: fields.flag("isOpen"), isGone: false, underWay: 0 });
  }
}
