/**
 * Promise: each name of the reference has its page of Microsoft's, a rule of ours, and a test. The page
 * docs/sources.md lists all three for every function, callback, structure, flag and status.
 *
 * The command `deno task sources` writes it; with `--check` it says whether it is current.
 *
 * @module
 */

import * as flags from "../kmcl/flags.ts";
import * as statuses from "../core/ntstatus.ts";
import {
  CLIENT_FUNCTION_NAMES,
  LATER_FUNCTION_NAMES,
  SERVER_ONLY_FUNCTION_NAMES,
} from "../kmcl/function_names.ts";
import * as versions from "../kmcl/interface_versions.ts";
import { runGenerator } from "./generated_file.ts";

const PATH = "docs/sources.md";
/** It names what it likes, and holds nobody to it but this page. */
const OWN_TEST = "tests/tools/sources_test.ts";

/** Where Microsoft's pages about drivers are. */
const PAGES = "https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/";
/** Where it lists statuses. */
const STATUS_PAGE =
  "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55";

/** Most rules, and most tests, that a line names. */
const NAMED_MAX = 6;
const TESTS_MAX = 2;

/** A text file of the repository. */
export interface TextFile {
  /** Relative to the repository. */
  readonly path: string;
  /** The whole text. */
  readonly text: string;
}

/** A name, and the page that it has; null: it is ours. */
interface Entry {
  readonly name: string;
  readonly page: string | null;
  /** The decisions that say why it is read as it is, where there is no page. */
  readonly decisions?: readonly string[];
  /** The rules of which it is a name, where they do not spell it. */
  readonly rules?: readonly string[];
  /** What stands for the name in rules and in tests beside itself; what comes later is for where nothing has named it. */
  readonly aliases?: readonly string[];
}

/** The pages that doc comments link to, by the names that they link from. */
export function pagesIn(sources: readonly TextFile[]): ReadonlyMap<string, string> {
  const links = sources.flatMap(({ text }) => [...text.matchAll(/\{@link (\S+) \| (\w+)\}/g)]);
  return new Map(
    links.filter(([, url]) => url!.startsWith(PAGES)).map(([, url, name]) => [name!, url!]),
  );
}

