/**
 * What signals of one bus go by, as the host has it (wire.md section 6): each channel by a signal of its own, or
 * through the pages that the guest said when it made contact. Everything in those is the guest's to write.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import type { Protocol } from "../../../core/control/versions.ts";
import type { GuestBuffer } from "../../../core/memory/guest_memory.ts";
import { InterruptPage } from "../../../core/signals/interrupt_page.ts";
import { MonitorPage } from "../../../core/signals/monitor_page.ts";
import type { Doorbell } from "../../channel/bus_port.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { ServerPlace } from "../../channel/partition_port.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { Direction, HostLink } from "../link.ts";
import { Monitor, MonitorIds } from "../monitor.ts";
import { allocateSharedPage, pageInReach } from "../pages.ts";
import { PageDoorbell, SharedInterrupts } from "../shared_interrupts.ts";
import {
  eventConnectionId,
  REDIRECT_PLACE,
  SHARED_EVENT_FLAG,
  SHARED_HOST_SIGNAL,
  VMBUS_SINT,
} from "../synic.ts";
import type { ConnectAnswer, ConnectionBackend } from "./backend.ts";
import type { MonitorPages } from "./contact.ts";
import type { OfferedChannel } from "./offered_channel.ts";

/** What was agreed on, as far as signals go by it. */
export type SignalProtocol = Pick<
  Protocol,
  "hasDedicatedSignals" | "hasDedicatedInterrupts" | "hasPendingSendSize" | "hasServerMonitorPages"
>;

/** What a guest said of its pages, and what was agreed on with it. */
export interface SignalContact {
  /** What was agreed on. */
  readonly protocol: SignalProtocol;
  /** Guest physical address of the interrupt page; null where none was said. */
  readonly interruptPageGpa: number | null;
  /** Guest physical addresses of the monitor pages; null where none were said. */
  readonly monitorPages: MonitorPages | null;
}

/** The pages of a guest that signals go through, as the host has them ([wire.md section 6](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface SignalPagesState {
  /** Guest physical address of the interrupt page; null for none: signals go one by one. */
  readonly interruptPageGpa: number | null;
  /** Guest physical address of the monitor page that the guest writes; null for none. */
  readonly monitorPageGpa: number | null;
  /** The monitor ids of open channels that the guest has set pending, and the host has not signalled yet. */
  readonly pendingMonitorIds: readonly number[];
  /** Signals that the host has made for the guest through the monitor page, each perhaps for many. */
  readonly monitorSignals: number;
}

/** Before a guest has made contact, and in versions from 2.4 on without monitor pages. */
const DEDICATED: SignalContact = {
  protocol: {
    hasDedicatedSignals: true,
    hasDedicatedInterrupts: true,
    hasPendingSendSize: true,
    hasServerMonitorPages: false,
  },
  interruptPageGpa: null,
  monitorPages: null,
};

/** Whether monitor pages are where they are said to be; none are where 0 is said, and where nothing is. */
function areThere(end: SignallingHost, pages: MonitorPages | null): boolean {
  return Object.values(pages ?? {}).every((gpa) => gpa === 0 || pageOf(end, gpa) !== null);
}

/** A page that the guest has said, as far as the host can read it. */
function pageOf({ link, guest }: SignallingHost, gpa: number): Uint8Array | null {
  return pageInReach(link.memory, gpa, guest.port.isTrusted);
}

/** What it needs of the host's end. */
export interface SignallingHost {
  /** The guest: what stands for it on the trace, who serves it, the trust level of its drivers, whether its processors run. */
  readonly guest: {
    readonly traceId: number;
    readonly vtl: number;
    readonly port: ServerPlace;
    readonly runs: boolean;
  };
  /** Its side of the link. */
  readonly link: HostLink;
}

/** The signals of one bus at its host's end. */
export class HostSignals {
  /** Looks after the guest's monitor page. */
  readonly monitor: Monitor;
  /** The monitor ids of its channels. */
  readonly ids: MonitorIds = new MonitorIds();
  readonly #runtime: RuntimePort;
  readonly #end: SignallingHost;
  #contact = DEDICATED;
  /** The page that the host has brought for the guest to write. */
  #hostPage: GuestBuffer | null = null;
  #interruptPage: InterruptPage | null = null;
  /** Hears what comes through the interrupt page, once a channel is open that is signalled so. */
  #shared: SharedInterrupts | null = null;

  /** What the connection asks of the guest's memory. */
  readonly backend: ConnectionBackend = {
    connect: (contact, answer) => this.#connect(contact, answer),
    modify: (pages) => this.modify(pages),
    disconnect: (answer) => {
      this.disconnect();
      this.#takePageBack();
      answer();
    },
  };

