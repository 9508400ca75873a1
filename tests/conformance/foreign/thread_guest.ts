/**
 * A guest on a thread of its own: it sends requests and checks their answers, and knows nothing of the package but the
 * bytes. Its opposite side carries what it says.
 *
 * @module
 */

import { ByteRing } from "../../support/byte_ring.ts";

/** What the thread is told first. */
export interface ThreadStart {
  readonly memory: SharedArrayBuffer;
  /** Requests that it is to send. */
  readonly count: number;
}

/** The thread, as this module sees it. */
interface Scope {
  onmessage: ((event: { data: ThreadStart | "signal" }) => void) | null;
  postMessage(message: "signal" | number): void;
}

const thread = globalThis as unknown as Scope;
let rings: { upstream: ByteRing; downstream: ByteRing } | null = null;
let [left, sent, answered] = [0, 0, 0];

thread.onmessage = ({ data }) => {
  if (data !== "signal") {
    const { memory, count } = data;
    rings = { upstream: new ByteRing(memory, 0, 1), downstream: new ByteRing(memory, 2 * 4096, 1) };
    left = count;
  }
  if (rings !== null) exchange(rings.upstream, rings.downstream);
};

/** Sends what there is room for, and takes what is there. */
function exchange(upstream: ByteRing, downstream: ByteRing): void {
  for (let packet = downstream.read(); packet !== null; packet = downstream.read()) {
    const isRight = packet.type === 11 && packet.transactionId === BigInt(answered) &&
      packet.payload[0] === (answered & 0xff);
    if (!isRight) return thread.postMessage(-1);
    answered++;
  }
  let mustSignal = false;
  // Few enough at once that each answer has room.
  while (left > 0 && sent - answered < 32) {
    const payload = new Uint8Array(8).fill(sent & 0xff);
    const wantsSignal = upstream.write(6, 1, BigInt(sent), payload);
    if (wantsSignal === null) break;
    mustSignal ||= wantsSignal;
    sent++;
    left--;
  }
  if (mustSignal) thread.postMessage("signal");
  if (left === 0 && answered === sent) thread.postMessage(answered);
}
