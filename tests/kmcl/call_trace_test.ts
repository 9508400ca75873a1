import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { CALL_NAMES, CALL_PARAMETERS } from "../../kmcl/call_parameters.ts";
import * as vmbus from "../../mod.ts";
import { runtimeOf } from "../../simulator/endpoints.ts";
import { clientTable, openPair, type Pair, serverTable } from "../support/connected_pair.ts";
import { serverTableV5 } from "../support/later_tables.ts";

type AnyTable = Readonly<Record<string, (...given: unknown[]) => unknown>>;

function tableOf(fabric: vmbus.Fabric): AnyTable {
  return serverTableV5(fabric) as unknown as AnyTable;
}

/** Calls a function of a table with whatever arguments; what it throws is a status of another kind. */
async function call(table: AnyTable, name: string, given: readonly unknown[]): Promise<void> {
  try {
    await table[name]!(...given);
  } catch (error) {
    assert(error instanceof vmbus.VerifierError, String(error));
  }
}

/** The digest of a fabric in which one function was called. */
async function digestOf(name: string, given: readonly unknown[]): Promise<string> {
  const fabric = vmbus.createFabric();
  await call(tableOf(fabric), name, given);
  return fabric.traceDigest();
}

Deno.test("CALL_NAMES: functions of the tables have the numbers of their places there", () => {
  const table = serverTable(vmbus.createFabric({ trace: "off" }));
  const functions = Object.keys(table).filter((name) => name.startsWith("Vmb"));
  assertEquals<readonly string[]>(CALL_NAMES.slice(0, functions.length), functions);
  for (const parameters of Object.values(CALL_PARAMETERS)) {
    for (const { sizeAt } of parameters) {
      if (sizeAt !== undefined) assertMatch(parameters[sizeAt]!.name, /(?:Size|Length|Count)$/);
    }
  }
});

for (const name of CALL_NAMES.filter((each) => each.startsWith("Vmb"))) {
  Deno.test(`${name}: a refused call is on the trace, with each of its arguments`, async () => {
    const count = CALL_PARAMETERS[name].length;
    const none: unknown[] = new Array(count).fill(null);
    const digests = [vmbus.createFabric().traceDigest(), await digestOf(name, none)];
    for (let at = 0; at < count; at++) digests.push(await digestOf(name, none.with(at, "x")));
    assertEquals(new Set(digests).size, digests.length);
    assertEquals(await digestOf(name, none), digests[1]);
  });
}

Deno.test("CallTrace: tells all kinds of arguments apart", async () => {
  const fabric = vmbus.createFabric();
  const values: unknown[] = [
    undefined,
    null,
    false,
    true,
    0,
    1,
    -1,
    2 ** 32,
    0.5,
    NaN,
    Infinity,
    0n,
    1n,
    -1n,
    2n ** 64n,
    "",
    "a",
    () => {},
    Symbol("s"),
    {},
    new Uint8Array(0),
    new Uint8Array(1),
    Uint8Array.of(1),
    fabric.root.device,
    fabric.root.vmbusHandle,
    ...Array.from({ length: 20 }, (_, at) => vmbus.IoAllocateMdl(fabric.root.memory, at, 100)),
    // Its words are those of one of these MDLs, but for the word that says what it is.
    new Float64Array(Uint32Array.of(1, 100).buffer)[0],
  ];
  const digests: string[] = [];
  for (const value of values) digests.push(await digestOf("VmbChannelInitSetFlags", [null, value]));
  assertEquals(new Set(digests).size, values.length);
});

/** Values whose owners have code run, or errors thrown, by whoever looks at them. */
function hostileValues(): unknown[] {
  const refuse = () => {
    throw new Error("the value was looked at");
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const lying = new Uint8Array(300);
  for (const key of ["length", "byteLength", "byteOffset", "buffer"]) {
    Object.defineProperty(lying, key, { get: refuse });
  }
  const transferred = new DataView(new ArrayBuffer(8));
  transferred.buffer.transfer();
  const throwing = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse });
  const fake = Object.create(Uint8Array.prototype);
  return [proxy, lying, transferred, throwing, fake, Object.create(null), new Float64Array(2)];
}

Deno.test("CallTrace: looks at hostile arguments without running their code", () => {
  const fabric = vmbus.createFabric({ trace: "full", verifier: "record" });
  const table = tableOf(fabric);
  for (const value of hostileValues()) {
    // Functions that go by their first argument alone, and do not look at the others.
    table.VmbChannelInitSetFriendlyName!(null, value);
    table.VmbPacketSend!(null, value, 1, value, value);
    table.VmbChannelSaveContinue!(null, value, value);
    table.VmbChannelRestoreFromBuffer!(null, value, 8);
    table.VmbChannelSetPointer!(null, value);
  }
  assertEquals(fabric.trace.filter(({ event }) => event === "call").length, 1 + 5 * 7);
});

