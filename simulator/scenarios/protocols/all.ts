/**
 * The protocols by name: small scenarios with a mistake each that only some orders show.
 *
 * @module
 */

import type { ScenarioDefinition } from "../../worlds/world.ts";
import { twoPhaseCommit } from "./two_phase_commit/scenario.ts";
import { boundedBuffer } from "./bounded_buffer.ts";
import { burstPair } from "./burst.ts";
import { byteStreams } from "./byte_streams.ts";
import { ringSignalling } from "./ring_signalling.ts";
import { teardown } from "./teardown.ts";
import { uneven } from "./uneven.ts";

/** Each protocol, with its mistake or without. */
export const PROTOCOLS: Readonly<Record<string, (planted: boolean) => ScenarioDefinition>> = {
  "ring-signalling": ringSignalling,
  "uneven": uneven,
  "bounded-buffer": boundedBuffer,
  "teardown": teardown,
  "burst": burstPair,
  "two-phase-commit": twoPhaseCommit,
  "byte-streams": byteStreams,
};
