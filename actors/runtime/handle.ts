/**
 * Opaque handles: what drivers hold instead of the package's objects.
 *
 * @module
 */

import type { ChannelPlace } from "./violation_details.ts";

/** What ended what a handle stood for. */
export interface HandleEnd {
  /** The documented function. */
  readonly call: string;
  /** Virtual time, in 100 ns. */
  readonly at100ns: number;
  /** The callback in whose synchronous part it was called. */
  readonly callback: string | null;
  /** The driver's line, where the fabric keeps lines. */
  readonly source: string | null;
  /** The channel that it was, or was of. */
  readonly channel: ChannelPlace;
  /** The packet's transaction id, in two halves; null: it was no packet. */
  readonly packetLow: number | null;
  /** The upper half. */
  readonly packetHigh: number;
}

/** The kinds of handles. */
export type HandleKind =
  | "VMBCHANNEL"
  | "VMBPACKET"
  | "VMBPACKETCOMPLETION"
  | "DEVICE"
  | "VMBUS"
  | "KERNEL";

// Set once by the class below: what a program that has a handle must not see.
let note: (handle: Handle<HandleKind>, end: HandleEnd) => void;
let noted: (value: unknown, kind: HandleKind) => HandleEnd | null;

/**
 * An opaque handle. It has no members but its kind; anything else passed in its place, one of another
 * kind included, is an invalid handle.
 */
export class Handle<Kind extends HandleKind> {
  readonly #kind: Kind;
  #target: object | null;
  /** It keeps nothing of the fabric alive: a driver may have the handle for ever. */
  #end: HandleEnd | null = null;

  /** A live handle for `target`. */
  constructor(kind: Kind, target: object) {
    this.#kind = kind;
    this.#target = target;
  }

  /** What kind of handle it is. */
  get kind(): Kind {
    return this.#kind;
  }

  /** What `value` stands for, if it is a live handle of `kind`; else null. */
  static resolve(value: unknown, kind: HandleKind): object | null {
    if (typeof value !== "object" || value === null || !(#target in value)) return null;
    return value.#kind === kind ? value.#target : null;
  }

  /** What kind of handle `value` is, also where it is dead; null for anything else. */
  static kindOf(value: unknown): HandleKind | null {
    const isHandle = typeof value === "object" && value !== null && #target in value;
    return isHandle ? (value as Handle<HandleKind>).#kind : null;
  }

  /** Whether `value` is a handle of `kind`, live or not. */
  static isOf(value: object, kind: HandleKind): boolean {
    return #target in value && value.#kind === kind;
  }

  /** Makes the handle invalid for ever. */
  kill(): void {
    this.#target = null;
  }

  static {
    note = (handle, end) => {
      handle.#end = end;
    };
    noted = (value, kind) => {
      const isHandle = typeof value === "object" && value !== null && #end in value;
      return isHandle && value.kind === kind ? value.#end : null;
    };
  }
}

/** Notes what ends what `handle` stands for. Whether the handle is dead by it is another question. */
export function noteHandleEnd(handle: Handle<HandleKind>, end: HandleEnd): void {
  note(handle, end);
}

/** What ended what `value` stood for, if it is a handle of `kind` and that was noted; else null. */
export function handleEndOf(value: unknown, kind: HandleKind): HandleEnd | null {
  return noted(value, kind);
}

/** An endpoint of a channel. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_allocate | VMBCHANNEL} */
export type VMBCHANNEL = Handle<"VMBCHANNEL">;
/** A packet object. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_allocate | VMBPACKET} */
export type VMBPACKET = Handle<"VMBPACKET">;
/** The completion context of an incoming packet. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_process_packet | VMBPACKETCOMPLETION} */
export type VMBPACKETCOMPLETION = Handle<"VMBPACKETCOMPLETION">;
/** A device object: a partition's own, or that of one loaded driver. */
export type Device = Handle<"DEVICE">;
/** The user-mode handle of a partition's VMBus. */
export type VmbusHandle = Handle<"VMBUS">;
/** The kernel-mode handle of a partition's VMBus, from VmbConvertVmbusHandleToKernelHandle. */
export type KernelHandle = Handle<"KERNEL">;
