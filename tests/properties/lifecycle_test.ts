/** The documented calls in any order, against a model of the documented states. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as vmbus from "../../mod.ts";
import { callbackOrderFault, LifecycleModel, SIDES } from "../../simulator/peers/mod.ts";
import { LifecycleStage } from "../support/lifecycle_stage.ts";
import { times } from "../support/long.ts";

type Side = vmbus.Side;
type Command = fc.AsyncCommand<LifecycleModel, LifecycleStage>;

/** How often each command ran, and what came of it: a test of paths that nobody takes proves little. */
const counts = new Map<string, number>();

function count(what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** A command that ends with a comparison of everything. */
class Call implements Command {
  readonly #name: string;
  readonly #run: (model: LifecycleModel, stage: LifecycleStage) => Promise<void> | void;

  constructor(
    name: string,
    run: (model: LifecycleModel, stage: LifecycleStage) => Promise<void> | void,
  ) {
    this.#name = name;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  async run(model: LifecycleModel, stage: LifecycleStage): Promise<void> {
    count(`${this.#name} while ${model.server.lifecycle}, ${model.client.lifecycle}`);
    const made = this.#run(model, stage);
    // A call that is not awaited must not be the only one that drives: the comparison settles at once.
    if (made !== undefined) await made;
    await stage.compare(model);
  }

  toString(): string {
    return this.#name;
  }
}

function enable(side: Side): Command {
  return new Call(`enable ${side}`, (model, stage) => {
    const status = stage.table(side).VmbChannelEnable(stage.channel(side));
    assertEquals(status, model.enable(side));
  });
}

function disable(side: Side): Command {
  return new Call(`disable ${side}`, async (model, stage) => {
    model.disable(side);
    await stage.table(side).VmbChannelDisable(stage.channel(side));
  });
}

function start(side: Side): Command {
  return new Call(`start ${side}`, (model, stage) => {
    model.start(side);
    stage.table(side).VmbChannelStart(stage.channel(side));
  });
}

function pause(side: Side): Command {
  return new Call(`pause ${side}`, async (model, stage) => {
    model.pause(side);
    await stage.table(side).VmbChannelPause(stage.channel(side));
  });
}

function send(side: Side, packets: number): Command {
  return new Call(`send ${packets} from ${side}`, (model, stage) => {
    for (let left = packets; left > 0; left--) {
      const id = stage.nextId();
      assertEquals(stage.send(side, id), model.send(side, id));
    }
  });
}

function request(side: Side): Command {
  return new Call(`request from ${side}`, async (model, stage) => {
    const { status } = await stage.request(side);
    assertEquals(vmbus.ntStatusName(status), vmbus.ntStatusName(model.request(side)));
    count(`request from ${side}: ${vmbus.ntStatusName(status)}`);
  });
}

const createGpadl = new Call("create GPADL", (model, stage) => {
  const { status, gpadlHandle } = stage.createGpadl();
  assertEquals(status, model.createGpadl());
  assertEquals(gpadlHandle !== null, status === vmbus.STATUS_SUCCESS);
  if (gpadlHandle === null) return;
  assert(!model.gpadls.has(gpadlHandle) && gpadlHandle !== 0, "kmcl.md G3");
  model.gpadls.set(gpadlHandle, { isMapped: false, isDeleting: false });
});

/** The handle of the GPADL at `at`, or one that nobody has. */
function handleAt(model: LifecycleModel, at: number): number {
  return [...model.gpadls.keys()][at] ?? 77;
}

function deleteGpadl(at: number): Command {
  return new Call(`delete GPADL ${at}`, (model, stage) => {
    const handle = handleAt(model, at);
    model.deleteGpadl(handle);
    // Where it is mapped, this waits for an unmap that may come later.
    const deleted = stage.table("client").VmbChannelDeleteGpadl(stage.channel("client"), handle);
    deleted.then(() => count("a deletion ended"));
  });
}

function mapGpadl(at: number): Command {
  return new Call(`map GPADL ${at}`, (model, stage) => {
    const handle = handleAt(model, at);
    const status = stage.mapGpadl(handle);
    assertEquals(vmbus.ntStatusName(status), vmbus.ntStatusName(model.mapGpadl(handle)));
  });
}

function unmapGpadl(at: number): Command {
  return new Call(`unmap GPADL ${at}`, (model, stage) => {
    const handle = handleAt(model, at);
    model.unmapGpadl(handle);
    stage.unmapGpadl(handle);
  });
}

function cleanUp(side: Side): Command {
  return new Call(`clean up ${side}`, (model, stage) => stage.cleanUp(side, model.cleanUp(side)));
}

const settle = new Call("settle", () => {});

const crash = new Call("crash", (model, stage) => {
  if (!model.isCrashed) stage.callbacks.client.push([]);
  model.crash();
  stage.crash();
});

/** One call of a burst: made, not awaited, and not followed by anything. */
type BurstCall = (stage: LifecycleStage, side: Side) => Promise<unknown> | void;

const BURST_CALLS: readonly BurstCall[] = [
  (stage, side) => void stage.table(side).VmbChannelEnable(stage.channel(side)),
  (stage, side) => void stage.table(side).VmbChannelEnable(stage.channel(side)),
  (stage, side) => stage.table(side).VmbChannelDisable(stage.channel(side)),
  (stage, side) => stage.table(side).VmbChannelStart(stage.channel(side)),
  (stage, side) => stage.table(side).VmbChannelPause(stage.channel(side)),
  (stage, side) => void stage.send(side, stage.nextId()),
  (stage, side) => void stage.send(side, stage.nextId()),
  (stage, side) => stage.request(side),
  (stage) => void stage.createGpadl(),
  (stage) => {
    const { gpadlHandle } = stage.createGpadl();
    if (gpadlHandle !== null) void stage.mapGpadl(gpadlHandle);
  },
];

/** What misuse a burst may turn out to be. */
const BURST_RULES: ReadonlySet<vmbus.ViolationRule> = new Set<vmbus.ViolationRule>([
  "Start in Disabled",
  "send between Suspend and the next Started or Closed",
  "GPADL not deleted or still mapped when Closed returns",
]);

/** Several calls at once. Their end depends on who was first: the model takes over what came of it. */
class Burst implements Command {
  readonly #calls: readonly (readonly [call: number, side: Side])[];

  constructor(calls: readonly (readonly [number, Side])[]) {
    this.#calls = calls;
  }

  check(): boolean {
    return true;
  }

  async run(model: LifecycleModel, stage: LifecycleStage): Promise<void> {
    const promises = this.#calls.map(([call, side]) => BURST_CALLS[call]?.(stage, side));
    await stage.settleFreely();
    await stage.fabric.advance(2); // requests give up
    await Promise.all(promises); // kmcl.md S8, S11, Y1: each call ends
    await stage.settleFreely();
    stage.teach(model);
    for (const rule of stage.takeViolations()) assert(BURST_RULES.has(rule), rule);
    count(`burst to ${model.server.lifecycle}, ${model.client.lifecycle}`);
    await stage.compare(model);
  }

  toString(): string {
    return `burst of ${this.#calls.map(([call, side]) => `${call} ${side}`).join(", ")}`;
  }
}

/** After a crash, another guest. */
const replace: Command = {
  check: (model) => model.isCrashed,
  async run(model, stage) {
    model.disable("server");
    await stage.table("server").VmbChannelDisable(stage.channel("server"));
    await stage.compare(model);
    stage.replaceGuest();
    model.replaceGuest();
    await stage.compare(model);
  },
  toString: () => "replace the guest",
};

const anySide = fc.constantFrom(...SIDES);

const anyCommand: fc.Arbitrary<Command>[] = [
  anySide.map(enable),
  anySide.map(enable),
  anySide.map(disable),
  anySide.map(start),
  anySide.map(start),
  anySide.map(pause),
  fc.tuple(anySide, fc.integer({ min: 1, max: 5 })).map(([side, packets]) => send(side, packets)),
  anySide.map(request),
  fc.constant(createGpadl),
  fc.nat({ max: 2 }).map(deleteGpadl),
  fc.nat({ max: 2 }).map(mapGpadl),
  fc.nat({ max: 2 }).map(unmapGpadl),
  anySide.map(cleanUp),
  fc.constant(settle),
  fc.array(fc.tuple(fc.nat({ max: BURST_CALLS.length - 1 }), anySide), {
    minLength: 2,
    maxLength: 8,
  })
    .map((calls) => new Burst(calls)),
  fc.integer({ min: 0, max: 9 }).map((n) => n === 0 ? crash : replace),
];

const anyFabric: fc.Arbitrary<vmbus.FabricOptions> = fc.record({
  seed: fc.nat(),
  schedule: fc.constantFrom("fifo" as const, "random" as const),
  codec: fc.constantFrom("msgpack" as const, "vmbus" as const),
  trace: fc.constant("off" as const),
});

async function finish(model: LifecycleModel, stage: LifecycleStage): Promise<void> {
  for (const side of SIDES) {
    model.disable(side);
    await stage.table(side).VmbChannelDisable(stage.channel(side));
  }
  await stage.compare(model);
  for (const side of SIDES) stage.table(side).VmbChannelCleanup(stage.channel(side));
  assertEquals(stage.fabric.leaks(), []);
  assertEquals(stage.fabric.inspect().callers, []);
  assertEquals(stage.fabric.inspect().callbacks, []);
  for (const side of SIDES) {
    const lives = stage.callbacks[side];
    assertEquals(lives.map(callbackOrderFault), lives.map(() => null));
    const last = lives.at(-1)?.at(-1);
    assert(last === undefined || last === "EvtChannelClosed", last); // both were disabled
  }
}

// kmcl.md S1–S12, S15, G1–G3, Y1, Y4: every call alone, in every state that it can meet.
Deno.test("VmbChannelEnable: calls in any order after it do what the states say", async () => {
  counts.clear();
  await fc.assert(
    fc.asyncProperty(
      anyFabric,
      fc.commands(anyCommand, { maxCommands: 80, size: "max" }),
      async (options, commands) => {
        const model = new LifecycleModel();
        const stage = new LifecycleStage(options);
        await fc.asyncModelRun(() => ({ model, real: stage }), commands);
        await finish(model, stage);
      },
    ),
    { seed: 20_260_806, numRuns: times(50, 250) },
  );
  const states = [...counts].filter(([, count]) => count > 3).length;
  assert(states > 150, `${states} calls in states`);
});
