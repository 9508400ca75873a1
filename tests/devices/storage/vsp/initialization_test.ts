/** The initialization, phase by phase, as a guest sees it: storage.md I1 to I5. */

import { assertEquals } from "@std/assert";
import {
  type Agreement,
  STORAGE_REQUESTS,
  type StorageOperation,
  type StoragePhase,
} from "../../../../devices/storage/mod.ts";
import { offerStorage, RawStorage } from "../../../support/storage_stage.ts";

/** A phase in which the guest is heard. */
type HeardPhase = Exclude<StoragePhase, "dead">;

/** What brings a guest into each phase, in version 6.0 with up to 3 sub-channels. */
const WAYS: Readonly<Record<HeardPhase, readonly StorageOperation[]>> = {
  begin: [],
  queryVersion: ["beginInitialization"],
  queryProperties: ["beginInitialization", "queryProtocolVersion"],
  endInitialization: ["beginInitialization", "queryProtocolVersion", "queryProperties"],
  subChannelsFixed: [
    "beginInitialization",
    "queryProtocolVersion",
    "queryProperties",
    "createSubChannels",
  ],
  ready: ["beginInitialization", "queryProtocolVersion", "queryProperties", "endInitialization"],
};

/** Where each accepted operation leads; what is not listed is refused. */
const ORACLE: Readonly<Record<HeardPhase, Partial<Record<StorageOperation, StoragePhase>>>> = {
  begin: { beginInitialization: "queryVersion" },
  queryVersion: { queryProtocolVersion: "queryProperties" },
  queryProperties: { queryProperties: "endInitialization" },
  endInitialization: { createSubChannels: "subChannelsFixed", endInitialization: "ready" },
  subChannelsFixed: { endInitialization: "ready" },
  ready: {
    executeSrb: "ready",
    resetLun: "ready",
    resetAdapter: "ready",
    resetBus: "ready",
    createSubChannels: "ready",
  },
};

const OPERATIONS = Object.keys(STORAGE_REQUESTS) as StorageOperation[];
const FIELDS = { version: 0x600, subChannels: 1 };

/** Says any operation; the status in the header of the answer. */
async function say(raw: RawStorage, operation: StorageOperation): Promise<string | null> {
  if (operation !== "executeSrb") return await raw.say(operation, FIELDS);
  const request = new Uint8Array(64);
  request[0] = STORAGE_REQUESTS.executeSrb;
  const answer = await raw.ask(request);
  return answer && new DataView(answer.buffer).getUint32(8, true).toString(16);
}

for (const phase of Object.keys(ORACLE) as HeardPhase[]) {
  Deno.test(`StorageServer: ${phase} accepts what it lists, and refuses the rest unchanged`, async () => {
    // storage.md I1, I3.
    for (const operation of OPERATIONS) {
      const raw = new RawStorage(offerStorage({ options: { subChannelsMax: 3 } }));
      await raw.stage.fabric.settle();
      for (const way of WAYS[phase]) assertEquals(await say(raw, way), "0");
      const { state } = raw.stage.server;
      const before: Agreement = state.agreement;
      assertEquals(before.phase, phase);
      const next = ORACLE[phase][operation];
      assertEquals(await say(raw, operation), next === undefined ? "c0000184" : "0", operation);
      assertEquals(state.agreement.phase, next ?? phase, operation);
      if (next === undefined) assertEquals(state.agreement, before);
      raw.stage.fabric.dispose();
    }
  });
}

Deno.test("createSubChannels: more than there may be is refused, and may be asked for again", async () => {
  // storage.md I1, I5.
  const raw = new RawStorage(offerStorage({ options: { subChannelsMax: 3 } }));
  await raw.stage.fabric.settle();
  for (const way of WAYS.endInitialization) await say(raw, way);
  const { state } = raw.stage.server;
  const create = (subChannels: number) => raw.say("createSubChannels", { subChannels });
  assertEquals([await create(4), state.agreement.phase], ["c000000d", "endInitialization"]);
  assertEquals([await create(1), await create(1)], ["0", "c0000184"]);
  assertEquals(await raw.say("endInitialization"), "0");
  assertEquals([await create(4), await create(2), state.agreement.subChannels], [
    "c000000d",
    "0",
    2,
  ]);
  assertEquals([await create(1), await create(0), state.agreement.subChannels], ["0", "0", 2]);
  await raw.finish();
});

Deno.test("createSubChannels: below 5.1 only once the guest is ready, where there are none", async () => {
  // storage.md I1, I2.
  const raw = new RawStorage(offerStorage({ options: { subChannelsMax: 3 } }));
  await raw.stage.fabric.settle();
  raw.packetBytes = 48;
  await raw.say("beginInitialization");
  await raw.say("queryProtocolVersion", { version: 0x402 });
  await raw.say("queryProperties");
  assertEquals(raw.stage.server.state.agreement.phase, "subChannelsFixed");
  assertEquals(await raw.say("createSubChannels", { subChannels: 1 }), "c0000184");
  assertEquals(await raw.say("endInitialization"), "0");
  assertEquals(await raw.say("createSubChannels", { subChannels: 1 }), "0");
  await raw.finish();
});
