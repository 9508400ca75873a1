/**
 * Captures runs: what went over the buses and through the rings of their fabrics, as a file that Wireshark opens
 * ([capture.md](https://jsr.io/@vmbus/kmcl/0.1.0/docs/capture.md)).
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import type { Fabric } from "../../mod.ts";
import { runtimeOf } from "../endpoints.ts";
import { type CaptureSink, CaptureWriter } from "./capture_writer.ts";
import { type CaptureRun, FabricTap, plainHeader } from "./fabric_tap.ts";

/** Captures a run: it is told of each fabric that the run makes, and of choices where there are any. */
export class RunCapture implements CaptureRun {
  /** See {@linkcode CaptureRun.writer}. */
  readonly writer: CaptureWriter;
  /** See {@linkcode CaptureRun.choices}. */
  choices: number | null = null;
  /** See {@linkcode CaptureRun.items}. */
  items = 0;
  /** See {@linkcode CaptureRun.buses}. */
  readonly buses: Map<string, number> = new Map();
  /** See {@linkcode CaptureRun.now100ns}. */
  now100ns = 0;
  readonly #taps: FabricTap[] = [];
  #fabrics = 0;

  /** Captures a run in `sink`; `name` tells it from others, where files are merged. */
  constructor(sink: CaptureSink, name: string | null = null) {
    this.writer = new CaptureWriter(sink, name);
  }

  /** The run has made a fabric. */
  readonly watch = (fabric: Fabric): void => {
    const runtime = runtimeOf("capture a fabric", fabric);
    this.#taps.push(new FabricTap(runtime, this, ++this.#fabrics));
  };

  /** The run has made a choice. */
  readonly chose = (): void => {
    this.choices = (this.choices ?? 0) + 1;
  };

  /** Writes `text` beside what happens on the bus of `partition` in the fabric that was made last. */
  note(partition: string, text: string): void {
    this.#taps.at(-1)?.note(partition, text);
  }

  /** All fabrics are as they are to stay: it looks no longer. */
  readonly end = (): void => {
    for (const tap of this.#taps.splice(0)) tap.end();
  };

  /** Ends the file with what was found in the run, a sentence each, behind all that happened. */
  close(findings: readonly string[]): void {
    this.end();
    if (findings.length > 0) {
      const place = this.writer.addInterface({ name: "run", description: "what was found" });
      const record = { interface: place, at100ns: this.now100ns, header: plainHeader(this) };
      for (const text of findings) {
        const bytes = new TextEncoder().encode(text);
        this.writer.add({ ...record, bytes, comments: [text] });
      }
    }
    this.writer.flush();
  }
}

/** What a capture may say of itself. */
export interface CaptureOptions {
  /**
   * What the run is called, such as its seed. Where captures are merged into one file, buses of runs with different names
   * are told apart; those of runs without a name are mixed if their guests have the same names.
   */
  readonly run?: string;
}

/** A capture of a fabric, from {@linkcode capture}. */
export interface FabricCapture extends Disposable {
  /**
   * Writes a note, which stands in the file where the run is by now, on the bus of the guest called `partition`.
   *
   * @throws {TypeError} One of the two is no string.
   */
  note(partition: string, text: string): void;
  /** Hands on what was not handed on yet, and captures no longer; so does `using` at the end of its block. */
  end(): void;
}

/**
 * Captures `fabric` from now on: each control message, each packet that is put into a ring, and faults of a simulation.
 * Whatever the fabric is at, it does the same as without: digests stay what they are.
 *
 * @param sink Takes the file, piece by piece.
 * @param options What the run is called.
 * @throws {TypeError} `fabric` is no fabric, `sink` no function, or the name of the run no string.
 * @example
 * ```ts
 * import { createFabric } from "@vmbus/kmcl";
 * import { capture } from "@vmbus/kmcl/simulator";
 *
 * const fabric = createFabric();
 * const pieces: Uint8Array[] = [];
 * const captured = capture(fabric, (bytes) => pieces.push(bytes));
 * fabric.createPartition({ name: "guest" });
 * await fabric.settle();
 * captured.end();
 * console.log(pieces.length > 0); // true: one after the other they are a file for Wireshark
 * ```
 */
export function capture(
  fabric: Fabric,
  sink: CaptureSink,
  options: CaptureOptions = {},
): FabricCapture {
  runtimeOf("capture a fabric", fabric);
  if (typeof sink !== "function") {
    throw new TypeError(`Cannot capture a fabric: sink must be a function, not ${describe(sink)}`);
  }
  const { run: name = null } = options;
  if (name !== null && typeof name !== "string") {
    throw new TypeError(`Cannot capture a fabric: run must be a string, not ${describe(name)}`);
  }
  const run = new RunCapture(sink, name);
  run.watch(fabric);
  const end = () => run.close([]);
  return {
    note: (partition, text) => {
      requireText("partition", partition);
      requireText("text", text);
      run.note(partition, text);
    },
    end,
    [Symbol.dispose]: end,
  };
}

function requireText(name: string, value: unknown): void {
  if (typeof value === "string") return;
  throw new TypeError(`Cannot write a note: ${name} must be a string, not ${describe(value)}`);
}
