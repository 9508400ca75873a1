/**
 * Which version of the package runs.
 *
 * @module
 */

/** The version in deno.json. An artefact has it, so that whoever replays it in another one knows. */
export const PACKAGE_VERSION = "0.1.0";
