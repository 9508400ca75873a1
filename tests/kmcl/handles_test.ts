import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import { Handle, type HandleKind } from "../../actors/runtime/handle.ts";
import { handleFor, resolveHandle } from "../../kmcl/handles.ts";
import { makePair } from "../support/connected_pair.ts";
import { createFabric } from "../support/fabric.ts";

const KINDS: readonly HandleKind[] = [
  "VMBCHANNEL",
  "VMBPACKET",
  "VMBPACKETCOMPLETION",
  "DEVICE",
  "VMBUS",
  "KERNEL",
];

// kmcl.md I1: a handle of another kind is an invalid one, and so is a dead one.
Deno.test("resolveHandle: gives what a live handle stands for, by its kind alone", () => {
  const partition = createFabric().root as PartitionObject;
  const handle = handleFor("KERNEL", partition);
  for (const kind of KINDS) {
    assertStrictEquals(resolveHandle(handle, kind), kind === "KERNEL" ? partition : null);
    assertEquals(resolveHandle({ kind: "KERNEL" }, kind), null);
  }
  handle.kill();
  assertEquals(resolveHandle(handle, "KERNEL"), null);
  assertEquals(Handle.kindOf(handle), "KERNEL");
});

Deno.test("PartitionObject.device: stands for the partition, and for no loaded driver", () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" }) as PartitionObject;
  const target = resolveHandle(guest.device, "DEVICE");
  assertStrictEquals<unknown>(target?.partition, guest);
  assertEquals(target?.driver, null);
  assertStrictEquals<unknown>(guest.root, fabric.root);
});

Deno.test("PartitionObject.of, FabricRuntime.of: find what stands behind a port, and nothing else", () => {
  const { fabric, guest, client } = makePair();
  const endpoint = resolveHandle(client, "VMBCHANNEL");
  assert(endpoint !== null);
  assertStrictEquals<unknown>(PartitionObject.of(endpoint.partition), guest);
  assertStrictEquals<unknown>(FabricRuntime.of(endpoint.runtime), fabric);
  assertThrows(() => PartitionObject.of({ ...endpoint.partition }));
  assertThrows(() => FabricRuntime.of({ ...endpoint.runtime }));
});
