/**
 * What the commands of a SCSI disk work on.
 *
 * @module
 */

import type { MaybePromise } from "../../../mod.ts";
import type { StorageImage } from "./image.ts";
import type { ScsiResult } from "./result.ts";
import type { SenseName } from "./sense.ts";
import type { CheckedSettings } from "./settings.ts";

/** A disk, as its commands see it. */
export interface ScsiUnit {
  /** Where its blocks are. */
  readonly image: StorageImage;
  /** What it says of itself. */
  readonly settings: CheckedSettings;
  /** Blocks that it has, as this command finds them. */
  readonly blocks: number;
  /** Whether writes are refused. */
  readonly isReadOnly: boolean;
  /** Most bytes that one command moves, as its controller says. */
  readonly transferBytesMax: number;
  /** Has `work` work on the image: `sense` is what its failure is, where the image says nothing else. */
  onImage(
    work: (image: StorageImage) => MaybePromise<void>,
    sense: SenseName,
    result: ScsiResult,
  ): MaybePromise<ScsiResult>;
}
