/**
 * How thorough a run of the tests is. `deno task test` tries everything a few times; `deno task test:long`
 * tries it as often as the documents say, and says so with the argument `--long`.
 *
 * @module
 */

/** Whether this is `deno task test:long`, which has minutes. */
export const isLong: boolean = Deno.args.includes("--long");

/** How often to try: `quick` times in each run of the tests, `long` times in a thorough one. */
export function times(quick: number, long: number): number {
  return isLong ? long : quick;
}
