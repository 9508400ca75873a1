/**
 * Which code ran, as the runtime itself counts it: V8's block coverage, in this process.
 *
 * @module
 */

import { Session } from "node:inspector";
import type { FuzzGuide, FuzzLook } from "../../fuzzing/fuzzer.ts";

/** A part of a source, and how often it ran. */
interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** A function that ran: its first range is all of it, the others are parts that ran less or more often. */
interface RanFunction {
  readonly functionName: string;
  readonly ranges: readonly Range[];
}

/** A module whose functions ran. */
interface RanScript {
  readonly url: string;
  readonly functions: readonly RanFunction[];
}

/** How control went through a function. */
interface Way {
  /** Its name: the function, and which parts of it ran. */
  readonly name: string;
  /** The function, by module and place. */
  readonly key: string;
  /** Which characters of it ran. */
  readonly ran: Uint8Array;
  /** Whether some of them never had. */
  readonly isNew: boolean;
}

/** The machinery itself, which reaches something new all the time, and libraries, which nobody fuzzes here. */
const OWN = ["../", "../../fuzzing/"].map((folder) => new URL(folder, import.meta.url).href);
const LIBRARIES = /\/node_modules\/|\/npm\//;

function isOfTarget(url: string): boolean {
  return /^(?:file|https?):/.test(url) && !LIBRARIES.test(url) &&
    !OWN.some((folder) => url.startsWith(folder));
}

/** Coverage as a guide. */
export class CoverageGuide implements FuzzGuide {
  readonly #session: Session;
  /** Of each function, by module and place, which characters of it ran. */
  readonly #ran = new Map<string, Uint8Array>();
  /** Ways through functions that were looked at already. */
  readonly #seen = new Set<string>();

  private constructor(session: Session) {
    this.#session = session;
  }

  /** Begins to count. Needs `--allow-sys`. */
  static async start(): Promise<CoverageGuide> {
    const session = new Session();
    session.connect();
    const guide = new CoverageGuide(session);
    await guide.#post("Profiler.enable");
    await guide.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return guide;
  }

  #post(method: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(
        method,
        parameters,
        (error: Error | null, result?: unknown) => error === null ? resolve(result) : reject(error),
      );
    });
  }

  /** See {@linkcode FuzzGuide.look}. */
  async look(): Promise<FuzzLook> {
    // To take the counts sets them to 0: what is there ran since the last time.
    const { result } = await this.#post("Profiler.takePreciseCoverage") as {
      readonly result: readonly RanScript[];
    };
    const unseen: Way[] = [];
    for (const { url, functions } of result) {
      if (!isOfTarget(url)) continue;
      for (const each of functions) {
        const way = this.#wayOf(url, each);
        if (way !== null) unseen.push(way);
      }
    }
    return {
      isNew: unseen.some((way) => way.isNew),
      remember: () => unseen.forEach((way) => this.#remember(way)),
    };
  }

  /** The way through a function that ran; null where it was looked at before. */
  #wayOf(url: string, { ranges }: RanFunction): Way | null {
    const [{ startOffset, endOffset }] = ranges as readonly [Range];
    const key = `${url} ${startOffset} ${endOffset}`;
    const parts = ranges.map(({ startOffset, endOffset, count }) =>
      `${startOffset}-${endOffset}${count > 0 ? "+" : ""}`
    );
    const name = `${key} ${parts.join(" ")}`;
    if (this.#seen.has(name)) return null;
    const ran = new Uint8Array(endOffset - startOffset);
    // Inner ranges come after those that they lie in.
    for (const { startOffset: from, endOffset: to, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, from - startOffset, to - startOffset);
    }
    const before = this.#ran.get(key);
    const isNew = before === undefined || ran.some((each, at) => each > before[at]!);
    return { name, key, ran, isNew };
  }

  #remember({ name, key, ran }: Way): void {
    this.#seen.add(name);
    const before = this.#ran.get(key);
    this.#ran.set(key, before === undefined ? ran : ran.map((each, at) => each | before[at]!));
  }
}
