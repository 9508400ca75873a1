/**
 * The buffers of one fabric for packets that their rings do not hold in one run. Where thousands of channels
 * take turns, those that each had of its own would have left the processor's cache by its next turn.
 *
 * @module
 */

import { Scratch } from "../../core/ring/scratch.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";

/** One for the readers, one for the writers: what arrives may be answered before the next packet is read. */
export class RingScratch {
  /** Of the readers. */
  readonly read: Scratch = new Scratch();
  /** Of the writers. */
  readonly written: Scratch = new Scratch();

  /** That of a fabric. */
  static of(runtime: RuntimePort): RingScratch {
    return runtime.once(makeRingScratch);
  }
}

function makeRingScratch(): RingScratch {
  return new RingScratch();
}
