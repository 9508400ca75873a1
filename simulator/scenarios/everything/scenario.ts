/**
 * *Everything*: one to three guests, each with some channels, over which both sides send all that there is
 * to send, while the program pauses, closes and opens them.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { protocolOf } from "../../../core/control/versions.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import { versionSpoken } from "../../worlds/drawn_options.ts";
import type { Draws, ScenarioDefinition, World } from "../../worlds/world.ts";
import { ATTACKS, BREAKDOWNS, DELAYS, LOSSES, MISDEEDS, MOVES } from "../faults.ts";
import type { EverythingClient } from "./client.ts";
import { everythingVsc, everythingVsp } from "./drivers.ts";
import { MESSAGE_HEADER } from "./message.ts";
import { drawPlan, type GuestPlan, type PlannedGuest } from "./plan.ts";
import type { EverythingServer } from "./server.ts";
import { checkTotals, describeUnfinished } from "./totals.ts";

const GUESTS = ["alpha", "beta", "gamma"] as const;
type GuestName = typeof GUESTS[number];

/** Small: what a guest does not touch is not there. */
const GUEST = { memoryPages: 96, mmioMegabytes: 0, processors: 2 };
/** Between two acts of the program fewer items run than these: nearly all is over in one instant. */
const ITEMS_BETWEEN = 64;
/** After the last act so many items run, before nothing goes wrong any more. */
const ITEMS_LAST = 256;
/** How often the program looks whether all is over, a millisecond apart, before it closes what is left. */
const LOOKS_MAX = 60;
/** So often it looks before it takes an offer back that nobody has opened, and makes it again. */
const LOOKS_PATIENT = 10;

const plans = new WeakMap<Draws, Map<GuestName, GuestPlan>>();

/** What the guest is, by the options that its world has drawn. */
function plannedGuest(world: Draws, name: GuestName): PlannedGuest {
  const guest = (world as World).guest(name) as PartitionObject;
  return { hasSubchannels: protocolOf(versionSpoken(guest)).hasSubchannels, vtl: guest.vtl };
}

/** A guest's plan, which both its drivers are given; one that takes no part has no channels. */
function planOf(world: Draws, name: GuestName): GuestPlan {
  const known = plans.get(world) ?? new Map<GuestName, GuestPlan>();
  plans.set(world, known);
  const takesPart = GUESTS.indexOf(name) < world.number("guests");
  const plan = known.get(name) ??
    (takesPart ? drawPlan(world, plannedGuest(world, name)) : { channels: [] });
  known.set(name, plan);
  return plan;
}

const drivers = {
  alphaVsp: { serves: "alpha", driver: everythingVsp, options: (w: Draws) => planOf(w, "alpha") },
  alphaVsc: { in: "alpha", driver: everythingVsc, options: (w: Draws) => planOf(w, "alpha") },
  betaVsp: { serves: "beta", driver: everythingVsp, options: (w: Draws) => planOf(w, "beta") },
  betaVsc: { in: "beta", driver: everythingVsc, options: (w: Draws) => planOf(w, "beta") },
  gammaVsp: { serves: "gamma", driver: everythingVsp, options: (w: Draws) => planOf(w, "gamma") },
  gammaVsc: { in: "gamma", driver: everythingVsc, options: (w: Draws) => planOf(w, "gamma") },
} as const;

type Everything = World<typeof drivers>;

/** The two ends of a channel, as they are now. */
interface Channel {
  /** Which it is, for a report. */
  readonly name: string;
  /** The guest that it is of. */
  readonly guest: GuestName;
  /** Whether it is to be held to what is documented: nobody has tampered with it. */
  readonly isHeld: boolean;
  readonly server: EverythingServer;
  /** Null where the guest is gone. */
  readonly client: EverythingClient | null;
}

