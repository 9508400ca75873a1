/**
 * Promise: the pictures of `docs/wire.md` are what this package writes. Each stands between two comments that name it.
 *
 * The command `deno task wire-pictures` draws them; with `--check` it says whether the file is current.
 *
 * @module
 */

import { runGenerator } from "../generated_file.ts";
import { wirePictures } from "./pictures.ts";

const PATH = "docs/wire.md";

/** `text`, with each picture drawn again. */
export function withPictures(
  text: string,
  pictures: ReadonlyMap<string, readonly string[]>,
): string {
  const left = new Set(pictures.keys());
  const drawn = text.replaceAll(
    /<!-- picture: ([^>]+) -->\n[\s\S]*?<!-- end of picture -->/g,
    (_, name: string) => {
      const lines = pictures.get(name);
      if (lines === undefined) throw new Error(`Cannot draw ${PATH}: there is no picture ${name}`);
      left.delete(name);
      return `<!-- picture: ${name} -->\n\`\`\`text\n${
        lines.join("\n")
      }\n\`\`\`\n<!-- end of picture -->`;
    },
  );
  if (left.size === 0) return drawn;
  throw new Error(`Cannot draw ${PATH}: it has no place for ${[...left].join(", ")}`);
}

if (import.meta.main) {
  const pictures = await wirePictures();
  const file = {
    command: "deno task wire-pictures",
    description: `Draws the pictures of ${PATH}.`,
    path: PATH,
    done: "drawn",
    textOf: (before: string) => withPictures(before, pictures),
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
