/**
 * The seeds of the package's targets, in `tests/fuzz/corpus`: a file for each target, a line of hexadecimal
 * for each seed. Ordinary code writes them, as `deno task fuzz:corpus`: what is encoded otherwise one day is
 * another seed from then on, and the check says so.
 *
 * @module
 */

import { visible } from "../../simulator/text.ts";

const FOLDER = new URL("../../tests/fuzz/corpus/", import.meta.url);

/** Seeds with what each of them is, in a few words. */
export type NamedSeeds = Readonly<Record<string, Uint8Array>>;

/** The address of the file for the target `name`. */
export function corpusFile(name: string): URL {
  return new URL(`${name}.hex`, FOLDER);
}

/** The text of a file. */
export function corpusText(seeds: NamedSeeds): string {
  const lines = Object.entries(seeds).map(([what, bytes]) =>
    `${bytes.toHex()} # ${visible(what)}\n`
  );
  return lines.join("");
}

/** The seeds in the text of a file. */
function seedsOf(text: string): readonly Uint8Array[] {
  return text.split("\n").filter((line) => line !== "")
    .map((line) => Uint8Array.fromHex(line.replace(/ *#.*/, "")));
}

/** Reads the seeds of the target `name`. */
export async function readCorpus(name: string): Promise<readonly Uint8Array[]> {
  return seedsOf(await Deno.readTextFile(corpusFile(name)));
}
