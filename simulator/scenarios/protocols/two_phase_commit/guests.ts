/**
 * The guests of two-phase commit: participants, which keep the values; clients, which write and read them; and
 * the timer, whose time is a number of ticks, so that it may be over before or after whatever else happens.
 *
 * @module
 */

import {
  type GuestContext,
  type GuestDriver,
  type PlainData,
  readRecord,
  STATUS_SUCCESS,
  type VMBPACKETCOMPLETION,
} from "../../../../mod.ts";
import { ClientEnd, guestDriver } from "../ends.ts";
import {
  clientIdentity,
  OUTCOME,
  participantIdentity,
  SAY,
  TIME,
  TIMER,
  type Transaction,
  VOTE,
} from "./messages.ts";

/** A participant: it takes the transactions of a key in the order of their numbers only. */
class Participant extends ClientEnd {
  /** What went against the protocol. */
  readonly mistakes: string[] = [];
  readonly #written = new Map<number, Transaction>();
  readonly #prepared = new Map<number, Transaction>();

  /** Number `index`, in the guest of `context`. */
  constructor(context: GuestContext, index: number) {
    super(context, participantIdentity(index), {
      received: (packet, bytes) => this.complete(packet, this.#answer(bytes)),
    });
  }

  #answer([what, id = 0, key = 0, value = 0]: Uint8Array): readonly number[] {
    switch (what) {
      case SAY.prepare: {
        this.#prepared.set(id, { id, key, value });
        const isLater = id > (this.#written.get(key)?.id ?? -1);
        return [isLater ? VOTE.yes : VOTE.no];
      }
      case SAY.read: {
        const written = this.#written.get(key);
        return written === undefined ? [] : [written.id, written.value];
      }
      default:
        this.#end(id, what === SAY.commit);
        return [];
    }
  }

  #end(id: number, isCommitted: boolean): void {
    const transaction = this.#prepared.get(id);
    this.#prepared.delete(id);
    if (transaction === undefined) this.mistakes.push(`transaction ${id} ends unprepared`);
    else if (isCommitted) this.#written.set(transaction.key, transaction);
  }
}

/** A client: it writes a few values, one after the other, and reads each that was committed. */
class Client extends ClientEnd {
  /** What it read that nobody can have written. */
  readonly mistakes: string[] = [];
  /** Transactions that have no outcome. */
  left: number;
  readonly #transactions: readonly Transaction[];

  /** Number `index`, in the guest of `context`. */
  constructor(context: GuestContext, index: number, transactions: readonly Transaction[]) {
    super(context, clientIdentity(index), {});
    this.#transactions = transactions;
    this.left = transactions.length;
  }

  /** Begins with its first transaction, or continues with the next. */
  next(): void {
    const transaction = this.#transactions[this.#transactions.length - this.left];
    if (transaction === undefined) return;
    const { id, key, value } = transaction;
    this.send([SAY.write, id, key, value], (status, [outcome]) => {
      if (status !== STATUS_SUCCESS) return;
      this.left--;
      if (outcome === OUTCOME.committed) this.#confirm(transaction);
      else this.next();
    });
  }

  #confirm({ id, key, value }: Transaction): void {
    this.send([SAY.read, id, key], (status, [readId = -1, readValue]) => {
      if (status !== STATUS_SUCCESS) return;
      // A later transaction may have written the same key meanwhile.
      const isRight = readId > id || (readId === id && readValue === value);
      if (!isRight) this.mistakes.push(`transaction ${id} wrote ${value}; ${readValue} was read`);
      this.next();
    });
  }
}

/** The timer: it knows of one stretch of time at most. */
class Timer extends ClientEnd {
  #started: VMBPACKETCOMPLETION | null = null;
  /** Stretches so far: a tick of an earlier one does not count. */
  #stretches = 0;
  readonly #ticks: number;

  /** In the guest of `context`; a transaction's time is over after so many ticks. */
  constructor(context: GuestContext, ticks: number) {
    super(context, TIMER, {
      received: (packet, [what]) => {
        if (what === SAY.startTimer) return this.#start(packet);
        this.complete(packet);
        this.#end(TIME.cancelled);
      },
      suspended: () => this.#end(TIME.cancelled),
    });
    this.#ticks = ticks;
  }

  #start(packet: VMBPACKETCOMPLETION): void {
    this.#started = packet;
    this.#tick(++this.#stretches, this.#ticks);
  }

  #tick(stretch: number, left: number): void {
    if (this.#started === null || stretch !== this.#stretches) return;
    if (left === 0) return this.#end(TIME.elapsed);
    this.send([SAY.tick], (status) => {
      if (status === STATUS_SUCCESS) this.#tick(stretch, left - 1);
    });
  }

  #end(time: number): void {
    const started = this.#started;
    this.#started = null;
    if (started !== null) this.complete(started, [time]);
  }
}

/** The participants' driver. */
export function participantVsc(index: number): GuestDriver<Participant> {
  return guestDriver(
    `participant vsc ${index}`,
    (context) => new Participant(context, index).open(),
  );
}

function readTransactions(options: PlainData): readonly Transaction[] {
  return readRecord(
    options,
    "client",
    (fields) =>
      fields.records("transactions", (transaction) => ({
        id: transaction.uint("id", 255),
        key: transaction.uint("key", 255),
        value: transaction.uint("value", 255),
      })),
  );
}

/** The clients' driver; its options are `{ transactions }`. */
export function clientVsc(index: number): GuestDriver<Client> {
  return guestDriver(
    `client vsc ${index}`,
    (context, options) => new Client(context, index, readTransactions(options)).open(),
  );
}

/** The timer's driver; a transaction's time is over after so many ticks. */
export function timerVsc(ticks: number): GuestDriver<Timer> {
  return guestDriver("timer vsc", (context) => new Timer(context, ticks).open());
}
