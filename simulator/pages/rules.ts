/**
 * The sentence that a rule has in the package's documents.
 *
 * @module
 */

import { RULE_TEXTS, SECTION_TITLES } from "./rule_texts.ts";

/** What a document says of a rule. */
export interface KnownRule {
  /** The rule, as the document has it. */
  readonly text: string;
  /** The document and the place in it. */
  readonly where: string;
}

/** The section of what the verifier catches, whose rules have no numbers. */
const VERIFIER_SECTION = "9";

/**
 * What the documents say of `rule`, which begins with its number or its section, or is the verifier's own; null: it
 * is no rule of theirs.
 */
export function ruleOf(rule: string, by?: string): KnownRule | null {
  if (by === "verifier") {
    const title = SECTION_TITLES[`kmcl.md ${VERIFIER_SECTION}`]!;
    return { text: `${title}: ${rule}`, where: `kmcl.md, section ${VERIFIER_SECTION}` };
  }
  const [, number = ""] = /^([A-Z]\d+)\b/.exec(rule) ?? [];
  const text = RULE_TEXTS[number];
  if (text !== undefined) return { text, where: `kmcl.md, ${number}` };
  const [, document = "kmcl.md", section = ""] =
    /^(?:(\w+\.md) )?(?:section )?(\d+(?:\.\d+)?)\b/.exec(rule) ?? [];
  const title = SECTION_TITLES[`${document} ${section}`];
  return title === undefined ? null : { text: title, where: `${document}, section ${section}` };
}
