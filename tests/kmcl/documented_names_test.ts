// api.md section 1: names are those of the reference.

import { parse } from "@babel/parser";
import type { Node, TSTypeAliasDeclaration } from "@babel/types";
import { assert, assertEquals } from "@std/assert";
import { CALL_PARAMETERS } from "../../kmcl/call_parameters.ts";
import { NAMES_BY_VERSION } from "../../kmcl/function_names.ts";
import { functionsOf } from "../../kmcl/table_versions.ts";
import * as vmbus from "../../mod.ts";
import { visit } from "../../tools/source.ts";

/** The parameters of each function, in the order of the header; what is returned in another way is left out. */
const PARAMETERS: Readonly<Record<string, string>> = {
  VmbChannelAllocate: "ParentDeviceObject IsServer",
  VmbChannelCleanup: "Channel",
  VmbChannelCreateGpadlFromBuffer: "Channel Flags Buffer ByteCount",
  VmbChannelCreateGpadlFromMdl: "Channel Flags Mdl StartOffsetWithinMdl DataLengthWithinMdl",
  VmbChannelDeleteGpadl: "Channel GpadlHandle",
  VmbChannelDisable: "Channel",
  VmbChannelEnable: "Channel",
  VmbChannelGetInterfaceInstance: "Channel",
  VmbChannelGetMmioSpace: "Channel",
  VmbChannelGetPointer: "Channel",
  VmbChannelInitSetClientContextSize: "Channel ContextSize",
  VmbChannelInitSetFlags: "Channel Flags",
  VmbChannelInitSetFriendlyName: "Channel Name",
  VmbChannelInitSetMaximumExternalData: "Channel DataSize ChainLength",
  VmbChannelInitSetMaximumPacketSize: "Channel PacketSize",
  VmbChannelInitSetProcessPacketCallbacks:
    "Channel ProcessPacketCallback ProcessingCompleteCallback",
  VmbChannelInitSetStateChangeCallbacks: "Channel StateChangeCallbacks",
  VmbChannelPacketComplete: "PacketCompletionContext PacketCompletionBuffer BufSize",
  VmbChannelPacketDeferToPassive: "PacketCompletionContext",
  VmbChannelPacketFail: "PacketCompletionContext",
  VmbChannelPacketGetExternalData: "PacketCompletionContext Flags",
  VmbChannelPause: "Channel",
  VmbChannelSendSynchronousRequest:
    "Channel Buffer BufferSize ExternalDataMdl Flags CompletionBuffer CompletionBufferSize Timeout",
  VmbChannelSetIncomingProcessingAtPassive: "Channel RequirePassive",
  VmbChannelSetInterruptLatency: "Channel Latency",
  VmbChannelSetPointer: "Channel Pointer",
  VmbChannelSetTransactionQuota: "Channel Quota",
  VmbChannelSizeofPacket: "Channel",
  VmbChannelStart: "Channel",
  VmbClientChannelInitSetRingBufferPageCount: "Channel IncomingPageCount OutgoingPageCount",
  VmbClientChannelInitSetTargetPnp: "Channel InterfaceType InterfaceInstance PnpFailureCallback",
  VmbPacketAllocate: "Channel",
  VmbPacketFree: "VmbPacket",
  VmbPacketGetChannel: "PacketObject",
  VmbPacketGetPointer: "PacketObject",
  VmbPacketInitialize: "Channel VmbPacket ByteCount",
  VmbPacketSend: "PacketObject Buffer BufferLength ExternalDataMdl Flags",
  VmbPacketSendWithExternalMdl:
    "PacketObject Buffer BufferLength ExternalDataMdl MdlOffset MdlLength Flags",
  VmbPacketSendWithExternalPfns:
    "PacketObject Buffer BufferLength ExternalDataPfns PfnLength Flags",
  VmbPacketSetCompletionRoutine: "PacketObject CompletionRoutine",
  VmbPacketSetPointer: "PacketObject Pointer",
  VmbChannelMapGpadl: "Channel Flags GpadlHandle",
  VmbChannelRestoreFromBuffer: "Channel Buffer BufferSize",
  VmbChannelSaveBegin: "Channel",
  VmbChannelSaveContinue: "Channel SaveBuffer SaveBufferSize",
  VmbChannelSaveEnd: "Channel",
  VmbChannelUnmapGpadl: "Channel GpadlHandle",
  VmbConvertVmbusHandleToKernelHandle: "VmbusHandle",
  VmbPacketRestore: "PacketObject Buffer BufferSize",
  VmbServerChannelInitSetFlags: "Channel Flags",
  VmbServerChannelInitSetMmioMegabytes: "Channel MmioMegabytes MmioMegabytesOptional",
  VmbServerChannelInitSetSaveRestorePacketCallbacks:
    "Channel SavePacketCallback RestorePacketCallback",
  VmbServerChannelInitSetTargetInterfaceId: "Channel InterfaceType InterfaceInstance",
  VmbServerChannelInitSetTargetVtl: "Channel TargetVtl",
  VmbServerChannelInitSetVmbusHandle: "Channel VmbusHandle",
};

