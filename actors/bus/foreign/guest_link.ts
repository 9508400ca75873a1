/**
 * The link of a bus whose guest is somebody outside: the host's end is ours, and what it says and signals goes
 * out by the names that it has on the wire.
 *
 * @module
 */

import type { PartitionPort } from "../../channel/partition_port.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import { type BusLink, Lanes } from "../lanes.ts";
import type { HostLink } from "../link.ts";
import { HostSide } from "../sides.ts";
import { type GuestSignal, type HostSignal, hostSignalKey, type SynicPlace } from "../synic.ts";
import { Peer, type PeerFault, type PeerSetting } from "./peer.ts";

/** What a guest outside is told. */
export interface ForeignGuestListener {
  /** A message was put into the SynIC's slot at `target`. The bytes are the listener's own. */
  onMessage(bytes: Uint8Array, target: SynicPlace): unknown;
  /** An event flag was set for that virtual processor and interrupt source. */
  onSignal(vp: number, sint: number, eventFlag: number): unknown;
}

/** The link of one such bus. */
export class ForeignGuestLink extends Lanes implements BusLink {
  /** The host's side. */
  readonly host: HostLink;
  /** The guest's side is not ours. */
  readonly guest = null;
  readonly #peer: Peer;

  /** Between the host, which runs in `root`, and `guest`, whose code is outside and told by `listener`. */
  constructor(
    runtime: RuntimePort,
    guest: PartitionPort,
    root: PartitionPort,
    listener: ForeignGuestListener,
    fail: PeerSetting["fail"],
  ) {
    super(runtime, guest, root);
    const peer = this.#peer = new Peer({ runtime, bus: guest, fail });
    const interruptOf = ({ vp, sint, eventFlag }: GuestSignal) =>
      peer.interrupt(() => listener.onSignal(vp, sint, eventFlag), guest.processor(vp));
    this.host = new HostSide(guest.memory, this, interruptOf);
    this.toGuest.connect((message, place) =>
      peer.call(() => listener.onMessage(message.slice(), { ...place }))
    );
  }

  /** The guest says something; else why it was not taken. */
  post(message: Uint8Array, connectionId: number): PeerFault | null {
    return this.#peer.post(this.toHost, message, connectionId);
  }

  /** The guest signals something; else why it was not taken. */
  signal(signal: HostSignal): PeerFault | null {
    const { connectionId, flag } = signal;
    const key = hostSignalKey(signal);
    return this.#peer.signal(this.toHost, "toHost", key, [connectionId, flag]);
  }
}
