/**
 * Which line of a driver made a call.
 *
 * @module
 */

/** The folders that the documented functions and what is below them lie in. */
const INSIDE = ["core/", "actors/", "kmcl/"].map((folder) =>
  new URL(`../../${folder}`, import.meta.url).href
);
/** Frames of which one is the driver's. */
const FRAMES = 30;
const PLACE = /[a-z]+:\/\/[^\s()]+:\d+:\d+/;

/** The first place in the text of a stack that is not the package's; null where there is none, or nobody can tell. */
export function placeOutside(stack: string, inside: readonly string[]): string | null {
  const places = stack.split("\n").flatMap((line) => PLACE.exec(line)?.[0] ?? []);
  const isInside = (place: string) => inside.some((folder) => place.startsWith(folder));
  // In a bundle all is in one file: then not even this function is found where it should be.
  if (places[0] === undefined || !isInside(places[0])) return null;
  return places.find((place) => !isInside(place)) ?? null;
}

/**
 * The line, with file and column, from which the package was called; null where no driver's code is on the
 * stack. It costs some µs. What it says differs from machine to machine: it must not get into a trace.
 */
export function sourceLine(): string | null {
  const errors: { stackTraceLimit?: number } = Error;
  const { stackTraceLimit } = errors;
  if (stackTraceLimit === undefined) return placeOutside(new Error().stack ?? "", INSIDE);
  try {
    errors.stackTraceLimit = FRAMES; // V8 keeps ten, and as many may be the package's
    return placeOutside(new Error().stack ?? "", INSIDE);
  } finally {
    errors.stackTraceLimit = stackTraceLimit;
  }
}
