/**
 * What `testFabric` throws: the failure first, then what the fabric has to say, then how to have it again.
 *
 * @module
 */

import { isInstance, messageOf } from "../../core/describe.ts";
import { DisposalError, type Fabric, type Leak, type Violation } from "../../mod.ts";
import type { Story } from "../story/story.ts";
import type { Finding } from "../finding.ts";
import type { FabricTestArtefact } from "./body_artefact.ts";
import type { FabricRun } from "./options.ts";

/** Violations and leaks that are listed; of more the number is told. */
const LISTED_MAX = 10;
/** Errors that are followed from one to its cause. */
const CAUSES_MAX = 8;

/** A body and its fabric came to their ends, and checkers have found something all the same. */
export class CheckError extends Error {
  /** Always `"CheckError"`. */
  override readonly name = "CheckError";
  /** What they have found. */
  readonly findings: readonly Finding[];

  /** Tells of `findings`. */
  constructor(findings: readonly Finding[]) {
    super(findings.map(lineOfFinding).join("\n"));
    this.findings = findings;
  }
}

/** What is told of a failure that was looked into. */
export interface ToldFailure {
  /** The lines that say it. */
  readonly lines: readonly string[];
  /** See {@linkcode FabricTestError.artefact}. */
  readonly artefact: FabricTestArtefact | null;
  /** See {@linkcode FabricTestError.story}. */
  readonly story: Story | null;
}

const NOT_TOLD: ToldFailure = { lines: [], artefact: null, story: null };

/** A body failed, or its fabric was left with something alive. */
export class FabricTestError extends Error {
  /** Always `"FabricTestError"`. */
  override readonly name = "FabricTestError";
  /** The run that failed. */
  readonly run: FabricRun;
  /** What the body threw, or what the fabric's disposal did; a {@linkcode CheckError} where neither did. */
  readonly thrown: unknown;
  /** What checkers have found. */
  readonly findings: readonly Finding[];
  /** The misuse that was found, in order. */
  readonly violations: readonly Violation[];
  /** What was alive when the body failed, or at its end. */
  readonly leaks: readonly Leak[];
  /** The call that makes this run alone again. */
  readonly replay: string;
  /** The run as small as it was made, which `testFabric` takes as `replay`; null: it was made from one, or cannot be had again. */
  readonly artefact: FabricTestArtefact | null;
  /** What happened in that; null: nobody was to tell, or can. */
  readonly story: Story | null;

  /** Tells of a `run` of `fabric` that ended with `thrown`. */
  constructor(
    thrown: unknown,
    fabric: Pick<Fabric, "violations" | "leaks">,
    findings: readonly Finding[],
    run: FabricRun,
    replay: string,
    { lines, artefact, story }: ToldFailure = NOT_TOLD,
  ) {
    const { violations } = fabric;
    const leaks = fabric.leaks();
    super([
      ...textsOf(thrown),
      ...listOf("violations", violations.map(lineOfViolation)),
      ...listOf("checks", findings.map(lineOfFinding)),
      ...listOf(
        isInstance(thrown, DisposalError) ? "leaks" : "alive when it failed",
        leaks.map(({ owner, message }) => `${owner}: ${message}`),
      ),
      ...lines,
      `failed with seed ${run.seed}, codec ${run.codec}`,
      `replay: ${replay}`,
    ].join("\n"));
    this.run = run;
    this.thrown = thrown;
    this.violations = violations;
    this.findings = findings;
    this.leaks = leaks;
    this.replay = replay;
    this.artefact = artefact;
    this.story = story;
  }
}

function lineOfViolation({ at, call, message, rule, source, first }: Violation): string {
  const lines = [
    ...source === null ? [] : [`from ${source}`],
    ...first?.source ? [`first from ${first.source}`] : [],
  ];
  return [`at ${at} ms, ${call}: ${message} (${rule})`, ...lines].join("\n    ");
}

function lineOfFinding({ rule, place, message }: Finding): string {
  return `${place}: ${message} (${rule})`;
}

function listOf(what: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - LISTED_MAX;
  return [
    `${what}:`,
    ...lines.slice(0, LISTED_MAX).map((line) => `  ${line}`),
    ...more > 0 ? [`  and ${more} more`] : [],
  ];
}

/** A member of what was thrown, which may be code of the thrower's; undefined: it cannot be read. */
function memberOf(error: Error, name: "name" | "message" | "stack" | "cause"): unknown {
  try {
    return error[name];
  } catch {
    return undefined;
  }
}

/** What was thrown, without its frames: all of it, as an assertion says much. */
export function titleOf(thrown: unknown): string {
  if (!isInstance(thrown, Error)) return typeof thrown === "string" ? thrown : messageOf(thrown);
  const [name, message] = [memberOf(thrown, "name"), memberOf(thrown, "message")];
  return typeof name === "string" && typeof message === "string"
    ? `${name}: ${message}`
    : messageOf(thrown);
}

/** What was thrown, with its frames, and what it came from. */
function textsOf(thrown: unknown): string[] {
  if (isInstance(thrown, CheckError) || isInstance(thrown, DisposalError)) {
    return ["The body ended, but not all is well:"]; // lists follow
  }
  const texts = [textOf(thrown)];
  for (let at = thrown; isInstance(at, Error) && texts.length <= CAUSES_MAX;) {
    at = memberOf(at, "cause");
    if (at !== undefined) texts.push(`caused by ${textOf(at)}`);
  }
  return texts;
}

/** Some runtimes put the name and message before the frames, others do not. */
function textOf(thrown: unknown): string {
  const title = titleOf(thrown);
  if (!isInstance(thrown, Error)) return `thrown: ${title}`;
  const stack = memberOf(thrown, "stack");
  if (typeof stack !== "string" || stack === "") return title;
  const message = memberOf(thrown, "message");
  return typeof message === "string" && stack.includes(message) ? stack : `${title}\n${stack}`;
}
