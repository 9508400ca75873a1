// How a host answers descriptions of memory, by the numbers of wire.md section 8.

import { assertEquals } from "@std/assert";
import { gpadlMessages, wholePages } from "../../../simulator/peers/mod.ts";
import type { ControlMessage, GpaRange } from "../../../simulator/peers/mod.ts";
import { HostileStage } from "../../support/hostile_server.ts";
import * as vmbus from "../../../mod.ts";

const REFUSED = 0x8000_ffff;
const GPADL = 0xe1e10;
const created = (channelId: number, status: number): ControlMessage => ({
  message: "gpadlCreated",
  channelId,
  gpadlId: GPADL,
  status,
});

/** A host with one channel, and a guest of bytes that was offered it as channel 1. */
class Stage extends HostileStage {
  static async offered(): Promise<Stage> {
    const stage = new Stage();
    assertEquals(stage.vsp.VmbChannelEnable(stage.server), vmbus.STATUS_SUCCESS);
    await stage.say();
    return stage;
  }

  /** The guest says this; what the host answers. */
  async say(...messages: readonly ControlMessage[]): Promise<readonly ControlMessage[]> {
    for (const message of messages) this.guest.post(message);
    await this.fabric.settle();
    return this.guest.heard.splice(0);
  }

  /** The guest describes `ranges` as the GPADL; what the host answers to each message. */
  async describe(channelId: number, ...ranges: readonly GpaRange[]) {
    const answers: (readonly ControlMessage[])[] = [];
    for (const message of gpadlMessages(channelId, GPADL, ranges)) {
      answers.push(await this.say(message));
    }
    return answers;
  }
}

// wire.md section 8, 37
Deno.test("GpadlHeader: on a channel that is not there is answered with 0x8000FFFF", async () => {
  const stage = await Stage.offered();
  assertEquals(await stage.describe(9, wholePages([1])), [[created(9, REFUSED)]]);
  await stage.end();
});

const OFFSET_TOO_LARGE: GpaRange = { byteOffset: 0x1000, byteCount: 8, pfns: [1, 2] };

// wire.md section 8, 38
Deno.test("GpadlHeader: a bad range in one message is answered with 0x8000FFFF", async () => {
  const stage = await Stage.offered();
  assertEquals(await stage.describe(1, OFFSET_TOO_LARGE), [[created(1, REFUSED)]]);
  assertEquals(await stage.describe(1, wholePages([1])), [[created(1, 0)]]);
  await stage.end();
});

// wire.md section 8, 39
Deno.test("GpadlBody: a bad range over two messages is answered after the second, and its id is free", async () => {
  const stage = await Stage.offered();
  const many = wholePages(Array.from({ length: 40 }, (_, at) => at));
  assertEquals(await stage.describe(1, many, OFFSET_TOO_LARGE), [[], [created(1, REFUSED)]]);
  assertEquals(await stage.describe(1, many), [[], [created(1, 0)]]);
  await stage.end();
});

// wire.md section 8, 41
Deno.test("GPADL: on a channel that was taken back it comes and goes without the server", async () => {
  const stage = await Stage.offered();
  stage.vsp.VmbChannelDisable(stage.server);
  assertEquals(await stage.say(), [{ message: "rescindChannelOffer", channelId: 1 }]);
  assertEquals(await stage.describe(1, wholePages([1])), [[created(1, 0)]]);
  assertEquals(await stage.say({ message: "gpadlTeardown", channelId: 1, gpadlId: GPADL }), [
    { message: "gpadlTorndown", gpadlId: GPADL },
  ]);
  assertEquals([stage.calls, stage.bus.faults], [[], []]);
  await stage.end();
});
