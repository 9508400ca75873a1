/**
 * What a lie in a ring is: how it is told, who notices it, and as which fault.
 *
 * @module
 */

import type { ChannelFault } from "../../actors/channel/types.ts";
import type { Chance } from "../../core/chance.ts";
import type { Codec } from "../codec.ts";
import type { RawRings, RingName } from "./raw_rings.ts";

/** The name of a lie of [wire.md 1.9](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md): in a word of a control page, or in a descriptor. */
export type RingLieName =
  | "writeIndexOutside"
  | "writeIndexBetweenWords"
  | "readIndexOutside"
  | "readIndexBetweenWords"
  | "lessThanDescriptor"
  | "payloadInDescriptor"
  | "payloadBehindPacket"
  | "lengthBeyondData"
  | "noRoomForTrailer"
  | "unknownFlag"
  | "unknownType"
  | "gpaDirectWithoutHeader"
  | "gpaDirectWithoutRanges"
  | "transferPagesWithoutHeader"
  | "maskSetByPeer"
  | "packetChangedAfterCheck"
  | "readIndexRewritten"
  | "writeIndexRewritten";

/** The name of a lie in a packet that the ring takes, and its codec, the pipe or the channel does not. */
export type PacketLieName =
  | "missingRange"
  | "rangeWithoutBytes"
  | "rangeOffsetTooLarge"
  | "rangeOverflow"
  | "rangeTooSmall"
  | "rangeOutsideMemory"
  | "transferPages"
  | "completionWantsCompletion"
  | "completionOfNothing"
  | "noTuple"
  | "mapForTuple"
  | "endlessTuple"
  | "bytesBehindTuple"
  | "typeInDescriptor"
  | "typeInTuple"
  | "flagInDescriptor"
  | "fractionForId"
  | "partOfPipeStream"
  | "pipeLengthBeyondPacket"
  | "pipeWithoutHeader"
  | "pipeWithCompletion"
  | "pipeWithMemory"
  | "streamOfUnknownType"
  | "streamPartBeyondPacket"
  | "streamTakenWhole";

/** The name of a {@linkcode Corruption}. */
export type CorruptionName = RingLieName | PacketLieName;

/** What a pipe is of: datagrams, or the bytes of a stream in each direction. */
export type PipeMode = "datagrams" | "bytes";

/** A lie that a peer can put into a ring. */
export interface Corruption {
  /** What it is called. */
  readonly name: CorruptionName;
  /** What is wrong, in words. */
  readonly what: string;
  /**
   * Which end of the ring notices: its reader when it looks next, its writer when it looks for room, at the
   * latest when the ring is full; or nobody, as the end has copies of its own.
   */
  readonly noticedBy: "reader" | "writer" | "nobody";
  /** The fault that the end stops with; null: it does not stop. */
  readonly fault: ChannelFault | null;
  /** The encoding that the lie needs; null: it is one in both. */
  readonly codec: Codec | null;
  /** Whether the channel has to be a pipe, or must be none; null: the lie is one on both. */
  readonly isPipe: boolean | null;
  /** What the pipe has to be of: datagrams, or the bytes of a stream; null: the lie is one on both, and on no pipe. */
  readonly pipeMode: PipeMode | null;
  /** The ring that it has to be in; null: it is one in both. */
  readonly ring: RingName | null;
  /**
   * Writes it into that ring, over what is there; signal the end that is to notice then. A ring whose lie
   * was noticed is dead until the channel is opened again.
   *
   * @throws {TypeError} That ring cannot have it, or `rings` is no RawRings, or `chance` no Chance.
   */
  apply(rings: RawRings, ring: RingName, chance: Chance): void;
}

/** A corruption as the lists have it. */
export interface Lie extends Omit<Corruption, "name" | "apply" | "pipeMode"> {
  /** See {@linkcode Corruption.pipeMode}; null where it is left out. */
  readonly pipeMode?: PipeMode;
  /** Writes it. What is free to vary is drawn from `chance`. */
  readonly tell: (rings: RawRings, ring: RingName, chance: Chance) => void;
}
