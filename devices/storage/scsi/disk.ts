/**
 * A SCSI disk: which command does what, what it keeps between commands, and how it hears that its image has another
 * size (docs/storage.md, sections 5 and 6).
 *
 * @module
 */

import { Damage } from "../../../core/layout/mod.ts";
import type { MaybePromise } from "../../../mod.ts";
import type { StorageImage } from "./image.ts";
import { chain, Lanes, mended } from "./maybe.ts";
import { read, startStop, synchronizeCache, verify, write, writeSame } from "./blocks.ts";
import { readCapacity10, serviceActionIn, stored, unmap } from "./capacity.ts";
import { type Cdb, SCSI_CDB } from "./commands.ts";
import type { GuestData } from "./guest_data.ts";
import { inquiry } from "./inquiry.ts";
import { modeSelect, modeSense } from "./modes.ts";
import type { MediumUse } from "./reservations.ts";
import { reserveIn, reserveOut } from "./reserve.ts";
import { ABORTED, CONFLICT, failed, faultResult, good, type ScsiResult } from "./result.ts";
import { SCSI_SENSE, type Sense, type SenseName, SENSES } from "./sense.ts";
import { type CheckedSettings, checkSettings, type DiskSettings } from "./settings.ts";
import type { ScsiUnit } from "./unit.ts";

/** Fewest bytes that REQUEST SENSE may ask for. */
const REQUEST_SENSE_BYTES_MIN = 8;

/** What a disk keeps between commands: plain data. */
export interface DiskMemory {
  /** Blocks that it had when the guest last heard of it. */
  readonly blocks: number;
  /** What REQUEST SENSE would say. */
  readonly sense: Sense | null;
}

type OfDisk = (disk: ScsiDisk, cdb: Cdb, data: GuestData) => MaybePromise<ScsiResult>;
type Of<Operation extends Cdb["operation"]> = Extract<Cdb, { readonly operation: Operation }>;

const nothing: OfDisk = () => good();

/** What each command does. */
const COMMANDS: { readonly [Operation in Cdb["operation"]]: OfDisk } = {
  testUnitReady: nothing,
  requestSense: (disk, cdb, data) => disk.requestSense(cdb as Of<"requestSense">, data),
  formatUnit: nothing,
  read6: read,
  write6: write,
  inquiry: (disk, cdb, data) => inquiry(disk, cdb as Of<"inquiry">, data),
  modeSelect6: (disk, cdb, data) => modeSelect(disk, cdb as Of<"modeSelect6">, data),
  reserve6: nothing,
  release6: nothing,
  modeSense6: (disk, cdb, data) => modeSense(disk, cdb as Of<"modeSense6">, data),
  startStopUnit: (disk, cdb) => startStop(disk, cdb as Of<"startStopUnit">),
  sendDiagnostic: (_disk, cdb) => {
    const isEmpty = (cdb as Of<"sendDiagnostic">).parameters.every((byte) => byte === 0);
    return isEmpty ? good() : failed("invalidFieldInCdb");
  },
  preventMediumRemoval: nothing,
  readCapacity10: (disk, _cdb, data) => readCapacity10(disk, data),
  read10: read,
  write10: write,
  writeAndVerify10: write,
  verify10: verify,
  synchronizeCache10: synchronizeCache,
  writeSame10: writeSame,
  unmap: (disk, cdb, data) => unmap(disk, cdb as Of<"unmap">, data),
  modeSelect10: (disk, cdb, data) => modeSelect(disk, cdb as Of<"modeSelect10">, data),
  modeSense10: (disk, cdb, data) => modeSense(disk, cdb as Of<"modeSense10">, data),
  persistentReserveIn: (disk, cdb, data) => reserveIn(disk, cdb as Of<"persistentReserveIn">, data),
  persistentReserveOut: (disk, cdb, data) =>
    reserveOut(disk, cdb as Of<"persistentReserveOut">, data),
  read16: read,
  write16: write,
  writeAndVerify16: write,
  verify16: verify,
  synchronizeCache16: synchronizeCache,
  writeSame16: writeSame,
  serviceActionIn16: (disk, cdb, data) =>
    serviceActionIn(disk, cdb as Of<"serviceActionIn16">, data),
  reportLuns: () => failed("invalidOpcode"), // the controller's, which answers it
  read12: read,
  write12: write,
  writeAndVerify12: write,
  verify12: verify,
};

/** What commands do with the medium, where they do something: who has reserved it may forbid that. */
const USES: { readonly [Operation in Cdb["operation"]]?: MediumUse } = {
  ...usesOf("writes", [
    "formatUnit",
    "modeSelect6",
    "modeSelect10",
    "synchronizeCache10",
    "synchronizeCache16",
    "unmap",
    "write6",
    "write10",
    "write12",
    "write16",
    "writeAndVerify10",
    "writeAndVerify12",
    "writeAndVerify16",
    "writeSame10",
    "writeSame16",
  ]),
  ...usesOf("reads", ["read6", "read10", "read12", "read16", "verify10", "verify12", "verify16"]),
};

