/**
 * What a capture file holds: records of what went over the buses and through the rings of a fabric, each with a header of
 * its own before its bytes ([capture.md](https://jsr.io/@vmbus/kmcl/0.1.0/docs/capture.md)).
 *
 * @module
 */

import { VERSION_NUMBERS } from "../../core/control/versions.ts";
import {
  guid,
  hex,
  type Layout,
  named,
  oneOf,
  struct,
  u32,
  u8,
  within,
} from "../../core/layout/mod.ts";

/** The version of the header that this package writes. */
const CAPTURE_VERSION = 1;
/** Bytes of that header. A later version has the same fields, and its own behind them. */
export const CAPTURE_HEADER_BYTES = 56;
/** What a record has in place of a number that it has none of: a step, an index, a version. */
export const CAPTURE_NONE = 0xffff_ffff;
/** The GUID that stands for no interface type. */
export const CAPTURE_NO_GUID = "00000000-0000-0000-0000-000000000000";

/** What a record may be: a control message, a packet as it lies in a ring, or words about what happened. */
const KINDS = { message: 1, packet: 2, note: 3 } as const;
/** Which way it goes. */
const DIRECTIONS = { toHost: 0, toGuest: 1 } as const;
/** How packets of the channel are encoded. */
const CODECS = { none: 0, vmbus: 1, msgpack: 2 } as const;
/** Whether payloads begin with the header of a pipe, and what the pipe keeps: messages, or bytes alone. */
const PIPES = { none: 0, message: 1, byte: 2 } as const;
/** What became of a guest that parts it from all that was said on its bus. */
const PARTINGS = { none: 0, crashed: 1, destroyed: 2, saved: 3, restored: 4 } as const;

/** What `change` of a guest comes to. */
export function partingOf(change: string): CaptureHeader["parting"] {
  return Object.hasOwn(PARTINGS, change) ? change as CaptureHeader["parting"] : "none";
}

/** The header of a record. */
export interface CaptureHeader {
  /** u8: 1, or what a later package has. */
  readonly headerVersion: number;
  /** u8: bytes of the header; what the record is about follows. */
  readonly headerBytes: number;
  /** What the record is. A note is UTF-8 text. */
  readonly kind: "message" | "packet" | "note";
  /** Which way it goes; of a note, what it is about. */
  readonly direction: "toHost" | "toGuest";
  /** How packets are encoded; `none` of what is no packet. */
  readonly codec: "none" | "vmbus" | "msgpack";
  /** Whether the payload begins with the header of a pipe, and of which kind it is. */
  readonly pipe: "none" | "message" | "byte";
  /** u8: the trust level of the guest whose bus it is. */
  readonly vtl: number;
  /** Of a note: that the guest crashed, was destroyed, saved or restored, which parts it from all that was said before. */
  readonly parting: "none" | "crashed" | "destroyed" | "saved" | "restored";
  /** u32: the channel, by its number on the bus; 0: the bus itself. */
  readonly channelId: number;
  /**
   * u32: the bus, by its number in the capture, from 1 on: numbers of channels and transactions are those of one bus. A
   * guest that moves to another fabric keeps it.
   */
  readonly bus: number;
  /** u32: choices of the run before, as findings count steps; {@linkcode CAPTURE_NONE}: nobody counted. */
  readonly step: number;
  /** u32: work items that had begun, in all fabrics of the capture; modulo 2^32. */
  readonly item: number;
  /** u32: where in the ring's data area the packet begins; {@linkcode CAPTURE_NONE}: it is no packet. */
  readonly ringIndex: number;
  /** u32: bytes of the ring's data area; 0: it is no packet. */
  readonly ringBytes: number;
  /** u32: the version of the bus that was agreed on; {@linkcode CAPTURE_NONE}: none yet. */
  readonly busVersion: number;
  /** u32: the features that were agreed on. */
  readonly busFeatures: number;
  /** The interface type of the channel; {@linkcode CAPTURE_NO_GUID}: it has none, or nobody knows it. */
  readonly interfaceType: string;
}

/** The header of a record, byte for byte. */
export const CAPTURE_HEADER: Layout<CaptureHeader> = struct(
  "capture header",
  CAPTURE_HEADER_BYTES,
  {
    headerVersion: [0, u8],
    headerBytes: [1, within(u8, CAPTURE_HEADER_BYTES, 255), "bytes"],
    kind: [2, oneOf(u8, KINDS)],
    direction: [3, oneOf(u8, DIRECTIONS)],
    codec: [4, oneOf(u8, CODECS)],
    pipe: [5, oneOf(u8, PIPES)],
    vtl: [6, u8],
    parting: [7, oneOf(u8, PARTINGS)],
    channelId: [8, u32],
    bus: [12, u32],
    step: [16, named(u32, { none: CAPTURE_NONE })],
    item: [20, u32],
    ringIndex: [24, named(u32, { none: CAPTURE_NONE })],
    ringBytes: [28, u32, "bytes"],
    busVersion: [32, named(hex(u32), { ...VERSION_NUMBERS, none: CAPTURE_NONE })],
    busFeatures: [36, hex(u32)],
    interfaceType: [40, guid],
  },
);

/** The header that has `fields`, and says nothing else: without any it is a note's, outside of any run. */
export function captureHeader(fields: Partial<CaptureHeader> = {}): CaptureHeader {
  return {
    headerVersion: CAPTURE_VERSION,
    headerBytes: CAPTURE_HEADER_BYTES,
    kind: "note",
    direction: "toHost",
    codec: "none",
    pipe: "none",
    vtl: 0,
    parting: "none",
    channelId: 0,
    bus: 0,
    step: CAPTURE_NONE,
    item: 0,
    ringIndex: CAPTURE_NONE,
    ringBytes: 0,
    busVersion: CAPTURE_NONE,
    busFeatures: 0,
    interfaceType: CAPTURE_NO_GUID,
    ...fields,
  };
}

/** Where records come from: a channel, or the bus of a guest. */
export interface CaptureInterface {
  /** Its name, such as `guest: channel 1 (echo)`. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly description: string;
  /** By what its run is told from others, where several are merged into one file; left out: nobody said. */
  readonly run?: string;
}

/** One record of a capture. */
export interface CaptureRecord {
  /** The place in the list of interfaces. */
  readonly interface: number;
  /** When, in 100 ns of virtual time. */
  readonly at100ns: number;
  /** What it is. */
  readonly header: CaptureHeader;
  /** The control message, the packet with its trailer, or the note's text. */
  readonly bytes: Uint8Array;
  /** How many bytes more it had, which the file lacks: it was too long for one, or somebody cut it. Left out: none. */
  readonly missingBytes?: number;
  /** What is said about it, such as a fault that happens to it. */
  readonly comments: readonly string[];
}
