/**
 * The form of ring vectors (wire.md 10): cases of operations on one ring, with what each must do
 * and what the ring's memory must hold in the end.
 *
 * @module
 */

/** Bytes of the control page that a vector compares: up to the feature bits. */
export const CONTROL_BYTES = 72;

/** Bytes with one value: a payload, or a region of the ring's memory. */
export interface Fill {
  /** The value of every byte. */
  readonly byte: number;
  /** How many bytes. */
  readonly length: number;
}

/** A range of guest memory in a vector; a PFN is any u64 here. */
export interface VectorGpaRange {
  /** Bytes of the range. */
  readonly byteCount: number;
  /** Where it begins in its first page. */
  readonly byteOffset: number;
  /** Its pages. */
  readonly pfns: readonly bigint[];
}

/** A part of the buffer that transfer pages stand for. */
export interface VectorTransferRange {
  /** Bytes of the part. */
  readonly byteCount: number;
  /** Where it begins in the buffer. */
  readonly byteOffset: number;
}

/** What follows the descriptor of a written packet. */
export type VectorHeader =
  | { readonly kind: "none" }
  | { readonly kind: "gpaDirect"; readonly ranges: readonly VectorGpaRange[] }
  | {
    readonly kind: "transferPages";
    readonly pageSetId: number;
    readonly ranges: readonly VectorTransferRange[];
  };

/** Writes one packet and commits. */
export interface WriteOperation {
  /** The operation. */
  readonly op: "write";
  /** Descriptor's type. */
  readonly type: number;
  /** Descriptor's flags. */
  readonly flags: number;
  /** Descriptor's transaction id, a u64. */
  readonly transactionId: bigint;
  /** The type header. */
  readonly header: VectorHeader;
  /** The payload. */
  readonly payload: Uint8Array | Fill;
}

/** One thing done to the ring. */
export type Operation =
  | WriteOperation
  | { readonly op: "read" }
  | { readonly op: "readBatch"; readonly count: number }
  | {
    readonly op: "set";
    readonly field: "interruptMask" | "pendingSendSize";
    readonly value: number;
  }
  | { readonly op: "poke"; readonly offset: number; readonly bytes: Uint8Array };

/** What an operation must do. A field that is undefined does not belong to the operation. */
export interface Step {
  /** How it went. */
  readonly result?: "ok" | "full" | "tooLarge" | "empty" | "corrupt";
  /** After a write: signal the reader? Null where the write was refused. */
  readonly needSignal?: boolean | null;
  /** After a read: signal the writer? */
  readonly signalWriter?: boolean;
  /** The packet that was read, from descriptor to padding, as hexadecimal digits. */
  readonly packetHex?: string;
  /** Its length, where the vector gives a digest instead of the bytes. */
  readonly packetLength?: number;
  /** The SHA-256 of its bytes, as hexadecimal digits. */
  readonly packetSha256?: string;
  /** The control page's write index after the operation. */
  readonly writeIndex: number;
  /** The control page's read index after the operation. */
  readonly readIndex: number;
}

/** A part of the data area whose bytes differ from the fill byte in the end. */
export interface Region {
  /** Where in the data area. */
  readonly offset: number;
  /** What must be there. */
  readonly content: Uint8Array | Fill;
}

/** The control page before the first operation, unchecked as a hostile peer may have written it. */
export interface InitialState {
  /** Value of every byte of the data area. */
  readonly fillByte: number;
  /** The write index. */
  readonly writeIndex: number;
  /** The read index. */
  readonly readIndex: number;
  /** The interrupt mask. */
  readonly interruptMask: number;
  /** The pending send size. */
  readonly pendingSendSize: number;
  /** The feature bits. */
  readonly featureBits: number;
}

/** What must be true after the last operation. */
export interface FinalState {
  /** What each operation must do. */
  readonly steps: readonly Step[];
  /** The first {@linkcode CONTROL_BYTES} of the control page, as hexadecimal digits. */
  readonly controlPageHex: string;
  /** The write index. */
  readonly writeIndex: number;
  /** The read index. */
  readonly readIndex: number;
  /** The SHA-256 of the data area, as hexadecimal digits. */
  readonly dataSha256: string;
  /** Every byte outside these equals the fill byte. */
  readonly changedRegions: readonly Region[];
}

/** One case. */
export interface RingVector {
  /** Its name, for reports. */
  readonly name: string;
  /** What it is about. */
  readonly description: string;
  /** Bytes of the data area. */
  readonly ringDataBytes: number;
  /** The memory at the start. */
  readonly initial: InitialState;
  /** What is done, in order. */
  readonly operations: readonly Operation[];
  /** What must come of it. */
  readonly expected: FinalState;
  /** Which implementations are known to do the same. */
  readonly agreement: readonly string[];
}