/** All channels as they are now: after each wait they may be others. */
function channelsOf(world: Everything): readonly Channel[] {
  return GUESTS.flatMap((guest) => {
    const clients = world.isThere(guest) ? world.driver(`${guest}Vsc`).channels : [];
    // A paravisor that has crashed with its guest has taken the servers in it along.
    if (!(world.guest(guest) as PartitionObject).root.isAlive) return [];
    const isHeld = !world.isTampered(guest);
    return world.driver(`${guest}Vsp`).channels.map((server, index) => ({
      name: `channel ${index} of ${guest}`,
      guest,
      isHeld,
      server,
      client: clients[index] ?? null,
    }));
  });
}

/** Waits that the program began and does not await before the end. */
const pending = new WeakMap<Draws, Promise<unknown>[]>();

function begin(world: Everything, wait: Promise<unknown> | null | undefined): void {
  if (!wait) return;
  const waits = pending.get(world) ?? [];
  pending.set(world, waits);
  wait.catch(() => {}); // it is awaited at the end; a world that never gets there has a finding already
  waits.push(wait);
}

/** What the program may do to a channel; the first does nothing. */
const ACTS: readonly ((world: Everything, channel: Channel) => void)[] = [
  () => {},
  (world, { server }) => {
    world.reach("pause the host");
    begin(world, server.pause());
  },
  (world, { client }) => {
    world.reach("pause the guest");
    begin(world, client?.pause());
  },
  (_world, { server, client }) => {
    server.start();
    client?.start();
  },
  (world, { client }) => {
    if (client !== null && client.inFlight.size > 0) {
      world.reach("close while packets are in flight");
    }
    begin(world, client?.close());
  },
  (world, { server }) => {
    if (server.held.length > 0) world.reach("rescind while packets are held");
    begin(world, server.close());
  },
  (world, { client }) => {
    world.reach("drain");
    begin(world, client?.drain());
  },
  (world, { client }) => begin(world, client?.request()),
  (world, { server }) => begin(world, server.request()),
  (world, { server }) => server.setQuota(1 + world.draw(4)),
  (_world, { server, client }) => {
    server.tend();
    client?.tend();
  },
  (world, { client }) => client?.move(world.draw(GUEST.processors)),
  (world, { guest }) => {
    if (!world.isThere(guest)) return;
    world.reach("the guest leaves and comes back");
    world.guest(guest).disconnect();
    world.guest(guest).connect();
  },
  (world, { guest }) => {
    if (!world.isThere(guest)) return;
    world.reach("the guest connects anew without a word");
    world.guest(guest).connect();
  },
];

/** Opens what is closed: a fault is got rid of by closing first, and so is an offer that was taken back. */
function reopen(
  world: Everything,
  server: EverythingServer,
  client: EverythingClient | null,
): void {
  for (const side of [server, client]) {
    const there = side?.whereabouts;
    if (side === null || !there) continue;
    const isTakenBack = side === server && client !== null && there.channelId === null;
    const isSpoilt = there.fault !== null || isTakenBack;
    if (isSpoilt && there.lifecycle !== "disabled") begin(world, side.close());
    else if (there.lifecycle === "disabled") {
      if (side.state.opens > 0) world.reach("open again");
      side.open();
    }
  }
}

/** Whether all that is to be sent was sent and has ended; a driver that is gone has nothing left to do. */
function isOver(channels: readonly Channel[]): boolean {
  return channels.every(({ server, client }) =>
    describeUnfinished(server, client === null) === null &&
    (client === null || describeUnfinished(client) === null)
  );
}

async function workload(world: Everything): Promise<void> {
  const rounds = world.number("rounds");
  for (let round = 0; round < rounds; round++) {
    let itemsLeft = world.draw(ITEMS_BETWEEN);
    await world.until(() => itemsLeft-- <= 0);
    const channels = channelsOf(world);
    const channel = channels[world.draw(channels.length)];
    if (channel !== undefined) ACTS[world.draw(ACTS.length)]!(world, channel);
    // What was refused or lost is begun again while things still go wrong.
    for (const { server, client } of channels) reopen(world, server, client);
  }
  let itemsLeft = ITEMS_LAST;
  await world.until(() => itemsLeft-- <= 0);
}

