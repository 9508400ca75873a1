/**
 * Promise: data flows one way. A file imports from its own layer or an earlier one, neither files nor folders
 * import each other in a circle, what `mod.ts` loads runs in any JavaScript runtime, examples use the package as
 * its users do, and what is exported is imported.
 *
 * @module
 */

import { deadExports } from "./dead_exports.ts";
import { arrowsOf, circlesOf, importOf, resolve, roomArrowsOf } from "./imports.ts";
import {
  type Finding,
  findingAt,
  readSources,
  runCheck,
  type SourceFile,
  visit,
} from "./source.ts";

/** The command line: the outermost program, and the one part of the simulator that knows its runtime. */
const COMMAND_LINE = "simulator/cli";

/** How a command speaks and ends: every program of the repository does it the same way. */
const COMMAND = `${COMMAND_LINE}/command.ts`;

/** The machine's files, and a disk's image in one: benches copy as the command line does. */
const FILES = [`${COMMAND_LINE}/file_system.ts`, `${COMMAND_LINE}/file_image.ts`];

/** The command's own saved state, which is documented with the package's. */
const SAVED_RUN = `${COMMAND_LINE}/copy/saved_run.ts`;

/** Load a scenario, or targets, that a user wrote: no other file imports what is not written out. */
const LOADERS = [`${COMMAND_LINE}/find_scenario.ts`, `${COMMAND_LINE}/fuzz/load_targets.ts`];

/** The command that fuzzes whatever it is given: the package's own targets are given to it by a tool. */
const FUZZ = [
  `${COMMAND_LINE}/fuzz/main.ts`,
  `${COMMAND_LINE}/permissions.ts`,
  `${COMMAND_LINE}/start.ts`,
];

/** What a library is made of, in order: each layer may import from itself and from those before it. */
const LIBRARY = ["core", "actors", "kmcl", "mod.ts", "devices", "simulator"];

/** All layers. */
const LAYERS = [...LIBRARY, "examples", COMMAND_LINE];

/** The rooms of the actors, in order: as with layers, what is declared below is implemented above. */
const ROOMS = ["chart", "runtime", "packet", "channel", "bus", "partition", "fabric", "saving"]
  .map((room) => `actors/${room}`);

/** Folders beside the layers: what they may import of the repository's folders and files. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  bench: [...LIBRARY, "examples", COMMAND, ...FILES, "bench"],
  links: ["links"],
  tests: [...LAYERS, "bench", "links", "tests", "tools"],
  tools: [...LIBRARY, COMMAND, SAVED_RUN, ...FUZZ, "tools"],
};

/** What the package exports, commands aside. */
export const DOORS: readonly string[] = [
  "mod.ts",
  "core/layout/mod.ts",
  "devices/mod.ts",
  "devices/disk/mod.ts",
  "devices/echo/mod.ts",
  "devices/socket/mod.ts",
  "devices/storage/mod.ts",
  "simulator/mod.ts",
  "simulator/fat/mod.ts",
  "simulator/fuzzing/mod.ts",
  "simulator/scenario_files/mod.ts",
  "simulator/peers/mod.ts",
  "simulator/testing/mod.ts",
  "simulator/vectors/mod.ts",
];

/** What is loaded by `mod.ts`: it must not lean on a runtime, nor on a library that does. */
const NEUTRAL = ["core", "actors", "kmcl", "mod.ts"];

/** Device pairs: written as users write theirs, on the package's main door alone. */
const DEVICES = "devices";

/** What must run in any runtime, whatever libraries it uses. */
const ANYWHERE = [...NEUTRAL, DEVICES, "simulator"];

/** The packages that neutral code may use, each with the folders that may. */
const NEUTRAL_LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "@noble/hashes": NEUTRAL,
  "crc-32": NEUTRAL,
  "msgpackr/pack": NEUTRAL,
  "pure-rand": NEUTRAL,
  "xstate": ["actors", DEVICES],
};

