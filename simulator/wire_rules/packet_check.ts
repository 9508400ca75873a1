/**
 * Packets of captures, measured by the rules of wire.md.
 *
 * @module
 */

import { PACKET_TYPE_COMPLETION } from "../../core/ring/layout.ts";
import type { BrokenSentence } from "../checkers/seen_bus.ts";
import type { DecodedPacket } from "../decoding/packet.ts";
import { brokenBytes, fieldAt } from "./bytes_check.ts";
import { type PacketHead, SeenTransactions, type Way } from "./seen_transactions.ts";

/** A packet of a capture. */
export interface CapturedPacket {
  /** The bus, and the channel on it. */
  readonly bus: number;
  /** The channel. */
  readonly channelId: number;
  /** Which way it goes. */
  readonly way: Way;
  /** Where in the ring it begins. */
  readonly ringIndex: number;
  /** Its fields. */
  readonly decoded: DecodedPacket;
}

/** Channels that are remembered. */
const CHANNELS_MAX = 16_384;

/** What a packet says of itself: its tuple does, where it has one; null: it is too short. */
function headOf({ fields }: DecodedPacket): PacketHead | null {
  const group = fieldAt(fields, "tuple") === null ? "descriptor" : "tuple";
  const [type, flags, transactionId] = ["type", "flags", "transactionId"]
    .map((name) => fieldAt(fields, group, name)?.value);
  if (type === undefined || flags === undefined || transactionId === undefined) return null;
  return {
    isCompletion: Number(type) === PACKET_TYPE_COMPLETION,
    wantsCompletion: Number(flags) === 1,
    transactionId: String(transactionId),
  };
}

/** Measures packets, ring after ring. */
export class PacketCheck {
  readonly #channels = new Map<string, SeenTransactions>();

  /** A channel is opened: its rings are empty. */
  opened(bus: number, channelId: number): void {
    this.#keep(`${bus}:${channelId}`, new SeenTransactions(true));
  }

  /** What was seen of a bus does not count any more. */
  forget(bus: number): void {
    for (const key of this.#channels.keys()) {
      if (key.startsWith(`${bus}:`)) this.#channels.delete(key);
    }
  }

  /** Takes note of the next packet; answers with what it breaks. */
  take({ bus, channelId, way, ringIndex, decoded }: CapturedPacket): readonly BrokenSentence[] {
    const { damage, text, fields } = decoded;
    const trailer = fieldAt(fields, "trailer", "descriptorOffset");
    const part = { ...decoded, title: text, index: ringIndex };
    const broken = brokenBytes({ kind: "ring", parts: [part], damage })
      .map(({ rule, what }) => ({ rule, what }));
    const head = damage === null && trailer !== null ? headOf(decoded) : null;
    if (head === null) return broken;
    const key = `${bus}:${channelId}`;
    const channel = this.#channels.get(key) ?? this.#keep(key, new SeenTransactions(false));
    const ofTransaction = channel.take(way, head);
    return ofTransaction === null ? broken : [...broken, ofTransaction];
  }

  #keep(key: string, channel: SeenTransactions): SeenTransactions {
    const [oldest] = this.#channels.keys();
    if (this.#channels.size >= CHANNELS_MAX) this.#channels.delete(oldest!);
    this.#channels.set(key, channel);
    return channel;
  }
}
