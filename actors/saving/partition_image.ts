/**
 * The chunks of a saved partition: which there are, and what each holds (docs/saved-state.md).
 *
 * @module
 */

import { CHANNEL_ID_MAX } from "../../core/control/messages.ts";
import { FEATURES_KNOWN, isSince, VERSIONS } from "../../core/control/versions.ts";
import { GUEST_PAGES_MAX, MMIO_MEGABYTES_MAX } from "../../core/memory/guest_memory.ts";
import { RUN_PAGES_MAX } from "../../core/memory/memory_image.ts";
import type { ChunkKind } from "../../core/saved/chunks.ts";
import {
  anyText,
  anything,
  bytes,
  flag,
  stretch,
  text,
  U32_MAX,
  uint,
  word,
} from "../../core/saved/forms.ts";
import { list, omissible, optional, record, type SchemaType } from "../../core/saved/schema.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { GUEST_END } from "../bus/guest/image.ts";
import { HOST_END } from "../bus/host/image.ts";
import { CLIENT } from "../channel/client_image.ts";
import type { PacketImage } from "../packet/image.ts";
import { PARTITION_ACTOR } from "../partition/machine.ts";
import { PROCESSORS_MAX } from "../partition/partition.ts";
import { actorValue } from "../runtime/actor_state.ts";
import type { WorkKind } from "../runtime/processor.ts";

/** Most trust levels of a machine. */
export const LEVELS_MAX = 3;

/** What the partition is. */
const HEADER = record({
  name: [anyText, "of createPartition, as the fields up to mmioMegabytes and the last four"],
  vtl: [uint(LEVELS_MAX - 1), "its virtual trust level"],
  processors: [uint(PROCESSORS_MAX, 1), "how many it has"],
  memoryPages: [uint(GUEST_PAGES_MAX, 1), "pages of its RAM"],
  mmioMegabytes: [uint(MMIO_MEGABYTES_MAX), "size of its MMIO window"],
  codec: [text, "how packets stand in its rings: the fabric's, else STATUS_REVISION_MISMATCH"],
  partition: [actorValue(PARTITION_ACTOR, ["paused"]), "that it stands still"],
  lowestVersion: [word(VERSIONS), "the lowest version of the bus that its guest speaks"],
  highestVersion: [word(VERSIONS), "the highest"],
  vmbusFeatures: [uint(FEATURES_KNOWN), "the features that it asks for"],
  monitorPages: [word(["none", "guest", "host"]), "whose monitor pages it uses"],
  isolated: [omissible(flag), "true where the host can read only what it shares"],
}, {
  "the partition has no name": ({ name }) => name !== "",
  "its guest speaks no version": ({ lowestVersion, highestVersion }) =>
    isSince(highestVersion, lowestVersion),
});

/** A driver. */
const DRIVER = record({
  kind: [word(["guest", "host"]), "where it runs"],
  name: [text, "one that is not given to `restorePartition`: STATUS_NOT_FOUND"],
  state: [anything, "what its `save` told"],
});

/** What is in memory, apart from what stands in it. */
const MEMORY = record({
  buffers: [list(stretch), "what is allocated, by address: each begins a page, none overlap"],
  pagedOut: [list(uint(U32_MAX)), "PFNs, ascending"],
  mmio: [
    list(record({
      gpa: [uint(), "address of its first byte"],
      byteCount: [uint(Number.MAX_SAFE_INTEGER, 1), "its length"],
      isReserved: [flag, "whether the guest holds the addresses"],
      isPlaced: [flag, "whether the host has placed backing there"],
    })),
    "by address: whole pages of the window, which somebody has",
  ],
}, {
  "there is more MMIO than there can be channels": ({ mmio }) =>
    mmio.filter(({ isPlaced }) => isPlaced).length <= CHANNEL_ID_MAX,
});

const RUN_BYTES = bytes(RUN_PAGES_MAX * PAGE_BYTES);

/** Pages of RAM in a row. */
const PAGES = record({
  gpa: [uint(0), "where RAM begins"],
  first: [uint(U32_MAX), "number of the first page, counted from `gpa`"],
  bytes: [RUN_BYTES, "whole pages, none of them all zero"],
});

