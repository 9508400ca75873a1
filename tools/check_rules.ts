/**
 * Promise: the references and the tests agree. Each numbered rule of `docs/kmcl.md` and `docs/storage.md` has
 * a test that names it, and each rule or section that a file names exists.
 *
 * @module
 */

import { type Finding, findingsIn, listFiles, runCheck } from "./source.ts";

/** A document with numbered rules. */
interface Reference {
  /** Its name, without its folder and ending. */
  readonly name: string;
  /** The sections whose rules need a test. */
  readonly first: number;
  readonly last: number;
}

const REFERENCES: readonly Reference[] = [
  { name: "kmcl", first: 2, last: 8 },
  { name: "storage", first: 2, last: 9 },
];

/** Tests in here are about the rules of `kmcl.md` alone, and name them without the document. */
const CONFORMANCE = "tests/conformance/";

/** Tests of these checks plant citations that are not meant. */
const PLANTED = "tests/tools/";

/** `kmcl.md S7`, also `kmcl.md S7, S8 and S9`, of the document of that name. */
function ruleCitation(name: string): RegExp {
  return new RegExp(`\\b${name}\\.md ([A-Z]\\d+(?:(?:, | and |, and )[A-Z]\\d+)*)\\b`, "g");
}

/** `wire.md 1.7`, `wire.md section 10`, `api.md section 3`. */
const SECTION_CITATION = /\b(?:api|kmcl|storage|wire)\.md,? (?:section )?\d+(?:\.\d+)?\b/g;

/** A numbered rule of a document. */
interface Rule {
  /** Such as `S7`. */
  readonly name: string;
  /** The number of its section. */
  readonly section: number;
  /** Counted from 1. */
  readonly line: number;
}

/** A file's path and text. */
interface Text {
  readonly path: string;
  readonly text: string;
}

function readRules(reference: string): Rule[] {
  const rules: Rule[] = [];
  let section = 0;
  for (const [index, line] of reference.split("\n").entries()) {
    section = Number(/^## (\d+)\./.exec(line)?.[1] ?? section);
    const name = /^- ([A-Z]\d+)\. /.exec(line)?.[1];
    if (name !== undefined) rules.push({ name, section, line: index + 1 });
  }
  return rules;
}

function readSections(reference: string): Set<string> {
  return new Set([...reference.matchAll(/^##+ (\d+(?:\.\d+)?)/gm)].map((match) => match[1] ?? ""));
}

/** The rules of the document `name` that `test` names. */
function rulesNamedBy({ path, text }: Text, name: string): string[] {
  const cited = [...text.matchAll(ruleCitation(name))].flatMap((match) => namesIn(match[0]));
  return name === "kmcl" && path.startsWith(CONFORMANCE) ? [...cited, ...namesIn(text)] : cited;
}

function namesIn(text: string): string[] {
  return text.match(/\b[A-Z]\d+\b/g) ?? [];
}

/** What the documents have, by their names. */
interface Known {
  readonly rules: Readonly<Record<string, ReadonlySet<string>>>;
  readonly sections: Readonly<Record<string, ReadonlySet<string>>>;
}

function checkCitations({ path, text }: Text, known: Known): Finding[] {
  const rules = Object.entries(known.rules).flatMap(([name, rules]) =>
    findingsIn(path, text, ruleCitation(name), (match) => {
      const missing = namesIn(match).filter((rule) => !rules.has(rule));
      return missing.length === 0 ? null : `docs/${name}.md has no rule ${missing.join(", ")}`;
    })
  );
  const sections = findingsIn(path, text, SECTION_CITATION, (match) => {
    const [document = "", section = ""] = match.split(/\.md,? (?:section )?/);
    return known.sections[document]?.has(section)
      ? null
      : `docs/${document}.md has no section ${section}`;
  });
  return [...rules, ...sections];
}

/** Finds rules that no test names, and citations of what the documents do not have. */
export async function checkRules(root: string): Promise<Finding[]> {
  const read = async (path: string): Promise<Text> => (
    { path, text: await Deno.readTextFile(`${root}/${path}`) }
  );
  const textOf = async (name: string) => (await read(`docs/${name}.md`)).text;
  const paths = (await listFiles(root, [".ts", ".md"])).filter((path) => !path.startsWith(PLANTED));
  const files = await Promise.all(paths.map(read));
  const tests = files.filter(({ path }) => path.startsWith("tests/") && path.endsWith("_test.ts"));

  const references = await Promise.all(
    REFERENCES.map(async (reference) => ({
      ...reference,
      rules: readRules(await textOf(reference.name)),
    })),
  );
  const documents = [...REFERENCES.map(({ name }) => name), "api", "wire"];
  const sections = await Promise.all(
    documents.map(async (name) => [name, readSections(await textOf(name))] as const),
  );
  const known = {
    rules: Object.fromEntries(
      references.map(({ name, rules }) => [name, new Set(rules.map((rule) => rule.name))]),
    ),
    sections: Object.fromEntries(sections),
  };
  const untested = references.flatMap(({ name, first, last, rules }) => {
    const tested = new Set(tests.flatMap((test) => rulesNamedBy(test, name)));
    return rules
      .filter(({ section }) => section >= first && section <= last)
      .filter((rule) => !tested.has(rule.name))
      .map((rule) => ({
        path: `docs/${name}.md`,
        line: rule.line,
        column: 1,
        message: `no test names the rule ${rule.name}`,
      }));
  });
  return [...untested, ...files.flatMap((file) => checkCitations(file, known))];
}

if (import.meta.main) {
  await runCheck("rules", checkRules, "each rule has a test, each citation a rule");
}