/** Folders inside a layer that know nothing of each other. */
const STRANGERS: readonly (readonly [string, string])[] = [["core/ring/", "core/packet/"]];

/** The layer, folder or root file that `path` belongs to. */
function topOf(path: string): string {
  if (path.startsWith(`${COMMAND_LINE}/`)) return COMMAND_LINE;
  return path.split("/", 1)[0] ?? path;
}

/** The place of the room that `path` is in; -1 for a file that is in none. */
function roomOf(path: string): number {
  return ROOMS.findIndex((room) => path.startsWith(`${room}/`));
}

/** Whether `path` must run in any runtime. */
function isNeutral(path: string): boolean {
  return ANYWHERE.includes(topOf(path));
}

/** The doors that devices use: what a pair calls, and in what the bytes between its drivers are written. */
const DOORS_OF_DEVICES = ["mod.ts", "core/layout/mod.ts"];

/** Whether the file `from` of a device may import `to`: its own folder, what all devices share, these doors. */
function isForDevice(from: string, to: string): boolean {
  // A device may have folders of its own: it is the second part of a path of three or more.
  const deviceOf = (path: string) => path.split("/").slice(0, -1)[1] ?? "";
  const isIn = to.startsWith(`${DEVICES}/`);
  const isShared = isIn && deviceOf(to) === "" && !DOORS.includes(to);
  return DOORS_OF_DEVICES.includes(to) || isShared || isIn && deviceOf(to) === deviceOf(from);
}

/** Why `from` may not import `to`, both of actors/; null where it may. */
function roomFault(from: string, to: string): string | null {
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (fromRoom === -1 || toRoom === -1) {
    return `a file of actors/ is in a room: ${ROOMS.join(", ")}`;
  }
  if (toRoom <= fromRoom) return null;
  return `${ROOMS[fromRoom]} must not import from ${ROOMS[toRoom]}, a later room`;
}

/** Why `from` may not import the repository's file `to`; null where it may. */
function fileFault(from: string, to: string): string | null {
  const [fromTop, toTop] = [topOf(from), topOf(to)];
  if (toTop === "..") return `${to} lies outside the repository`;
  if (fromTop === "examples") {
    const own = from.slice(0, from.lastIndexOf("/") + 1);
    const allowed = DOORS.includes(to) || to.startsWith(own);
    return allowed ? null : "an example imports the doors of the package and its own folder only";
  }
  const outside = OUTSIDE[fromTop];
  if (outside !== undefined) {
    return outside.includes(toTop) || outside.includes(to)
      ? null
      : `${fromTop}/ must not import from ${toTop}`;
  }
  if (!LAYERS.includes(toTop)) return `${fromTop} must not import from ${toTop}`;
  if (LAYERS.indexOf(toTop) > LAYERS.indexOf(fromTop)) {
    return `${fromTop} must not import from ${toTop}, a later layer`;
  }
  // The list of devices names all of them.
  if (fromTop === DEVICES && from !== `${DEVICES}/mod.ts` && !isForDevice(from, to)) {
    return `a device imports ${
      DOORS_OF_DEVICES.join(", ")
    }, its own folder and what all devices share only`;
  }
  if (fromTop === "actors" && toTop === "actors") return roomFault(from, to);
  for (const [a, b] of STRANGERS) {
    if (from.startsWith(a) && to.startsWith(b) || from.startsWith(b) && to.startsWith(a)) {
      return `${a} and ${b} must not import each other`;
    }
  }
  return null;
}

