/**
 * Test vectors of VMBus to give away: rings, packets, control messages, exchanges and state tables, with what must be made
 * of each, for programs in any language; and the check of such files.
 *
 * @example
 * ```ts
 * import { checkVectors, vectorFiles } from "@vmbus/kmcl/vectors";
 *
 * const files = await vectorFiles();
 * const packets = files.find(({ name }) => name === "packets.json");
 * if (packets === undefined) throw new Error("there is no such file");
 * console.log(checkVectors(packets.text).every(({ failure }) => failure === null)); // true
 * ```
 *
 * @module
 */

export { TextError } from "./json_text.ts";
export type { VectorResult } from "./run.ts";
export { checkVectors } from "./sets/check.ts";
export { type VectorFile, vectorFiles } from "./sets/files.ts";
