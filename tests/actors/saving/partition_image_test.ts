// Every field that a saved channel or guest has, missing, unknown, or of another form
// (docs/saved-state.md): no field can be forgotten here, as they are found in the schemas.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CHANNEL_CHUNKS } from "../../../actors/channel/server_image.ts";
import { LEVELS_MAX, PARTITION_CHUNKS } from "../../../actors/saving/partition_image.ts";
import { type ChunkKind, groupsOf } from "../../../core/saved/chunks.ts";
import { readEnvelope, type SavedChunk } from "../../../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { encodePlainData, isRecord, type PlainData } from "../../../core/saved/plain_data.ts";
import type { Fields, Schema } from "../../../core/saved/schema.ts";
import * as vmbus from "../../../mod.ts";
import { MACHINES, startLevels } from "../../support/level_stage.ts";
import { saveRichGuest } from "../../support/rich_guest.ts";

type Field = Fields[string];

/** One field of one record in a chunk that was saved. */
interface Place {
  readonly field: Field;
  readonly key: string;
  /** Reads the whole chunk with another record in place of the one that has the field. */
  readonly readWith: (change: (record: Record<string, PlainData>) => PlainData) => unknown;
}

/** Every field in `data`, which `schema` has written; `read` reads the whole with something else for it. */
function* placesOf(
  schema: Schema<unknown>,
  data: PlainData,
  read: (instead: PlainData) => unknown,
): Generator<Place> {
  if (isRecord(data) && Object.keys(schema.fields).length > 0) {
    for (const [key, field] of Object.entries(schema.fields)) {
      yield { field, key, readWith: (change) => read(change({ ...data })) };
      yield* placesOf(field[0], data[key]!, (instead) => read({ ...data, [key]: instead }));
    }
    return;
  }
  const { member } = schema;
  if (member === null || data === null) return;
  if (!Array.isArray(data)) return yield* placesOf(member, data, read);
  for (const [at, one] of data.entries()) {
    yield* placesOf(member, one, (instead) => read(data.with(at, instead)));
  }
}

/** Every field that a schema has, at any depth. */
function fieldsOf(schema: Schema<unknown>): readonly Field[] {
  const own = Object.values(schema.fields);
  const inside = [
    ...own.map(([inner]) => inner),
    ...(schema.member === null ? [] : [schema.member]),
  ];
  return [...own, ...inside.flatMap(fieldsOf)];
}

/** A guest with something of everything; its MMIO holds what stands in a page of its RAM. */
async function richGuest(): Promise<readonly SavedChunk[]> {
  const chunks = readEnvelope("partition", (await saveRichGuest()).bytes);
  const { pages, mmioPages, hostEnd } = PARTITION_CHUNKS;
  const page = chunks.find(({ type }) => type === pages.type)!;
  return [
    ...chunks.map((chunk) => chunk.type === hostEnd.type ? withContacts(chunk) : chunk),
    { ...page, type: mmioPages.type },
  ];
}

/** The same host, whose guest has monitor pages, and is to hear of a refusal once it has left. */
function withContacts(chunk: SavedChunk): SavedChunk {
  const data = chunk.data as Readonly<Record<string, PlainData>>;
  const connection = data["connection"] as Readonly<Record<string, PlainData>>;
  const pages = { parentToChildMonitorGpa: 4096, childToParentMonitorGpa: 8192 };
  const agreed = { ...connection["agreed"] as object, monitorPages: pages };
  const refused = { vp: 0, sint: 2, contact: null };
  return { ...chunk, data: { ...data, connection: { ...connection, agreed, refused } } };
}

/**
 * Chunks in which each channel with rings knows a page set, and a packet that waits names a part of it: the
 * samples are in msgpack, where there are none. What functions of later versions keep is there as well.
 */
