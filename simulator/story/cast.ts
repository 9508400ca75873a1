/**
 * Who is who in a story: the host, the guests, and their channels where one of them has several.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";

/** Who does what no partition does. */
export const WORLD = "world";

/** What the fabric calls the host's partition. */
const ROOT = "root";

/** One end of a channel. */
interface End {
  readonly partition: string;
  readonly side: string;
}

/** Everybody that a trace tells of. */
export class Cast {
  /** By the subjects of entries. */
  readonly #ends = new Map<string, End>();
  readonly #partitions: readonly string[];
  readonly #host: string;
  readonly #endCounts = new Map<string, number>();

  /** Those of `trace`. */
  constructor(trace: readonly TraceEntry[]) {
    const partitions = new Set<string>([ROOT]);
    for (const { event, subject, details } of trace) {
      if (event === "partitionCreated") partitions.add(subject);
      if (event === "channelCreated") {
        const partition = String(details["partition"]);
        partitions.add(partition);
        this.#ends.set(subject, { partition, side: String(details["side"]) });
        this.#endCounts.set(partition, (this.#endCounts.get(partition) ?? 0) + 1);
      }
    }
    this.#partitions = [...partitions];
    this.#host = partitions.has("host") ? ROOT : "host";
  }

  /** How a story calls a partition. */
  partition(name: string): string {
    return name === ROOT ? this.#host : name;
  }

  /** How a story calls the subject of an entry. */
  who(subject: string): string {
    const end = this.#ends.get(subject);
    if (end !== undefined) {
      const who = this.partition(end.partition);
      return this.#endCounts.get(end.partition) === 1 ? who : `${who}: ${nameOf(subject)}`;
    }
    return this.#partitions.includes(subject) ? this.partition(subject) : WORLD;
  }

  /** Whoever a text is about that names its subject at its end, or a channel in it. */
  whoIn(text: string): string {
    for (const subject of this.#ends.keys()) {
      if (text.includes(subject)) return this.who(subject);
    }
    const of = /(?:^| )(client|server) in (.+)$/.exec(text);
    if (of !== null) return this.#whoOfSide(of[2]!, of[1]!);
    const named = this.#partitions.filter((name) => text.endsWith(` of ${name}`));
    return named.length > 0 ? this.partition(named.at(-1)!) : WORLD;
  }

  /** A text that names a subject at its end, with the name that the story has for it. */
  shortened(text: string): string {
    const at = text.lastIndexOf(" of ");
    if (at === -1) return text;
    const subject = text.slice(at + " of ".length);
    const who = this.who(subject);
    return who === WORLD ? text : `${text.slice(0, at)} of ${who}`;
  }

  #whoOfSide(partition: string, side: string): string {
    const ends = [...this.#ends].filter(([, end]) =>
      end.partition === partition && end.side === side
    );
    if (ends.length === 1) return this.who(ends[0]![0]);
    return this.#partitions.includes(partition) ? this.partition(partition) : WORLD;
  }

  /** Those of `whos` that are somebody: the host's first, then the guests', as they were made. */
  inOrder(whos: ReadonlySet<string>): readonly string[] {
    const known = this.#partitions.flatMap((partition) => [
      this.partition(partition),
      ...[...this.#ends].filter(([, end]) => end.partition === partition)
        .map(([subject]) => this.who(subject)),
    ]);
    return [...new Set(known)].filter((who) => whos.has(who));
  }
}

/** An endpoint without its side, which its partition says: `channel 3`. */
function nameOf(subject: string): string {
  return subject.replace(/ \((?:client|server).*$/, "");
}