/** The same of the functions of later versions, whose parameters are named by our reading (kmcl.md N6). */
const LATER_PARAMETERS: Readonly<Record<string, string>> = {
  VmbChannelPacketGetClientContext: "PacketCompletionContext",
  VmbChannelGetTargetDeviceObject: "Channel",
  VmbChannelGetParentDeviceObject: "Channel",
  VmbChannelInitSetBounceBufferSizes: "Channel PacketBufferSize DriverBufferSize",
  VmbChannelAllocateBounceBuffer: "Channel ByteCount",
  VmbChannelInitSetMaximumPacketCount: "Channel PacketCount",
  VmbChannelCreateGpadlFromPfnList: "Channel Flags PfnList PfnLength",
  VmbChannelInitSetPrimaryChannel: "Channel PrimaryChannel",
  VmbChannelInitialize: "ParentDeviceObject IsServer VmbChannel ByteCount",
  VmbSizeofChannel: "",
  VmbChannelSetAllowableDpcCpuUsage: "Channel AllowableDpcCpuUsage",
  VmbClientChannelInitSetTargetProcessorIndex: "Channel ProcessorIndex",
  VmbChannelInitSetInlinePacketContextSize: "Channel ContextSize",
  VmbPacketGetInlinePacketContextPointer: "PacketObject",
  VmbChannelInitSetProcessPacketCallbacksEx:
    "Channel ProcessPacketCallback ProcessingCompleteCallback Context",
  VmbPacketSetCompletionRoutineEx: "PacketObject CompletionRoutine Context",
  VmbServerChannelInitSetSaveRestorePacketCallbacksEx:
    "Channel SavePacketCallback RestorePacketCallback Context",
};

/** All functions. */
const ALL_PARAMETERS = { ...PARAMETERS, ...LATER_PARAMETERS };

/** The same of callbacks. */
const CALLBACK_PARAMETERS: Readonly<Record<string, string>> = {
  // Of our reading (kmcl.md X15)
  EvtChannelProcessPacketEx: "Channel Packet Buffer BufferLength Flags Context",
  EvtChannelProcessingCompleteEx: "Channel PacketsProcessed Context",
  EvtPacketCompletionRoutineEx: "Packet Status Buffer BufferLength Context",
  EvtChannelSavePacketEx: "Channel Packet SaveBuf SaveBufSize Context",
  EvtChannelRestorePacketEx: "Channel LibBuf LibBufSize SaveBuf SaveBufSize Context",
  EvtChannelOpened: "Channel",
  EvtChannelStateChange: "Channel",
  EvtChannelProcessPacket: "Channel Packet Buffer BufferLength Flags",
  EvtChannelProcessingComplete: "Channel PacketsProcessed",
  EvtPacketCompletionRoutine: "Packet Status Buffer BufferLength",
  EvtChannelPnpFailure: "Channel FailureStatus",
  EvtChannelSavePacket: "Channel Packet SaveBuf SaveBufSize",
  EvtChannelRestorePacket: "Channel LibBuf LibBufSize SaveBuf SaveBufSize",
};

async function parsed(path: string): Promise<Node> {
  const text = await Deno.readTextFile(path);
  return parse(text, { sourceType: "module", plugins: ["typescript"] }).program;
}

/** Names of parameters, as the reference writes them. */
function namesOf(parameters: readonly Node[]): string {
  return parameters.map((parameter) => {
    assert(parameter.type === "Identifier");
    return parameter.name[0]?.toUpperCase() + parameter.name.slice(1);
  }).join(" ");
}