function withPageSets(chunks: readonly SavedChunk[]): readonly SavedChunk[] {
  const transfer = { pageSetId: 9, ranges: [{ byteCount: 8, byteOffset: 4 }] };
  const pageSets = [{ pageSetId: 9, gpadlHandle: 5 }];
  const change = (data: PlainData): PlainData => {
    if (Array.isArray(data)) return data.map(change);
    if (!isRecord(data)) return data;
    const entries = Object.entries(data).map(([key, value]) => [key, change(value)]);
    const changed: Record<string, PlainData> = Object.fromEntries(entries);
    if ("pageSets" in changed && changed["rings"] !== null) {
      return { ...changed, pageSets, dispatchShare: 50 };
    }
    if ("clientContextBytes" in changed) {
      return { ...changed, isAnySubchannel: true, packetCountMax: 9, inlineContextBytes: 8 };
    }
    if ("mmioMegabytesOptional" in changed && "codec" in changed) {
      return { ...changed, inlineContextBytes: 8 };
    }
    if ("latency100ns" in changed) {
      return { ...changed, bounce: { pagesGpa: 4096, driverGpas: [8192] } };
    }
    if ("payload" in changed && "transactionId" in changed) {
      return { ...changed, area: new Uint8Array(0) };
    }
    if (!("transfer" in changed)) return changed;
    const context = changed["kind"] === "request" ? {} : { context: new Uint8Array(8) };
    const isSent = changed["wantsCompletion"] === true;
    return { ...changed, ...(isSent ? { ranges: [], transfer } : {}), ...context };
  };
  return chunks.map((chunk) => ({ ...chunk, data: change(chunk.data) }));
}

/** The chunks of a machine of two trust levels, level by level. */
async function savedLevels(): Promise<readonly (readonly SavedChunk[])[]> {
  const { talks } = startLevels(MACHINES["two levels that the host serves"]!);
  const { bytes } = await vmbus.savePartition(talks[0]!.guest);
  return groupsOf(readEnvelope("partition", bytes!), LEVELS_MAX);
}

/** Something of no form that any field has, apart from plain data that is somebody else's. */
const STRANGE: PlainData = -0.5;

const seen = new Set<Field>();

/** Tries every field of the chunks once, wherever it stands first. */
function tryFields(kinds: readonly ChunkKind<unknown>[], chunks: readonly SavedChunk[]): void {
  for (const { type, data } of chunks) {
    const holds = kinds.find((kind) => kind.type === type)!.holds;
    const read = (instead: PlainData) => readSaved(() => holds.read(instead, () => "chunk"));
    assertEquals(encodePlainData(holds.save(read(data))), encodePlainData(data));
    for (const { field, key, readWith } of placesOf(holds, data, read)) {
      if (seen.has(field)) continue;
      seen.add(field);
      const refusal = (change: (record: Record<string, PlainData>) => PlainData): string => {
        const outcome = readWith(change);
        assert(outcome instanceof SavedStateFault, `${type} ${key}`);
        return outcome.message;
      };
      const withoutIt = ({ [key]: _, ...rest }: Record<string, PlainData>) => rest;
      if (field[0].isLeftOut === true) assert(!(readWith(withoutIt) instanceof SavedStateFault));
      else assertStringIncludes(refusal(withoutIt), ` has no ${key}`);
      assertStringIncludes(
        refusal((one) => ({ ...one, more: 1 })),
        "has a field more, which is unk",
      );
      if (field[0].form === "plain data") continue;
      assertStringIncludes(refusal((one) => ({ ...one, [key]: STRANGE })), `${key} is `);
    }
  }
}

Deno.test("Schema: each field of each image is written as it was read, and refused where it is wrong", async () => {
  const kinds: readonly ChunkKind<unknown>[] = Object.values(PARTITION_CHUNKS);
  const channelKinds: readonly ChunkKind<unknown>[] = Object.values(CHANNEL_CHUNKS);
  tryFields(kinds, await richGuest());
  const channel = await Deno.readFile("tests/saved/channel.vmbs");
  tryFields(channelKinds, readEnvelope("channel", channel));
  tryFields(kinds, (await savedLevels())[1]!);
  tryFields(kinds, withPageSets(await richGuest()));
  tryFields(channelKinds, withPageSets(readEnvelope("channel", channel)));
  const all = [...kinds, ...channelKinds].flatMap(({ holds }) => fieldsOf(holds));
  const untried = all.filter((field) => !seen.has(field)).map(([, meaning]) => meaning);
  assertEquals(untried, [], "the samples have each field");
});
