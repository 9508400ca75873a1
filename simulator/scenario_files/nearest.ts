/**
 * What somebody meant who wrote a name that there is not.
 *
 * @module
 */

/** Of so many names a message lists all. */
const LISTED_MAX = 12;

/** Letters that have to be written, left out, exchanged, or swapped with their neighbour to make `to` of `from`. */
function distance(from: string, to: string): number {
  const [one, other] = [from.toLowerCase(), to.toLowerCase()];
  let rowBefore: readonly number[] = [];
  let before: readonly number[] = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const now = [row];
    for (let at = 1; at <= other.length; at++) {
      const exchanged = before[at - 1]! + (one[row - 1] === other[at - 1] ? 0 : 1);
      const isSwapped = row > 1 && at > 1 && one[row - 1] === other[at - 2] &&
        one[row - 2] === other[at - 1];
      const swapped = isSwapped ? rowBefore[at - 2]! + 1 : Infinity;
      now.push(Math.min(before[at]! + 1, now[at - 1]! + 1, exchanged, swapped));
    }
    [rowBefore, before] = [before, now];
  }
  return before[other.length]!;
}

/** The name of `names` that `name` was to be; null where it is like none of them. */
function nearest(name: string, names: readonly string[]): string | null {
  const most = Math.max(name.length > 3 ? 2 : 1, Math.floor(name.length / 3));
  let best: string | null = null;
  let least = most + 1;
  for (const known of names) {
    const letters = distance(name, known);
    if (letters < least) [best, least] = [known, letters];
  }
  return best;
}

/** The end of a message about `name`, which is not one of `names`: what would be right. */
export function whatIsRight(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  return meant === null ? listed(names) : `did you mean ${meant}?`;
}

/** The end of a message where a name of `names` is missing. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return "there are none";
  const more = names.length > LISTED_MAX ? " and others" : "";
  return `there are ${names.slice(0, LISTED_MAX).join(", ")}${more}`;
}
