import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ActorSystem } from "../../../actors/chart/actor_system.ts";
import { ChartActor, chartOf } from "../../../actors/chart/chart_actor.ts";
import { createPacketChart } from "../../../actors/packet/machine.ts";
import type { PacketObject } from "../../../actors/packet/packet_object.ts";
import { PacketStore } from "../../../actors/packet/packet_store.ts";
import { PACKET_SLOTS_MAX, PacketTable } from "../../../actors/packet/packet_table.ts";
import type { PacketEvent, PacketTag } from "../../../actors/packet/types.ts";
import { BrokenInvariant } from "../../../core/assert.ts";
import { NO_RANGES } from "../../../core/packet/packet.ts";
import { STATUS_SUCCESS } from "../../../core/ntstatus.ts";

const NO_BYTES = new Uint8Array(0);
const enter: PacketEvent = { type: "enter", bytes: NO_BYTES, start: 0, end: 0 };

/** An actor that notes how often it was ended. */
class NotedActor extends ChartActor<PacketEvent, PacketTag> {
  stops = 0;

  override stop(): void {
    this.stops++;
    super.stop();
  }
}

/** A table, another one of the same store, that, and the actors that it has asked for. */
function makeTable(): {
  table: PacketTable;
  other: PacketTable;
  store: PacketStore;
  actors: NotedActor[];
} {
  const actors: NotedActor[] = [];
  const chart = chartOf("packet", createPacketChart, "compiled");
  const system = new ActorSystem();
  const store = new PacketStore(() => {
    const actor = new NotedActor(chart, system);
    actors.push(actor);
    return actor;
  });
  return { table: new PacketTable(store), other: new PacketTable(store), store, actors };
}

function slots(packets: readonly PacketObject[]): number[] {
  return packets.map(({ slot }) => slot);
}

Deno.test("PacketTable: packet objects have their places as transaction ids", () => {
  const { table } = makeTable();
  const packets = [
    table.allocate("lookaside"),
    table.allocate("request"),
    table.allocate("initialized"),
  ];
  assertEquals(slots(packets), [0, 1, 2]);
  assertEquals(packets.map(({ kind }) => kind), ["lookaside", "request", "initialized"]);
  assertEquals(packets.map(({ slot }) => table.at(slot) === packets[slot]), [true, true, true]);
  assertEquals(slots(table.live), [0, 1, 2]);
  assertEquals(table.pooledCount, 0);
});

Deno.test("PacketTable: knows no packet by a number that a peer made up", () => {
  const { table } = makeTable();
  table.allocate("lookaside");
  for (const slot of [1, -1, 0.5, NaN, 0xffff_ffff, Infinity]) {
    assertStrictEquals(table.at(slot), null);
  }
});

Deno.test("PacketTable: what was freed is handed out again, as good as new, before more is made", () => {
  const { table, actors } = makeTable();
  const packet = table.allocate("lookaside");
  packet.pointer = "pointer";
  packet.routine = () => {};
  packet.ranges = [{ byteOffset: 0, byteCount: 1, pfns: [0] }];
  packet.request = { ended: () => {} };
  table.free(packet);
  assertEquals([table.pooledCount, table.live, table.at(0)], [1, [], null]);
  const again = table.allocate("request");
  assertStrictEquals(again, packet);
  assertEquals([again.pointer, again.routine, again.request], [null, null, null]);
  assertStrictEquals(again.ranges, NO_RANGES);
  assertEquals([again.kind, table.pooledCount, actors.length], ["request", 0, 1]);
  assertEquals(table.allocate("lookaside").slot, 1);
  assertEquals(actors.length, 2);
});

Deno.test("PacketTable: what one channel freed serves another, with a number of that", () => {
  // decisions.md D750, D834
  const { table, other, store, actors } = makeTable();
  const [first, second] = [table.allocate("lookaside"), table.allocate("lookaside")];
  table.free(second);
  table.free(first);
  assertEquals([store.count, table.pooledSlots], [2, [1, 0]]);
  const theirs = other.allocate("initialized");
  assertStrictEquals(theirs, first);
  assertEquals([theirs.slot, store.count], [0, 1]);
  const again = [table.allocate("lookaside"), table.allocate("lookaside")];
  assertEquals(slots(again), [0, 1]);
  assertStrictEquals(again[0], second);
  assertEquals([store.count, actors.length], [0, 3]); // three are out at once, and no more were made
});

Deno.test("PacketTable: a packet whose actor somebody looks at stays its channel's", () => {
  const { table, other, store, actors } = makeTable();
  const packet = table.allocate("lookaside");
  actors[0]!.show();
  table.free(packet);
  assertEquals([store.count, table.pooledCount, table.at(0) === packet], [0, 1, true]);
  assertEquals(other.allocate("lookaside") === packet, false);
  assertStrictEquals(table.allocate("lookaside"), packet);
  assertEquals(packet.slot, 0);
});

