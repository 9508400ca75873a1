// What a guest says about one channel, in bytes written by hand, and what the host makes of it (wire.md 4.5, 5.2).

import { assertEquals } from "@std/assert";
import { hexBytes, words } from "../../../support/held_link.ts";
import {
  CLOSE_1,
  CREATED_9,
  GPADL_9,
  HostStage,
  open,
  OPENED_7,
  RELEASE_1,
  REQUEST_OFFERS,
  TEARDOWN_9,
  TORNDOWN_9,
  typesOf,
} from "../../../support/host_stage.ts";

/** ModifyChannel of channel 1 to processor `targetVp` (wire.md 4.2). */
const modify = (targetVp: number) => words(22, 0, 1, targetVp);
const MODIFIED_1 = hexBytes("18000000 00000000 01000000 00000000");
const MODIFY_REFUSED_1 = hexBytes("18000000 00000000 01000000 ffff0080");

/** OpenReservedChannel of channel 1 over GPADL 9, answers to processor 1, SINT 5. */
const OPEN_RESERVED_1 = words(18, 0, 1, 1, 5, 9, 2);
const OPENED_0 = hexBytes("06000000 00000000 01000000 00000000 00000000");
/** CloseReservedChannel of channel 1, answer to processor 2, SINT 6. */
const CLOSE_RESERVED_1 = words(19, 0, 1, 2, 6);
const RESERVED_CLOSED_1 = hexBytes("14000000 00000000 01000000");

/** OpenChannel2 of channel 1 over GPADL 9, called 7. */
function open2(connectionId: number, eventFlag: number, openFlags: number): Uint8Array {
  const message = new Uint8Array(156);
  message.set(open(0));
  message.set(words(connectionId, openFlags << 16 | eventFlag), 148);
  return message;
}

const PROCESSORS = { partition: { processors: 4 } };

// wire.md 4.5, section 8 case 25
Deno.test("ModifyChannel: an open channel is signalled on another processor, which the guest hears from 5.3 on", async () => {
  for (const version of ["5.3", "5.2"] as const) {
    const stage = (await HostStage.opened(PROCESSORS)).speak(version);
    assertEquals(await stage.say(modify(3)), version === "5.3" ? [MODIFIED_1] : []);
    const last = stage.link.resolved.at(-1)!;
    assertEquals([last.vp, last.eventFlag, stage.host.channel(1)!.targetVp], [3, 1, 3]);
    assertEquals(stage.pair.calls, []);
    await stage.end();
  }
});

// wire.md 5.2
Deno.test("ModifyChannel: of a channel that is not open, has no interrupts or no such processor is refused, and stops nothing", async () => {
  const stage = new HostStage(PROCESSORS);
  stage.enable();
  await stage.say(REQUEST_OFFERS);
  assertEquals(await stage.say(modify(1)), [MODIFY_REFUSED_1]); // closed
  await stage.say(GPADL_9, open());
  assertEquals(await stage.say(modify(4), modify(0xffff_ffff)), [
    MODIFY_REFUSED_1,
    MODIFY_REFUSED_1,
  ]);
  assertEquals(stage.pair.calls.includes("server Suspend"), false);
  await stage.say(CLOSE_1, TEARDOWN_9);
  await stage.say(GPADL_9, open(0xffff_ffff));
  assertEquals(await stage.say(modify(1)), [MODIFY_REFUSED_1]); // without interrupts
  stage.speak("4.1");
  assertEquals(await stage.say(modify(1)), []);
  await stage.end(...Array(5).fill("modifyChannel unexpectedMessage"));
});

// wire.md 5.2: before 5.3 the latest target is remembered, from then on another one is ignored with a warning
Deno.test("ModifyChannel: during another one is left out from 5.3 on, and before, the latest is carried out afterwards", async () => {
  for (const version of ["5.3", "5.2"] as const) {
    const stage = (await HostStage.opened(PROCESSORS)).speak(version);
    const done: (() => void)[] = [];
    stage.host.modifier = { modify: (_channel, _targetVp, end) => void done.push(end) };
    await stage.say(modify(1), modify(2), modify(3));
    assertEquals(stage.host.channel(1)!.actor.is("modifying"), true);
    done.shift()!();
    assertEquals(stage.host.channel(1)!.targetVp, 1);
    assertEquals(stage.link.said.splice(0), version === "5.3" ? [MODIFIED_1] : []);
    done.shift()?.();
    assertEquals(stage.host.channel(1)!.targetVp, version === "5.3" ? 1 : 3);
    assertEquals([stage.host.channel(1)!.actor.is("modifying"), done.length], [false, 0]);
    const refused = version === "5.3" ? Array(2).fill("modifyChannel unexpectedMessage") : [];
    await stage.end(...refused);
  }
});

Deno.test("ModifyChannel: one that ends after the channel was closed changes nothing, and is answered with a refusal", async () => {
  const stage = await HostStage.opened(PROCESSORS);
  const done: (() => void)[] = [];
  stage.host.modifier = { modify: (_channel, _targetVp, end) => void done.push(end) };
  await stage.say(modify(1), CLOSE_1, TEARDOWN_9);
  await stage.say(GPADL_9, open(2));
  await stage.say(modify(3));
  done.shift()!();
  assertEquals(stage.host.channel(1)!.targetVp, 2);
  assertEquals(stage.link.said.splice(0), [MODIFY_REFUSED_1]);
  done.shift()!();
  assertEquals([stage.host.channel(1)!.targetVp, stage.link.said.splice(0)], [3, [MODIFIED_1]]);
  await stage.end();
});

