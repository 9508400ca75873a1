/**
 * Every cause of a close at every point of a channel's life (kmcl.md S10, S11, S13, S15): the same driver pair
 * is run up to the k-th round of the loop, then the cause strikes, and whatever was under way must end as
 * documented.
 *
 * @module
 */

import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { ClosingStage, type SideLog } from "./closing_stage.ts";
import { runSteps } from "../../support/run_steps.ts";
import { times } from "../../support/long.ts";

/** The word of an endpoint: refused opens, and lives of Opened, runs, Closed (S3, S4, S7, S10). */
const WORD = /^(F|O(SP?U)*C)*$/;
/** The same, cut off anywhere by a crash of the endpoint's own partition. */
const WORD_CUT_OFF = /^(F|O(SP?U)*C)*(O(SP?U)*(SP?)?)?$/;
/** How a transaction may end (P1, S15). */
const ENDS = ["STATUS_SUCCESS", "STATUS_CANCELLED", "STATUS_DEVICE_REMOVED"];
/** How a blocked caller may be answered (Y1, S10). */
const ANSWERS = ["STATUS_SUCCESS", "STATUS_DEVICE_REMOVED"];

/** Waiting calls that the program made. */
class Calls {
  /** How many have not returned. */
  left = 0;

  /** Notes that `call` returns, and has `check` look at what it has brought about. */
  watch(call: Promise<void>, check: () => void = () => {}): void {
    this.left++;
    call.then(() => {
      this.left--;
      check();
    });
  }
}

/** Something that the program does, or that strikes it. */
type Action = (stage: ClosingStage, calls: Calls) => void;

/** When Disable has returned, everything of its endpoint has ended (S11). */
function assertEnded(log: SideLog, channel: vmbus.VMBCHANNEL): void {
  const { lifecycle, incomingRing, outgoingRing, gpadls, queued, blockedCallers } = vmbus
    .inspectChannel(channel);
  assertEquals(
    [lifecycle, incomingRing, outgoingRing, gpadls, queued, blockedCallers],
    ["disabled", null, null, [], 0, 0],
  );
  assertEquals([log.pending, log.blocked, log.held.length], [0, 0, 0]);
}

const disableServer: Action = ({ pair: { vsp, server: channel }, server }, calls) => {
  calls.watch(vsp.VmbChannelDisable(channel), () => assertEnded(server, channel));
};

const disableClient: Action = (stage, calls) => {
  const { pair: { vsc, client: channel }, client } = stage;
  calls.watch(vsc.VmbChannelDisable(channel), () => {
    if (!stage.isGuestGone) assertEnded(client, channel);
  });
};

/** A channel's life: what the program does in turn, each action run to its end. */
const LIFE: readonly Action[] = [
  ({ pair: { vsp, vsc, server, client } }) => {
    vsp.VmbChannelEnable(server);
    vsp.VmbChannelStart(server);
    vsc.VmbChannelEnable(client);
  },
  (stage) => {
    stage.sendMore();
    stage.ask("hold");
  },
  ({ pair: { vsp, server } }, calls) => calls.watch(vsp.VmbChannelPause(server)),
  ({ pair: { vsp, server } }) => vsp.VmbChannelStart(server),
  ({ pair: { vsc, client } }, calls) => calls.watch(vsc.VmbChannelPause(client)),
  ({ pair: { vsc, client } }) => vsc.VmbChannelStart(client),
  (stage, calls) => {
    stage.sendMore();
    stage.ask("hold");
    disableClient(stage, calls);
  },
  ({ pair: { vsc, client } }) => vsc.VmbChannelEnable(client),
  (stage, calls) => {
    stage.sendMore();
    stage.ask("hold");
    disableServer(stage, calls);
  },
];

const CAUSES = {
  "the server disables": disableServer,
  "the client disables": disableClient,
  "both disable": (stage, calls) => {
    disableServer(stage, calls);
    disableClient(stage, calls);
  },
  "the guest crashes": (stage) => {
    stage.isGuestGone = true;
    stage.pair.guest.crash();
  },
  "the guest is destroyed": (stage) => {
    stage.isGuestGone = true;
    stage.pair.guest.destroy();
  },
} satisfies Record<string, Action>;

type Cause = keyof typeof CAUSES;

/** What must hold of the endpoints once the cause has had its effect. */
function assertClosed({ pair }: ClosingStage, cause: Cause): void {
  const server = vmbus.inspectChannel(pair.server);
  const client = vmbus.inspectChannel(pair.client);
  const isServerOff = cause === "the server disables" || cause === "both disable";
  assertMatch(server.lifecycle, isServerOff ? /^disabled$/ : /^(disabled|enabled|closed)$/);
  // A client that no offer has reached stays Enabled when the server goes (S14).
  const isClientOff = cause !== "the server disables" || client.channelId !== null;
  assertMatch(client.lifecycle, isClientOff ? /^disabled$/ : /^(disabled|enabled)$/);
  for (const { incomingRing, outgoingRing, gpadls } of [server, client]) {
    assertEquals([incomingRing, outgoingRing, gpadls], [null, null, []]);
  }
}

