/**
 * The requests of a storage controller's guest that are for its disks: commands, and resets (docs/storage.md, sections 2
 * and 3).
 *
 * @module
 */

import type { Fabric } from "../../../mod.ts";
import type { SrbRequest } from "../protocol.ts";
import { SRB_DIRECTIONS } from "../srb.ts";
import { GuestData } from "../scsi/guest_data.ts";
import { isPromise } from "../scsi/maybe.ts";
import type { ScsiResult } from "../scsi/result.ts";
import type { TakenRequest } from "./channel.ts";
import type { DiskTable } from "./disk_table.ts";
import { ACCEPTED } from "./initialization.ts";
import { RunningCommands } from "./running.ts";
import { srbAnswer } from "./srb_answer.ts";

/** What a guest has its disks do. */
export class DiskCommands {
  readonly #fabric: Fabric;
  readonly #disks: DiskTable;
  readonly #running = new RunningCommands();
  #count = 0;

  /** None yet. */
  constructor(fabric: Fabric, disks: DiskTable) {
    this.#fabric = fabric;
    this.#disks = disks;
  }

  /** Commands that were taken so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether any of them has not ended. */
  get areRunning(): boolean {
    return this.#running.areThere;
  }

  /** RESET: does nothing to the disks, and is answered once all that ran before it has ended. */
  reset(taken: TakenRequest): void {
    this.#running.afterAll(() => taken.channel.complete(taken, ACCEPTED));
  }

  /** Runs a SCSI command, and answers it once it has ended. */
  execute(taken: TakenRequest): void {
    const { channel } = taken;
    const request = taken.request as SrbRequest;
    const { direction, dataTransferBytes } = request;
    const isRead = direction !== SRB_DIRECTIONS.write;
    const memory = channel.memoryOf(taken, isRead);
    if (memory === "pending") return;
    if (memory === null) return channel.die(taken.packet, "its data has more ranges than one");
    const thereBytes = memory.reduce((sum, { length }) => sum + length, 0);
    if (thereBytes < dataTransferBytes) {
      const reason = `its data is ${dataTransferBytes} bytes, its range has ${thereBytes}`;
      return channel.die(taken.packet, reason);
    }
    this.#count++;
    const data = new GuestData(memory, dataTransferBytes, isRead);
    const result = this.#disks.execute(request, request.cdb, data);
    if (!isPromise(result)) return channel.complete(taken, srbAnswer(result));
    const isInFabric = this.#disks.at(request)?.image.isInFabric ?? false;
    this.#await(taken, result, isInFabric);
  }

  /** Answers a request when its command has ended. Real input and output is waited for outside the fabric. */
  #await(taken: TakenRequest, result: Promise<ScsiResult>, isInFabric: boolean): void {
    const fabric = this.#fabric;
    const command = this.#running.begin();
    const ended = isInFabric ? result : fabric.outside(() => result);
    ended.then((end) => {
      // Nobody is left to be told where the fabric was disposed of meanwhile.
      if (fabric.partitions.length === 0) return;
      taken.channel.complete(taken, srbAnswer(end));
      this.#running.end(command);
    });
  }
}