/** The exported names whose doc comments link to each page, by the names that they link from. */
function ownersIn(sources: readonly TextFile[]): ReadonlyMap<string, string> {
  const owned = sources.flatMap(({ text }) => [
    ...text.matchAll(
      /\{@link \S+ \| (\w+)\}(?:(?!\{@link http)[^])*?\nexport (?:async )?(?:function|const|type|interface|class) (\w+)/g,
    ),
  ]);
  return new Map(owned.map(([, name, owner]) => [name!, owner!]));
}

/** The rules of the reference that name something, and the sections whose tables do. */
export function placesIn(reference: string): (name: string) => readonly string[] {
  const blocks: { place: string; text: string }[] = [];
  let section = "";
  let title = "";
  for (const line of reference.split("\n")) {
    const [, number] = /^## (\d+)\./.exec(line) ?? [];
    if (number !== undefined) [section, title] = [number, ""];
    title = /^### (.+)/.exec(line)?.[1] ?? title;
    const [, rule] = /^- ([A-Z]\d+)\. /.exec(line) ?? [];
    const where = title === "" ? `section ${section}` : `section ${section}, ${title}`;
    const isMore = /^ +\S/.test(line) && blocks.length > 0;
    if (isMore) blocks.at(-1)!.text += `\n${line}`;
    else blocks.push({ place: rule ?? where, text: line });
  }
  return (name) => {
    const word = new RegExp(`(?<!\\w)${name}(?!\\w)`);
    const found = blocks.filter(({ text }) => word.test(text));
    return [...new Set(found.flatMap(({ place, text }) => [place, ...rulesOfRow(name, text)]))];
  };
}

/** The rules that the row of a function names: what stands before the name says in which version it is. */
function rulesOfRow(name: string, text: string): readonly string[] {
  const start = text.indexOf(`${name}(`);
  const isRow = start >= 0 && /^\| (?:V\d )?$/.test(text.slice(0, start));
  return isRow ? text.slice(start).match(/\b(?!D\d)[A-Z]\d+\b/g) ?? [] : [];
}

/** The files whose tests are about a name: those of which a title begins with it, else those that name it. */
function testsAbout(tests: readonly TextFile[], name: string): readonly string[] {
  const isConformance = ({ path }: TextFile) => path.startsWith("tests/conformance/");
  const ordered = [...tests.filter(isConformance), ...tests.filter((file) => !isConformance(file))];
  const title = new RegExp(`Deno\\.test\\(\\s*["\`]${name}(?!\\w)`);
  const word = new RegExp(`(?<!\\w)${name}(?!\\w)`);
  const about = ordered.filter(({ text }) => title.test(text));
  const chosen = about.length > 0 ? about : ordered.filter(({ text }) => word.test(text));
  return chosen.map(({ path }) => path);
}

/** The decision about each function of later versions, as its doc comment names it. */
function decisionsIn(sources: readonly TextFile[]): ReadonlyMap<string, string> {
  const text = sources.find(({ path }) => path === "kmcl/table_later.ts")?.text ?? "";
  const found = text.matchAll(/Our reading: (D\d+)\.(?:(?!\/\*\*)[^])*?\n {2}(Vmb\w+)\(/g);
  return new Map([...found].map(([, decision, name]) => [name!, decision!]));
}

/** What the page is made from. */
export interface Sources {
  /** Files whose doc comments have links. */
  readonly code: readonly TextFile[];
  /** docs/kmcl.md. */
  readonly reference: string;
  /** docs/api.md, for names that the reference has no need of. */
  readonly names: string;
  /** Files of tests. */
  readonly tests: readonly TextFile[];
}

/** What Microsoft calls a page, by its address. */
function titleOf(page: string): string {
  return page === STATUS_PAGE ? "NTSTATUS values" : page.slice(page.lastIndexOf("/") + 1);
}

/** A table of `entries`; throws where one has no rule or no test. */
function tableOf(entries: readonly Entry[], { reference, names, tests }: Sources): string {
  const rulesFor = placesIn(reference);
  const inNames = placesIn(names);
  const places = (name: string) => {
    const rules = rulesFor(name);
    return rules.length > 0 ? rules : inNames(name).map((place) => `api.md ${place}`);
  };
  const lines = entries.map(
    ({ name, page, decisions = [], rules: given, aliases: [alias = name, ...more] = [] }) => {
      const found = (about: (word: string) => readonly string[]): readonly string[] => {
        const first = [...new Set([...about(name), ...about(alias)])];
        if (first.length > 0) return first;
        return more.map(about).find((later) => later.length > 0) ?? [];
      };
      const rules = given ?? found(places);
      const files = found((word) => testsAbout(tests, word));
      if (rules.length === 0) throw new Error(`Cannot write ${PATH}: no document names ${name}`);
      if (files.length === 0) throw new Error(`Cannot write ${PATH}: no test names ${name}`);
      const source = page === null
        ? ["our reading", ...decisions].join(", ")
        : `[${titleOf(page)}](${page})`;
      const rest = rules.length > NAMED_MAX ? " …" : "";
      const named = files.slice(0, TESTS_MAX).map((file) => `\`${file}\``).join(", ");
      return `| ${name} | ${source} | ${rules.slice(0, NAMED_MAX).join("; ")}${rest} | ${named} |`;
    },
  );
  return ["| name | page | our rules | our tests |", "|---|---|---|---|", ...lines].join("\n");
}

/** The pages of the functions and callbacks that each flag is for, by what its comment begins with. */
function flagEntries(pages: ReadonlyMap<string, string>, code: readonly TextFile[]): Entry[] {
  const text = code.find(({ path }) => path === "kmcl/flags.ts")?.text ?? "";
  const comments = new Map(
    [...text.matchAll(/\/\*\* (.+) \*\/\nexport const (\w+)/g)].map((
      [, about, name],
    ) => [name, about!]),
  );
  let page: string | null = null;
  return Object.keys(flags).map((name) => {
    const [prefix] = /\b(?:Vmb|Evt)\w+/.exec(comments.get(name) ?? "") ?? [];
    const known = [...pages.keys()].find((other) =>
      prefix !== undefined && other.startsWith(headerName(prefix))
    );
    page = known === undefined ? page : pages.get(known)!;
    return { name, page };
  });
}

/** `EvtChannelOpened` → `EVT_VMB_CHANNEL_OPENED`; other names are the header's already. */
function headerName(name: string): string {
  if (!name.startsWith("Evt")) return name;
  return `EVT_VMB${name.slice(3).replaceAll(/(?=[A-Z])/g, "_").toUpperCase()}`;
}

/** `EVT_VMB_CHANNEL_OPENED` → `EvtChannelOpened`. */
function ownName(name: string): string {
  const words = name.replace(/^EVT_VMB_/, "").toLowerCase().split("_");
  return `Evt${words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("")}`;
}

/** Callbacks with a context, which functions of version 5 set. */
const EX_CALLBACKS: readonly Entry[] = [
  ["EvtChannelProcessPacketEx", "VmbChannelInitSetProcessPacketCallbacksEx"],
  ["EvtChannelProcessingCompleteEx", "VmbChannelInitSetProcessPacketCallbacksEx"],
  ["EvtPacketCompletionRoutineEx", "VmbPacketSetCompletionRoutineEx"],
  ["EvtChannelSavePacketEx", "VmbServerChannelInitSetSaveRestorePacketCallbacksEx"],
  ["EvtChannelRestorePacketEx", "VmbServerChannelInitSetSaveRestorePacketCallbacksEx"],
].map(([name, setter]) => ({ name: name!, page: null, decisions: ["D658"], aliases: [setter!] }));

/** What a query of an interface takes, and what it gives: each size is that of a structure. */
function interfaceEntries(pages: ReadonlyMap<string, string>): Entry[] {
  const entryOf = (name: string): Entry => {
    const structure = name.replace(/_SIZE$/, "").replace("_VERSION_", "_").replace("TYPE", "V1");
    const first = structure.includes("CLIENT") ? "N2" : "N3";
    const rules = structure.endsWith("_V1") ? [first, "N4", "N5"] : ["N6"];
    const aliases = [`${structure}_SIZE`, ...rules];
    return { name, page: pages.get(structure) ?? null, decisions: ["D650"], rules, aliases };
  };
  const names = Object.keys(versions).filter((name) => /^KMCL_\w+_V\d/.test(name));
  const structures = names.filter((name) => name.endsWith("_SIZE"))
    .map((name) => name.replace("_SIZE", "")).filter((name) => !pages.has(name));
  const types = ["CLIENT", "SERVER"].map((side) => `KMCL_${side}_INTERFACE_TYPE`);
  return [...types, ...structures, ...names].map(entryOf);
}

function fail(reason: string): never {
  throw new Error(`Cannot write ${PATH}: ${reason}`);
}

/** The page. */
export function sourcesPage(sources: Sources): string {
  const pages = pagesIn(sources.code);
  const named = [...pages.keys()].sort();
  const callbacks = named.filter((name) => name.startsWith("EVT_"));
  const documented = new Set<string>([...CLIENT_FUNCTION_NAMES, ...SERVER_ONLY_FUNCTION_NAMES]);
  const others = named.filter((name) => !name.startsWith("EVT_") && !documented.has(name));
  const pageOf = (name: string): Entry => ({ name, page: pages.get(name) ?? null });
  const owners = ownersIn(sources.code);
  const decisions = decisionsIn(sources.code);
  const ownedOf = (name: string): Entry => ({
    ...pageOf(name),
    aliases: [owners.get(name) ?? name],
  });
  const callbackOf = (name: string): Entry => ({ ...pageOf(name), aliases: [ownName(name)] });
  const statusOf = (name: string): Entry => {
    const short = name.replace("STATUS_", "");
    const [position] = /_\d+$/.exec(short) ?? [];
    const aliases = position === undefined
      ? [short, "ntStatusName"]
      : [position, "INVALID_PARAMETER_1", "ntStatusName"];
    return { name, page: STATUS_PAGE, aliases };
  };
  const parts: readonly (readonly [string, readonly Entry[]])[] = [
    ["Functions of version 1", [...documented].map(pageOf)],
    [
      "Functions of later versions",
      LATER_FUNCTION_NAMES.map((name) => ({
        name,
        page: null,
        decisions: [decisions.get(name) ?? fail(`${name} names no decision`)],
      })),
    ],
    ["Callbacks", callbacks.map(callbackOf)],
    ["Callbacks of later versions", EX_CALLBACKS],
    ["Structures, handles, and what else has a page", others.map(ownedOf)],
    ["Interfaces: types, versions and sizes", interfaceEntries(pages)],
    ["Flags", flagEntries(pages, sources.code)],
    ["Statuses", Object.keys(statuses).filter((name) => name.startsWith("STATUS_")).map(statusOf)],
  ];
  const tables = parts.map(([title, entries]) => `## ${title}\n\n${tableOf(entries, sources)}\n`);
  return `# Which document says what

Every function, callback, structure, flag and status: the page of Microsoft's that describes it, where [kmcl.md](kmcl.md) says what we
make of it, and the tests that hold us to that. Made by \`deno task sources\`, from the links in doc comments, the text of kmcl.md, and the names of tests.
Rules are named by number, tables by their section. A function without a page has a published name, and nothing else: what it does is our reading (kmcl.md N6), and the decision says why ([decisions.md](decisions.md)). \`PFN_VMB_…\` of a function or a callback is its type.

${tables.join("\n")}`;
}

/** The files below `folder` whose names end in `end`. */
function filesBelow(folder: string, end: string): TextFile[] {
  return [...Deno.readDirSync(folder)].toSorted((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(({ name, isDirectory }): TextFile[] => {
      const path = `${folder}/${name}`;
      if (isDirectory) return filesBelow(path, end);
      return name.endsWith(end) ? [{ path, text: Deno.readTextFileSync(path) }] : [];
    });
}

if (import.meta.main) {
  const file = {
    command: "deno task sources",
    description: `Writes which page, rule and test each name of the reference has, ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: () =>
      sourcesPage({
        code: ["kmcl", "core", "actors"].flatMap((folder) => filesBelow(folder, ".ts")),
        reference: Deno.readTextFileSync("docs/kmcl.md"),
        names: Deno.readTextFileSync("docs/api.md"),
        tests: filesBelow("tests", "_test.ts").filter(({ path }) => path !== OWN_TEST),
      }),
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