/** The parameters of all that `find` finds in these files of `kmcl/`. */
async function parametersIn(
  files: readonly string[],
  find: (node: Node) => readonly [string, readonly Node[]] | null,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const file of files) {
    visit(await parsed(`kmcl/${file}`), (node) => {
      const one = find(node);
      if (one !== null) found[one[0]] = namesOf(one[1]);
    });
  }
  return found;
}

Deno.test("KmclServerInterfaceV1: parameters of its methods bear the documented names", async () => {
  const files = ["table_channel.ts", "table_packet.ts", "table_server.ts", "table_later.ts"];
  const found = await parametersIn(
    files,
    (node) =>
      node.type === "TSMethodSignature" && node.key.type === "Identifier"
        ? [node.key.name, node.params]
        : null,
  );
  assertEquals(found, ALL_PARAMETERS);
  assertEquals(Object.keys(found), Object.keys(ALL_PARAMETERS));
});

Deno.test("KmclServerInterfaceV1: so do those of the functions themselves", async () => {
  const files: string[] = [];
  for await (const { name, isFile } of Deno.readDir("kmcl")) if (isFile) files.push(name);
  const found = await parametersIn(
    files,
    (node) =>
      node.type === "FunctionDeclaration" && (node.id?.name ?? "") in ALL_PARAMETERS
        ? [node.id!.name, node.params.slice(1)] // behind what the table binds
        : null,
  );
  assertEquals(found, ALL_PARAMETERS);
});

// kmcl.md N2, N3
Deno.test("functionsOf: the functions are in the order of the header", () => {
  const functions = functionsOf("server", 1) ?? [];
  assertEquals<string[]>(functions.map(([name]) => name), Object.keys(PARAMETERS));
});

// api.md section 3
Deno.test("CALL_PARAMETERS: the trace names arguments as the reference does", () => {
  const listed = Object.entries(CALL_PARAMETERS).filter(([name]) => name.startsWith("Vmb"));
  const found = listed.map(([name, parameters]) => [
    name,
    parameters.map(({ name }) => name[0]!.toUpperCase() + name.slice(1)).join(" "),
  ]);
  assertEquals(Object.fromEntries(found), ALL_PARAMETERS);
});

Deno.test("EvtChannelProcessPacket: parameters of callbacks bear the documented names", async () => {
  const found = await parametersIn(["callbacks.ts"], (node) => {
    if (node.type !== "TSTypeAliasDeclaration") return null;
    const { typeAnnotation } = node;
    if (typeAnnotation.type !== "TSFunctionType") return null;
    return [node.id.name, typeAnnotation.params];
  });
  assertEquals(found, CALLBACK_PARAMETERS);
});

/** The aliases of a file: name, and the text of what it stands for. */
async function aliasesOf(path: string): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(path);
  const aliases: TSTypeAliasDeclaration[] = [];
  visit(await parsed(path), (node) => {
    if (node.type === "TSTypeAliasDeclaration") aliases.push(node);
  });
  return new Map(
    aliases.map(({ id, typeAnnotation: { start, end } }) =>
      [id.name, text.slice(start ?? 0, end ?? 0)] as const
    ),
  );
}

/** `VmbChannelStart` → `VMB_CHANNEL_START`. */
const inCapitals = (name: string) => name.replaceAll(/(?<!^)(?=[A-Z])/g, "_").toUpperCase();

Deno.test("PFN_VMB_CHANNEL_ALLOCATE: each function of the tables has its pointer type", async () => {
  const aliases = await aliasesOf("kmcl/function_types.ts");
  const versionOf = (name: string) =>
    1 +
    NAMES_BY_VERSION.findIndex((names) =>
      [...names.client, ...names.serverOnly].some((known) => known === name)
    );
  const wanted = Object.keys(ALL_PARAMETERS).map((name) =>
    [`PFN_${inCapitals(name)}`, `KmclServerInterfaceV${versionOf(name)}["${name}"]`] as const
  );
  assertEquals<unknown>([...aliases], wanted);
  const door = await Deno.readTextFile("mod.ts");
  assert(door.includes('export type * from "./kmcl/function_types.ts"'));
  const api = await Deno.readTextFile("docs/api.md");
  assertEquals(wanted.filter(([name]) => !api.includes(`\`${name}\``)), []);
});

