/**
 * The part of the storage controller's VSC that keeps what a host may still have of a channel that goes: a request
 * whose transaction ended without an answer was perhaps begun, and the host reads or writes its buffer until it has
 * retired all that it took from the channel. That is so when the channel is torn down (kmcl.md S11). Until then no
 * buffer is used again, and no command sent again: it would be overtaken by itself.
 *
 * @module
 */

import type * as vmbus from "../../../mod.ts";
import {
  type Command,
  type CommandOwner,
  type CommandPlan,
  restoreCommand,
  saveCommand,
} from "./command.ts";
import type { WatchedRequest } from "./watch.ts";

/** What a host may have of a request. */
interface Stranded<Path> extends WatchedRequest {
  /** The channel on which it was sent. */
  readonly path: Path;
  /** The command, which is to be sent again; null: it has ended. */
  command: Command | null;
  /** Its pages; null where it has no data. */
  readonly buffer: vmbus.GuestBuffer | null;
}

/** Those of all channels. */
export class StrandedCommands<Path extends { readonly index: number }> {
  #all: Stranded<Path>[] = [];

  /** Those that are to be sent again. */
  get commands(): readonly Command[] {
    return this.#all.map(({ command }) => command).filter((command) => command !== null);
  }

  /** Those that somebody waits for: a host that never lets go of them is noticed. */
  get awaited(): readonly WatchedRequest[] {
    return this.#all.filter(({ command }) => command !== null);
  }

  /** Pages that a host may have whose commands have ended. */
  get buffers(): readonly vmbus.GuestBuffer[] {
    return this.#all.filter(({ command }) => command === null).map(({ buffer }) => buffer!);
  }

  /** The channels that are waited for. */
  get paths(): ReadonlySet<Path> {
    return new Set(this.#all.map(({ path }) => path));
  }

  /** A command was sent on `path`, which goes. It is to be sent again, or has ended as `hasEnded` says. */
  add(path: Path, command: Command, hasEnded: boolean): void {
    const { buffer } = command;
    if (hasEnded && buffer === null) return;
    this.#all.push({ path, command: hasEnded ? null : command, buffer, age: 0 });
  }

  /** Commands that are not to be sent again: those that `isMeant` says. The host may have their pages still. */
  drop(isMeant: (command: Command) => boolean): readonly Command[] {
    const dropped: Command[] = [];
    for (const each of this.#all) {
      if (each.command === null || !isMeant(each.command)) continue;
      dropped.push(each.command);
      each.command = null;
    }
    this.#all = this.#all.filter(({ command, buffer }) => command !== null || buffer !== null);
    return dropped;
  }

  /** The host has let go of what it had from `path`: commands to be sent again, and pages that nobody uses. */
  release(path: Path): {
    readonly commands: readonly Command[];
    readonly buffers: readonly vmbus.GuestBuffer[];
  } {
    const released = this.#all.filter((each) => each.path === path);
    this.#all = this.#all.filter((each) => each.path !== path);
    const commands = released.map(({ command }) => command).filter((command) => command !== null);
    const ended = released.filter(({ command }) => command === null);
    return { commands, buffers: ended.map(({ buffer }) => buffer!) };
  }

  /** All of it, as plain data. */
  save(): vmbus.PlainData {
    return this.#all.map(({ path, command, buffer, age }) => ({
      path: path.index,
      command: command && saveCommand(command),
      buffer: buffer && buffer.gpa,
      age,
    }));
  }

  /**
   * Takes one back that {@linkcode StrandedCommands.save} told.
   *
   * @throws {Error} It never was like that.
   */
  restore(
    context: vmbus.GuestRestoreContext,
    saved: vmbus.SavedFields,
    pathAt: (index: number) => Path,
    planOf: (owner: CommandOwner) => CommandPlan,
  ): void {
    const path = pathAt(saved.uint("path"));
    const command = saved.orNull(
      "command",
      () => saved.record("command", (fields) => restoreCommand(context, fields, planOf)),
    );
    const buffer = saved.orNull("buffer", () => context.buffer(saved.uint("buffer")));
    const isSound = command === null ? buffer !== null : command.buffer === buffer;
    if (!isSound) throw new Error("Cannot restore a request without an answer: it never was so");
    this.#all.push({ path, command, buffer, age: saved.uint("age") });
  }
}
