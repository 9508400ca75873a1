/**
 * Which lines of a driver made a call.
 *
 * @module
 */

const folderUrl = (folder: string) => new URL(`../../${folder}`, import.meta.url).href;

/** The folders that the documented functions and what is below them lie in. */
const INSIDE = ["core/", "actors/", "kmcl/"].map(folderUrl);
/** Frames of which one is the driver's. */
const FRAMES = 30;
const PLACE = /[a-z]+:\/\/[^\s()]+:\d+:\d+/;

/** A frame of a stack, as V8 has it before it makes text of it. */
interface CallSite {
  getScriptNameOrSourceURL(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}

/** What V8 has beside what all engines have. */
interface V8Errors {
  stackTraceLimit?: number;
  prepareStackTrace?: unknown;
}

const errors: V8Errors = Error;

/** The places in the text of a stack. */
function placesOf(stack: string): readonly string[] {
  return stack.split("\n").flatMap((line) => PLACE.exec(line)?.[0] ?? []);
}

/** The first place in the text of a stack that is not the package's; null where there is none, or nobody can tell. */
export function placeOutside(stack: string, inside: readonly string[]): string | null {
  const places = placesOf(stack);
  const isInside = (place: string) => inside.some((folder) => place.startsWith(folder));
  // In a bundle all is in one file: then not even this function is found where it should be.
  if (places[0] === undefined || !isInside(places[0])) return null;
  return places.find((place) => !isInside(place)) ?? null;
}

/**
 * The places that follow one another in the text of a stack and are not the package's, from the first one on: a
 * driver's own lines, the innermost first.
 */
export function placesOutside(stack: string, inside: readonly string[]): readonly string[] {
  const places = placesOf(stack);
  const first = placeOutside(stack, inside);
  if (first === null) return [];
  const rest = places.slice(places.indexOf(first));
  const end = rest.findIndex((place) => inside.some((folder) => place.startsWith(folder)));
  return end === -1 ? rest : rest.slice(0, end);
}

/** Does `work` while V8 keeps enough frames: it keeps ten, and as many may be the package's. */
function withFrames<T>(work: () => T): T {
  const { stackTraceLimit } = errors;
  if (stackTraceLimit === undefined) return work();
  try {
    errors.stackTraceLimit = FRAMES;
    return work();
  } finally {
    errors.stackTraceLimit = stackTraceLimit;
  }
}

/** The frames of the running code; null where the engine has none but as text. */
function callSites(): readonly CallSite[] | null {
  const before = Object.getOwnPropertyDescriptor(errors, "prepareStackTrace");
  if (before !== undefined && !before.configurable) return null;
  try {
    Object.defineProperty(errors, "prepareStackTrace", {
      value: (_error: unknown, sites: unknown) => sites,
      configurable: true,
    });
    const { stack }: { stack?: unknown } = withFrames(() => new Error());
    return Array.isArray(stack) && stack.every(isCallSite) ? stack : null;
  } finally {
    if (before === undefined) delete errors.prepareStackTrace;
    else Object.defineProperty(errors, "prepareStackTrace", before);
  }
}

function isCallSite(site: unknown): site is CallSite {
  return typeof (site as CallSite | null)?.getScriptNameOrSourceURL === "function";
}

/** The first place that is not the package's; what lies in no file, or has no URL, is the engine's. */
function siteOutside(sites: readonly CallSite[]): string | null {
  for (const [at, site] of sites.entries()) {
    const file = site.getScriptNameOrSourceURL();
    const isInside = INSIDE.some((folder) => file?.startsWith(folder));
    if (at === 0 && !isInside) return null; // a bundle, as in placeOutside
    if (isInside || file?.includes("://") !== true) continue;
    return `${file}:${site.getLineNumber()}:${site.getColumnNumber()}`;
  }
  return null;
}

/**
 * The line, with file and column, from which the package was called; null where no driver's code is on the
 * stack. It costs some µs, where the engine must make text of the whole stack many times that. What it says
 * differs from machine to machine: it must not get into a digest.
 */
export function sourceLine(): string | null {
  const sites = callSites();
  if (sites !== null) return siteOutside(sites);
  return placeOutside(withFrames(() => new Error().stack ?? ""), INSIDE);
}

/**
 * The lines on the stack from the driver's innermost one, which is {@linkcode sourceLine}, to where the package called
 * it, or else to the program's outermost one.
 */
export function sourceLines(): readonly string[] {
  return placesOutside(withFrames(() => new Error().stack ?? ""), INSIDE);
}
