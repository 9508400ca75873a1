/**
 * Prints what is decoded, piece by piece, for people or for programs.
 *
 * @module
 */

import { type DecodedEnd, type DecodedStep, findingText } from "../../decoded_steps/step.ts";
import { type Look, painted } from "../../layout.ts";
import { unitsFor, visible, visibleJson } from "../../text.ts";
import type { WireFinding } from "../../wire_rules/trace_check.ts";

/** Findings that are named at the end for programs; all of them are counted. */
const FINDINGS_MAX = 10_000;

/** What is printed of all pieces. */
export interface Output {
  /** What to print of the next one. */
  step(step: DecodedStep): string;
  /** What to print at the end. */
  end(end: DecodedEnd): string;
}

/** What was wrong so far. */
export class Tally {
  /** What was wrong first with how the input is written; null: nothing. */
  damage: string | null = null;
  /** How many rules were broken. */
  broken = 0;
  /** The first of them. */
  readonly findings: WireFinding[] = [];

  /** Counts the next piece. */
  add({ damage, findings }: DecodedStep): void {
    this.damage ??= damage;
    this.broken += findings.length;
    for (const finding of findings) {
      if (this.findings.length < FINDINGS_MAX) this.findings.push(finding);
    }
  }

  /** The first thing that was wrong; null: nothing was. */
  get error(): string | null {
    const [first] = this.findings;
    return this.damage ?? (first === undefined ? null : findingText(first));
  }
}

/** For people: each piece, or with a check those alone in which something is wrong. */
export class TextOutput implements Output {
  readonly #look: Look;
  readonly #isChecked: boolean;
  readonly #isSpaced: boolean;
  readonly #tally: Tally;
  #isFirst = true;

  /** Shows pieces so, with a line between them where `isSpaced`. */
  constructor(look: Look, isChecked: boolean, isSpaced: boolean, tally: Tally) {
    this.#look = look;
    this.#isChecked = isChecked;
    this.#isSpaced = isSpaced;
    this.#tally = tally;
  }

  step(step: DecodedStep): string {
    const { findings, damage } = step;
    const lines = step.lines(this.#look); // each piece counts for those behind it
    if (!this.#isChecked) return this.#spaced(lines);
    if (findings.length === 0 && damage === null) return "";
    const found = findings.map((finding) =>
      painted(visible(findingText(finding)), "red", this.#look)
    );
    return this.#spaced([...found, ...lines.map((line) => found.length > 0 ? `  ${line}` : line)]);
  }

  end({ lines, unknown }: DecodedEnd): string {
    if (!this.#isChecked) return lines.map((line) => `${line}\n`).join("");
    const { broken, damage } = this.#tally;
    const verdict = broken > 0
      ? painted(`broken: ${broken} ${unitsFor(broken, "rules")}`, "red", this.#look)
      : damage === null
      ? painted("ok: no rule of wire.md is broken by what is there", "green", this.#look)
      : "no rule of wire.md is broken by what could be read";
    const told = [...lines, ...unknown.map((each) => `not known: ${visible(each)}`), verdict];
    return told.map((line) => `${line}\n`).join("");
  }

  #spaced(lines: readonly string[]): string {
    const space = this.#isSpaced && !this.#isFirst ? "\n" : "";
    this.#isFirst = false;
    return `${space}${lines.join("\n")}\n`;
  }
}

/** For programs: one object, whose pieces are printed as they come. */
export class JsonOutput implements Output {
  readonly #kind: "items" | "entries";
  readonly #isChecked: boolean;
  readonly #tally: Tally;
  #isFirst = true;

  /** The pieces are the object's `kind`. */
  constructor(kind: "items" | "entries", isChecked: boolean, tally: Tally) {
    this.#kind = kind;
    this.#isChecked = isChecked;
    this.#tally = tally;
  }

  get #head(): string {
    const [kind, other] = this.#kind === "items" ? ["items", "entries"] : ["entries", "items"];
    return `{\n"${other}": null,\n"${kind}": [\n`;
  }

  step({ json }: DecodedStep): string {
    if (json === undefined) return "";
    const before = this.#isFirst ? this.#head : ",\n";
    this.#isFirst = false;
    return `${before}${visibleJson(json)}`;
  }

  end({ unknown, json }: DecodedEnd): string {
    const { error, findings, broken } = this.#tally;
    const members = {
      ...json,
      findings: this.#isChecked ? findings : null,
      ...this.#isChecked && { broken, unknown },
      error,
      ok: error === null,
    };
    const head = this.#isFirst ? this.#head : "";
    return `${head}\n],${visibleJson(members).slice(1)}\n`;
  }
}

/** The object for programs where nothing was decoded, for this reason. */
export function jsonFailure(error: string): string {
  return `${visibleJson({ ok: false, error, items: null, entries: null, findings: null })}\n`;
}
