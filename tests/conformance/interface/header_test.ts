// kmcl.md N4, N7: the INTERFACE header of the two tables.

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";

const RULE = "Reference or Dereference of an interface that nobody references";

Deno.test("INTERFACE: says the size and the version of its table (N4)", () => {
  const fabric = createFabric();
  const client = clientTable(fabric.createPartition({ name: "guest" }));
  const server = serverTable(fabric);
  assertEquals([client.Size, client.Version], [360, 1]);
  assertEquals([server.Size, server.Version], [472, 1]);
});

Deno.test("INTERFACE: its context is opaque, and its own (N7)", () => {
  const fabric = createFabric();
  const [one, other] = [serverTable(fabric), serverTable(fabric)];
  assertEquals(Reflect.ownKeys(one.Context), []);
  assertEquals(Object.isFrozen(one.Context), true);
  assertNotEquals(one.Context === other.Context, true);
  for (const context of [other.Context, null, undefined, 1, {}]) {
    for (const name of ["InterfaceReference", "InterfaceDereference"] as const) {
      const error = assertThrows(() => one[name](context as never), vmbus.VerifierError);
      assertEquals([error.violation.rule, error.violation.call], ["invalid argument", name]);
    }
  }
});

Deno.test("INTERFACE: counts its references, of which the query took the first (N7)", () => {
  const fabric = createFabric({ verifier: "record" });
  const { InterfaceReference, InterfaceDereference, Context } = serverTable(fabric);
  InterfaceReference(Context);
  InterfaceReference(Context);
  for (let count = 0; count < 3; count++) InterfaceDereference(Context);
  assertEquals(fabric.violations, []);
  InterfaceDereference(Context);
  InterfaceReference(Context); // nobody could have it to reference
  InterfaceDereference(Context); // a refused Reference has not counted
  assertEquals(fabric.violations.map(({ rule, call }) => [rule, call]), [
    [RULE, "InterfaceDereference"],
    [RULE, "InterfaceReference"],
    [RULE, "InterfaceDereference"],
  ]);
});

Deno.test("INTERFACE: one Dereference too many is thrown in mode throw (N7)", () => {
  const table = serverTable(createFabric());
  table.InterfaceDereference(table.Context);
  const error = assertThrows(() => table.InterfaceDereference(table.Context), vmbus.VerifierError);
  assertEquals(error.violation.rule, RULE);
});

Deno.test("INTERFACE: a missing Dereference is no leak, and functions work on without references (N7)", () => {
  const fabric = createFabric();
  const [kept, given] = [serverTable(fabric), serverTable(fabric)];
  given.InterfaceDereference(given.Context);
  const { channel } = vmbus.expectSuccess(given.VmbChannelAllocate(fabric.root.device, true));
  kept.VmbChannelCleanup(channel);
  assertEquals(fabric.leaks(), []);
});
