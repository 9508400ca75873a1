import { assertEquals } from "@std/assert";
import { Refusals, type Refuse, takeMessage } from "../../../actors/bus/refusals.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { protocolOf } from "../../../core/control/versions.ts";

// wire.md section 4: what cannot be decoded has no name.
Deno.test("takeMessage: what cannot be decoded is refused without a name, what is not taken by name", () => {
  const refused: unknown[] = [];
  const refuse: Refuse = (...refusal) => void refused.push(refusal);
  const close = encodeControlMessage({ message: "closeChannel", channelId: 5 });
  const taken: string[] = [];
  const take = (bytes: Uint8Array, fault: "unexpectedMessage" | null) =>
    takeMessage(bytes, protocolOf("5.3"), ({ message }) => {
      taken.push(message);
      return fault;
    }, refuse);
  take(close, null);
  take(close, "unexpectedMessage");
  take(close.subarray(0, 9), null);
  take(new Uint8Array(0), null);
  take(encodeControlMessage({ message: "pause" }), null);
  assertEquals(taken, ["closeChannel", "closeChannel"]);
  assertEquals(refused, [
    ["closeChannel", "unexpectedMessage"],
    [
      null,
      "messageTooSmall",
      "closeChannel has 12 bytes by what it says and what was agreed on, not 9",
    ],
    [null, "messageTooSmall", "a control message has at least 8 bytes, not 0"],
    // wire.md 4.2
    ["pause", "unexpectedMessage", "pause is said from version 6.0 on, not in 5.3"],
  ]);
});

Deno.test("Refusals: the latest sixteen are kept, all are counted", () => {
  const refusals = new Refusals();
  for (let count = 0; count < 20; count++) {
    refusals.add({ direction: "toHost", message: String(count), fault: "badGpadl" });
  }
  assertEquals(
    refusals.latest.map(({ message }) => Number(message)),
    Array.from(
      { length: 16 },
      (_, index) => index + 4,
    ),
  );
  assertEquals(refusals.count, 20);
});
