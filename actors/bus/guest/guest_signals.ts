/**
 * What signals of one bus go by, as the guest has it (wire.md section 6): each channel by a signal of its own, or
 * through pages of the guest's memory, of which it tells the host when it makes contact. Events and pages are
 * written by a host that may be hostile, too.
 *
 * @module
 */

import { TARGET_VP_NO_INTERRUPTS } from "../../../core/control/messages.ts";
import type { Protocol } from "../../../core/control/versions.ts";
import type { GuestBuffer } from "../../../core/memory/guest_memory.ts";
import { MONITOR_IDS } from "../../../core/signals/layouts.ts";
import { InterruptPage } from "../../../core/signals/interrupt_page.ts";
import { MonitorPage } from "../../../core/signals/monitor_page.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import type { Doorbell } from "../../channel/bus_port.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { PartitionPort } from "../../channel/partition_port.ts";
import type { GuestLink } from "../link.ts";
import { MonitorDoorbell } from "../monitor_doorbell.ts";
import { allocateSharedPage, pageAt, pageInReach } from "../pages.ts";
import { PageDoorbell, SharedInterrupts } from "../shared_interrupts.ts";
import { type GuestSignal, SHARED_EVENT_FLAG, SHARED_HOST_SIGNAL, VMBUS_SINT } from "../synic.ts";
import type { ClientChannel } from "./guest_channel.ts";

/** The pages that a guest has for its host; null for none. */
interface OwnPages {
  interrupt: GuestBuffer | null;
  parentToChild: GuestBuffer | null;
  childToParent: GuestBuffer | null;
}

/** Where the pages lie that the host is told of; 0 for none. */
export interface SignalPages {
  /** The interrupt page. */
  readonly interruptPageGpa: number;
  /** The monitor page that the host writes. */
  readonly parentToChildMonitorGpa: number;
  /** The monitor page that the guest writes. */
  readonly childToParentMonitorGpa: number;
}

/** The same, and the page that the host has brought. */
interface SignalPagesImage extends SignalPages {
  /** The monitor page that the host has brought for the guest to write. */
  readonly hostMonitorGpa: number;
}

/** What it needs of the guest's end. */
export interface SignallingGuest {
  /** The guest itself. */
  readonly partition: PartitionPort;
  /** Its side of the link. */
  readonly link: GuestLink;
}

/** What was agreed on, as far as signals go by it. */
type SignalProtocol = Pick<
  Protocol,
  "hasDedicatedSignals" | "hasDedicatedInterrupts" | "hasPendingSendSize"
>;

/** Before the guest has made contact. */
const DEDICATED: SignalProtocol = {
  hasDedicatedSignals: true,
  hasDedicatedInterrupts: true,
  hasPendingSendSize: true,
};

/** The signals of one bus at its guest's end. */
export class GuestSignals {
  readonly #end: SignallingGuest;
  readonly #pages: OwnPages = { interrupt: null, parentToChild: null, childToParent: null };
  #protocol: SignalProtocol = DEDICATED;
  /** Where the monitor page lies that the host has brought; 0 for none. */
  #hostPageGpa = 0;
  #interruptPage: InterruptPage | null = null;
  #monitorPage: MonitorPage | null = null;
  #shared: SharedInterrupts | null = null;

  /** Those of `end`, each channel by a signal of its own. */
  constructor(end: SignallingGuest) {
    this.#end = end;
  }

