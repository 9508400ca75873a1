/**
 * The echo scenario: a guest sends a file to the host packet by packet and gets it back, while the host
 * sends traffic of its own. So much is under way at once that the rings are full most of the time.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { type DriverCounts, ECHO_HEADER, EchoClient, EchoServer } from "../../devices/echo/mod.ts";
import { type ChannelState, createFabric, inspectChannel } from "../../mod.ts";
import {
  type ResultTable,
  type Scenario,
  type ScenarioResult,
  type ScenarioSettings,
  traceLevelOf,
} from "../scenario.ts";
import { EchoCheck } from "./check.ts";
import { ECHO_OPTIONS, readEchoOptions } from "./options.ts";
import { BESIDE_BYTES_MAX } from "./traffic.ts";

/** The guest's memory beside its rings. */
const OTHER_PAGES = 16;
/** What is under way in a direction would fill its ring so many times over. */
const RINGS_UNDER_WAY = 4;
const WINDOW_MIN = 4;
const WINDOW_MAX = 1024;
/** Payload of a typical packet of the traffic beside. */
const BESIDE_BYTES_TYPICAL = BESIDE_BYTES_MAX / 8;

/** The scenario. */
export const echo: Scenario = {
  name: "echo",
  title: "a guest sends a file to the host packet by packet, and gets it back",
  options: ECHO_OPTIONS,
  payloads: [{ layout: ECHO_HEADER }],
  run: runEcho,
};

async function runEcho(settings: ScenarioSettings): Promise<ScenarioResult> {
  const { seed = 0n, schedule = "fifo", codec = "msgpack", signal, onFabric } = settings;
  const trace = traceLevelOf(settings);
  const { file, besideCount, pieceBytes, ringPages, messageBytesMax } = readEchoOptions(settings);
  // Misuse is recorded, not thrown: the result says what it was, and how often it happened.
  const fabric = createFabric({ seed, schedule, codec, trace, verifier: "record" });
  onFabric?.(fabric);
  const memoryPages = 2 * (ringPages + 1) + OTHER_PAGES;
  const guest = fabric.createPartition({ name: "guest", memoryPages });
  const check = new EchoCheck({
    seed,
    file,
    pieceCount: Math.ceil(file.byteCount / pieceBytes),
    besideCount,
    onProgress: (done, total) => settings.onProgress?.(done, total, "packets"),
  });
  const server = new EchoServer(fabric, guest, check, {
    messageBytesMax,
    window: windowOf(ringPages, BESIDE_BYTES_TYPICAL),
  });
  const client = new EchoClient(fabric, guest, check, {
    fileBytes: file.byteCount,
    pieceBytes,
    messageBytesMax,
    ringPages,
    window: windowOf(ringPages, pieceBytes),
  });

  server.enable();
  client.enable();
  await fabric.run(signal);
  const counts = count(client, server);
  const isStopped = signal?.aborted === true && check.done < check.total;
  if (!isStopped) await finish(check, client, server);
  for (const { rule, message } of fabric.violations) check.failed(`${rule}: ${message}`);
  const leaks = isStopped ? [] : fabric.leaks();
  for (const { owner, message } of leaks) check.failed(`${owner}: ${message}`);
  return {
    ok: !isStopped && check.findings.length === 0,
    isStopped,
    findings: check.findings,
    counts,
    digests: [
      { key: "read", label: `${file.name} as read`, ...check.read.state },
      { key: "returned", label: `${file.name} as returned`, ...check.returned.state },
    ],
    transactions: check.done,
    virtualMilliseconds: fabric.now(),
    violationCount: fabric.violations.length,
    leakCount: leaks.length,
    traceDigest: fabric.traceDigest(),
    progress: { done: check.done, total: check.total, unit: "packets" },
  };
}

/** How many packets with payloads of `payloadBytes` are under way at once. */
function windowOf(ringPages: number, payloadBytes: number): number {
  const packets = Math.floor(RINGS_UNDER_WAY * ringPages * PAGE_BYTES / payloadBytes);
  return Math.max(WINDOW_MIN, Math.min(WINDOW_MAX, packets));
}

async function finish(check: EchoCheck, client: EchoClient, server: EchoServer): Promise<void> {
  check.finish();
  try {
    await client.close();
    await server.close();
  } catch (error) {
    // A channel that cannot be closed is one of the things that a run is to find.
    check.failed(`the channel does not close: ${messageOf(error)}`);
  }
}

/** What was counted while the channel was open. */
function count(client: EchoClient, server: EchoServer): ResultTable {
  const senders = [client, server].map(({ counts, channel }) => ({
    counts,
    state: inspectChannel(channel),
  }));
  const row = (
    key: string,
    label: string,
    valueOf: (counts: DriverCounts, state: ChannelState | null) => number,
  ) => ({ key, label, values: senders.map(({ counts, state }) => valueOf(counts, state)) });
  return {
    columns: [
      { key: "guestToHost", label: "guest to host" },
      { key: "hostToGuest", label: "host to guest" },
    ],
    rows: [
      row("packets", "packets", ({ packets }) => packets),
      row("payloadBytes", "payload bytes", ({ payloadBytes }) => payloadBytes),
      row("completionsWanted", "completions wanted", (counts) => counts.completionsWanted),
      row("completionsCame", "completions that came", (counts) => counts.completionsCame),
      row("roomWaits", "ring-full waits", (_, state) => state?.roomWaits ?? 0),
      row("interrupts", "interrupts", (_, state) => state?.interruptsSent ?? 0),
    ],
  };
}
