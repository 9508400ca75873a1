/**
 * The same cases for who has no reader of JSON: a line a value, which `fgets` and `sscanf` can read.
 *
 * @module
 */

/** What JSON holds. */
export type Plain = null | boolean | number | string | readonly Plain[] | {
  readonly [name: string]: Plain;
};

/** What stands for a text of no letters, and for a list of nothing. */
const NOTHING = "-";

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

function wordOf(value: Plain): string {
  return value === "" ? NOTHING : String(value);
}

/** The lines of `value`, which is called `path`. */
function linesOf(path: string, value: Plain): string[] {
  if (isList(value)) {
    const isFlat = value.every((item) => typeof item !== "object" || item === null);
    if (isFlat) return [`${path} ${value.length === 0 ? NOTHING : value.map(wordOf).join(" ")}`];
    return [
      `${path} ${value.length}`,
      ...value.flatMap((item, at) => linesOf(`${path}.${at}`, item)),
    ];
  }
  if (typeof value !== "object" || value === null) return [`${path} ${wordOf(value)}`];
  return Object.entries(value).flatMap(([name, inner]) => linesOf(`${path}.${name}`, inner));
}

/** The lines of one case. */
function linesOfCase({ name, ...members }: { readonly [name: string]: Plain }): string[] {
  const lines = Object.entries(members).flatMap(([member, value]) => linesOf(member, value));
  return ["", `case ${wordOf(name ?? null)}`, ...lines, "end"];
}

/** The text of a file's cases. */
export function plainLines(
  head: { readonly [name: string]: Plain },
  cases: readonly { readonly [name: string]: Plain }[],
): string {
  const lines = [
    "# A line is a key, a space, and a value: digits, true, false, null, bytes in base 16, or words.",
    `# ${NOTHING} is a text of no letters, or a list of nothing. A list of numbers or words is one line; of anything`,
    "# else the key has their number, and key.0, key.1 and so on have what they are. A case ends with the line end.",
    ...Object.entries(head).flatMap(([member, value]) => linesOf(member, value)),
    ...cases.flatMap(linesOfCase),
  ];
  return `${lines.join("\n")}\n`;
}
