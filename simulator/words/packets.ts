/**
 * Packets by the names that a story gives them: those of one direction of a channel are counted as they are sent.
 *
 * @module
 */

/** What one endpoint has sent and got. */
interface EndPackets {
  /** Its channel, by guest and number on the bus; null before it has rings. */
  channel: string | null;
  sent: number;
  /** Its own packets, by transaction. */
  readonly bySlot: Map<number, number>;
  /** Transactions that wait for room, or for the flow. */
  readonly queued: Set<number>;
  /** Those that have completion routines. */
  readonly routines: Set<number>;
  /** What is on its way to the opposite side, in order. */
  inTransit: number[];
  /** The opposite side's packets, by their numbers among those that arrived. */
  readonly byArrival: Map<number, number>;
  /** Those of them that the driver holds. */
  readonly held: Set<number>;
}

/** The packets of one run. */
export class Packets {
  readonly #ends = new Map<string, EndPackets>();
  /** Both ends of a channel, by their subjects. */
  readonly #channels = new Map<string, Set<string>>();

  #end(subject: string): EndPackets {
    let end = this.#ends.get(subject);
    if (end === undefined) {
      end = {
        channel: null,
        sent: 0,
        bySlot: new Map(),
        queued: new Set(),
        routines: new Set(),
        inTransit: [],
        byArrival: new Map(),
        held: new Set(),
      };
      this.#ends.set(subject, end);
    }
    return end;
  }

  /** The endpoint at the other side of the channel; null: none is known. */
  peerOf(subject: string): string | null {
    const { channel } = this.#end(subject);
    if (channel === null) return null;
    return [...this.#channels.get(channel) ?? []].find((other) => other !== subject) ?? null;
  }

  /** An endpoint has rings, which are empty unless they are those of a saved one. */
  attached(subject: string, channel: string, isResumed: boolean): void {
    const end = this.#end(subject);
    end.channel = channel;
    if (!isResumed) end.inTransit = [];
    const ends = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, ends.add(subject));
  }

  /** Its rings are gone: it may be another endpoint that comes after it. */
  detached(subject: string): void {
    const end = this.#end(subject);
    this.#channels.get(end.channel ?? "")?.delete(subject);
    end.held.clear();
  }

  /** A packet waits in the queue, or is in the ring: its name. */
  sent(subject: string, slot: number, isQueued: boolean): number {
    const end = this.#end(subject);
    const wasQueued = end.queued.delete(slot);
    if (!wasQueued) end.bySlot.set(slot, end.sent++);
    const name = end.bySlot.get(slot)!;
    if (isQueued) end.queued.add(slot);
    else end.inTransit.push(name);
    return name;
  }

  /** Whether a packet waits in the queue. */
  isQueued(subject: string, slot: number): boolean {
    return this.#end(subject).queued.has(slot);
  }

  /** One of an endpoint's own packets, by its transaction. */
  own(subject: string, slot: number): number {
    return this.#end(subject).bySlot.get(slot) ?? slot;
  }

  /** A transaction of it is over. */
  ended(subject: string, slot: number): void {
    this.#end(subject).queued.delete(slot);
  }

  /** Whether a packet has a completion routine from now on. */
  setRoutine(subject: string, slot: number, has: boolean): void {
    const { routines } = this.#end(subject);
    if (has) routines.add(slot);
    else routines.delete(slot);
  }

  /** Whether it has one. */
  hasRoutine(subject: string, slot: number): boolean {
    return this.#end(subject).routines.has(slot);
  }

  /** A packet of the opposite side is given to the driver, the `arrival`th that is: its name. */
  arrived(subject: string, arrival: number): number {
    const end = this.#end(subject);
    const peer = this.peerOf(subject);
    const name = (peer === null ? undefined : this.#end(peer).inTransit.shift()) ?? arrival - 1;
    end.byArrival.set(arrival, name);
    end.held.add(name);
    return name;
  }

  /** The name of a packet that arrived; null: no such packet is known. */
  incoming(subject: string, arrival: number): number | null {
    return this.#end(subject).byArrival.get(arrival) ?? null;
  }

  /** The driver is done with a packet; one that is handed back comes again, before all others. */
  retired(subject: string, arrival: number, isHandedBack: boolean): number | null {
    const end = this.#end(subject);
    const name = this.incoming(subject, arrival);
    if (name === null) return null;
    end.held.delete(name);
    const peer = this.peerOf(subject);
    if (isHandedBack && peer !== null) this.#end(peer).inTransit.unshift(name);
    return name;
  }

  /** What the driver of an endpoint holds, in order. */
  held(subject: string): readonly number[] {
    return [...this.#end(subject).held].sort((a, b) => a - b);
  }
}

/** `1`, `1 and 2`, `1 to 5, 7 and 9`: whole numbers in ascending order. */
function numbersText(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < numbers.length;) {
    let last = at;
    while (numbers[last + 1] === numbers[last]! + 1) last++;
    if (last - at < 2) parts.push(...numbers.slice(at, last + 1).map(String));
    else parts.push(`${numbers[at]} to ${numbers[last]}`);
    at = last + 1;
  }
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** `packet 1`, `packets 1 and 2`; with their transactions, where these are other numbers. */
export function packetsText(
  numbers: readonly number[],
  transactions: readonly number[] = numbers,
): string {
  const many = numbers.length === 1 ? "" : "s";
  const isSame = numbers.every((number, at) => number === transactions[at]);
  const rest = isSame ? "" : ` of transaction${many} ${numbersText(transactions)}`;
  return `packet${many} ${numbersText(numbers)}${rest}`;
}
