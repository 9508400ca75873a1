/**
 * The shape of `manifest.json`: the files of a folder of vectors, with their digests.
 *
 * @module
 */

import { z } from "zod";
import { digest, head, whole } from "./forms.ts";

/** The file. */
export const manifestShape = z.strictObject({
  ...head("manifest"),
  files: z.array(z.strictObject({
    name: z.string().regex(/^[A-Za-z0-9]+(?:\.[a-z]+)+$/).meta({
      description: "its name in the same folder",
    }),
    byteCount: whole("how long it is, in bytes"),
    sha256: digest("it"),
  })).meta({ description: "each file but this one, by name" }),
  sha256: digest(
    "a line for each file, in order: its SHA-256, two spaces, its name, as sha256sum prints them",
  ),
}).meta({ title: "Manifest", description: "The files of a folder of VMBus vectors" });

/** The file. */
export type ManifestFile = z.infer<typeof manifestShape>;
