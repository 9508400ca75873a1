/**
 * Promise: the reference and the tests agree. Each numbered rule of `docs/kmcl.md` has a test that
 * names it, and each rule or section that a file names exists.
 *
 * @module
 */

import { type Finding, findingsIn, listFiles, runCheck } from "./source.ts";

/** The sections of `docs/kmcl.md` whose rules need a test. */
const TESTED_SECTIONS = { first: 2, last: 8 };

const KMCL = "docs/kmcl.md";

/** Tests in here are about documented rules alone, and name them without the document. */
const CONFORMANCE = "tests/conformance/";

/** Tests of these checks plant citations that are not meant. */
const PLANTED = "tests/tools/";

/** `kmcl.md S7`, also `kmcl.md S7, S8 and S9`. */
const RULE_CITATION = /\bkmcl\.md ([A-Z]\d+(?:(?:, | and |, and )[A-Z]\d+)*)\b/g;

/** `wire.md 1.7`, `wire.md section 10`, `api.md section 3`. */
const SECTION_CITATION = /\b(?:api|kmcl|wire)\.md (?:section )?\d+(?:\.\d+)?\b/g;

/** A numbered rule of `docs/kmcl.md`. */
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

/** The rules that `test` names. */
function rulesNamedBy({ path, text }: Text): string[] {
  const cited = [...text.matchAll(RULE_CITATION)].flatMap((match) => namesIn(match[0]));
  return path.startsWith(CONFORMANCE) ? [...cited, ...namesIn(text)] : cited;
}

function namesIn(text: string): string[] {
  return text.match(/\b[A-Z]\d+\b/g) ?? [];
}

function checkCitations({ path, text }: Text, known: {
  readonly rules: ReadonlySet<string>;
  readonly sections: Readonly<Record<string, ReadonlySet<string>>>;
}): Finding[] {
  const rules = findingsIn(path, text, RULE_CITATION, (match) => {
    const missing = namesIn(match).filter((name) => !known.rules.has(name));
    return missing.length === 0 ? null : `${KMCL} has no rule ${missing.join(", ")}`;
  });
  const sections = findingsIn(path, text, SECTION_CITATION, (match) => {
    const [document = "", section = ""] = match.split(/\.md (?:section )?/);
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
  const kmcl = await read(KMCL);
  const wire = await read("docs/wire.md");
  const api = await read("docs/api.md");
  const paths = (await listFiles(root, [".ts", ".md"])).filter((path) => !path.startsWith(PLANTED));
  const files = await Promise.all(paths.map(read));

  const rules = readRules(kmcl.text);
  const known = {
    rules: new Set(rules.map((rule) => rule.name)),
    sections: {
      api: readSections(api.text),
      kmcl: readSections(kmcl.text),
      wire: readSections(wire.text),
    },
  };
  const tested = new Set(
    files.filter(({ path }) => path.startsWith("tests/") && path.endsWith("_test.ts"))
      .flatMap(rulesNamedBy),
  );
  const untested = rules
    .filter(({ section }) => section >= TESTED_SECTIONS.first && section <= TESTED_SECTIONS.last)
    .filter(({ name }) => !tested.has(name))
    .map(({ name, line }) => ({
      path: KMCL,
      line,
      column: 1,
      message: `no test names the rule ${name}`,
    }));
  return [...untested, ...files.flatMap((file) => checkCitations(file, known))];
}

if (import.meta.main) {
  await runCheck("rules", checkRules, "each rule has a test, each citation a rule");
}
