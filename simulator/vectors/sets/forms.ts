/**
 * What every file of vectors has, and the values that stand in them: the words of which the shapes of the files are made.
 *
 * @module
 */

import { z } from "zod";
import { PACKAGE_VERSION } from "../../artefacts/package_version.ts";

/** What the files say that they are. */
const FORMAT = "vmbus-vectors";

/** The package that they come from. */
const PACKAGE = "@vmbus/kmcl";

/** A whole number of 32 bits or fewer. */
export function whole(meaning: string, most: number = 2 ** 32 - 1): z.ZodInt {
  return z.int().min(0).max(most).meta({ description: meaning });
}

/** A number of 64 bits. */
export function wide(meaning: string): z.ZodString {
  return z.string().regex(/^(?:0|[1-9][0-9]{0,19})$/).meta({
    description: `${meaning}; 64 bits, as a text of decimal digits, since it may be above 2^53, ` +
      "which many readers of JSON round",
  });
}

/** Bytes. */
export function hexBytes(meaning: string): z.ZodString {
  return z.string().regex(/^(?:[0-9a-f]{2})*$/).meta({
    description: `${meaning}; two digits of base 16 a byte`,
  });
}

/** A SHA-256. */
export function digest(of: string): z.ZodString {
  return z.string().regex(/^[0-9a-f]{64}$/).meta({ description: `SHA-256 of ${of}` });
}

/** Words for people. */
export function words(meaning: string): z.ZodString {
  return z.string().min(1).meta({ description: meaning });
}

/** A truth. */
export function truth(meaning: string): z.ZodBoolean {
  return z.boolean().meta({ description: meaning });
}

/** What each case has. */
export const NAMED = {
  name: z.string().regex(/^[A-Za-z0-9.+-]+$/).meta({ description: "its name, once in the file" }),
  description: words("what it is about"),
} as const;

/** Members of the head of a file of that kind. */
export function head<const Kind extends string>(kind: Kind) {
  return {
    $schema: z.literal(`./${kind}.schema.json`),
    format: z.literal(FORMAT),
    kind: z.literal(kind).meta({ description: "what its cases are" }),
    package: words("where it comes from"),
    version: words(
      "the release of the package that wrote it: the same release writes the same bytes",
    ),
  } as const;
}

/** The head of a file of that kind, as this release writes it. */
export function headOf<const Kind extends string>(kind: Kind) {
  return {
    $schema: `./${kind}.schema.json`,
    format: FORMAT,
    kind,
    package: PACKAGE,
    version: PACKAGE_VERSION,
  } as const;
}