Deno.test("EVT_VMB_CHANNEL_OPENED: each callback has its type, and its pointer type", async () => {
  const aliases = await aliasesOf("kmcl/callback_types.ts");
  const stateChanges = ["OPENED", "CLOSED", "SUSPEND", "STARTED", "POST_STARTED"];
  const others = ["PROCESS_PACKET", "PROCESSING_COMPLETE", "SAVE_PACKET", "RESTORE_PACKET"];
  const names = [
    ...[...stateChanges, ...others, "PNP_FAILURE"].map((name) => `VMB_CHANNEL_${name}`),
    "VMB_PACKET_COMPLETION_ROUTINE",
  ];
  const door = await Deno.readTextFile("mod.ts");
  for (const name of names) {
    assertEquals(aliases.get(`PFN_${name}`), `EVT_${name}`);
    const callback = aliases.get(`EVT_${name}`) ?? "";
    const isStateChange = name !== "VMB_CHANNEL_OPENED" &&
      stateChanges.some((end) => name === `VMB_CHANNEL_${end}`);
    const own = inCapitals(callback).replace(/^EVT_/, "VMB_");
    assertEquals(own, isStateChange ? "VMB_CHANNEL_STATE_CHANGE" : name);
    for (const kind of ["EVT", "PFN"]) assert(door.includes(`  ${kind}_${name},\n`));
  }
  assertEquals(aliases.size, 2 * names.length + 1);
});

Deno.test("EVT_VMB_CHANNEL_PROCESS_PACKET: a driver can be written with the header's names", () => {
  const opened: vmbus.EVT_VMB_CHANNEL_OPENED = () => vmbus.STATUS_SUCCESS;
  const callbacks: vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS = vmbus
    .VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT();
  callbacks.EvtChannelOpened = opened;
  const fabric = vmbus.createFabric();
  const query = vmbus.WdfFdoQueryForInterface(
    fabric.root.device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    1,
  );
  const kmcl: vmbus.KMCL_SERVER_INTERFACE_V1 = query.kmcl;
  const allocate: vmbus.PFN_VMB_CHANNEL_ALLOCATE = kmcl.VmbChannelAllocate;
  const { channel } = vmbus.expectSuccess(allocate(fabric.root.device, 1));
  const process: vmbus.PFN_VMB_CHANNEL_PROCESS_PACKET = (_channel, packet) =>
    kmcl.VmbChannelPacketComplete(packet, null, 0);
  assertEquals(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, process), 0);
  assertEquals(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, callbacks), 0);
  kmcl.VmbChannelCleanup(channel);
  kmcl.InterfaceDereference(kmcl.Context);
  assertEquals(fabric.leaks(), []);
});

Deno.test("VMBUS_CHANNEL_FORMAT_FLAGS: masks are all flags of their kind", () => {
  const all = Object.entries(vmbus).filter(([name]) => /^VMBUS_.*_FLAG_/.test(name));
  const sumOf = (kind: string) =>
    all.filter(([name]) => name.startsWith(`${kind}_FLAG_`))
      .reduce((sum, [, bit]) => sum | Number(bit), 0);
  const masks = Object.entries(vmbus).filter(([name]) => /^VMBUS_.*_FLAGS$/.test(name));
  assertEquals(masks.map(([name, mask]) => [name, mask]), [
    ["VMBUS_CHANNEL_FORMAT_FLAGS", 7],
    ["VMBUS_CHANNEL_GPADL_FLAGS", 1],
    ["VMBUS_CHANNEL_INIT_FLAGS", 1],
    ["VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS", 1],
    ["VMBUS_CHANNEL_PROCESS_PACKET_FLAGS", 1],
    ["VMBUS_SERVER_CHANNEL_INIT_FLAGS", 0x1f],
  ]);
  for (const [name, mask] of masks) assertEquals(sumOf(name.replace(/_FLAGS$/, "")), mask);
  assertEquals(vmbus.VMBUS_CHANNEL_GPADL_READ_ONLY, vmbus.VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY);
  assertEquals(vmbus.VMBUS_SERVER_CHANNEL_INIT_MAXIMUM_OFFER_DATA, 120);
});