  /** The buffers that the pages lie in. */
  get buffers(): readonly GuestBuffer[] {
    return Object.values(this.#pages).filter((page) => page !== null);
  }

  /**
   * The pages that the host is told of by a guest that asks for `protocol`: made when they are first needed, and kept for
   * the next contact. They are all zero.
   */
  pagesFor({ hasDedicatedInterrupts }: SignalProtocol): SignalPages {
    const pages = this.#pages;
    const { memory } = this.#end.link;
    if (!hasDedicatedInterrupts) pages.interrupt ??= allocateSharedPage(memory);
    if (this.#end.partition.monitorPages === "guest") {
      pages.parentToChild ??= allocateSharedPage(memory);
      pages.childToParent ??= allocateSharedPage(memory);
    }
    for (const { gpa } of this.buffers) memory.view(gpa, PAGE_BYTES).fill(0); // of the last contact
    return this.#told;
  }

  /** Where its pages lie. Both monitor pages are there, or none (wire.md 5.1). */
  get #told(): SignalPages {
    const { interrupt, parentToChild, childToParent } = this.#pages;
    const isPair = parentToChild !== null && childToParent !== null;
    return {
      interruptPageGpa: interrupt?.gpa ?? 0,
      parentToChildMonitorGpa: isPair ? parentToChild.gpa : 0,
      childToParentMonitorGpa: isPair ? childToParent.gpa : 0,
    };
  }

  /**
   * The host has agreed to `protocol`. `hostPageGpa` is where the monitor page lies that the host has brought for
   * the guest to write, and then the guest's are not used; 0: the host has brought none. False where there is no
   * such page, or it is one that the guest keeps to itself: the host's fault.
   */
  connect(protocol: SignalProtocol, hostPageGpa: number): boolean {
    const { link: { memory }, partition: { port } } = this.#end;
    const isBrought = hostPageGpa === 0 ||
      pageInReach(memory, hostPageGpa, port.isTrusted) !== null;
    return isBrought && this.#connect(protocol, hostPageGpa);
  }