/** Why `from` may not import the library or runtime module `specifier`; null where it may. */
function libraryFault(from: string, specifier: string): string | null {
  const top = topOf(from);
  if (/^https?:/.test(specifier)) return "modules come from packages, not from addresses";
  if (OUTSIDE[top] !== undefined) return null;
  if (specifier.startsWith("node:") && (isNeutral(from) || top === "examples")) {
    return `${top} must run in any runtime: no ${specifier} here`;
  }
  // `npm:xstate@^5/graph` and `xstate/graph` are the same library.
  const name = specifier.replace(/^npm:/, "").replace(/(?<=.)@[^/]*/, "");
  const library = Object.keys(NEUTRAL_LIBRARIES)
    .find((known) => name === known || name.startsWith(`${known}/`));
  if (library === "xstate" || name.startsWith("@xstate/")) {
    // A driver may have a chart as well: what it uses of XState is XState's own.
    const mayUse = top === DEVICES ? name === "xstate" : top === "actors";
    return mayUse ? null : "xstate is for actors/ and devices/ only";
  }
  if (top === DEVICES) return `${top} must not use ${specifier}: a device needs no library`;
  if (!NEUTRAL.includes(top)) return null;
  if (library === undefined) {
    return `${top} must not use ${specifier}: its libraries are ${
      Object.keys(NEUTRAL_LIBRARIES).join(", ")
    }`;
  }
  return NEUTRAL_LIBRARIES[library]?.includes(top) ? null : `${top} must not use ${library}`;
}

function importFault(from: string, specifier: string | null): string | null {
  if (specifier === null) {
    const isFree = OUTSIDE[topOf(from)] !== undefined || LOADERS.includes(from);
    return isFree ? null : "the imported module must be written out";
  }
  return specifier.startsWith(".")
    ? fileFault(from, resolve(from, specifier))
    : libraryFault(from, specifier);
}

function checkFile({ path, ast }: SourceFile): Finding[] {
  const top = topOf(path);
  if (!LAYERS.includes(top) && OUTSIDE[top] === undefined) {
    return [findingAt(path, ast, `this file is in no layer: ${LAYERS.join(", ")}`)];
  }
  const findings: Finding[] = [];
  visit(ast.program, (node) => {
    const found = importOf(node);
    const fault = found && importFault(path, found.specifier);
    if (fault) findings.push(findingAt(path, found.node, fault));
    if (node.type === "Identifier" && node.name === "Deno" && isNeutral(path)) {
      findings.push(findingAt(path, node, `${top} must run in any runtime: no Deno here`));
    }
  });
  return findings;
}

/** Files that are there for others to load: the doors, and what is a program of its own. */
function isDoor(path: string): boolean {
  return path === "mod.ts" || path.endsWith("/mod.ts") || topOf(path) === "examples";
}

/** Whether `path` is of the package or its tools, whose imports may not run in circles. */
function isHouse(path: string): boolean {
  return LAYERS.includes(topOf(path)) || topOf(path) === "tools" || topOf(path) === "bench";
}

/**
 * Circles of imports, types included: files that know each other are one file, and folders that do, or a folder and a
 * file beside it, are one folder.
 */
function checkCircles(sources: readonly SourceFile[]): Finding[] {
  const arrows = arrowsOf(sources.filter(({ path }) => isHouse(path)));
  const circles = circlesOf(arrows);
  const known = new Set(circles.map(({ arrow }) => arrow.node));
  const ofRooms = circlesOf(roomArrowsOf(arrows)).filter(({ arrow }) => !known.has(arrow.node));
  return [
    ...circles.map(({ arrow, files }) =>
      findingAt(arrow.from, arrow.node, `imports run in a circle: ${files.join(" imports ")}`)
    ),
    ...ofRooms.map(({ arrow, files }) =>
      findingAt(arrow.file, arrow.node, `folders run in a circle: ${files.join(" imports ")}`)
    ),
  ];
}

/** Finds what goes against the order of the repository at `root`. */
export async function checkLayers(root: string): Promise<Finding[]> {
  const sources = await readSources(root);
  return [
    ...sources.flatMap(checkFile),
    ...checkCircles(sources),
    ...deadExports(sources, (path) => isHouse(path) && !isDoor(path)),
  ];
}

if (import.meta.main) {
  await runCheck(
    "layers",
    checkLayers,
    "imports go from later layers to earlier ones, in no circle, and all exports are imported",
  );
}
