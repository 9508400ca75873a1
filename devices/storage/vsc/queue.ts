/**
 * The part of the storage controller's VSC that has requests under way: SCSI commands, spread over its channels and
 * no more at once than the settings allow, and what else it asks the host. Here answers are judged, and commands are
 * sent again.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import {
  type Command,
  type CommandOwner,
  type CommandPlan,
  decodeAnswer,
  encodeCommand,
  restoreCommand,
  saveCommand,
} from "./command.ts";
import type { Path, QueueParts } from "./queue_parts.ts";
import { versionOf } from "./state.ts";
import { StrandedCommands } from "./stranded.ts";
import { type Action, judge, type SrbFailure } from "./verdict.ts";
import { RequestWatch, type WatchedRequest } from "./watch.ts";

const WAIT_FOR_COMPLETION = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** How often a command is sent again. */
const RETRIES_MAX = 8;
/** How long a command that is to be sent later waits, in milliseconds; twice as long each time. */
const LATER_MILLISECONDS = 10;

/** A request under way: a command, or null for what else the host is asked. */
interface UnderWay {
  readonly path: Path;
  readonly command: Command | null;
  /** Parts of its time that have passed. */
  age: number;
}

/** The requests of one controller. */
export class CommandQueue {
  /** Its channels, the primary first. */
  readonly paths: Path[] = [];
  readonly #parts: QueueParts;
  /** Commands that wait for a channel, in order. */
  #waiting: Command[] = [];
  /** Commands that are to be sent later. */
  readonly #later = new Set<Command>();
  /** Commands that wait until their disk was read anew. */
  #parked: Command[] = [];
  readonly #underWay = new Map<vmbus.VMBPACKET, UnderWay>();
  /** What a host may have that has not answered. */
  readonly #stranded = new StrandedCommands<Path>();
  #lastPath = 0;
  readonly #watch: RequestWatch;

