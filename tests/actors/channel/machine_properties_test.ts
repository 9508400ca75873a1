import { assert, assertEquals } from "@std/assert";
import type { AnyMachineSnapshot } from "xstate";
import type { ChannelTag, Side } from "../../../actors/channel/types.ts";
import { stateKey } from "../../../actors/chart/compile.ts";
import { allowedIn } from "../../support/charts.ts";
import {
  allows,
  CHANNEL_CHARTS,
  CHANNEL_STATES,
  type ChannelEventType,
  forEachState,
  forEachStep,
  has,
  nextState,
  SIDES,
  stateAfter,
} from "../../support/channel_chart.ts";

/** What the driver and the bus answer by themselves, whatever else happens. */
const ANSWERS: readonly ChannelEventType[] = [
  "openedOk",
  "startedReturned",
  "postStartedReturned",
  "suspendCalled",
  "suspendReturned",
  "retired",
  "closedReturned",
  "openRefused",
  "released",
];

/** More steps than any teardown takes. */
const STEPS_MAX = 12;

const CALLBACK_TAGS: readonly ChannelTag[] = [
  "callOpened",
  "callStarted",
  "callPostStarted",
  "callSuspend",
];

// kmcl.md S10: state change callbacks of one endpoint never overlap.
Deno.test("createChannelChart: asks for one state change callback at a time", () => {
  forEachState((_side, snapshot) => {
    const asked = CALLBACK_TAGS.filter((tag) => has(snapshot, tag));
    const isFlowCalling = has(snapshot, "quiet") && !has(snapshot, "atRest");
    return asked.length + (isFlowCalling ? 1 : 0) <= 1;
  });
});

// kmcl.md S6, S7: packets move, and what goes with that happens, only while the rings exist.
Deno.test("createChannelChart: has no flow outside Opened and what comes before Closed", () => {
  forEachState((_side, snapshot) =>
    has(snapshot, "atRest") && !has(snapshot, "quiet") ||
    has(snapshot, "opened") && has(snapshot, "rings")
  );
});

/** What one tag says of others. */
const IMPLICATIONS: readonly (readonly [ChannelTag, string, readonly ChannelTag[]])[] = [
  // kmcl.md S1, I3
  ["configurable", "has", ["disabled"]],
  // kmcl.md S10.7: nothing of an open channel is left
  ["disabled", "has", ["atRest", "sound"]],
  ["disabled", "lacks", ["rings", "opened", "leaving", "connecting", "quiet", "closed", "byUs"]],
  // kmcl.md G1: from EvtChannelOpened until EvtChannelClosed has returned
  ["callOpened", "has", ["rings", "atRest"]],
  ["opened", "has", ["rings"]],
  ["callClosed", "has", ["rings", "opened", "leaving"]],
  ["closed", "lacks", ["rings", "opened", "leaving", "quiet"]],
  ["closed", "has", ["atRest", "sound"]],
  // kmcl.md S4
  ["flows", "lacks", ["callStarted", "callOpened", "callSuspend", "atRest", "quiet", "draining"]],
  ["callPostStarted", "has", ["flows"]],
  ["callStarted", "lacks", ["atRest", "flows"]],
  // kmcl.md S7
  ["draining", "has", ["quiet"]],
  ["callSuspend", "lacks", ["quiet", "flows", "atRest"]],
  // kmcl.md S10
  ["byUs", "has", ["leaving", "rings"]],
  ["releasing", "has", ["tearingDown", "atRest", "sound"]],
  ["tearingDown", "has", ["leaving", "atRest"]],
  ["tearingDown", "lacks", ["rings", "opened", "quiet", "byUs"]],
  ["connecting", "lacks", ["rings", "leaving", "disabled"]],
];

for (const [tag, how, others] of IMPLICATIONS) {
  Deno.test(`createChannelChart: what is ${tag} ${how} ${others.join(", ")}`, () => {
    assert(
      CHANNEL_STATES.client.concat(CHANNEL_STATES.server).some((snapshot) => has(snapshot, tag)),
    );
    forEachState((_side, snapshot) =>
      !has(snapshot, tag) || others.every((other) => has(snapshot, other) === (how === "has"))
    );
  });
}

/** Events that are allowed exactly where a state asks for them. */
const ANSWERED_WHERE: Readonly<
  Partial<Record<ChannelEventType, (s: AnyMachineSnapshot) => boolean>>
> = {
  enable: (state) => has(state, "disabled"),
  openedOk: (state) => has(state, "callOpened"),
  openedFailed: (state) => has(state, "callOpened"),
  startedReturned: (state) => has(state, "callStarted"),
  postStartedReturned: (state) => has(state, "callPostStarted"),
  suspendCalled: (state) => has(state, "callSuspend"),
  suspendReturned: (state) =>
    has(state, "quiet") && !has(state, "draining") && !has(state, "atRest"),
  retired: (state) => has(state, "draining"),
  closedReturned: (state) => has(state, "callClosed") && has(state, "atRest"),
  released: (state) => has(state, "releasing"),
  disable: (state) => !has(state, "disabled") && !has(state, "byUs") && !has(state, "tearingDown"),
  openRefused: (state) =>
    has(state, "connecting") || has(state, "tearingDown") && !has(state, "releasing"),
};

