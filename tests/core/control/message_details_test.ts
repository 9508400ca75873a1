// api.md section 3: control messages on the trace, field by field.
import { assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { messageDetails } from "../../../core/control/message_details.ts";
import { describeBytes } from "../../../core/trace_entries.ts";

Deno.test("messageDetails: all fields by name, statuses by theirs, bytes by length and hash", () => {
  const gpadl = { channelId: 3, gpadlId: 7 };
  const created = encodeControlMessage({ message: "gpadlCreated", ...gpadl, status: 0xc000_0001 });
  assertEquals(messageDetails(created), {
    message: "gpadlCreated",
    fields: { ...gpadl, status: 0xc000_0001, statusName: "STATUS_UNSUCCESSFUL" },
  });
  const words = new Uint8Array(16).fill(1);
  const body = encodeControlMessage({ message: "gpadlBody", messageNumber: 0, gpadlId: 7, words });
  assertEquals(messageDetails(body), {
    message: "gpadlBody",
    fields: { messageNumber: 0, gpadlId: 7, words: describeBytes(words, 16) },
  });
});

Deno.test("messageDetails: of damaged bytes the fields as far as they go, and what is wrong where", () => {
  const closed = encodeControlMessage({ message: "gpadlTeardown", channelId: 3, gpadlId: 7 });
  const cut = messageDetails(closed.subarray(0, 12));
  assertEquals([cut.message, cut.fault, cut.offset], [null, "messageTooSmall", 12]);
  assertEquals((cut.fields as Record<string, unknown>).channelId, 3);
  const unknown = messageDetails(new Uint8Array(8).fill(0x77));
  assertEquals([unknown.message, unknown.fault, unknown.offset], [null, "unknownMessageType", 0]);
  assertEquals(messageDetails(new Uint8Array(241)), { message: null, fault: "messageTooLarge" });
  assertEquals(messageDetails(new Uint8Array(0)).fault, "messageTooSmall");
});
