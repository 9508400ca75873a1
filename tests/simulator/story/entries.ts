/**
 * Traces made by hand, for stories.
 *
 * @module
 */

import type { TraceEntry } from "../../../mod.ts";
import type { Finding } from "../../../simulator/mod.ts";

/** The server of hand-made traces, and its client. */
export const SERVER = "channel 1 (server)";
/** See {@linkcode SERVER}. */
export const CLIENT = "channel 2 (client)";

/** An entry, with its details. */
export function entry(
  event: string,
  subject: string,
  details: TraceEntry["details"] = {},
  at100ns = 0,
): TraceEntry {
  return { at100ns, event, subject, values: [], details };
}

/** A pair whose channel is open. */
export function openedPair(guest = "guest"): readonly TraceEntry[] {
  const rings = { guest, channelId: 1, isResumed: false };
  return [
    entry("partitionCreated", "root"),
    entry("partitionCreated", guest),
    entry("channelCreated", SERVER, { partition: "root", side: "server" }),
    entry("channelCreated", CLIENT, { partition: guest, side: "client" }),
    entry("ringsAttached", SERVER, rings),
    entry("ringsAttached", CLIENT, rings),
  ];
}

/** A call that returns at once. */
export function call(
  subject: string,
  name: string,
  given: TraceEntry["details"] = {},
  outcome: TraceEntry["details"] = { result: null },
): readonly TraceEntry[] {
  return [
    entry("call", subject, { call: name, ...given }),
    entry("callReturned", subject, { call: name, ...outcome }),
  ];
}

/** A send of packet `slot` that enters the ring. */
export function send(slot: number, subject: string = CLIENT): readonly TraceEntry[] {
  const [begin, end] = call(subject, "VmbPacketSend", { bufferLength: 8, flags: 1 });
  return [begin!, entry("packetEntered", subject, { packet: slot, byteCount: 8 }), end!];
}

/** The packet that arrives as the `number`th, from 1. */
export function arrive(number: number, subject: string = SERVER): TraceEntry {
  return entry("packetArrived", subject, { packet: number, byteCount: 8 });
}

/** EvtChannelProcessPacket has returned. */
export function processed(subject: string = SERVER): TraceEntry {
  return entry("callbackEnd", subject, { callback: "EvtChannelProcessPacket" });
}

/** The `number`th packet that arrived is completed. */
export function complete(number: number, subject: string = SERVER): readonly TraceEntry[] {
  const packetCompletionContext = `VMBPACKETCOMPLETION ${number} of ${subject}`;
  return call(subject, "VmbChannelPacketComplete", { packetCompletionContext, bufSize: 0 });
}

/** The transaction of packet `slot` is over. */
export function finish(slot: number, subject: string = CLIENT): TraceEntry {
  return entry("packetCompleted", subject, { packet: slot, byteCount: 0 });
}

/** Something that a run has found, and that its trace need not tell of. */
export const FINDING: Finding = {
  kind: "correctness",
  rule: "all is well",
  place: "somewhere",
  message: "it is not",
  by: "workload",
  step: 1000,
};
