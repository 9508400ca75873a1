/**
 * Has a figure measured by several processes, one after the other, and takes the middle of what they found.
 * The same code varies from process to process by a tenth: what the compiler makes of it depends on when
 * it gets to it.
 *
 * @module
 */

import type { Row } from "./figure.ts";
import { median } from "./measure.ts";

/** How many processes measure what is checked: with the middle one of five, two may be outliers on either side. */
export const PROCESSES = 5;

/** What a process printed that measured with `--json`. */
interface Measured {
  readonly error: string | null;
  readonly figures: readonly { readonly rows: readonly Row[] }[] | null;
}

/**
 * The rows of a figure, each the median of what {@linkcode PROCESSES} processes measured.
 *
 * @param args What each is called with; it must print one figure as JSON.
 * @throws {Error} One of them could not measure.
 */
export async function measureInProcesses(args: readonly string[]): Promise<Row[]> {
  const found: (readonly Row[])[] = [];
  for (let i = 0; i < PROCESSES; i++) found.push(await measureInProcess(args));
  return medianRows(found);
}

async function measureInProcess(args: readonly string[]): Promise<readonly Row[]> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--v8-flags=--expose-gc", "--allow-read", "--allow-write", ...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  const { error, figures } = readMeasured(text.decode(stdout));
  const rows = figures?.[0]?.rows;
  if (rows === undefined) {
    throw new Error(`Cannot measure: ${error ?? "nothing was printed"} ${text.decode(stderr)}`);
  }
  return rows;
}

function readMeasured(text: string): Measured {
  return text === "" ? { error: null, figures: null } : JSON.parse(text) as Measured;
}

/** Of several runs of the same figure, each row's middle values. */
export function medianRows(runs: readonly (readonly Row[])[]): Row[] {
  const [first = []] = runs;
  return first.map((row, at): Row => {
    const same = runs.map((rows) => rows[at]!);
    const { beside } = row;
    return {
      ...row,
      value: median(same.map(({ value }) => value)),
      score: median(same.map(({ score }) => score)),
      beside: beside && {
        ...beside,
        value: median(same.map((each) => each.beside?.value ?? beside.value)),
      },
    };
  });
}
