/**
 * Bugs in what becomes of packets: rings, queues, quotas, completions.
 *
 * @module
 */

import type { SourceCanary } from "../canary.ts";

/** Each by its name. */
export const PACKET_CANARIES: readonly SourceCanary[] = [
  {
    name: "no-second-look",
    breaks: "a reader sleeps without looking again (wire.md 1.8)",
    file: "core/ring/incoming.ts",
    text: `    if (unreadBytes === 0) return "sleep";`,
    replacement: `    if (unreadBytes >= 0) return "sleep";`,
    scenario: "ring-signalling",
  },
  {
    name: "wish-for-room-unsaid",
    breaks: "a writer that waits for room does not ask for a signal (wire.md 1.7)",
    file: "core/ring/outgoing.ts",
    text: "this.#wish.make(totalBytes);",
    replacement: "this.#wish.make(0);",
    scenario: "everything-honest",
  },
  {
    name: "batch-counted-wrong",
    breaks: "ProcessingComplete hears of one packet too many (kmcl.md R3)",
    file: "actors/channel/incoming.ts",
    text: "    const count = this.#batchCount;",
    replacement: "    const count = this.#batchCount + 1;",
    scenario: "everything",
  },
  {
    name: "quota-exceeded",
    breaks: "one packet more than the quota is given out (kmcl.md R4)",
    file: "actors/channel/outstanding_packets.ts",
    text: "if (this.#unsettled >= this.quota) this.#isBlocked = true;",
    replacement: "if (this.#unsettled > this.quota) this.#isBlocked = true;",
    scenario: "everything",
  },
  {
    name: "quota-not-left",
    breaks: "the queue does not go on at the last packet below the quota (kmcl.md R4)",
    file: "actors/channel/outstanding_packets.ts",
    text: "|| this.#unsettled >= this.quota) return;",
    replacement: "|| this.#unsettled + 1 >= this.quota) return;",
    scenario: "everything",
  },
  {
    name: "packet-overtakes",
    breaks: "a packet goes into the ring before those that wait for room (kmcl.md P3)",
    file: "actors/channel/outgoing.ts",
    text: "const isFirst = this.queuedCount === 0 && this.#endpoint.flows;",
    replacement: "const isFirst = this.#completions.length === 0 && this.#endpoint.flows;",
    scenario: "everything-honest",
  },
  {
    name: "wrong-status",
    breaks: "what was sent ends as if it never had been when the channel closes (kmcl.md S15)",
    file: "actors/channel/completions.ts",
    text: "isSent(packet) ? STATUS_DEVICE_REMOVED : STATUS_CANCELLED",
    replacement: "isSent(packet) ? STATUS_CANCELLED : STATUS_CANCELLED",
    scenario: "everything",
  },
  {
    name: "pin-leaked",
    breaks: "memory of a packet stays pinned when its transaction has ended (kmcl.md P6)",
    file: "actors/channel/completions.ts",
    text: "for (const { pfns } of packet.ranges) memory.unpin(pfns);",
    replacement: "for (const { pfns } of packet.ranges.slice(1)) memory.unpin(pfns);",
    scenario: "everything",
  },
  {
    name: "queue-survives-close",
    breaks: "packets that ended when the channel closed are sent at the next open (kmcl.md S15)",
    file: "actors/channel/outgoing.ts",
    text: "    this.#queue.clear();",
    replacement: "    this.#queue.peek();",
    scenario: "everything",
  },
  {
    name: "delayed-signal-lost",
    breaks: "a signal that was due while its guest stood still is never sent (kmcl.md section 5)",
    file: "actors/channel/signal.ts",
    text: "if (this.#due100ns === null || this.#deadline !== null) return;",
    replacement: "if (this.#due100ns !== null || this.#deadline !== null) return;",
    scenario: "everything",
  },
  {
    name: "restored-routine-lost",
    breaks: "a completion routine that was due at a save is not called (kmcl.md V7)",
    file: "actors/channel/completions.ts",
    text: "for (const packet of packets) this.#due.push(packet);",
    replacement: "for (const packet of packets.slice(1)) this.#due.push(packet);",
    scenario: "everything-honest",
  },
  {
    name: "restored-packet-unanswered",
    breaks: "a packet that a driver holds across a save has no answer (kmcl.md V7)",
    file: "actors/channel/under_way.ts",
    text: "    packet.wantsCompletion = wantsCompletion;",
    replacement: "    packet.wantsCompletion = false;",
    scenario: "everything-honest",
  },
  {
    name: "queued-bytes-lost",
    breaks: "a packet that waits for room loses its last bytes (kmcl.md P8)",
    file: "actors/channel/outgoing.ts",
    text: "packet.keep(payload, byteCount);",
    replacement: "packet.keep(payload, byteCount - (byteCount >> 4));",
    scenario: "everything",
  },
  {
    name: "answer-bytes-lost",
    breaks: "a completion that waits for room loses half of its bytes (kmcl.md R6)",
    file: "actors/channel/outgoing.ts",
    text: "packet.takeAnswer(answer, answerBytes);",
    replacement: "packet.takeAnswer(answer, answerBytes >> 1);",
    scenario: "everything",
  },
  {
    name: "deferred-at-dispatch",
    breaks: "a deferred packet comes again at DISPATCH_LEVEL (kmcl.md R1)",
    file: "actors/channel/incoming.ts",
    text: "      this.#isHeadPassive = true;",
    replacement: "      this.#isHeadPassive = false;",
    scenario: "everything",
  },
  {
    name: "page-in-forgotten",
    breaks: "pages are brought in and the packet that waits is not given (kmcl.md R1)",
    file: "actors/channel/incoming.ts",
    text: `    this.externalData.bringIn();
    this.scheduleNext();`,
    replacement: `    this.externalData.bringIn();
    this.externalData.forget();`,
    scenario: "everything",
  },
  {
    name: "answer-overtakes",
    breaks: "a completion goes into the ring before packets that wait for room (kmcl.md R6)",
    file: "actors/channel/outgoing.ts",
    text: "this.queuedCount === 0 && this.#putAnswer(",
    replacement: "this.#completions.length === 0 && this.#putAnswer(",
    scenario: "everything",
  },
  {
    name: "answers-first",
    breaks:
      "completions that wait for room leave before packets that were sent earlier (kmcl.md R6)",
    file: "actors/channel/outgoing.ts",
    text: "completion.order < packet.order",
    replacement: "completion.order >= 0",
    scenario: "everything",
  },
  {
    name: "request-slot-reused",
    breaks: "the late answer to a request that was given up ends the next one (kmcl.md Y3)",
    file: "actors/channel/requests.ts",
    text: `if (packet.actor.is("awaiting")) packet.actor.send({ type: "withdraw" });`,
    replacement:
      `if (packet.actor.is("awaiting")) packet.actor.send({ type: "finish" }), packet.actor.send({ type: "complete" }), this.#endpoint.outgoing.packets.free(packet);`,
    scenario: "waiting-callers",
  },
];