for (const [type, isExpected] of Object.entries(ANSWERED_WHERE)) {
  Deno.test(`createChannelChart: takes ${type} where it is asked for, and nowhere else`, () => {
    forEachState((side, snapshot) =>
      allows(side, snapshot, type as ChannelEventType) === isExpected(snapshot)
    );
  });
}

// kmcl.md S8: Pause and Start are local, and so is everything else about the flow. A Start ends a save.
Deno.test("createChannelChart: Pause and Start change nothing but the flow", () => {
  const local: readonly ChannelEventType[] = [
    "pause",
    "start",
    "startedReturned",
    "postStartedReturned",
    "suspendCalled",
    "suspendReturned",
    "retired",
  ];
  forEachStep(({ from, type, to }) =>
    !local.includes(type) ||
    stateKey({ ...from.value as object, flow: "", saving: "" }) ===
      stateKey({ ...to.value as object, flow: "", saving: "" })
  );
});

// kmcl.md S9
Deno.test("createChannelChart: Start makes the flow Active and Pause makes it Paused", () => {
  forEachStep(({ type, to }) =>
    type === "start" ? has(to, "active") : type !== "pause" || !has(to, "active")
  );
});

// kmcl.md S8
Deno.test("createChannelChart: a client that was paused while Disabled opens without a flow", () => {
  const opened = stateAfter("client", ["pause", "enable", "connecting", "open", "openedOk"]);
  assert(has(opened, "opened") && has(opened, "atRest") && !has(opened, "active"));
  assert(has(nextState("client", opened, "start"), "callStarted"));
});

// kmcl.md section 5, VmbChannelPacketFail: the queue stops until the channel closed and opened again.
Deno.test("createChannelChart: a fault lets no flow begin before the rings are gone", () => {
  forEachStep(({ from, type, to }) => {
    if (has(from, "sound")) return true;
    if (!has(from, "callStarted") && has(to, "callStarted")) return false;
    const isMended = has(to, "sound");
    if (isMended) return !has(to, "rings");
    return type !== "closedReturned" && type !== "openedFailed";
  });
});

// kmcl.md S7, S10.2: Suspend is called once for each Started.
Deno.test("createChannelChart: asks for Suspend only after Started has returned", () => {
  forEachStep(({ from, type, to }) => {
    if (!has(to, "callSuspend") || has(from, "callSuspend")) return true;
    return has(from, "flows") || type === "startedReturned";
  });
  // … and where the flow has been announced, nothing but Suspend ends it.
  forEachStep(({ from, to }) =>
    !has(from, "flows") || has(to, "flows") || has(to, "callSuspend") || has(to, "disabled")
  );
});

// kmcl.md S6: from the call of Suspend until Closed has returned or Started is called.
Deno.test("createChannelChart: is quiet from Suspend on, until Closed returned or Started is due", () => {
  forEachStep(({ from, type, to }) => {
    if (has(from, "quiet") === has(to, "quiet")) return true;
    if (has(to, "quiet")) return type === "suspendCalled";
    return type === "closedReturned" || type === "crashed" || has(to, "callStarted");
  });
});

// kmcl.md S4: a later Start after a Pause repeats Started and PostStarted, without Opened.
Deno.test("createChannelChart: asks for Opened once for each open", () => {
  forEachStep(({ from, type, to }) =>
    has(from, "callOpened") || !has(to, "callOpened") || type === "open" || type === "resumeOpen"
  );
});

// kmcl.md V6: no packet is with the driver, none is taken, and nothing is on its way to another state.
Deno.test("createChannelChart: a server may be saved where it is at rest, Paused, and not Disabled", () => {
  forEachState((side, snapshot) =>
    allows(side, snapshot, "saveBegin") ===
      (side === "server" && !has(snapshot, "saving") && has(snapshot, "atRest") &&
        !has(snapshot, "active") && !has(snapshot, "disabled") && !has(snapshot, "leaving") &&
        !has(snapshot, "callOpened"))
  );
});

// kmcl.md V6: what is saved is as it was when the save began, or is not saved any more.
Deno.test("createChannelChart: whatever changes a server that is being saved ends the save", () => {
  forEachStep(({ from, type, to }) => {
    if (!has(from, "saving")) return has(to, "saving") === (type === "saveBegin");
    return has(to, "saving") ? stateKey(from.value) === stateKey(to.value) : type === "saveEnd" ||
      stateKey({ ...from.value as object, saving: "" }) !==
        stateKey({ ...to.value as object, saving: "" });
  });
});