Deno.test("PacketTable: a packet that moves into a freed slot gives its own for that", () => {
  const { table } = makeTable();
  const [first, second] = [table.allocate("lookaside"), table.allocate("lookaside")];
  table.free(first);
  table.move(second, 0);
  assertEquals([second.slot, table.pooledSlots], [0, [1]]);
  assertEquals(slots([1, 2].map(() => table.allocate("lookaside"))), [1, 2]);
});

Deno.test("PacketTable: whose actors are stopped has ended ones from then on, and leaves the others' alone", () => {
  const { table, other, store, actors } = makeTable();
  const packets = [1, 2, 3].map(() => table.allocate("lookaside"));
  const others = [1, 2].map(() => other.allocate("lookaside"));
  for (const packet of packets.slice(1)) table.free(packet);
  for (const packet of others) other.free(packet);
  table.stopActors();
  assertEquals([store.count, actors.map(({ stops }) => stops)], [4, [1, 0, 0, 0, 0]]);
  const late = table.allocate("lookaside"); // its driver may go on
  assertEquals([late.slot, actors.at(-1)!.stops], [2, 1]);
  table.free(late);
  assertEquals([store.count, table.pooledCount], [4, 2]);
  assertEquals([1, 2].map(() => other.allocate("lookaside").slot), [1, 0]);
});

Deno.test("PacketTable: a packet in a transaction, or on the list, cannot be freed", () => {
  const { table } = makeTable();
  const packet = table.allocate("lookaside");
  packet.actor.send(enter);
  assertThrows(() => table.free(packet), BrokenInvariant);
  assertEquals([table.pooledCount, slots(table.live)], [0, [0]]);
  packet.actor.send({ type: "complete" });
  table.free(packet);
  assertThrows(() => table.free(packet), BrokenInvariant);
  assertEquals(table.pooledCount, 1);
});

Deno.test("PacketTable: a packet moves into the slot that it is to have, and leaves a hole", () => {
  const { table } = makeTable();
  const [first, second, third] = [1, 2, 3].map(() => table.allocate("lookaside"));
  table.move(third!, 70_000);
  assertEquals([third!.slot, table.at(70_000) === third, table.at(2)], [70_000, true, null]);
  assertEquals(slots(table.all), [0, 1, 70_000]);
  table.move(first!, 1); // the one that is there takes its slot
  assertEquals([first!.slot, second!.slot], [1, 0]);
  assertEquals([table.at(0) === second, table.at(1) === first], [true, true]);
  table.move(first!, 1);
  assertEquals(slots(table.live), [0, 1, 70_000]);
});

Deno.test("PacketTable: new packets take the first slots that are free", () => {
  const { table } = makeTable();
  const first = table.allocate("lookaside");
  table.move(first, 2);
  assertEquals(slots([1, 2, 3].map(() => table.allocate("lookaside"))), [0, 1, 3]);
  table.free(first);
  assertEquals(table.allocate("request") === first, true);
  assertEquals([first.slot, table.pooledCount], [2, 0]);
  table.stop();
  assertEquals(table.allocate("lookaside").slot, 0);
});

Deno.test("PacketTable: forgets everything when it is stopped", () => {
  const { table, actors } = makeTable();
  const packets = [table.allocate("lookaside"), table.allocate("lookaside")];
  table.free(packets[1]!);
  table.stopActors();
  table.stop();
  assertEquals([table.all.length, table.live, table.pooledCount, table.at(0)], [0, [], 0, null]);
  assertEquals(actors.map(({ stops }) => stops), [1, 0]); // the other one is the store's
});

Deno.test("PacketObject: keeps a copy of a payload, and its room", () => {
  // kmcl.md P8
  const packet = makeTable().table.allocate("lookaside");
  assertEquals([packet.payloadBytes, packet.status], [0, STATUS_SUCCESS]);
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
  packet.keep(bytes, 5);
  bytes.fill(9);
  const room = packet.payload;
  assertEquals([[...room.subarray(0, 5)], packet.payloadBytes], [[1, 2, 3, 4, 5], 5]);
  packet.keep(Uint8Array.of(7, 8), 2);
  assertEquals([packet.payload === room, packet.payloadBytes], [true, 2]);
  assertEquals([...packet.payload.subarray(0, 2)], [7, 8]);
  packet.keep(new Uint8Array(300).fill(4), 300);
  assertEquals([packet.payload.length, packet.payloadBytes], [300, 300]);
  assertEquals(packet.payload.every((byte) => byte === 4), true);
});

Deno.test("PacketTable: slots may lie far apart, and only those that are taken are looked at", () => {
  const { table } = makeTable();
  const [near, far] = [table.allocate("lookaside"), table.allocate("initialized")];
  table.move(far, PACKET_SLOTS_MAX - 1);
  for (let count = 0; count < 50; count++) { // one look at each slot would take a minute
    assertEquals(table.live.map(({ slot }) => slot), [0, PACKET_SLOTS_MAX - 1]);
  }
  assertEquals(table.allocate("lookaside").slot, 1);
  assertStrictEquals(table.at(PACKET_SLOTS_MAX - 1), far);
  table.free(near);
  assertEquals(slots(table.all), [1, PACKET_SLOTS_MAX - 1]);
});
