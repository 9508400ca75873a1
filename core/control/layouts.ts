/**
 * Where each field of each control message lies (wire.md 3.2, 4.2, 4.4). Offsets count from the
 * first byte of the message, so the 8-byte header is included. A further message is an interface in
 * messages.ts and an entry here.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { parseGuid, readGuid, writeGuid } from "../guid.ts";
import { isU16, isU32, isU8 } from "../units.ts";
import { type ControlMessage, USER_DATA_BYTES } from "./messages.ts";

/** What a field of a control message holds. */
export type FieldValue = boolean | number | string | Uint8Array;

/** How one field lies in a message. The view covers the message, its fixed part at least. */
export interface Field<T extends FieldValue> {
  /** The field's value, copied where it is bytes. */
  read(view: DataView): T;
  /** Writes `value`, which must fit the field. */
  write(view: DataView, value: T): void;
}

/** How one message lies in bytes. */
export interface Layout<Message> {
  /** The number that the message begins with. */
  readonly number: number;
  /** Bytes of the part that every such message has, the header included. */
  readonly fixedBytes: number;
  /** Each field by its name. */
  readonly fields: {
    readonly [Name in Exclude<keyof Message, "message">]: Message[Name] extends FieldValue
      ? Field<Message[Name]>
      : never;
  };
}

function u8(offset: number): Field<number> {
  return {
    read: (view) => view.getUint8(offset),
    write(view, value) {
      assert(isU8(value), "a u8 field holds a u8");
      view.setUint8(offset, value);
    },
  };
}

function u16(offset: number): Field<number> {
  return {
    read: (view) => view.getUint16(offset, true),
    write(view, value) {
      assert(isU16(value), "a u16 field holds a u16");
      view.setUint16(offset, value, true);
    },
  };
}

function u32(offset: number): Field<number> {
  return {
    read: (view) => view.getUint32(offset, true),
    write(view, value) {
      assert(isU32(value), "a u32 field holds a u32");
      view.setUint32(offset, value, true);
    },
  };
}

/** Bit 0 of a number whose other bits are reserved: 0 when sent, ignored when received. */
function bit0(number: Field<number>): Field<boolean> {
  return {
    read: (view) => (number.read(view) & 1) === 1,
    write: (view, value) => number.write(view, value ? 1 : 0),
  };
}

function guid(offset: number): Field<string> {
  return {
    read: (view) => readGuid(view, offset),
    write(view, value) {
      assert(parseGuid(value) === value, "a GUID field holds a lower-case GUID");
      writeGuid(view, offset, value);
    },
  };
}

/** The part of the message that `view` covers from `offset` on. */
function bytesAt(view: DataView, offset: number, byteCount: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, byteCount);
}

function userData(offset: number): Field<Uint8Array> {
  return {
    read: (view) => bytesAt(view, offset, USER_DATA_BYTES).slice(),
    write(view, value) {
      assert(value.length === USER_DATA_BYTES, "user data fills its field");
      bytesAt(view, offset, USER_DATA_BYTES).set(value);
    },
  };
}

/**
 * Whole 8-byte words from `offset` to the end of the message. How many of them count is known to
 * the GPADL alone, as a sender may always fill the 240 bytes (wire.md 3.3).
 */
function words(offset: number): Field<Uint8Array> {
  return {
    read: (view) => bytesAt(view, offset, (view.byteLength - offset) & ~7).slice(),
    write(view, value) {
      assert(value.length % 8 === 0, "GPADL words are whole");
      bytesAt(view, offset, value.length).set(value);
    },
  };
}

/** The layout of each message. */
export const LAYOUTS: { readonly [M in ControlMessage as M["message"]]: Layout<M> } = {
  offerChannel: {
    number: 1,
    fixedBytes: 196,
    fields: {
      interfaceId: guid(8),
      instanceId: guid(24),
      // Offsets 40 to 55 are reserved.
      flags: u16(56),
      mmioMegabytes: u16(58),
      userData: userData(60),
      subchannelIndex: u16(180),
      mmioMegabytesOptional: u16(182),
      channelId: u32(184),
      monitorId: u8(188),
      monitorAllocated: bit0(u8(189)),
      isDedicated: bit0(u16(190)),
      connectionId: u32(192),
    },
  },
  rescindChannelOffer: { number: 2, fixedBytes: 12, fields: { channelId: u32(8) } },
  requestOffers: { number: 3, fixedBytes: 8, fields: {} },
  allOffersDelivered: { number: 4, fixedBytes: 8, fields: {} },
  openChannel: {
    number: 5,
    fixedBytes: 148,
    fields: {
      channelId: u32(8),
      openId: u32(12),
      ringGpadlId: u32(16),
      targetVp: u32(20),
      downstreamPageOffset: u32(24),
      userData: userData(28),
    },
  },
  openResult: {
    number: 6,
    fixedBytes: 20,
    fields: { channelId: u32(8), openId: u32(12), status: u32(16) },
  },
  closeChannel: { number: 7, fixedBytes: 12, fields: { channelId: u32(8) } },
  gpadlHeader: {
    number: 8,
    fixedBytes: 20,
    fields: {
      // In the header's padding, which others send as 0 and ignore (wire.md 3.2).
      readOnly: bit0(u32(4)),
      channelId: u32(8),
      gpadlId: u32(12),
      byteLength: u16(16),
      rangeCount: u16(18),
      words: words(20),
    },
  },
  gpadlBody: {
    number: 9,
    fixedBytes: 16,
    fields: { messageNumber: u32(8), gpadlId: u32(12), words: words(16) },
  },
  gpadlCreated: {
    number: 10,
    fixedBytes: 20,
    // The wire calls the status an i32; the unsigned number has the same bits.
    fields: { channelId: u32(8), gpadlId: u32(12), status: u32(16) },
  },
  gpadlTeardown: {
    number: 11,
    fixedBytes: 16,
    fields: { channelId: u32(8), gpadlId: u32(12) },
  },
  gpadlTorndown: { number: 12, fixedBytes: 12, fields: { gpadlId: u32(8) } },
  relIdReleased: { number: 13, fixedBytes: 12, fields: { channelId: u32(8) } },
};
