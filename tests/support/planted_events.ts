/**
 * Events that never happened, for tests that plant them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Observation } from "../../actors/runtime/observation.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import type { Checker } from "../../simulator/mod.ts";
import { findingsOfPlanted, type Planted } from "./planted.ts";

type Plant = (planted: Planted) => readonly Observation[];

/** What is planted, and what is to be found. */
interface Case {
  readonly fact: string;
  readonly plant: Plant;
  readonly found: string;
}

/** What packets carry unless they are to carry something else. */
export const BYTES = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** A packet of the client enters the ring. */
export function enters(
  { clientEnd }: Planted,
  packet: number,
  wantsCompletion = true,
  payload = BYTES,
): Observation {
  const payloadBytes = payload.length;
  const hasExternalData = false;
  return {
    kind: "packetEnters",
    endpoint: clientEnd,
    packet,
    payload,
    payloadBytes,
    wantsCompletion,
    hasExternalData,
  };
}

/** A packet of the client waits. */
export function queued({ clientEnd }: Planted, packet: number, payload = BYTES): Observation {
  const payloadBytes = payload.length;
  return { kind: "packetQueued", endpoint: clientEnd, packet, payload, payloadBytes };
}

/** The server is given a packet. */
export function arrives(
  { serverEnd }: Planted,
  packet: number,
  transactionIdLow: number,
  options: { payload?: Uint8Array; irql?: 0 | 2 } = {},
): Observation {
  const { payload = BYTES, irql = 2 } = options;
  return {
    kind: "packetArrives",
    endpoint: serverEnd,
    packet,
    transactionIdLow,
    transactionIdHigh: 0,
    wantsCompletion: true,
    hasExternalData: false,
    payload,
    payloadBytes: payload.length,
    irql,
  };
}

/** The server completes a packet. */
export function retired({ serverEnd }: Planted, packet: number): Observation {
  const answerBytes = BYTES.length;
  return {
    kind: "packetRetired",
    endpoint: serverEnd,
    packet,
    how: "completed",
    answer: BYTES,
    answerBytes,
  };
}

/** A transaction of the client ends: with a completion where there is an answer. */
export function ends(
  { clientEnd }: Planted,
  packet: number,
  status: number,
  answer: Uint8Array | null = null,
): Observation {
  return {
    kind: "transactionEnds",
    endpoint: clientEnd,
    packet,
    status,
    isAnswered: answer !== null,
    answer: answer ?? NO_BYTES,
    answerBytes: answer?.length ?? 0,
  };
}

/** A callback of the server is called. */
export function begins(
  { serverEnd }: Planted,
  callback: string,
  irql: 0 | 2 = 0,
  count = 0,
): Observation {
  return { kind: "callbackBegins", endpoint: serverEnd, callback, irql, count };
}

/** A callback of the server returns. */
export function returns({ serverEnd }: Planted, callback: string): Observation {
  return { kind: "callbackReturns", endpoint: serverEnd, callback };
}

/** A test for each of `cases`: what `checker` finds first. */
export function testPlanted(checker: Checker, cases: readonly Case[]): void {
  for (const { fact, plant, found } of cases) {
    Deno.test(`${checker.name}: finds that ${fact}`, async () => {
      const findings = await findingsOfPlanted([checker], plant);
      assertEquals(findings.slice(0, 1), [`correctness ${found}`]); // what is wrong may be wrong in two ways
    });
  }
}
