// kmcl.md section 2: how a driver gets its table of functions.

import { createFabric } from "../../support/fabric.ts";
import { assertEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { ANYTHING } from "../../support/hostile_values.ts";

const {
  KMCL_CLIENT_INTERFACE_TYPE: CLIENT,
  KMCL_CLIENT_INTERFACE_V1_SIZE: CLIENT_BYTES,
  KMCL_SERVER_INTERFACE_TYPE: SERVER,
  KMCL_SERVER_INTERFACE_V1_SIZE: SERVER_BYTES,
  STATUS_INVALID_PARAMETER: WRONG_SIZE,
  STATUS_NOT_FOUND: NO_VMBUS,
  STATUS_NOT_SUPPORTED: NOT_HERE,
} = vmbus;

const QUERIES = [vmbus.WdfFdoQueryForInterface, vmbus.WdfIoTargetQueryForInterface];

/** What both queries say: all right, then a wrong type, a wrong version, a wrong size. */
function statusesOf(device: vmbus.Device | null, type: string, size: number): vmbus.NtStatus[] {
  return QUERIES.flatMap((query) =>
    [[type, size, 1], ["no-such-type", size, 1], [type, size, 6], [type, size + 8, 1]].map(
      ([interfaceType, bytes, version]) => {
        const result = query(device, String(interfaceType), Number(bytes), Number(version));
        assertStrictEquals(result.kmcl === null, result.status !== vmbus.STATUS_SUCCESS);
        return result.status;
      },
    )
  );
}

Deno.test("KMCL_CLIENT_INTERFACE_V1_SIZE: a header of 32 bytes and a pointer a function (N2, N3, N4)", () => {
  assertEquals(CLIENT_BYTES, 32 + 41 * 8);
  assertEquals(SERVER_BYTES, 32 + (41 + 14) * 8);
  assertEquals([CLIENT_BYTES, SERVER_BYTES], [360, 472]);
  assertEquals(vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1, 1);
  assertEquals(vmbus.KMCL_SERVER_INTERFACE_VERSION_V1, 1);
});

Deno.test("KMCL_CLIENT_INTERFACE_TYPE: both types are GUIDs, and differ (N5)", () => {
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  assertEquals([CLIENT, SERVER].map((type) => guid.test(type)), [true, true]);
  assertEquals(new Set<string>([CLIENT, SERVER]).size, 2);
});

Deno.test("WdfFdoQueryForInterface: the root has both tables, a child the client's (N1, N5)", () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const wrong = [NOT_HERE, NOT_HERE, WRONG_SIZE];
  const good = [vmbus.STATUS_SUCCESS, ...wrong];
  assertEquals(statusesOf(fabric.root.device, CLIENT, CLIENT_BYTES), [...good, ...good]);
  assertEquals(statusesOf(fabric.root.device, SERVER, SERVER_BYTES), [...good, ...good]);
  assertEquals(statusesOf(guest.device, CLIENT, CLIENT_BYTES), [...good, ...good]);
  assertEquals(statusesOf(guest.device, SERVER, SERVER_BYTES), new Array(8).fill(NOT_HERE));
});

Deno.test("WdfFdoQueryForInterface: the device is looked at first, the size last (N5)", () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const gone = fabric.createPartition({ name: "gone" });
  gone.destroy();
  const foreign: unknown[] = [null, undefined, 7, {}, "device", guest.vmbusHandle, gone.device];
  for (const query of QUERIES) {
    for (const device of foreign) {
      // A wrong type, version and size come with it: none of them is what is reported.
      const { status, kmcl } = query(device as vmbus.Device, "nonsense", -1, 9);
      assertEquals([vmbus.ntStatusName(status), kmcl], ["STATUS_NOT_FOUND", null]);
    }
    const statusOf = (type: string, size: number, version: number) =>
      query(guest.device, type, size, version).status;
    assertEquals(statusOf(CLIENT, 1, 6), NOT_HERE); // version before size
    assertEquals(statusOf(SERVER, 1, 1), NOT_HERE); // the child's missing table before size
    assertEquals(statusOf(CLIENT, SERVER_BYTES, 1), WRONG_SIZE);
    assertEquals(statusOf(CLIENT, CLIENT_BYTES + 0.5, 1), WRONG_SIZE);
    assertEquals(statusOf(CLIENT, NaN, 1), WRONG_SIZE);
  }
  assertEquals(NO_VMBUS, 0xc0000225);
});