/** Pages of MMIO in a row. */
const MMIO_PAGES = record({
  gpa: [uint(), "where the range begins, which `mmio` lists as placed"],
  first: PAGES.fields.first,
  bytes: PAGES.fields.bytes,
});

/** A channel endpoint of the guest's. */
const CLIENT_CHUNK = record({
  driver: [uint(U32_MAX), "the driver whose it is, by its number among all drivers"],
  endpoint: [CLIENT, "the client itself"],
  packets: [
    list(uint()),
    "slots of the packet objects that its driver takes back, ascending: all in no transaction, and those in flight with a completion routine",
  ],
}, {
  "it lists packets that its driver cannot have": ({ endpoint, packets }) =>
    arePacketsRight(packets, endpoint.packets),
});

/** Those that the driver held: all that are in no transaction, and those with a completion routine. */
function arePacketsRight(slots: readonly number[], packets: readonly PacketImage[]): boolean {
  const drivers = packets.filter(({ kind }) => kind !== "request");
  const [listed, known] = [new Set(slots), new Set(drivers.map(({ slot }) => slot))];
  // KMCL frees at its end what has no completion routine, but never the driver's own memory.
  const isOptional = ({ state, kind }: PacketImage) => state !== "owned" && kind !== "initialized";
  return slots.every((slot, at) => (at === 0 || slots[at - 1]! < slot) && known.has(slot)) &&
    drivers.every((packet) => isOptional(packet) || listed.has(packet.slot));
}

/** What a guest's processors do for a client, and for the bus. */
const CLIENT_WORK = ["interrupt", "completions", "passivePackets", "stateChange"] as const;
const BUS_WORK = ["message", "match", "signal"] as const;

/** What is on its way, or due. */
const WORK = record({
  messages: [
    list(bytes()),
    "control messages on their way to the guest, in order, whatever they say",
  ],
  items: [
    list(record({
      client: [optional(uint(U32_MAX)), "the client that does it; nil: the bus"],
      kind: [
        word<WorkKind>([...CLIENT_WORK, ...BUS_WORK]),
        `what it is; of the bus, one of ${BUS_WORK.join(", ")}`,
      ],
    }, {
      "its kind is not such work": ({ client, kind }) =>
        (client === null) === BUS_WORK.some((work) => work === kind),
    })),
    "work items, in the order in which they were scheduled, each once",
  ],
}, {
  "work is due twice": ({ items }) =>
    new Set(items.map(({ client, kind }) => `${client} ${kind}`)).size === items.length,
  "messages are stuck": ({ messages, items }) =>
    items.some(({ kind }) => kind === "message") === (messages.length > 0),
});

/** How a further trust level is one of the machine (wire.md section 6). */
const LEVEL = record({
  of: [uint(LEVELS_MAX - 2), "the level that it was made beside, by its place among all"],
  isRedirected: [flag, "whether its servers run there"],
  sharesMemory: [flag, "whether it has the memory of that; then it has no chunks of memory itself"],
  behind: [
    list(uint()),
    "for each item of `work`, how many items of the levels before were scheduled before it",
  ],
}, {
  "its work is not in order": ({ behind }) =>
    behind.every((count, at) => at === 0 || behind[at - 1]! <= count),
});

/** The chunks of a saved partition, or of one trust level of a machine that has several. */
export const PARTITION_CHUNKS = {
  header: { type: 1, holds: HEADER },
  driver: { type: 2, holds: DRIVER },
  memory: { type: 3, holds: MEMORY },
  pages: { type: 4, holds: PAGES },
  mmioPages: { type: 5, holds: MMIO_PAGES },
  client: { type: 6, holds: CLIENT_CHUNK },
  guestEnd: { type: 7, holds: GUEST_END },
  hostEnd: { type: 8, holds: HOST_END },
  work: { type: 9, holds: WORK },
  level: { type: 10, holds: LEVEL },
} satisfies Record<string, ChunkKind<unknown>>;

type Kinds = typeof PARTITION_CHUNKS;

/** What the chunks of a kind hold. */
export type PartitionPart<Name extends keyof Kinds> = SchemaType<Kinds[Name]["holds"]>;

/** A saved driver. */
export type SavedDriver = PartitionPart<"driver">;
