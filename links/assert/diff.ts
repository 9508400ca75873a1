/**
 * Which lines of two texts differ.
 *
 * The algorithm is that of Wu, Manber, Myers and Miller, "An O(NP) sequence comparison algorithm"
 * (1990). Of several shortest differences the real package shows a certain one; so this does, too.
 *
 * @module
 */

/** What became of a line on the way from the actual text to the expected one. */
export type LineKind = "removed" | "added" | "common";

/** A line of a difference. */
export interface DiffLine {
  /** Which of the two texts has it. */
  readonly kind: LineKind;
  /** The line. */
  readonly text: string;
}

/** How many pairs of lines are compared at most; beyond, texts that differ are shown one after the other. */
const PAIRS_MAX = 25_000_000;

/** One step through both texts, and the steps before. */
interface Step {
  /** `"longer"` and `"shorter"`: a line that one text alone has. */
  readonly kind: "longer" | "shorter" | "common";
  readonly before: Step | null;
}

/** How far a diagonal has come: lines of the shorter text, and the way there; -1: nowhere yet. */
interface Front {
  readonly shorterLines: number;
  readonly way: Step | null;
}

const NOWHERE: Front = { shorterLines: -1, way: null };

/** The furthest point on diagonal `k` from those beside it, and along what both texts have. */
function advance(
  longer: readonly string[],
  shorter: readonly string[],
  k: number,
  left: Front | undefined,
  right: Front | undefined,
): Front {
  if (k < -shorter.length || k > longer.length) return NOWHERE;
  let shorterLines = 0;
  let way: Step | null = null;
  if (left?.shorterLines !== -1 || right?.shorterLines !== -1) {
    const fromLeft = right === undefined || right.shorterLines === -1 || k === longer.length ||
      (left?.shorterLines ?? 0) > right.shorterLines + 1;
    const from = (fromLeft ? left : right) ?? NOWHERE;
    shorterLines = fromLeft ? from.shorterLines : from.shorterLines + 1;
    way = { kind: fromLeft ? "longer" : "shorter", before: from.way };
  }
  while (
    shorterLines < shorter.length && shorterLines + k < longer.length &&
    longer[shorterLines + k] === shorter[shorterLines]
  ) {
    shorterLines++;
    way = { kind: "common", before: way };
  }
  return { shorterLines, way };
}

/** A shortest way through both texts, from its end. */
function shortestWay(longer: readonly string[], shorter: readonly string[]): Step | null {
  const delta = longer.length - shorter.length;
  const fronts = new Map<number, Front>();
  const last = longer.length;
  const first = -shorter.length;
  const at = (k: number) => k < first || k > last ? undefined : fronts.get(k) ?? NOWHERE;
  const move = (k: number) => fronts.set(k, advance(longer, shorter, k, at(k - 1), at(k + 1)));
  for (let p = 0; (fronts.get(delta) ?? NOWHERE).shorterLines < shorter.length; p++) {
    for (let k = -p; k < delta; k++) move(k);
    for (let k = delta + p; k > delta; k--) move(k);
    move(delta);
  }
  return fronts.get(delta)?.way ?? null;
}

/** How many lines both begin with. */
function commonHead(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length);
  let lines = 0;
  while (lines < length && a[lines] === b[lines]) lines++;
  return lines;
}

/** The difference of two texts that neither begin nor end with the same line. */
function middle(actual: readonly string[], expected: readonly string[]): DiffLine[] {
  const lines = (kind: LineKind, texts: readonly string[]) => texts.map((text) => ({ kind, text }));
  if (
    actual.length === 0 || expected.length === 0 ||
    actual.length * expected.length > PAIRS_MAX
  ) {
    return [...lines("removed", actual), ...lines("added", expected)];
  }
  const isSwapped = expected.length > actual.length;
  const [longer, shorter] = isSwapped ? [expected, actual] : [actual, expected];
  const result: DiffLine[] = [];
  let inLonger = longer.length;
  let inShorter = shorter.length;
  for (let step = shortestWay(longer, shorter); step !== null; step = step.before) {
    if (step.kind !== "shorter") inLonger--;
    if (step.kind !== "longer") inShorter--;
    const isOfActual = (step.kind === "longer") !== isSwapped;
    const kind = step.kind === "common" ? "common" : isOfActual ? "removed" : "added";
    result.push({ kind, text: step.kind === "shorter" ? shorter[inShorter]! : longer[inLonger]! });
  }
  return result.reverse();
}

/** All lines of both texts: those of `actual` alone are removed, those of `expected` alone added. */
export function diffLines(actual: readonly string[], expected: readonly string[]): DiffLine[] {
  const head = commonHead(actual, expected);
  const restOfActual = actual.slice(head);
  const restOfExpected = expected.slice(head);
  const tail = commonHead(restOfActual.toReversed(), restOfExpected.toReversed());
  const common = (texts: readonly string[]) =>
    texts.map((text): DiffLine => ({ kind: "common", text }));
  return [
    ...common(actual.slice(0, head)),
    ...middle(
      restOfActual.slice(0, restOfActual.length - tail),
      restOfExpected.slice(0, restOfExpected.length - tail),
    ),
    ...common(restOfActual.slice(restOfActual.length - tail)),
  ];
}
