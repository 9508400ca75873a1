/**
 * Texts that came from outside, as people may see them: names of files, what stood in a saved run, words
 * of the machine.
 *
 * @module
 */

/**
 * What a terminal takes for something else than a letter: control characters, marks that turn the order
 * of writing around or are not seen, line and paragraph breaks, and halves of surrogate pairs.
 */
const UNSEEN =
  // deno-lint-ignore no-control-regex -- they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** `units`, which are named in the plural, as they go with `count`: `world` with 1, `worlds` with any other. */
export function unitsFor(count: number, units: string): string {
  return count === 1 ? units.replace(/s\b/, "") : units;
}

/** The escape of one unit, as both JavaScript and shells have it: `\x1b`, `\u202e`. */
function escapeOf(unit: string): string {
  const code = unit.charCodeAt(0);
  return code < 0x80
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** `text` in one line, all of which can be seen. What can be seen stays as it is. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escapeOf);
}

/** JSON for a terminal or a pipe: the same values, and nothing in it that a terminal obeys. */
export function visibleJson(value: unknown): string {
  const unseen = (unit: string) => unit === "\n" ? unit : `\\u${hex4(unit)}`;
  return JSON.stringify(value, null, 2).replaceAll(UNSEEN, unseen);
}

function hex4(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, "0");
}

/**
 * A word as a shell takes it: pasted, it is the same word again. One that cannot be seen whole is
 * written with escapes, which all shells but the oldest know.
 */
export function shellQuoted(word: string): string {
  if (/^[\w./:@%+-][\w./:@%+=-]*$/.test(word)) return word;
  if (visible(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${word.replaceAll(/['\\]/g, "\\$&").replaceAll(UNSEEN, escapeOf)}'`;
}
