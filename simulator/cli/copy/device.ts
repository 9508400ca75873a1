/**
 * What a device says of itself so that guests can copy files through it: its page of the scenario. All
 * else of such a run is common to all devices and is in this folder: the files, several guests, migration,
 * saving, the totals and the result.
 *
 * @module
 */

import type { BlockingImage } from "../../../devices/image.ts";
import type { CopyFiles } from "../../../devices/streams.ts";
import type { GuestDriver, HostDriver, LoadedInstance, Partition } from "../../../mod.ts";
import type { PathOption, ResultFigure, ScenarioOption, ScenarioSettings } from "../../scenario.ts";
import type { ScenarioPayload } from "../../worlds/payloads.ts";
import type { CopyOptions } from "./common_options.ts";
import type { BothWays } from "./totals.ts";

/** What one guest copies through its device. */
export interface CopyEnds {
  /** The guest's number, from 1. */
  readonly number: number;
  /** What the guest's driver reads, and what it writes to. */
  readonly files: CopyFiles;
  /** Where the host's driver keeps the bytes; null where the device has no image. */
  readonly image: BlockingImage | null;
}

/** What was counted while a device was open. */
export interface CopyCounts {
  /** Packets that each side sent, completions included. */
  readonly packets: BothWays;
  /** Those of them that are completions. */
  readonly completions: BothWays;
  /** Transactions that ended. */
  readonly transactions: number;
}

/** A device at work for one guest: both of its drivers, in one fabric. */
export interface DeviceSession {
  /** How far the copy is. */
  readonly phase: "underWay" | "done" | "failed";
  /** What was counted so far. */
  readonly counts: CopyCounts;
  /** Figures of the device's own. Where several guests tell one, the result has the largest. */
  readonly figures: readonly ResultFigure[];
  /** How many bytes of the image were written, from its beginning; 0 where there is no image. */
  readonly writtenBytes: number;
  /** Why not all was copied; null where all was. It is asked once nothing runs any more. */
  findFailure(): string | null;
  /** What the device says of itself that does not go with `byteCount` bytes copied there and back; or null. */
  findContradiction(byteCount: number): string | null;
  /** Closes both drivers. */
  close(): Promise<void>;
}

/** What the options of a run ask for. */
export interface CopyPlan extends CopyOptions {
  /** Pages of each guest's memory. */
  readonly memoryPages: number;
  /** Virtual processors of each guest. Default 1. */
  readonly processors?: number;
  /** Most bytes of a file that is copied. Default: any. */
  readonly fileBytesMax?: number;
  /** An image has whole units of so many bytes. Default 1. */
  readonly imageUnitBytes?: number;
  /** Why an image that was there before cannot be used, in words; null where it can. Default: its size alone counts. */
  readonly images?: {
    /** See {@linkcode CopyPlan.images}; the file has so many bytes. */
    findFault(image: BlockingImage, fileBytes: number): Promise<string | null>;
    /** What would be right. */
    readonly hint: string;
  };
  /** What an image has to be that is made. Default: as large as the file, and zero. */
  readonly madeImages?: MadeImages;
  /** The part of all bytes there and back that has been copied when the guests crash, in percent. Default: they do not. */
  readonly crashPercent?: number;
  /** Does what has to be done before there is a fabric, for so many guests. Default: nothing. */
  prepare?(guestCount: number): Promise<void>;
  /** Loads both drivers for a new guest. They copy once the fabric runs. */
  start(guest: Partition, ends: CopyEnds): DeviceSession;
  /**
   * Loads both drivers for a new guest in place of one that has crashed. They read what is left of its copy once the
   * fabric runs, and as much of the file. Given where guests can crash.
   */
  startAfterCrash?(guest: Partition, ends: CopyEnds): DeviceSession;
}

/** Images as a device needs them. */
export interface MadeImages {
  /** Whether an image that the user named, and that is not there, is made, and stays. */
  readonly areKept: boolean;
  /** Bytes of one that a file of so many bytes is copied onto. */
  byteCountFor(fileBytes: number): number;
  /** Writes what has to stand on it: all of it is zero. */
  format(image: BlockingImage): void;
}

/** A device, as its page describes it. */
export interface CopyDevice {
  /** The scenario's name. What is drawn from the seed depends on it; messages call the device by it. */
  readonly name: string;
  /** What the scenario does and shows, in one line. */
  readonly title: string;
  /** How the payloads of its channels read, for who looks at a run. Default: bytes are all that is known. */
  readonly payloads?: readonly ScenarioPayload[];
  /** All options, those that are common included, in the order in which they are shown. */
  readonly options: readonly ScenarioOption[];
  /** The option that names an image; null where the device has none. */
  readonly imageOption: PathOption | null;
  /** Size of the file that is made where none is named. */
  readonly madeFileBytes: number;
  /**
   * Reads the options out of `settings`.
   *
   * @throws {OptionError} One of them is wrong, or they do not fit each other.
   */
  plan(settings: ScenarioSettings): CopyPlan;
  /** The drivers that a restored guest is built with. */
  driversFor(ends: CopyEnds): {
    /** For the guest. */
    readonly guestDrivers: readonly GuestDriver[];
    /** For the host. */
    readonly hostDrivers: readonly HostDriver[];
  };
  /** The device as a restore has built it; null where its drivers are not among those that were loaded. */
  sessionOf(loaded: readonly LoadedInstance[]): DeviceSession | null;
}
