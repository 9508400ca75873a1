/**
 * Values of options as they are typed.
 *
 * @module
 */

import { InvalidArgumentError } from "commander";

const SEED_MAX = 0xffff_ffff_ffff_ffffn;
/** Milliseconds in each unit of time. */
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** No timer is longer. */
const TIME_MS_MAX = 2 ** 31 - 1;

/**
 * A seed.
 *
 * @throws {InvalidArgumentError} `text` is no seed.
 */
export function parseSeed(text: string): bigint {
  const seed = /^(?:\d+|0x[\da-f]+)$/i.test(text) ? BigInt(text) : -1n;
  if (seed >= 0n && seed <= SEED_MAX) return seed;
  throw new InvalidArgumentError("It must be a whole number below 2^64, decimal or with 0x.");
}

/**
 * A time in milliseconds.
 *
 * @throws {InvalidArgumentError} `text` is no time.
 */
export function parseTime(text: string): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS_MS[unit] ?? 0);
  if (ms >= 1 && ms <= TIME_MS_MAX) return Math.ceil(ms);
  throw new InvalidArgumentError(
    "It must be a time such as 500ms, 60s, 5m or 2h, 24 days at most.",
  );
}

/** A parser of whole numbers from `least` to `most`. */
export function parseWhole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