// A save changes nothing of what a server allows.
Deno.test("createChannelChart: a server that is being saved allows what it allows otherwise", () => {
  for (const from of CHANNEL_STATES.server.filter((snapshot) => has(snapshot, "saving"))) {
    const without = nextState("server", from, "saveEnd");
    const allowed = (snapshot: AnyMachineSnapshot) =>
      allowedIn(CHANNEL_CHARTS.server, snapshot).filter((type) => !type.startsWith("save"));
    assertEquals(allowed(from), allowed(without), stateKey(from.value));
  }
});

// kmcl.md V10
Deno.test("createChannelChart: a restored server is torn down, and comes back as it was", () => {
  const tornDown = stateAfter("server", ["enable", "disable", "released"]);
  assertEquals(stateAfter("server", ["restored"]).value, tornDown.value);
  const resumed = stateAfter("server", ["restored", "enable", "resumeOpen"]);
  assert(has(resumed, "callOpened") && has(resumed, "resuming") && !has(resumed, "active"));
  assertEquals(
    nextState("server", resumed, "openedOk").value,
    stateAfter("server", ["enable", "open", "openedOk"]).value,
  );
  assertEquals(
    nextState("server", resumed, "openedFailed").value,
    stateAfter("server", ["enable"]).value,
  );
  assertEquals(
    stateAfter("server", ["restored", "enable", "resumeClosed"]).value,
    stateAfter("server", ["enable", "open", "openedOk", "peerClosed", "closedReturned"]).value,
  );
  // A Start that comes while Opened runs has the flow begin when it has returned.
  const started = nextState("server", nextState("server", resumed, "start"), "openedOk");
  assert(has(started, "callStarted"));
});

// kmcl.md S10, S13: whatever an endpoint is at, its partition's crash makes it Disabled.
Deno.test("createChannelChart: a client that crashes is Disabled, torn down and at rest", () => {
  const tornDown = stateAfter("client", ["enable", "disable", "released"]);
  for (const from of CHANNEL_STATES.client) {
    assertEquals(nextState("client", from, "crashed").value, tornDown.value, stateKey(from.value));
  }
});

/** Has the driver and the bus answer until nothing is asked for; the events, in order. */
function finish(side: Side, from: AnyMachineSnapshot): [AnyMachineSnapshot, ChannelEventType[]] {
  const events: ChannelEventType[] = [];
  let snapshot = from;
  while (events.length < STEPS_MAX) {
    const type = ANSWERS.find((answer) => allows(side, snapshot, answer));
    if (type === undefined) return [snapshot, events];
    snapshot = nextState(side, snapshot, type);
    events.push(type);
  }
  throw new Error(`Cannot finish ${side} ${stateKey(from.value)}: ${events.join(" ")}`);
}

// kmcl.md S10, S11
Deno.test("createChannelChart: Disable ends in Disabled, from wherever it is called", () => {
  for (const side of SIDES) {
    for (const from of CHANNEL_STATES[side]) {
      const isWanted = allows(side, from, "disable");
      const [end, events] = finish(side, isWanted ? nextState(side, from, "disable") : from);
      if (!isWanted && has(from, "disabled")) assertEquals(events, []);
      assert(has(end, "disabled"), `${side} ${stateKey(from.value)}: ${events.join(" ")}`);
      // In the order of kmcl.md S10: Suspend, the last packet, Closed, and then all is let go.
      const order = events.map((type) => ANSWERS.indexOf(type));
      assertEquals(order, order.toSorted((a, b) => a - b));
      assertEquals(
        events.filter((type) => type === "closedReturned").length,
        has(from, "rings") ? 1 : 0,
      );
    }
  }
});

// kmcl.md S10: a server whose guest closed is Enabled (Closed), a client is Disabled.
Deno.test("createChannelChart: a close by the other side ends in the state of that side", () => {
  for (const side of SIDES) {
    for (const from of CHANNEL_STATES[side]) {
      if (!has(from, "opened") || has(from, "leaving")) continue;
      const [end] = finish(side, nextState(side, from, "peerClosed"));
      assert(has(end, side === "server" ? "closed" : "disabled"), stateKey(from.value));
    }
  }
});

// kmcl.md S3: a failed open rolls back to a state in which no traffic flows, and Closed is not called.
Deno.test("createChannelChart: a failed open ends Enabled for a server, Disabled for a client", () => {
  for (const side of SIDES) {
    for (const from of CHANNEL_STATES[side]) {
      if (!has(from, "callOpened")) continue;
      const [end, events] = finish(side, nextState(side, from, "openedFailed"));
      const isEnd = side === "client" || has(from, "byUs") ? "disabled" : "enabled";
      assertEquals(has(end, "disabled"), isEnd === "disabled", stateKey(from.value));
      assertEquals(events, isEnd === "disabled" ? ["released"] : []);
    }
  }
});
