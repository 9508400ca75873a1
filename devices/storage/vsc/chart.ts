/**
 * The chart of the storage controller's VSC: how far it is with its controller (docs/storage.md G1, G10, G11), and
 * what it does on the way. Requests are no part of it: they are sent while it is ready.
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { ChartTable } from "../../chart.ts";
import { CLIENT_EFFECTS, type ClientEffect, type ClientEvent, type ClientPlace } from "./words.ts";

/** The chart. What a state does not list changes nothing: answers of a controller that is being closed, for one. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createStorageClientChart() {
  const ends = { suspended: "#storageClient.closing.waiting", refused: "#storageClient.closing.refused", failedOften: "#storageClient.closing.refused", close: "#storageClient.closing.closed" };
  const subChannelsGranted = { actions: "attendSoon" } as const;
  const attended = ["openSubChannels", "awaitGone", "pump"] as const;
  const paths = { attend: { actions: attended }, pathClosed: { actions: "attendSoon" }, pathGone: { actions: "reopenSubChannels" } } as const;
  return setup({
    types: { events: {} as { type: ClientEvent } },
    actions: Object.fromEntries(CLIENT_EFFECTS.map((name) => [name, () => {}])) as Record<ClientEffect, () => void>,
  }).createMachine({ id: "storageClient", initial: "waiting", states: {
    waiting: { on: { ...ends, failed: "closing.refused", notReopened: "refused", opened: { target: "negotiating", actions: "forget" } } },
    negotiating: { initial: "begin", on: { ...ends, ...paths, failed: "closing.refused" }, states: {
      begin: { entry: "ask", on: { accepted: "version" } },
      version: { entry: "ask", on: { accepted: "properties", versionRefused: { target: "version", reenter: true } } },
      properties: { entry: "ask", on: { accepted: "end", acceptedMultichannel: "subChannels" } },
      subChannels: { entry: "ask", on: { granted: { ...subChannelsGranted, target: "end" }, denied: "end" } },
      end: { entry: "ask", on: {
        accepted: { target: "#storageClient.ready.settled", actions: ["serve", "search"] },
        acceptedMultichannel: { target: "#storageClient.ready.subChannels", actions: ["serve", "ask", "search"] },
      } },
    } },
    ready: { initial: "settled", on: { ...ends, ...paths, failed: "closing.waiting", rescan: { actions: "search" } }, states: {
      settled: {},
      subChannels: { on: { granted: { ...subChannelsGranted, target: "settled" }, denied: "settled" } },
    } },
    closing: { entry: "stop", exit: "free", initial: "waiting", on: { close: ".closed", attend: { actions: "closeChannels" } }, states: {
      waiting: { on: { allClosed: { target: "#storageClient.waiting", actions: "reopen" } } },
      refused: { on: { allClosed: "#storageClient.refused" } },
      closed: { on: { allClosed: { target: "#storageClient.closed", actions: "freePrimary" } } },
    } },
    refused: { on: { close: "closing.closed" } },
    closed: {},
  } });
}

/** The chart as a table. */
export const CLIENT_CHART: ChartTable<ClientPlace, ClientEvent, ClientEffect> = new ChartTable(createStorageClientChart);
