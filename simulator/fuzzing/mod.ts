/**
 * Fuzzing of whatever takes bytes from a side that is not trusted: a decoder, a driver, a whole partition.
 * Inputs are made of seeds that are in order, by mutations of bytes and by draws that have the right
 * structure; the same seed makes the same inputs. In a test, {@linkcode fuzz} runs some; the command runs
 * millions, in a process for each target.
 *
 * @module
 */

export { fuzz } from "./fuzz.ts";
export type { FuzzOptions, FuzzReport } from "./fuzz.ts";
export type { FailedInput } from "./fuzzer.ts";
export type { FuzzFailure, FuzzFailureKind } from "./finding.ts";
export { defineFuzzTarget } from "./target.ts";
export type { FuzzNote, FuzzRun, FuzzTarget } from "./target.ts";