/** Nothing that the drivers did or had is without its end. */
function assertNothingLeft({ pair, server, client, isGuestGone }: ClosingStage): void {
  assertEquals([...server.faults, ...client.faults], []);
  assertMatch(server.word, WORD);
  assertMatch(client.word, isGuestGone ? WORD_CUT_OFF : WORD);
  const names = (statuses: vmbus.NtStatus[]) => statuses.map(vmbus.ntStatusName);
  const ends = names([...server.ends, ...client.ends]);
  assertEquals(ends.filter((end) => !ENDS.includes(`${end}`)), []);
  assertEquals(names(client.answers).filter((answer) => !ANSWERS.includes(`${answer}`)), []);
  assertEquals([server.pending, server.held.length], [0, 0]);
  for (const { faults } of pair.fabric.inspect().partitions) assertEquals(faults, []);
  if (isGuestGone) return;
  assertEquals([client.pending, client.held.length, client.blocked], [0, 0, 0]);
  assertEquals(pair.fabric.inspect().partitions.map(({ pinnedPages }) => pinnedPages), [0, 0]);
}

/** Runs the life up to round `rounds`, lets `cause` strike, and ends it all; false past the life's end. */
async function strike(stage: ClosingStage, rounds: number, cause: Cause): Promise<boolean> {
  const { fabric, vsp, vsc, server, client } = stage.pair;
  const calls = new Calls();
  let left = rounds;
  for (const act of LIFE) {
    act(stage, calls);
    left = await runSteps(fabric, left);
    if (left === 0) break;
  }
  CAUSES[cause](stage, calls);
  await fabric.run();
  assertClosed(stage, cause);
  disableServer(stage, calls);
  disableClient(stage, calls);
  await fabric.run();
  await fabric.settle(); // the calls have returned; what watches them runs after them
  assertEquals(calls.left, 0);
  assertNothingLeft(stage);
  if (!stage.isGuestGone) stage.free();
  vsp.VmbChannelCleanup(server);
  vsc.VmbChannelCleanup(client);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
  return left === 0;
}

/** Lets `cause` strike at every `stride`-th round from `first` on, each time on a stage of its own. */
async function sweep(
  cause: Cause,
  { schedule, isSlow }: { schedule: vmbus.Schedule; isSlow: boolean },
  first: number,
  stride: number,
): Promise<void> {
  let points = 0;
  for (let rounds = first;; rounds += stride) {
    const stage = new ClosingStage({ fabric: { schedule, seed: rounds, trace: "off" }, isSlow });
    try {
      if (!await strike(stage, rounds, cause)) break;
    } catch (error) {
      const words = `server ${stage.server.word}, client ${stage.client.word}`;
      throw new Error(`${cause} after ${rounds} rounds (${words})`, { cause: error });
    }
    points++;
  }
  assertGreater(points * stride, 100); // the life is long enough to be worth the name
}

/** Four ways to run a life, each stopped at other rounds. */
const MODES = [
  { name: "fifo, quick callbacks", schedule: "fifo", isSlow: false, first: 1 },
  { name: "fifo, slow callbacks", schedule: "fifo", isSlow: true, first: 2 },
  { name: "random, quick callbacks", schedule: "random", isSlow: false, first: 3 },
  { name: "random, slow callbacks", schedule: "random", isSlow: true, first: 4 },
] as const;

const STRIDES: Readonly<Record<Cause, number>> = {
  "the server disables": times(12, 6),
  "the client disables": times(12, 6),
  "both disable": times(24, 18),
  "the guest crashes": times(12, 6),
  "the guest is destroyed": times(24, 18),
};

// kmcl.md S10, S11, S13, S15
for (const cause of Object.keys(CAUSES) as Cause[]) {
  for (const mode of MODES) {
    Deno.test(`closing: ${cause} at any point, ${mode.name}`, async () => {
      await sweep(cause, mode, mode.first, STRIDES[cause]);
    });
  }
}

// What the matrix strikes is worth it: without a cause the life has everything in it.
Deno.test("closing: the life of the matrix runs twice, and ends in all documented ways", async () => {
  const stage = new ClosingStage({ fabric: {}, isSlow: false });
  await strike(stage, 100_000, "both disable");
  const { server, client } = stage;
  assertEquals(server.word, "OSPUSPUCOSPUC");
  assertEquals(client.word, "OSPUSPUCOSPUC");
  const endsOf = (log: SideLog) => [...new Set(log.ends.map(vmbus.ntStatusName))].sort();
  assertEquals(endsOf(client), [...ENDS].sort());
  assertEquals(endsOf(server), ["STATUS_DEVICE_REMOVED", "STATUS_SUCCESS"]);
  assertEquals([...new Set(client.answers.map(vmbus.ntStatusName))].sort(), [...ANSWERS].sort());
});