function usesOf(use: MediumUse, operations: readonly Cdb["operation"][]) {
  return Object.fromEntries(operations.map((operation) => [operation, use]));
}

/** A SCSI disk on an image. */
export class ScsiDisk implements ScsiUnit {
  /** See {@linkcode ScsiUnit.image}. */
  readonly image: StorageImage;
  /** See {@linkcode ScsiUnit.settings}. */
  readonly settings: CheckedSettings;
  /** See {@linkcode ScsiUnit.transferBytesMax}. */
  readonly transferBytesMax: number;
  /** Why the image was last at fault, in words; null while it never was. */
  imageFault: string | null = null;
  readonly #lanes: Lanes;
  #memory: DiskMemory;

  /**
   * A disk on `image`; `memory` is what one kept that continues.
   *
   * @throws {RangeError} One of the settings is out of bounds.
   */
  constructor(
    image: StorageImage,
    settings: DiskSettings,
    transferBytesMax: number,
    memory: DiskMemory | null = null,
  ) {
    this.image = image;
    this.settings = checkSettings(settings);
    this.transferBytesMax = transferBytesMax;
    this.#lanes = new Lanes(image.callsMax ?? 1);
    this.#memory = memory ?? { blocks: this.#blocksNow(), sense: null };
  }

  /** See {@linkcode ScsiUnit.blocks}. */
  get blocks(): number {
    return this.#memory.blocks;
  }

  /** See {@linkcode ScsiUnit.isReadOnly}. */
  get isReadOnly(): boolean {
    return this.settings.isReadOnly || (this.image.isReadOnly ?? false);
  }

  /** What it keeps between commands. */
  get memory(): DiskMemory {
    return this.#memory;
  }

  /** Runs the command in `cdb`, with the request's data. */
  execute(cdb: Uint8Array, data: GuestData): MaybePromise<ScsiResult> {
    const command = SCSI_CDB.decode(cdb);
    const operation = command instanceof Damage ? null : command.operation;
    const blocks = this.#blocksNow();
    if (blocks !== this.#memory.blocks && operation !== "inquiry") {
      // The guest hears of it once, and asks anew: the command is not carried out.
      this.#memory = { ...this.#memory, blocks };
      if (operation === "requestSense") {
        return this.#tellSense(command as Of<"requestSense">, data, SENSES.capacityChanged);
      }
      return this.#remember(failed("capacityChanged", "error"));
    }
    if (command instanceof Damage) return this.#remember(failed("invalidOpcode"));
    const { reservations } = this.image;
    const use = USES[command.operation] ?? "neither";
    if (reservations?.isForbidden(use) === true) return this.#remember(CONFLICT);
    const result = COMMANDS[command.operation](this, command, data);
    return operation === "requestSense" ? result : chain(result, (ended) => this.#remember(ended));
  }

  /** See {@linkcode ScsiUnit.onImage}. */
  onImage(
    work: (image: StorageImage) => MaybePromise<void>,
    sense: SenseName,
    result: ScsiResult,
  ): MaybePromise<ScsiResult> {
    const { reservations } = this.image;
    const aborts = reservations?.aborts;
    return mended(
      () =>
        chain(
          this.#lanes.run(() => work(this.image)),
          () => reservations?.aborts === aborts ? result : ABORTED,
        ),
      (error) => {
        this.imageFault = error instanceof Error ? error.message : String(error);
        return faultResult(error, sense);
      },
    );
  }

  /** REQUEST SENSE: says why the last command failed, and forgets it. */
  requestSense(cdb: Of<"requestSense">, data: GuestData): ScsiResult {
    return this.#tellSense(cdb, data, this.#memory.sense ?? SENSES.noSense);
  }

  #tellSense(
    { allocationBytes }: Of<"requestSense">,
    data: GuestData,
    sense: Sense,
  ): ScsiResult {
    if (allocationBytes < REQUEST_SENSE_BYTES_MIN || allocationBytes > data.byteCount) {
      return this.#remember(failed("invalidFieldInCdb"));
    }
    const result = stored(data, SCSI_SENSE.encode(sense).subarray(0, allocationBytes));
    return this.#remember(result);
  }

  /** Keeps why a command failed, until one has succeeded. */
  #remember(result: ScsiResult): ScsiResult {
    const { sense } = result;
    if (sense !== null || this.#memory.sense !== null) this.#memory = { ...this.#memory, sense };
    return result;
  }

  #blocksNow(): number {
    return Math.floor(this.image.byteCount / this.settings.blockBytes);
  }
}