  /** Those of `end`, each channel by a signal of its own. */
  constructor(runtime: RuntimePort, end: SignallingHost) {
    this.#runtime = runtime;
    this.#end = end;
    const { guest, link } = end;
    this.monitor = new Monitor({
      get runs() {
        return guest.runs;
      },
      signal: (signal) => link.raise(signal),
    });
  }

  /** The page through which signals go, at least those to the guest; null where they go one by one. */
  get interruptPage(): InterruptPage | null {
    return this.#interruptPage;
  }

  /** What there is to show. */
  get pages(): SignalPagesState {
    const { interruptPageGpa, monitorPages } = this.#contact;
    const { page, pending, signals } = this.monitor;
    return {
      interruptPageGpa: this.#interruptPage === null ? null : interruptPageGpa,
      monitorPageGpa: page === null ? null : monitorPages?.childToParentMonitorGpa ?? null,
      pendingMonitorIds: pending,
      monitorSignals: signals,
    };
  }

  /** Signals `channelId` at one end in the place of the other, through the interrupt page; false where none is used so. */
  imitate(direction: Direction, channelId: number): boolean {
    const { hasDedicatedSignals } = this.#contact.protocol;
    const isPaged = direction === "toGuest" || !hasDedicatedSignals;
    if (this.#interruptPage === null || !isPaged) return false;
    if (channelId > CHANNEL_ID_MAX) return true;
    this.#interruptPage.set(direction, channelId);
    if (direction === "toHost") this.#end.link.raise(SHARED_HOST_SIGNAL);
    else this.#sharedEvent.ring();
    return true;
  }

  /** Whether rings have a pending send size. */
  get hasPendingSendSize(): boolean {
    return this.#contact.protocol.hasPendingSendSize;
  }

  /** The page that the host has brought; null for none. */
  get hostPage(): GuestBuffer | null {
    return this.#hostPage;
  }

  #connect(contact: SignalContact, answer: ConnectAnswer): void {
    if (!contact.protocol.hasServerMonitorPages) return answer(this.use(contact));
    const hostPages = this.#bringPage();
    const isReady = hostPages !== null && this.use({ ...contact, monitorPages: hostPages });
    answer(isReady, hostPages);
  }