  #connect(protocol: SignalProtocol, hostPageGpa: number): boolean {
    const { memory } = this.#end.link;
    const { interruptPageGpa, childToParentMonitorGpa } = this.#told;
    const monitorGpa = hostPageGpa === 0 ? childToParentMonitorGpa : hostPageGpa;
    const monitorBytes = pageAt(memory, monitorGpa);
    if (monitorBytes === null && monitorGpa !== 0) return false;
    const interruptBytes = protocol.hasDedicatedInterrupts
      ? null
      : pageAt(memory, interruptPageGpa);
    this.#stopHearing();
    this.#protocol = protocol;
    this.#hostPageGpa = hostPageGpa;
    this.#interruptPage = interruptBytes === null ? null : new InterruptPage(interruptBytes);
    this.#monitorPage = monitorBytes === null ? null : new MonitorPage(monitorBytes);
    return true;
  }

  /** Whether rings have a pending send size. */
  get hasPendingSendSize(): boolean {
    return this.#protocol.hasPendingSendSize;
  }

  /** Where its pages lie, and that of the host, for who saves them; 0 for none. */
  get image(): SignalPagesImage {
    const { interrupt, parentToChild, childToParent } = this.#pages;
    return {
      interruptPageGpa: interrupt?.gpa ?? 0,
      parentToChildMonitorGpa: parentToChild?.gpa ?? 0,
      childToParentMonitorGpa: childToParent?.gpa ?? 0,
      hostMonitorGpa: this.#hostPageGpa,
    };
  }

  /** The guest was restored, and had agreed to `protocol`; false where it cannot have had such pages. */
  restore(protocol: SignalProtocol, image: SignalPagesImage): boolean {
    const { buffers } = this.#end.link.memory;
    const at = (gpa: number) => {
      const buffer = buffers.get(gpa);
      return gpa !== 0 && buffer?.byteCount === PAGE_BYTES ? buffer : null;
    };
    this.#pages.interrupt = at(image.interruptPageGpa);
    this.#pages.parentToChild = at(image.parentToChildMonitorGpa);
    this.#pages.childToParent = at(image.childToParentMonitorGpa);
    for (const { pfns } of this.buffers) this.#end.link.memory.isolation?.share(pfns);
    const { interruptPageGpa, parentToChildMonitorGpa, childToParentMonitorGpa } = this.image;
    // That the host's page is shared shows when the host's end is there.
    return this.#connect(protocol, image.hostMonitorGpa) &&
      interruptPageGpa === image.interruptPageGpa &&
      parentToChildMonitorGpa === image.parentToChildMonitorGpa &&
      childToParentMonitorGpa === image.childToParentMonitorGpa;
  }

  /** The rings are there: each side can interrupt the other from now on. */
  attach(own: ClientChannel, client: Endpoint): void {
    own.monitored = null;
    own.doorbell = this.#doorbellOf(own, client);
    if (this.#interruptPage !== null) {
      this.#sharedOf(this.#interruptPage).listen(own.channelId, client.work.interrupt);
    } else this.#end.link.listen(this.#signalOf(own), own.channelId, client.work.interrupt);
  }

  #doorbellOf(own: ClientChannel, client: Endpoint): Doorbell {
    const { channelId, offer } = own;
    const { link } = this.#end;
    if (!this.#protocol.hasDedicatedSignals && this.#interruptPage !== null) {
      const event = link.doorbell(SHARED_HOST_SIGNAL, SHARED_EVENT_FLAG);
      return new PageDoorbell(this.#interruptPage, "toHost", channelId, event);
    }
    const dedicated = link.doorbell({ connectionId: offer.connectionId, flag: 0 }, channelId);
    const page = this.#monitorPage;
    const { monitorId, monitorAllocated } = offer;
    const isMonitored = monitorAllocated && own.targetVp !== TARGET_VP_NO_INTERRUPTS;
    if (page !== null && isMonitored && monitorId < MONITOR_IDS) {
      const { scheduler } = client.runtime;
      const doorbell = new MonitorDoorbell(page, monitorId, dedicated, () => scheduler.stir());
      own.monitored = doorbell;
      return doorbell;
    }
    // A host that does not dedicate a connection to the channel looks into the page as well (wire.md 4.4).
    if (this.#interruptPage === null || offer.isDedicated) return dedicated;
    return new PageDoorbell(this.#interruptPage, "toHost", channelId, dedicated);
  }

  /** How the host interrupts a client. */
  #signalOf({ channelId, targetVp }: ClientChannel): GuestSignal {
    const { vtl } = this.#end.partition;
    const vp = targetVp === TARGET_VP_NO_INTERRUPTS ? 0 : targetVp;
    return { vp, sint: VMBUS_SINT, vtl, eventFlag: channelId };
  }

  #sharedOf(page: InterruptPage): SharedInterrupts {
    if (this.#shared !== null) return this.#shared;
    const { partition, link } = this.#end;
    const { runtime: { scheduler }, traceId, memory } = partition;
    const setting = { scheduler, traceId, memory, processor: partition.processor(0) };
    this.#shared = new SharedInterrupts(setting, page, "toGuest");
    link.listen(this.#sharedSignal, SHARED_EVENT_FLAG, this.#shared.item);
    scheduler.schedule(this.#shared.item); // bits may be there, of a guest that was restored
    return this.#shared;
  }

  /** The event that all channels share is due, as it was when the guest was saved; without a channel nobody hears it. */
  scheduleShared(): void {
    const { scheduler } = this.#end.partition.runtime;
    if (this.#shared !== null) scheduler.schedule(this.#shared.item);
  }

  get #sharedSignal(): GuestSignal {
    const { vtl } = this.#end.partition;
    return { vp: 0, sint: VMBUS_SINT, vtl, eventFlag: SHARED_EVENT_FLAG };
  }

  #stopHearing(): void {
    if (this.#shared !== null) this.#end.link.stopListening(this.#sharedSignal);
    this.#shared = null;
  }

  /** The rings are gone: nobody hears the channel any more. */
  detach(own: ClientChannel): void {
    own.monitored = null;
    this.#shared?.stopListening(own.channelId);
    if (this.#interruptPage === null) this.#end.link.stopListening(this.#signalOf(own));
  }
}
