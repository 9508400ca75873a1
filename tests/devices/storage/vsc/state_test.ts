import { assertEquals, assertThrows } from "@std/assert";
import type { StorageClientOptions } from "../../../../devices/storage/mod.ts";
import { createState } from "../../../../devices/storage/vsc/state.ts";

Deno.test("createState: options at their bounds are taken", () => {
  const options: StorageClientOptions = {
    versions: [0x0501],
    queueDepth: 4096,
    transferBytesMax: 4 << 20,
    subChannelsMax: 0,
    ringPages: [1, 4096],
    timeoutMilliseconds: 1,
  };
  const { settings } = createState(options);
  assertEquals({ ...settings, ...options }, settings);
});

Deno.test("createState: before there is a controller nothing was asked, sent or counted", () => {
  const state = createState({});
  const { subChannelsWanted, subChannels, versionIndex, failuresInRow, nextDisk } = state;
  const { commands, retries, deepestQueue, copiedBytes } = state;
  assertEquals(
    { subChannelsWanted, subChannels, versionIndex, failuresInRow, nextDisk },
    { subChannelsWanted: 0, subChannels: 0, versionIndex: 0, failuresInRow: 0, nextDisk: 0 },
  );
  assertEquals([commands, retries, deepestQueue, copiedBytes], [0, 0, 0, 0]);
});

Deno.test("createState: an option out of its range is refused by its name and value", () => {
  const refused: readonly (readonly [options: object, text: string])[] = [
    [{ versions: [] }, "versions must name at least one, not []"],
    [{ versions: [0x1_0000] }, "versions must be a whole number from 0 to 65535, not 65536"],
    [{ queueDepth: 0 }, "queueDepth must be a whole number from 1 to 4096, not 0"],
    [{ transferBytesMax: 5000 }, "transferBytesMax must be whole pages, not 5000"],
    [{ transferBytesMax: 4095 }, "from 4096 to 4194304, not 4095"],
    [{ subChannelsMax: 65 }, "subChannelsMax must be a whole number from 0 to 64, not 65"],
    [{ asksForSubChannels: "never" }, "must be beforeEnd or afterEnd, not never"],
    [{ ringPages: [1] }, "ringPages must have two numbers, not 1"],
    [{ ringPages: [1, 0.5] }, "ringPages must be a whole number from 1 to 4096, not 0.5"],
    [{ timeoutMilliseconds: 0 }, "timeoutMilliseconds must be a whole number from 1 to"],
  ];
  for (const [options, text] of refused) {
    const error = assertThrows(() => createState(options), RangeError, text);
    assertEquals(error.message.split(": ")[0], "Cannot open a storage controller");
  }
});
