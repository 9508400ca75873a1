// kmcl.md section 5, VmbChannelInitSetStateChangeCallbacks.

import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT as init } from "../../mod.ts";

const EMPTY = {
  Version: 1,
  Size: 48,
  EvtChannelOpened: null,
  EvtChannelClosed: null,
  EvtChannelSuspend: null,
  EvtChannelStarted: null,
  EvtChannelPostStarted: null,
};

Deno.test("VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT: fills the structure that it is given", () => {
  const given = { ...EMPTY, Version: 7, Size: 0, EvtChannelOpened: () => 0 };
  assertStrictEquals(init(given), given);
  assertEquals<unknown>(given, EMPTY);
  const bare = {};
  init(bare);
  assertEquals(bare, EMPTY);
});

Deno.test("VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT: makes a structure where none is given", () => {
  for (const made of [init(), init(null), init(undefined)]) assertEquals(made, EMPTY);
  assertNotStrictEquals(init(), init());
});

Deno.test("VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT: throws where there is nothing to fill", () => {
  for (const value of [1, "text", true, () => 0]) {
    assertThrows(() => init(value as never), TypeError, "is no object");
  }
  assertThrows(() => init(Object.freeze({})), TypeError);
});
