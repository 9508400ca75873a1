/** A storage controller saved with its guest, and restored: storage.md, section 9. */

import { assert, assertEquals } from "@std/assert";
import {
  type Cdb,
  sparseImage,
  type StorageDisk,
  storageVsp,
} from "../../../devices/storage/mod.ts";
import { restoreServer, saveServer } from "../../../devices/storage/controller_state.ts";
import type { SavedServer } from "../../../devices/storage/controller_state.ts";
import * as vmbus from "../../../mod.ts";
import { createFabric } from "../../support/fabric.ts";
import { STORAGE_INSTANCE } from "../../support/storage_stage.ts";

const SAVED: SavedServer = {
  state: {
    instance: STORAGE_INSTANCE,
    subChannelsMax: 3,
    queueDepth: 7,
    transferBytesMax: 65_536,
    versionMax: 0x600,
    agreement: { phase: "ready", version: 0x600, subChannels: 1 },
    news: "untold",
    death: "why",
  },
  channels: [{ index: 0, bytes: Uint8Array.of(1) }, { index: 1, bytes: null }],
  disks: [
    { pathId: 0, targetId: 1, lun: 2, memory: { blocks: 9, sense: null } },
    {
      pathId: 3,
      targetId: 0,
      lun: 0,
      memory: { blocks: 1, sense: { key: 5, code: 0x21, qualifier: 0 } },
    },
  ],
};

const restored = (saved: SavedServer) =>
  vmbus.readRecord(saveServer(saved), "storage", (fields) => restoreServer(fields));

function refusalOf(saved: SavedServer): string | null {
  try {
    restored(saved);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

Deno.test("saveServer: what was saved is restored", () => {
  // storage.md V1.
  assertEquals(restored(SAVED), SAVED);
});

Deno.test("restoreServer: refuses what no controller can have been", () => {
  // storage.md V3.
  const { state, channels } = SAVED;
  const withAgreement = (agreement: Partial<typeof state.agreement>, count = 1): SavedServer => ({
    ...SAVED,
    state: { ...state, agreement: { ...state.agreement, ...agreement } },
    channels: Array.from({ length: count }, (_, index) => ({ index, bytes: null })),
  });
  assertEquals(refusalOf(withAgreement({ subChannels: 0 })), null);
  assertEquals(refusalOf(withAgreement({ phase: "subChannelsFixed" }, 2)), null);
  assertEquals(refusalOf(withAgreement({ phase: "begin", version: 0, subChannels: 0 })), null);
  const wrong: readonly [string, SavedServer, string][] = [
    ["no channels", { ...SAVED, channels: [] }, "0 channels"],
    ["a channel too few", { ...SAVED, channels: channels.slice(0, 1) }, "1 channels"],
    [
      "a channel too many",
      { ...SAVED, channels: [...channels, { index: 2, bytes: null }] },
      "3 channels",
    ],
    ["no primary", { ...SAVED, channels: [...channels].reverse() }, "2 channels"],
    ["too many sub-channels", withAgreement({ subChannels: 4 }, 5), "subChannels"],
    [
      "sub-channels before their time",
      withAgreement({ phase: "endInitialization" }, 2),
      "sub-channels in",
    ],
    ["another version", withAgreement({ version: 0x602, subChannels: 0 }), "version 1538"],
    ["no version", withAgreement({ version: 0, subChannels: 0 }), "version 0"],
    [
      "a version too early",
      withAgreement({ phase: "queryVersion", subChannels: 0 }),
      "version 1536",
    ],
    ["another phase", withAgreement({ phase: "done" as never }), "phase"],
  ];
  for (const [name, saved, reason] of wrong) {
    const refusal = refusalOf(saved);
    assert(refusal?.includes(reason), `${name}: ${refusal}`);
  }
});