/** The sizes of both tables by version. */
const SIZES = {
  [CLIENT]: [360, 384, 400, 416, 488],
  [SERVER]: [472, 496, 512, 528, 608],
};
/** The versions that can be queried. */
const VERSIONS = [1, 2, 3, 4, 5];

Deno.test("KMCL_CLIENT_INTERFACE_V5_SIZE: each version has its size, and adds its functions at the end (N4, N6)", () => {
  const named = (side: string) =>
    [1, 2, 3, 4, 5].map((version) => [
      Reflect.get(vmbus, `KMCL_${side}_INTERFACE_V${version}_SIZE`),
      Reflect.get(vmbus, `KMCL_${side}_INTERFACE_VERSION_V${version}`),
    ]);
  assertEquals(named("CLIENT"), SIZES[CLIENT].map((size, at) => [size, at + 1]));
  assertEquals(named("SERVER"), SIZES[SERVER].map((size, at) => [size, at + 1]));
});

for (const type of [CLIENT, SERVER]) {
  for (const version of VERSIONS) {
    const side = type === CLIENT ? "client" : "server";
    Deno.test(`WdfFdoQueryForInterface: version ${version} of the ${side}'s table has its size, and no other (N6)`, () => {
      const fabric = createFabric();
      const { device } = fabric.root;
      for (const [at, size] of SIZES[type].entries()) {
        const { status, kmcl } = vmbus.WdfFdoQueryForInterface(device, type, size, version);
        assertEquals(status, at === version - 1 ? vmbus.STATUS_SUCCESS : WRONG_SIZE);
        if (at !== version - 1) continue;
        assertEquals([kmcl.Size, kmcl.Version], [size, version]);
        const functions = Object.keys(kmcl).filter((name) => name.startsWith("Vmb"));
        assertEquals(functions.length, (size - 32) / 8);
      }
    });
  }
}

Deno.test("WdfFdoQueryForInterface: there is no other version (N6)", () => {
  const fabric = createFabric();
  for (const version of [0, 6, -1, NaN, 1.5, 2 ** 32, Infinity, -Infinity, "1", null]) {
    const { status, kmcl } = vmbus.WdfFdoQueryForInterface(
      fabric.root.device,
      SERVER,
      SERVER_BYTES,
      version as number,
    );
    assertEquals([status, kmcl], [NOT_HERE, null]);
  }
});

Deno.test("WdfFdoQueryForInterface: takes a GUID in upper case and in braces (I6)", () => {
  const fabric = createFabric();
  for (const query of QUERIES) {
    for (const type of [SERVER.toUpperCase(), `{${SERVER}}`, `{${SERVER.toUpperCase()}}`]) {
      assertEquals(query(fabric.root.device, type, SERVER_BYTES, 1).status, vmbus.STATUS_SUCCESS);
    }
    for (const type of [null, undefined, 7, {}, "", `{${SERVER}`, `${SERVER}}`, "{}", "{"]) {
      const wrong = query(fabric.root.device, type as string, SERVER_BYTES, 1);
      assertEquals([wrong.status, wrong.kmcl], [NOT_HERE, null]);
    }
  }
});

Deno.test("WdfFdoQueryForInterface: takes anything in any place, and says what is wrong (N5, N6)", () => {
  const fabric = createFabric();
  const good: readonly unknown[] = [fabric.root.device, SERVER, SERVER_BYTES, 1];
  const wrong = [NO_VMBUS, NOT_HERE, WRONG_SIZE, NOT_HERE];
  const values = [...Object.values(ANYTHING), () => 1n, () => 5n, () => [1]];
  for (const query of QUERIES) {
    for (const [place, status] of wrong.entries()) {
      for (const make of values) {
        const result = Reflect.apply(query, undefined, good.with(place, make()));
        assertEquals([result.status, result.kmcl], [status, null]);
      }
    }
  }
});