Deno.test("CallTrace: a call that throws is on the trace as one", () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const { VmbPacketFree, VmbChannelStart } = serverTable(fabric);
  assertThrows(() => VmbPacketFree(null), vmbus.VerifierError);
  assertThrows(() => VmbChannelStart(null), vmbus.VerifierError);
  const told = fabric.trace.slice(-6).map(({ event, values: [value] }) => `${event} ${value}`);
  assertEquals(told, [
    "call VmbPacketFree",
    "violation invalid handle",
    "callThrew VmbPacketFree",
    "call VmbChannelStart",
    "violation invalid handle",
    "callThrew VmbChannelStart",
  ]);
});

/** Sends, takes back, allocates: with all that may go wrong on the ways that packets have of their own. */
async function usePackets({ fabric, vsc, vsp, client }: Pair): Promise<void> {
  const bytes = new Uint8Array(9000);
  const packet = vsc.VmbPacketAllocate(client)!;
  vsc.VmbPacketSend(packet, bytes, 8, null, 9);
  vsc.VmbPacketSend(packet, bytes, 9000, null, 0);
  vsc.VmbPacketSend(packet, bytes, 8, undefined, 1);
  vsc.VmbPacketSend(packet, bytes, 8, null, 1);
  vsc.VmbPacketFree(packet);
  await fabric.settle();
  vsc.VmbPacketSetCompletionRoutine(packet, () => {});
  vsc.VmbPacketFree(packet);
  vsc.VmbPacketFree(packet);
  vsc.VmbPacketAllocate(null);
  vsp.VmbChannelPacketComplete(null, bytes, 1);
}

Deno.test("CallTrace: a packet's own ways give the same digest at all levels, whatever goes wrong", async () => {
  const digests = new Set<string>();
  for (const trace of ["digest", "full"] as const) {
    for (const interpreter of ["compiled", "stock"] as const) {
      const pair = await openPair({ fabric: { trace, interpreter, verifier: "record" } });
      await usePackets(pair);
      digests.add(pair.fabric.traceDigest());
    }
  }
  assertEquals(digests.size, 1);
});

Deno.test("WdfFdoQueryForInterface: a query is on the trace, also one that is refused", () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const before = fabric.traceDigest();
  const type = vmbus.KMCL_CLIENT_INTERFACE_TYPE;
  vmbus.WdfFdoQueryForInterface(fabric.root.device, type, 1, 1);
  const refused = fabric.traceDigest();
  assertNotEquals(refused, before);
  clientTable(fabric.root);
  assertNotEquals(fabric.traceDigest(), refused);
  const asked = { interfaceType: type, size: 1, version: 1 };
  assertEquals(fabric.trace.at(-4)?.details, {
    call: "WdfFdoQueryForInterface",
    fdo: "DEVICE of root",
    ...asked,
  });
  vmbus.WdfIoTargetQueryForInterface(fabric.root.device, type, 1, 1);
  assertEquals(fabric.trace.at(-2)?.details, {
    call: "WdfIoTargetQueryForInterface",
    ioTarget: "DEVICE of root",
    ...asked,
  });
});

Deno.test("CallTrace: a text of more than 1000 characters is told by its beginning", () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const toldOf = (type: string) => {
    vmbus.WdfFdoQueryForInterface(fabric.root.device, type, 1, 1);
    return fabric.trace.at(-2)?.details?.["interfaceType"];
  };
  const whole = "x".repeat(1000);
  assertEquals(toldOf(whole), whole);
  assertEquals(toldOf(`${whole}y`), `${whole}…`);
});

Deno.test("WdfFdoQueryForInterface: without a trace the functions are handed out as they are", () => {
  const { VmbPacketSend } = serverTable(vmbus.createFabric({ trace: "off" }));
  assertEquals(VmbPacketSend.name, "bound VmbPacketSend");
});

Deno.test("WdfFdoQueryForInterface: without a trace whoever observes hears of functions that return", () => {
  const fabric = vmbus.createFabric({ trace: "off", verifier: "record" });
  const heard: string[] = [];
  runtimeOf("observe", fabric).observers.add({
    see: (seen) =>
      void (seen.kind === "functionReturns" && heard.push(`${seen.call} ${seen.status}`)),
  });
  const { VmbChannelEnable } = serverTable(fabric);
  VmbChannelEnable(null as never);
  assertEquals(heard, [
    "WdfFdoQueryForInterface 0",
    `VmbChannelEnable ${vmbus.STATUS_INVALID_PARAMETER_1}`,
  ]);
});