  /** Brings a monitor page for the guest to write; null where there is no room. The host writes none itself (D505). */
  #bringPage(): MonitorPages | null {
    this.#hostPage ??= allocateSharedPage(this.#end.link.memory);
    if (this.#hostPage === null) return null;
    return { parentToChildMonitorGpa: 0, childToParentMonitorGpa: this.#hostPage.gpa };
  }

  #takePageBack(): void {
    const { memory } = this.#end.link;
    if (this.#hostPage !== null) {
      memory.isolation?.unshare(this.#hostPage.pfns);
      memory.free(this.#hostPage);
    }
    this.#hostPage = null;
  }

  /** The guest has made contact; false where a page that is needed is not there: nothing has changed then. */
  use(contact: SignalContact): boolean {
    const { protocol: { hasDedicatedInterrupts }, interruptPageGpa, monitorPages } = contact;
    const interruptBytes = hasDedicatedInterrupts ? null : pageOf(this.#end, interruptPageGpa ?? 0);
    const isMissing = interruptBytes === null && !hasDedicatedInterrupts;
    if (isMissing || !areThere(this.#end, monitorPages)) return false;
    this.disconnect();
    this.#contact = contact;
    this.#interruptPage = interruptBytes === null ? null : new InterruptPage(interruptBytes);
    this.#useMonitorPage();
    return true;
  }

  /** The guest that was restored had made this contact; false where it cannot have. */
  restore(contact: SignalContact): boolean {
    const gpa = contact.monitorPages?.childToParentMonitorGpa ?? 0;
    const isHosts = contact.protocol.hasServerMonitorPages;
    const { buffers, isolation } = this.#end.link.memory;
    this.#hostPage = isHosts ? buffers.get(gpa) ?? null : null;
    if (this.#hostPage !== null) isolation?.share(this.#hostPage.pfns);
    return isHosts === (this.#hostPage !== null) && this.use(contact);
  }

  /** The guest says other monitor pages, or none; false where they cannot be used (wire.md section 6). */
  modify(monitorPages: MonitorPages | null): boolean {
    if (this.monitor.isInUse || !areThere(this.#end, monitorPages)) return false;
    this.#contact = { ...this.#contact, monitorPages };
    this.#useMonitorPage();
    return true;
  }

  /** Looks after the page that the guest writes, if there is one. */
  #useMonitorPage(): void {
    const { lookouts } = this.#runtime.scheduler;
    const gpa = this.#contact.monitorPages?.childToParentMonitorGpa ?? 0;
    const bytes = pageOf(this.#end, gpa);
    this.monitor.use(bytes === null ? null : new MonitorPage(bytes));
    if (bytes === null) lookouts.delete(this.monitor);
    else lookouts.add(this.monitor);
  }

  /** The guest has left, or is gone: none of its pages is looked at any more. */
  disconnect(): void {
    if (this.#shared !== null) this.#end.link.stopListening(SHARED_HOST_SIGNAL);
    this.#shared = null;
    this.#contact = DEDICATED;
    this.#interruptPage = null;
    this.#useMonitorPage();
  }

  /** A channel is about to be offered: the monitor id that the guest is told of; null for none. */
  giveMonitorId(channel: OfferedChannel): number | null {
    if (this.monitor.page !== null) channel.monitorId ??= this.ids.take();
    return this.monitor.page === null ? null : channel.monitorId;
  }

  /** A channel is the guest's no more. */
  forget(channel: OfferedChannel): void {
    if (channel.monitorId !== null) this.ids.free(channel.monitorId);
    channel.monitorId = null;
  }

  /** The rings of `channel` are there: each side can interrupt the other from now on. */
  attach(channel: OfferedChannel, endpoint: Endpoint): void {
    this.#attach(channel, endpoint);
    const { monitorId, heardAs } = channel;
    if (monitorId !== null && heardAs !== null && channel.hasInterrupts) {
      this.monitor.arm(monitorId, heardAs);
    }
  }

  /** The same for a channel that was open when its guest was saved. */
  resume(channel: OfferedChannel, endpoint: Endpoint): void {
    this.#attach(channel, endpoint);
    const { monitorId } = channel;
    if (monitorId !== null && channel.hasInterrupts) this.monitor.resume(monitorId);
  }

  #attach(channel: OfferedChannel, endpoint: Endpoint): void {
    const { channelId } = channel;
    if (channelId === null) return;
    const { guest: { port }, link } = this.#end;
    channel.doorbell = channel.hasInterrupts ? this.#doorbellOf(channel, channelId) : null;
    if (!this.#contact.protocol.hasDedicatedSignals) {
      this.#sharedOf(endpoint).listen(channelId, endpoint.work.interrupt);
      return;
    }
    const connectionId = channel.connectionId ?? eventConnectionId(channelId, port);
    channel.heardAs = { connectionId, flag: 0 };
    link.listen(channel.heardAs, channelId, endpoint.work.interrupt);
  }

  #doorbellOf(channel: OfferedChannel, channelId: number): Doorbell {
    const { guest: { vtl }, link } = this.#end;
    if (this.#interruptPage === null) {
      const place = channel.isRedirected ? REDIRECT_PLACE : { sint: VMBUS_SINT, vtl };
      const eventFlag = channel.eventFlag ?? channelId;
      return link.doorbell({ vp: channel.targetVp, ...place, eventFlag }, channelId);
    }
    return new PageDoorbell(this.#interruptPage, "toGuest", channelId, this.#sharedEvent);
  }

  /** The event of the guest that all channels share. */
  get #sharedEvent(): Doorbell {
    const { guest: { vtl }, link } = this.#end;
    const shared = { vp: 0, sint: VMBUS_SINT, vtl, eventFlag: SHARED_EVENT_FLAG };
    return link.doorbell(shared, SHARED_EVENT_FLAG);
  }

  /** Who hears the event that all channels share, made where the first of them is open. */
  #sharedOf({ partition }: Endpoint): SharedInterrupts {
    if (this.#shared !== null) return this.#shared;
    assert(this.#interruptPage !== null, "without dedicated signals there is an interrupt page");
    const { guest: { traceId }, link } = this.#end;
    const { scheduler } = this.#runtime;
    const setting = { scheduler, traceId, memory: link.memory, processor: partition.processor(0) };
    this.#shared = new SharedInterrupts(setting, this.#interruptPage, "toHost");
    link.listen(SHARED_HOST_SIGNAL, SHARED_EVENT_FLAG, this.#shared.item);
    scheduler.schedule(this.#shared.item); // bits may be there, of a guest that was restored
    return this.#shared;
  }

  /** The rings of `channel` are gone: nobody hears its signals any more. */
  detach(channel: OfferedChannel): void {
    const { channelId, heardAs, monitorId } = channel;
    channel.doorbell = null;
    if (heardAs !== null) this.#end.link.stopListening(heardAs);
    channel.heardAs = null;
    if (channelId !== null) this.#shared?.stopListening(channelId);
    if (monitorId !== null) this.monitor.disarm(monitorId);
  }
}
