/**
 * The coordinator of two-phase commit, in the host: it has one transaction after the other voted on by all
 * participants, and gives up on one whose votes take too long.
 *
 * @module
 */

import {
  type Fabric,
  type HostDriver,
  STATUS_SUCCESS,
  type VMBPACKETCOMPLETION,
} from "../../../../mod.ts";
import { hostDriver, ServerEnd, sharedInFabric } from "../ends.ts";
import type { Identity } from "../set_up.ts";
import {
  clientIdentity,
  OUTCOME,
  participantIdentity,
  PARTICIPANTS,
  SAY,
  TIME,
  TIMER,
  type Transaction,
  VOTE,
} from "./messages.ts";

/** A client that waits for the outcome of its transaction. */
interface Request {
  readonly transaction: Transaction;
  answer(outcome: number): void;
}

/** A request that is voted on. */
interface Ballot {
  readonly request: Request;
  /** Votes for it that came. */
  votes: number;
}

/** The coordinator. Its servers, one for each guest, share it. */
class Coordinator {
  /** What went against the protocol. */
  readonly mistakes: string[] = [];
  /** How many transactions had each outcome. */
  readonly outcomes: number[] = [0, 0, 0];
  /** Its ends of the participants' channels. */
  readonly participants: ServerEnd[] = [];
  /** Its end of the timer's channel. */
  timer: ServerEnd | null = null;
  readonly #requests: Request[] = [];
  readonly #forgetsLateTimer: boolean;
  #ballot: Ballot | null = null;
  /** The timer was started and has not answered: it knows of one transaction at a time. */
  #isTimerBusy = false;

  /** `forgetsLateTimer`: with the mistake that is planted. */
  constructor(forgetsLateTimer: boolean) {
    this.#forgetsLateTimer = forgetsLateTimer;
  }

  /** Transactions that it has not begun with. */
  get waiting(): readonly Transaction[] {
    return this.#requests.map(({ transaction }) => transaction);
  }

  /** A client wants something written. */
  write(request: Request): void {
    this.#requests.push(request);
    this.#next();
  }

  /** The clients go: whoever still waits has no outcome. */
  dismiss(): void {
    for (const { answer } of this.#requests.splice(0)) answer(OUTCOME.refused);
  }

  /** A client wants to know a value: one of the participants says it. */
  read(key: number, by: number, answer: (bytes: readonly number[]) => void): void {
    const participant = this.participants[by % PARTICIPANTS]!;
    participant.send([SAY.read, by, key], (_status, bytes) => answer([...bytes]));
  }

  /** Begins with the next request, once the one before has ended and the timer is free. */
  #next(): void {
    if (this.#ballot !== null || this.#isTimerBusy) return;
    const request = this.#requests.shift();
    if (request === undefined) return;
    this.#ballot = { request, votes: 0 };
    const { id, key, value } = request.transaction;
    for (const participant of this.participants) {
      participant.send([SAY.prepare, id, key, value], (status, [vote]) => {
        if (status === STATUS_SUCCESS) this.#voted(id, vote === VOTE.yes);
      });
    }
    this.#isTimerBusy = true;
    this.timer!.send([SAY.startTimer, id], (_status, [time]) => this.#timed(id, time));
  }

  #voted(id: number, isFor: boolean): void {
    const ballot = this.#ballot;
    if (ballot === null || ballot.request.transaction.id !== id) return; // it was given up
    if (!isFor) return this.#end(ballot, OUTCOME.refused);
    ballot.votes++;
    if (ballot.votes === PARTICIPANTS) this.#end(ballot, OUTCOME.committed);
  }

  /** The time of transaction `id` is over. */
  #timed(id: number, time: number | undefined): void {
    this.#isTimerBusy = false;
    const ballot = this.#ballot;
    if (time === TIME.elapsed) {
      if (ballot?.request.transaction.id === id) return this.#end(ballot, OUTCOME.timedOut);
      // Its votes came just before. Planted: that is the end of it, though others may wait for the timer.
      if (this.#forgetsLateTimer) return;
    }
    this.#next();
  }

  #end({ request, votes }: Ballot, outcome: number): void {
    this.#ballot = null;
    this.outcomes[outcome]!++;
    const { id } = request.transaction;
    const isCommitted = outcome === OUTCOME.committed;
    if (isCommitted && votes < PARTICIPANTS) {
      this.mistakes.push(`transaction ${id} was committed by ${votes} votes`);
    }
    for (const participant of this.participants) {
      participant.tell([isCommitted ? SAY.commit : SAY.abort, id]);
    }
    request.answer(outcome);
    if (this.#isTimerBusy) this.timer!.tell([SAY.cancelTimer]);
    this.#next();
  }
}

/** What one of the coordinator's servers does with a packet. */
type Receive = (
  coordinator: Coordinator,
  end: ServerEnd,
  packet: VMBPACKETCOMPLETION,
  bytes: Uint8Array,
) => void;

/** A client asks for writes and reads. */
const serveClient: Receive = (coordinator, end, packet, [what, id = 0, key = 0, value = 0]) => {
  if (what === SAY.read) {
    return coordinator.read(key, id, (answer) => end.complete(packet, answer));
  }
  coordinator.write({
    transaction: { id, key, value },
    answer: (outcome) => end.complete(packet, [outcome]),
  });
};

const completeAtOnce: Receive = (_coordinator, end, packet) => end.complete(packet);

/** The host's drivers, one for each guest, and the coordinator behind them. */
export interface CoordinatorDrivers {
  /** The coordinator of a fabric. */
  readonly coordinatorIn: (fabric: Fabric) => Coordinator;
  /** The server of a client. */
  readonly client: (index: number) => HostDriver<ServerEnd>;
  /** The server of a participant. */
  readonly participant: (index: number) => HostDriver<ServerEnd>;
  /** The server of the timer. */
  readonly timer: HostDriver<ServerEnd>;
}

/** The host's drivers; `forgetsLateTimer`: with the mistake that is planted. */
export function coordinatorDrivers(forgetsLateTimer: boolean): CoordinatorDrivers {
  const coordinatorIn = sharedInFabric(() => new Coordinator(forgetsLateTimer));
  const driver = (
    name: string,
    identity: Identity,
    receive: Receive,
    join: (coordinator: Coordinator, end: ServerEnd) => void,
  ): HostDriver<ServerEnd> =>
    hostDriver(name, (context) => {
      const coordinator = coordinatorIn(context.fabric);
      const end: ServerEnd = new ServerEnd(context, identity, {
        received: (packet, bytes) => receive(coordinator, end, packet, bytes),
        suspended: () => coordinator.dismiss(),
      });
      join(coordinator, end);
      return end;
    });
  return {
    coordinatorIn,
    client: (index) => driver(`client vsp ${index}`, clientIdentity(index), serveClient, () => {}),
    participant: (index) =>
      driver(
        `participant vsp ${index}`,
        participantIdentity(index),
        completeAtOnce,
        (coordinator, end) => coordinator.participants[index] = end,
      ),
    timer: driver("timer vsp", TIMER, completeAtOnce, (coordinator, end) => {
      coordinator.timer = end;
    }),
  };
}