/** Nothing goes wrong any more: everything must come to its end, whatever was done to it. */
async function end(world: Everything): Promise<void> {
  for (let look = 0; look < LOOKS_MAX && !isOver(channelsOf(world)); look++) {
    const isLong = look % LOOKS_PATIENT === LOOKS_PATIENT - 1;
    if (isLong) connectAll(world);
    for (const { server, client } of channelsOf(world)) {
      // An offer that was taken back does not come again by itself, and its driver is not told.
      if (isLong && server.whereabouts?.lifecycle !== "opened") begin(world, server.close());
      else heal(world, server, client);
    }
    await world.fabric.delay(1);
  }
  for (const { name, isHeld, server, client } of channelsOf(world)) {
    const fail = (rule: string, message: string) => {
      if (isHeld) world.fail(rule, message, name);
    };
    const atHost = describeUnfinished(server, client === null);
    const atGuest = client === null ? null : describeUnfinished(client);
    if (atHost !== null) fail("what is sent comes to its end", `the host: ${atHost}`);
    if (atGuest !== null) fail("what is sent comes to its end", `the guest: ${atGuest}`);
    checkReached(world, server, client);
  }
  await closeAll(world);
}

/** A guest that found no room for a page of its connection does not try again by itself. */
function connectAll(world: Everything): void {
  for (const name of GUESTS) {
    const { bus, isAlive } = world.guest(name) as PartitionObject;
    if (isAlive && bus.guest.connection.actor.is("disconnected")) world.guest(name).connect();
  }
}

function heal(world: Everything, server: EverythingServer, client: EverythingClient | null): void {
  reopen(world, server, client);
  for (const side of [server, client]) {
    side?.start();
    side?.tend();
  }
}

function checkReached(
  world: Everything,
  server: EverythingServer,
  client: EverythingClient | null,
): void {
  if (client === null) return world.reach("the guest is gone");
  if (client.state.refusals > 0) world.reach("an open was refused");
  if (client.state.lost !== 0) world.reach("packets were lost");
  if (client.state.opens > 1 && server.state.opens > 1) world.reach("opened twice");
  if (client.plan.isSub && client.state.opens > 0) world.reach("a sub-channel was opened");
}

async function closeAll(world: Everything): Promise<void> {
  const hostFirst = world.draw(2) === 1;
  for (const { server, client } of channelsOf(world)) {
    if (hostFirst) await server.close();
    await client?.close();
    if (!hostFirst) await server.close();
  }
  await Promise.all(pending.get(world) ?? []);
  for (const { name, isHeld, server, client } of channelsOf(world)) {
    if (isHeld) {
      checkTotals(client, server, (rule, message) => world.fail(rule, message, name));
    }
    client?.cleanup();
    server.cleanup();
  }
}

/** The scenario. */
export const everything: ScenarioDefinition<typeof drivers> = defineScenario({
  name: "everything",
  title: "all that a channel can do, on one to three guests, while the program pauses and closes",
  numbers: {
    guests: { title: "guests that take part", least: 1, most: GUESTS.length },
    channels: { title: "channels of each guest", least: 1, most: 2 },
    packets: { title: "packets that a side of a channel sends, at most", least: 0, most: 12 },
    rounds: { title: "acts of the program", least: 0, most: 6 },
  },
  partitions: { alpha: GUEST, beta: GUEST, gamma: GUEST },
  draws: ["version", "vtl", "monitorPages"],
  drivers,
  workload,
  end,
  payloads: [{ layout: MESSAGE_HEADER }],
  faults: [...DELAYS, ...MOVES, ...LOSSES, ...MISDEEDS, ...BREAKDOWNS, ...ATTACKS],
  reach: [
    "pause the host",
    "pause the guest",
    "close while packets are in flight",
    "rescind while packets are held",
    "drain",
    "open again",
    "opened twice",
    "an open was refused",
    "packets were lost",
    "the guest is gone",
    "a sub-channel was opened",
    "the guest leaves and comes back",
    "the guest connects anew without a word",
  ],
});
