import { assertEquals } from "@std/assert";
import type { Side } from "../../../actors/channel/types.ts";
import { allows, type ChannelEventType, stateAfter } from "../../support/channel_chart.ts";

const EVENTS_OF_TABLE: readonly ChannelEventType[] = [
  "enable",
  "disable",
  "start",
  "pause",
  "open",
  "peerClosed",
  "fault",
  "released",
];

const TO_RUNNING = "open openedOk startedReturned postStartedReturned";
const TO_REST = "suspendCalled suspendReturned retired";

/** A state by its documented name, the way there, and an x under each event that it allows. */
type Row = readonly [name: string, way: string, allowed: string];

// What the documents let each side do where (kmcl.md S2, S8–S11): columns as EVENTS_OF_TABLE.
const SERVER_TABLE: readonly Row[] = [
  //                                                    enable disable start pause open peerClosed fault released
  ["Disabled, initializing", "", /*                   */ "x . . . . . . ."],
  ["Enabled, Paused", "enable", /*                    */ ". x x . x . . ."],
  ["Enabled, Active", "enable start", /*              */ ". x . x x . . ."],
  ["in Opened, Paused", "enable open", /*             */ ". x x . . x x ."],
  ["in Opened, Active", "enable start open", /*       */ ". x . x . x x ."],
  ["in Opened, guest gone", "enable open peerClosed", ". x x . . . x ."],
  ["in Opened, disabled", "enable open disable", /*   */ ". . x . . . x ."],
  ["Opened, Paused", "enable open openedOk", /*       */ ". x x . . x x ."],
  ["in Started", "enable start open openedOk", /*     */ ". x . x . x x ."],
  ["in PostStarted", "enable start open openedOk startedReturned", ". x . x . x x ."],
  ["Opened, Active", `enable start ${TO_RUNNING}`, /* */ ". x . x . x x ."],
  ["Suspend due", `enable start ${TO_RUNNING} pause`, ". x x . . x x ."],
  ["in Suspend", `enable start ${TO_RUNNING} pause suspendCalled`, ". x x . . x x ."],
  ["Paused again", `enable start ${TO_RUNNING} pause ${TO_REST}`, ". x x . . x x ."],
  ["faulted, at rest", `enable start ${TO_RUNNING} fault ${TO_REST}`, ". x . x . x . ."],
  ["in Closed, by the guest", "enable open openedOk peerClosed", ". x x . . . x ."],
  ["in Closed, by us", "enable open openedOk disable", ". . x . . . x ."],
  ["Closed", "enable open openedOk peerClosed closedReturned", ". x x . x . . ."],
  ["letting go", "enable disable", /*                 */ ". . x . . . . x"],
  ["Disabled, torn down", "enable disable released", "x . . . . . . ."],
];

const CLIENT_TABLE: readonly Row[] = [
  ["Disabled, initializing", "", /*                   */ "x . . x . . . ."],
  ["Disabled, to be paused", "pause", /*              */ "x . . . . . . ."],
  ["Enabled, waits for an offer", "enable", /*        */ ". x . x . . . ."],
  ["Enabled, Paused", "enable pause", /*              */ ". x x . . . . ."],
  ["open request out", "enable connecting", /*        */ ". x . x x x . ."],
  ["in Opened", "enable connecting open", /*          */ ". x . x . x x ."],
  ["Opened, Paused", "pause enable connecting open openedOk", ". x x . . x x ."],
  ["in Started", "enable connecting open openedOk", ". x . x . x x ."],
  ["Opened, Active", `enable connecting ${TO_RUNNING}`, ". x . x . x x ."],
  ["Paused again", `enable connecting ${TO_RUNNING} pause ${TO_REST}`, ". x x . . x x ."],
  [
    "in Closed, by the host",
    `enable connecting ${TO_RUNNING} peerClosed ${TO_REST}`,
    ". x . x . . x .",
  ],
  ["in Closed, by us", `enable connecting ${TO_RUNNING} disable ${TO_REST}`, ". . . x . . x ."],
  ["withdrawing the open request", "enable connecting disable", ". . . x x x . ."],
  ["letting go", "enable disable", /*                 */ ". . . x . . . x"],
  ["Disabled, torn down", "enable disable released", "x . . x . . . ."],
];

function checkTable(side: Side, table: readonly Row[]): void {
  for (const [name, way, allowed] of table) {
    const snapshot = stateAfter(
      side,
      way.split(" ").filter((type) => type !== "") as ChannelEventType[],
    );
    const marks = EVENTS_OF_TABLE.map((type) => allows(side, snapshot, type) ? "x" : ".");
    assertEquals(marks.join(" "), allowed, `${side} ${name}`);
  }
}

Deno.test("createChannelChart: allows a server what kmcl.md section 3 says", () => {
  checkTable("server", SERVER_TABLE);
});

Deno.test("createChannelChart: allows a client what kmcl.md section 3 says", () => {
  checkTable("client", CLIENT_TABLE);
});