// wire.md 4.5, section 8 case 33
Deno.test("OpenReservedChannel: has no interrupts, answers where it says, and is closed by its own message alone", async () => {
  const stage = new HostStage(PROCESSORS);
  stage.enable();
  await stage.say(REQUEST_OFFERS);
  stage.link.targets.length = 0;
  assertEquals(await stage.say(GPADL_9, OPEN_RESERVED_1), [CREATED_9, OPENED_0]);
  assertEquals(stage.link.targets.splice(0), [
    { vp: 0, sint: 2, vtl: 0 },
    { vp: 1, sint: 5, vtl: 0 },
  ]);
  assertEquals([stage.host.channel(1)!.doorbell, stage.link.heardChannels], [null, [1]]);
  assertEquals(await stage.say(CLOSE_RESERVED_1), [RESERVED_CLOSED_1]);
  assertEquals(stage.link.targets.splice(0), [{ vp: 2, sint: 6, vtl: 0 }]);
  assertEquals(await stage.say(TEARDOWN_9), [TORNDOWN_9]);
  assertEquals(stage.pair.calls.slice(-2), ["server Suspend", "server Closed"]);
  await stage.say(GPADL_9, open()); // and opens as any other
  await stage.end();
});

Deno.test("CloseChannel, CloseReservedChannel: each closes channels of its own kind, else the server stops", async () => {
  const reserved = new HostStage();
  reserved.enable();
  await reserved.say(REQUEST_OFFERS, GPADL_9, OPEN_RESERVED_1);
  await reserved.say(CLOSE_1);
  assertEquals(reserved.pair.calls.at(-1), "server Suspend");
  await reserved.end("closeChannel unexpectedMessage");
  const plain = await HostStage.opened();
  assertEquals(await plain.say(CLOSE_RESERVED_1), []);
  assertEquals(plain.pair.calls, ["server Suspend"]);
  await plain.end("closeReservedChannel unexpectedMessage");
});

// wire.md 4.5, 5.1, section 8 case 33
Deno.test("HostEnd.disconnect: releases all channels but reserved ones, whose GPADLs stay too", async () => {
  const stage = new HostStage();
  stage.enable();
  await stage.say(REQUEST_OFFERS, GPADL_9, OPEN_RESERVED_1);
  stage.host.disconnect();
  assertEquals([stage.host.isReleased, stage.host.known.length], [true, 1]);
  assertEquals(stage.host.gpadls.all.length, 1);
  Object.defineProperty(stage.host, "isConnected", { value: false });
  assertEquals(await stage.say(CLOSE_RESERVED_1), [RESERVED_CLOSED_1]);
  assertEquals([stage.host.known, stage.host.gpadls.all], [[], []]);
  await stage.end();
});

// wire.md 5.1, 5.2: the guest has its memory back when the servers have closed
Deno.test("HostEnd.disconnect: an open channel closes, and is offered anew to a guest that asks again", async () => {
  const stage = await HostStage.opened();
  stage.host.disconnect();
  assertEquals([stage.host.isReleased, await stage.say()], [false, []]);
  assertEquals(stage.pair.calls, ["server Suspend", "server Closed"]);
  assertEquals([stage.host.isReleased, stage.host.known, stage.host.gpadls.all], [true, [], []]);
  assertEquals(await stage.say(CLOSE_1), []); // nobody knows that id any more
  await stage.end("closeChannel unexpectedMessage");
});

// wire.md 5.2: RelIdReleased of a channel that its server still closes
Deno.test("RelIdReleased: of a channel that closes ends it once its server has let go of the rings", async () => {
  const stage = await HostStage.opened();
  stage.link.say(CLOSE_1, RELEASE_1);
  assertEquals(stage.host.channel(1)!.actor.is("released"), true);
  assertEquals(await stage.say(), []);
  assertEquals([stage.host.known, stage.host.gpadls.all], [[], []]);
  await stage.end();
});

// wire.md 4.2, section 8 case 26
Deno.test("OpenChannel2: signals go by what the guest says, and of its flags the lowest alone counts", async () => {
  const opened = async (features: number, ...message: Parameters<typeof open2>) => {
    const stage = new HostStage().speak("6.0", features);
    stage.enable();
    await stage.say(REQUEST_OFFERS);
    const said = await stage.say(GPADL_9, open2(...message));
    const { resolved: [signal], signalOf } = stage.link;
    const heard = signalOf.call(stage.link, 1);
    await stage.end();
    return [said.at(-1), heard, signal];
  };
  const offered = { connectionId: 0x2001, flag: 0 };
  const place = { vp: 0, sint: 2, vtl: 0 };
  assertEquals(await opened(0x1, 0x1234, 77, 0xffff), [
    OPENED_7,
    { connectionId: 0x1234, flag: 0 },
    { ...place, eventFlag: 77 },
  ]);
  assertEquals(await opened(0x2, 0x1234, 77, 0xffff), [
    OPENED_7,
    offered,
    { vp: 0, sint: 7, vtl: 2, eventFlag: 1 },
  ]);
  assertEquals(await opened(0x3, 0x1234, 77, 0xfffe), [
    OPENED_7,
    { connectionId: 0x1234, flag: 0 },
    { ...place, eventFlag: 77 },
  ]);
});

Deno.test("OpenChannel2: flags that cannot be set are refused", async () => {
  const stage = new HostStage().speak("6.0", 0x1);
  stage.enable();
  await stage.say(REQUEST_OFFERS, GPADL_9);
  for (const eventFlag of [0, 2048]) {
    assertEquals(typesOf(await stage.say(open2(0x1234, eventFlag, 0))), [6]);
  }
  await stage.end(...Array(2).fill("openChannel badRings"));
});
