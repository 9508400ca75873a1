/**
 * What the commands may do to the machine, as flags of the runtime.
 *
 * @module
 */

/** Flags that `simulate` needs, but for what no scenario does. */
export const SIMULATE_PERMISSIONS = "--allow-read --allow-write";

/** Flags that `sweep` needs: it starts its own runtime, and no other program. */
export const SWEEP_PERMISSIONS = "--allow-read --allow-write --allow-run=deno";
