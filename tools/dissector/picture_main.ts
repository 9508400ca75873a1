/**
 * Promise: the picture in `docs/capture.md` is what tshark shows with the dissector.
 *
 * The command `deno task dissector:picture` draws it, with the tshark of this machine; with `--check` it says whether the
 * picture is current.
 *
 * @module
 */

import { runGenerator } from "../generated_file.ts";
import { pictureOf } from "./picture.ts";
import { shownDisk } from "./shown_disk.ts";

if (import.meta.main) {
  const text = pictureOf(await shownDisk());
  const file = {
    command: "deno task dissector:picture",
    description: "Draws the picture of a capture in tshark, docs/capture.svg.",
    path: "docs/capture.svg",
    done: "drawn",
    textOf: () => text,
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
