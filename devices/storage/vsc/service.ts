/**
 * The part of the storage controller's VSC that serves programs once the host is ready: it puts together what knows
 * the disks, searches for them, cuts requests into pieces and sends commands. Channels and the agreement with the
 * host are client.ts's.
 *
 * @module
 */

import type * as vmbus from "../../../mod.ts";
import type { DiskFacts } from "./disk_facts.ts";
import type { GuestTimers } from "./guest_timer.ts";
import { Buffers } from "./buffers.ts";
import { type Command, type CommandOwner, type CommandPlan, newCommand } from "./command.ts";
import type { DiskHost, Disks } from "./disk.ts";
import { type OperationRequest, Operations } from "./operations.ts";
import { CommandQueue, failureOf } from "./queue.ts";
import { Search } from "./search.ts";
import type { StorageClientState } from "./state.ts";
import { DiskTable } from "./disk_table.ts";
import type { SrbFailure } from "./verdict.ts";

/** What a service stands on. */
export interface ServiceParts {
  /** The table with which it uses its channels. */
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** The guest's memory. */
  readonly memory: vmbus.GuestMemory;
  /** The guest's timers. */
  readonly timers: GuestTimers;
  /** Where it reads the settings, and counts. */
  readonly state: StorageClientState;
  /** The program's side. */
  readonly disks: Disks;
  /** Called before anything else is done in a completion routine or a timer. */
  readonly awake: () => void;
  /** The host's answer to what it was asked apart from commands. */
  readonly answered: (bytes: Uint8Array, byteCount: number) => void;
  /** A channel has gone whose requests the host may still have. */
  readonly stranded: () => void;
  /** A request has taken too long. */
  readonly timedOut: () => void;
}

/** The disks of one controller, at work. */
export class DiskService implements DiskHost {
  /** Its requests under way. */
  readonly queue: CommandQueue;
  readonly #parts: ServiceParts;
  readonly #buffers: Buffers;
  readonly #table: DiskTable;
  readonly #operations: Operations;
  readonly #search: Search;