  /** Requests of a controller without channels. */
  constructor(parts: QueueParts) {
    this.#parts = parts;
    const { timers, state: { settings }, users } = parts;
    this.#watch = new RequestWatch({
      timers,
      timeoutMilliseconds: settings.timeoutMilliseconds,
      requests: () => this.#watched(),
      awake: () => users.awake(),
      timedOut: () => users.timedOut(),
    });
  }

  /** Commands that have not ended. */
  get commands(): readonly Command[] {
    const underWay = [...this.#underWay.values()].map(({ command }) => command);
    return [
      ...underWay.filter((command) => command !== null),
      ...this.#waiting,
      ...this.#later,
      ...this.#parked,
      ...this.#stranded.commands,
    ];
  }

  /** Requests that the host has to answer, or to let go of. */
  *#watched(): Generator<WatchedRequest> {
    yield* this.#underWay.values();
    yield* this.#stranded.awaited;
  }

  /** Whether the host still has to answer something else. */
  get isAsking(): boolean {
    return [...this.#underWay.values()].some(({ command }) => command === null);
  }

  /** Channels that have to be torn down before what was sent on them can be sent again, or its buffers used. */
  get strandedPaths(): ReadonlySet<Path> {
    return this.#stranded.paths;
  }

  /** Pages that a host may have whose requests have ended. */
  get strandedBuffers(): readonly vmbus.GuestBuffer[] {
    return this.#stranded.buffers;
  }

  /** Has a command sent as soon as there is a channel for it. */
  submit(command: Command): void {
    this.#waiting.push(command);
    this.pump();
  }

  /** Asks the host something else, on the primary channel; false where that cannot be. */
  ask(bytes: Uint8Array): boolean {
    const { kmcl } = this.#parts;
    const path = this.paths[0]!;
    const packet = kmcl.VmbPacketAllocate(path.channel);
    if (packet === null) return false;
    kmcl.VmbPacketSetCompletionRoutine(packet, this.#completed);
    const status = kmcl.VmbPacketSend(packet, bytes, bytes.length, null, WAIT_FOR_COMPLETION);
    if (!vmbus.NT_SUCCESS(status)) {
      kmcl.VmbPacketFree(packet);
      return false;
    }
    this.#underWay.set(packet, { path, command: null, age: 0 });
    this.#watch.look();
    return true;
  }

  /** Sends what can be sent. */
  pump(): void {
    for (let at = this.#waiting[0]; at !== undefined; at = this.#waiting[0]) {
      const path = this.#freePath();
      if (path === null || !this.#begin(at, path)) return;
    }
  }

  /** The channel with the fewest commands under way, in turn where several are alike; null where all are full. */
  #freePath(): Path | null {
    const { length } = this.paths;
    let best: Path | null = null;
    for (let step = 1; step <= length; step++) {
      const path = this.paths[(this.#lastPath + step) % length]!;
      const isFree = path.isOpen && path.underWay < this.#parts.state.settings.queueDepth;
      if (isFree && path.underWay < (best?.underWay ?? Infinity)) best = path;
    }
    if (best !== null) this.#lastPath = this.paths.indexOf(best);
    return best;
  }

  /** Takes the first command that waits off the list: sent, in parts, or failed. False where it has to wait. */
  #begin(command: Command, path: Path): boolean {
    const { kmcl, buffers, users } = this.#parts;
    const { byteCount, direction } = command.work;
    const packet = kmcl.VmbPacketAllocate(path.channel);
    if (packet === null && vmbus.inspectChannel(path.channel) === null) return false;
    if (byteCount > 0 && command.buffer === null) command.buffer = buffers.take(byteCount);
    const isShort = packet === null || (byteCount > 0 && command.buffer === null);
    if (isShort) {
      if (packet !== null) kmcl.VmbPacketFree(packet);
      // Whatever ends gives memory back.
      if (this.paths.some(({ underWay }) => underWay > 0)) return false;
      this.#waiting.shift();
      const parts = users.split(command);
      if (parts !== null) {
        if (command.buffer !== null) buffers.giveBack(command.buffer); // its packet alone was not to be had
        this.#waiting.unshift(...parts);
      } else this.#end(command, failureOf(vmbus.STATUS_INSUFFICIENT_RESOURCES));
      return true;
    }
    this.#waiting.shift();
    const isFirst = command.retries === 0 && direction === "write";
    if (isFirst && !users.fill(command, command.buffer!)) {
      kmcl.VmbPacketFree(packet);
      this.#end(command, failureOf(vmbus.STATUS_INVALID_PARAMETER));
      return true;
    }
    this.#send(command, packet, path);
    return true;
  }

  #send(command: Command, packet: vmbus.VMBPACKET, path: Path): void {
    const { kmcl, memory, state } = this.#parts;
    const bytes = encodeCommand(command, versionOf(state));
    kmcl.VmbPacketSetCompletionRoutine(packet, this.#completed);
    const { buffer, work: { byteCount } } = command;
    const status = buffer === null
      ? kmcl.VmbPacketSend(packet, bytes, bytes.length, null, WAIT_FOR_COMPLETION)
      : kmcl.VmbPacketSendWithExternalMdl(
        packet,
        bytes,
        bytes.length,
        vmbus.IoAllocateMdl(memory, buffer.gpa, byteCount),
        0,
        byteCount,
        WAIT_FOR_COMPLETION,
      );
    if (!vmbus.NT_SUCCESS(status)) {
      kmcl.VmbPacketFree(packet);
      if (status === vmbus.STATUS_DEVICE_REMOVED) path.isOpen = false;
      return this.#unsent(command, status);
    }
    state.commands++;
    path.underWay++;
    state.deepestQueue = Math.max(state.deepestQueue, path.underWay);
    this.#underWay.set(packet, { path, command, age: 0 });
    this.#watch.look();
  }

  // -- Answers

  /** The completion routine: one serves all requests. */
  readonly #completed: vmbus.EvtPacketCompletionRoutine = (packet, status, bytes, byteCount) => {
    const { kmcl, users } = this.#parts;
    users.awake();
    const request = this.#underWay.get(packet);
    if (request === undefined) {
      throw new TypeError("Cannot end a request: its packet is not under way");
    }
    this.#underWay.delete(packet);
    kmcl.VmbPacketFree(packet);
    const { command, path } = request;
    if (command !== null) {
      path.underWay--;
      if (vmbus.NT_SUCCESS(status)) this.#answered(command, bytes, byteCount);
      else this.#unanswered(command, path);
      this.pump();
    } else if (vmbus.NT_SUCCESS(status)) users.answered(bytes, byteCount);
    this.#watch.look();
  };

  #answered(command: Command, bytes: Uint8Array, byteCount: number): void {
    const answer = decodeAnswer(command, versionOf(this.#parts.state), bytes, byteCount);
    if (answer === null) return this.#end(command, failureOf(vmbus.STATUS_DATA_ERROR));
    const { action, failure } = judge(answer);
    if (failure === null) return this.#end(command, null, answer.dataTransferBytes);
    if (action === "remove") this.#parts.users.remove(command.lun);
    if (action === "remove" || action === "fail") return this.#end(command, failure);
    this.#again(command, action, failure);
  }

  /** Its channel does not take it: another does, where there is one. */
  #unsent(command: Command, status: vmbus.NtStatus): void {
    const failure = failureOf(status);
    if (this.#isAnyOpen) return this.#again(command, "again", failure);
    this.#end(command, failure);
  }

  /** Its channel goes, and the host may have it: another takes it once that is over, where there is one. */
  #unanswered(command: Command, path: Path): void {
    const { users, state } = this.#parts;
    const hasEnded = !this.#isAnyOpen;
    this.#stranded.add(path, command, hasEnded);
    if (hasEnded) users.ended(command, failureOf(state.endStatus), 0);
    users.stranded();
  }

  get #isAnyOpen(): boolean {
    return this.paths.some(({ isOpen }) => isOpen);
  }

  /** A channel is torn down: the host has let go of all that it had from it. */
  released(path: Path): void {
    const { commands, buffers } = this.#stranded.release(path);
    for (const buffer of buffers) this.#parts.buffers.giveBack(buffer);
    for (const command of commands) this.#unsent(command, this.#parts.state.endStatus);
    this.#watch.look();
    this.pump();
  }

  #again(command: Command, action: Action, failure: SrbFailure): void {
    const { users, state, timers } = this.#parts;
    if (command.retries === RETRIES_MAX) return this.#end(command, failure);
    command.retries++;
    state.retries++;
    const isPiece = command.owner.kind === "piece";
    if (action === "later") {
      this.#later.add(command);
      timers.after(LATER_MILLISECONDS * 2 ** (command.retries - 1), () => {
        if (!this.#later.delete(command)) return; // it has ended meanwhile
        this.submit(command);
      });
    } else if (action === "refresh" && isPiece) {
      this.#parked.push(command);
      users.refresh(command.lun);
    } else {
      this.#waiting.push(command);
      if (action === "rescan" && isPiece) users.rescan();
    }
  }

  #end(command: Command, failure: SrbFailure | null, movedBytes = 0): void {
    const { users, buffers } = this.#parts;
    users.ended(command, failure, movedBytes);
    if (command.buffer !== null) buffers.giveBack(command.buffer);
  }

  // -- Ends

  /** A disk was read anew: what waited for that is sent again. */
  release(lun: number): void {
    const released = this.#parked.filter((command) => command.lun === lun);
    this.#parked = this.#parked.filter((command) => command.lun !== lun);
    this.#waiting.push(...released);
    this.pump();
  }

  /** Ends commands that the host does not have: those that `isMeant` says. */
  dropUnsent(isMeant: (command: Command) => boolean, failure: SrbFailure): void {
    const dropped = [...this.#waiting, ...this.#later, ...this.#parked].filter(isMeant);
    const isLeft = (command: Command) => !isMeant(command);
    this.#waiting = this.#waiting.filter(isLeft);
    this.#parked = this.#parked.filter(isLeft);
    for (const command of dropped) this.#later.delete(command);
    for (const command of dropped) this.#end(command, failure);
  }

  /** Ends commands that are not under way: those that `isMeant` says. */
  drop(isMeant: (command: Command) => boolean, failure: SrbFailure): void {
    this.dropUnsent(isMeant, failure);
    for (const command of this.#stranded.drop(isMeant)) {
      this.#parts.users.ended(command, failure, 0);
    }
  }

  /** No channel can be used any more: what is not under way ends, and what is ends when its channel has closed. */
  stop(): void {
    for (const path of this.paths) path.isOpen = false;
    this.drop(() => true, failureOf(this.#parts.state.endStatus));
  }

  // -- Saving

  /** All that has not ended, as plain data. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      waiting: [...this.#waiting, ...this.#later].map(saveCommand),
      parked: this.#parked.map(saveCommand),
      underWay: [...this.#underWay].map(([packet, { path, command, age }]) => ({
        packet: tokens.of(packet),
        path: path.index,
        command: command && saveCommand(command),
        age,
      })),
      stranded: this.#stranded.save(),
    };
  }

  /** Takes back what {@linkcode CommandQueue.save} told; the paths are there. */
  restore(
    context: vmbus.GuestRestoreContext,
    saved: vmbus.SavedFields,
    planOf: (owner: CommandOwner) => CommandPlan,
  ): void {
    const command = (fields: vmbus.SavedFields) => restoreCommand(context, fields, planOf);
    this.#waiting = [...saved.records("waiting", command)];
    this.#parked = [...saved.records("parked", command)];
    const pathAt = (index: number) => {
      const path = this.paths.find((known) => known.index === index);
      if (path !== undefined) return path;
      throw new Error(`Cannot restore a request: there is no channel ${index}`);
    };
    saved.records("stranded", (fields) => this.#stranded.restore(context, fields, pathAt, planOf));
    saved.records("underWay", (fields) => {
      const path = pathAt(fields.uint("path"));
      const packet = context.attachPacket(fields.text("packet"), {
        completionRoutine: this.#completed,
      });
      const restored = fields.orNull("command", () => fields.record("command", command));
      if (restored !== null) path.underWay++;
      this.#underWay.set(packet, { path, command: restored, age: fields.uint("age") });
    });
    this.#watch.look();
  }
}

/** A failure without an answer. */
export function failureOf(status: vmbus.NtStatus): SrbFailure {
  return { status, srbStatus: null, sense: null };
}
