/**
 * The object that the simulator prints for programs.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

/** What the members of an object are, by name; null for those that are not known. */
function typesOf(report: Record<string, unknown>): Record<string, string | null> {
  const typeOf = (value: unknown) =>
    value === null ? null : Array.isArray(value) ? "list" : typeof value;
  return Object.fromEntries(Object.entries(report).map(([name, value]) => [name, typeOf(value)]));
}

/** What each member of the object of --json is, where it is known. */
const JSON_TYPES = {
  ok: "boolean",
  error: "string",
  scenario: "string",
  seed: "string",
  schedule: "string",
  codec: "string",
  options: "object",
  wallMilliseconds: "number",
  replay: "string",
  resume: "string",
  traceDigest: "string",
  stopped: "boolean",
  findings: "list",
  expected: "list",
  faults: "list",
  files: "object",
  counts: "object",
  tables: "object",
  figures: "object",
  transactions: "number",
  transactionsPerSecond: "number",
  virtualMilliseconds: "number",
  violations: "number",
  leaks: "number",
};

/** The one object that was printed, whose members have the types that they always have. */
export function jsonOf(stdout: string) {
  const report = JSON.parse(stdout);
  const known = Object.entries(typesOf(report)).filter(([, type]) => type !== null);
  assertEquals(Object.keys(report), Object.keys(JSON_TYPES));
  assertEquals({ ...JSON_TYPES, ...Object.fromEntries(known) }, JSON_TYPES);
  return report;
}