  /** A service without disks. */
  constructor(parts: ServiceParts) {
    const { kmcl, memory, timers, state, disks, awake, answered, stranded, timedOut } = parts;
    this.#parts = parts;
    this.#buffers = new Buffers(memory);
    this.#table = new DiskTable(state);
    this.#operations = new Operations(state, this.#buffers, {
      submit: (command) => this.queue.submit(command),
      dropUnsent: (id, failure) =>
        this.queue.dropUnsent(
          ({ owner }) => owner.kind === "piece" && owner.operation === id,
          failure,
        ),
      factsOf: (id) => this.#table.byId(id)?.facts ?? null,
      isThere: (id) => this.#table.byId(id)?.isThere === true,
      bytesOf: (id) => disks.bytesOf(this, id),
      ended: (id, failure) => {
        this.#prune();
        timers.letContinue();
        disks.ended(this, id, failure);
      },
    });
    this.#search = new Search({
      submit: (plan) => this.queue.submit(newCommand({ kind: "search" }, plan)),
      knownLuns: () => this.#table.present.map(({ facts }) => facts.lun),
      factsOf: (lun) => this.#table.at(lun)?.facts ?? null,
      found: (facts) => this.#found(facts),
      gone: (lun) => this.#remove(lun),
      looked: (lun) => this.queue.release(lun),
    });
    this.queue = new CommandQueue({
      kmcl,
      memory,
      timers,
      state,
      buffers: this.#buffers,
      users: {
        fill: ({ owner }, buffer) => owner.kind === "piece" && this.#operations.fill(owner, buffer),
        split: ({ owner }) => owner.kind === "piece" ? this.#operations.split(owner) : null,
        ended: (command, failure, movedBytes) => this.#ended(command, failure, movedBytes),
        refresh: (lun) => this.#search.one(lun),
        rescan: () => this.#search.all(),
        remove: (lun) => this.#remove(lun),
        awake,
        answered,
        stranded,
        timedOut,
      },
    });
  }

  /** The disks that are there, in the order of their LUNs. */
  get present(): readonly DiskFacts[] {
    return this.#table.present.map(({ facts }) => facts);
  }

  /** See {@linkcode DiskHost.begin}. */
  begin(request: OperationRequest): void {
    if (this.#parts.timers.isGuestThere) this.#operations.begin(request);
  }

  /** Searches for disks: now, or once more where that is done already. */
  search(): void {
    this.#search.all();
  }

  /** Tells the program's side all that it may not know, and takes up what the program awaits and nobody works on. */
  introduce(): void {
    const { disks, timers } = this.#parts;
    disks.attach(this, this.#operations.nextId);
    if (this.#table.present.length > 0) timers.letContinue();
    for (const { id, facts } of this.#table.present) disks.found(this, id, facts);
    for (const request of disks.lost((id) => this.#operations.has(id))) this.begin(request);
  }

  /** The controller closes: its disks are gone, and requests that are not under way fail. */
  stop(): void {
    this.#search.stop();
    for (const { facts } of this.#table.present) this.#remove(facts.lun);
    this.queue.stop();
  }

  /** The controller is closed. */
  freeMemory(): void {
    this.#buffers.freeIdle();
  }

  #ended(command: Command, failure: SrbFailure | null, movedBytes: number): void {
    const { owner, buffer } = command;
    if (owner.kind === "piece") return this.#operations.ended(command, owner, failure, movedBytes);
    const data = new Uint8Array(movedBytes);
    if (buffer !== null && movedBytes > 0) this.#buffers.load(buffer, data);
    this.#search.ended(failure === null ? data : null);
  }

  #found(facts: DiskFacts): void {
    const { state, disks, timers } = this.#parts;
    const { lun, blockBytes } = facts;
    const known = this.#table.at(lun);
    if (known?.facts.blockBytes === blockBytes) known.facts = facts;
    else this.#remove(lun);
    // A disk of which one request cannot move a block is of no use.
    if (blockBytes > state.transferBytesMax) return this.#remove(lun);
    const { id } = this.#table.at(lun) ?? this.#table.add(facts);
    state.failuresInRow = 0;
    timers.letContinue();
    disks.found(this, id, facts);
  }

  #remove(lun: number): void {
    const disk = this.#table.at(lun);
    if (disk === null) return;
    const { disks, state } = this.#parts;
    disk.isThere = false;
    disks.gone(this, disk.id);
    const isMeant = ({ lun: its, owner }: Command) => its === lun && owner.kind === "piece";
    this.queue.drop(isMeant, failureOf(state.endStatus));
    this.#prune();
  }

  #prune(): void {
    this.#table.prune((id) => this.#operations.areOf(id));
  }

  // -- Saving

  /** All that it knows, as plain data. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      idleBuffers: this.#buffers.idle.map(({ gpa }) => gpa),
      disks: this.#table.save(),
      operations: this.#operations.save(),
      search: this.#search.save(),
      requests: this.queue.save(tokens),
    };
  }

  /**
   * Takes back what {@linkcode DiskService.save} told; the channels are there.
   *
   * @throws {Error} It does not go together, as it did when it was saved.
   */
  restore(context: vmbus.GuestRestoreContext, saved: vmbus.SavedFields): void {
    for (const gpa of saved.uints("idleBuffers")) this.#buffers.restore(context.buffer(gpa));
    saved.records("disks", (fields) => this.#table.restore(fields));
    saved.records("operations", (fields) => this.#operations.restore(fields));
    saved.record("search", (fields) => this.#search.restore(fields));
    const planOf = (owner: CommandOwner): CommandPlan =>
      owner.kind === "search" ? this.#search.plan : this.#operations.planOf(owner);
    saved.record("requests", (fields) => this.queue.restore(context, fields, planOf));
    const { commands } = this.queue;
    this.#operations.checkRestored(commands);
    const searching = commands.filter(({ owner }) => owner.kind === "search").length;
    const buffers = [
      ...this.#buffers.idle,
      ...this.queue.strandedBuffers,
      ...commands.map(({ buffer }) => buffer),
    ].filter((buffer) => buffer !== null);
    const isSearching = this.#search.isIdle ? searching <= 1 : searching === 1;
    if (isSearching && new Set(buffers).size === buffers.length) return;
    throw new Error("Cannot restore the disks of a controller: its requests do not go together");
  }
}
