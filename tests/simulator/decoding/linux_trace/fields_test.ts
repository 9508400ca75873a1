// Traces of Linux of which a program prints the fields, as it cannot follow a format string or is asked for them.

import { assertEquals } from "@std/assert";
import {
  type LinuxEntry,
  type LinuxLine,
  LinuxTraceReader,
} from "../../../../simulator/decoding/linux_trace/reader.ts";

const AT = "  a-1 [000] 1.5: ";
const GUID = "0c7f8e26-51d3-4b8e-9f0a-6d1b2c3e4f50";
const GUID_BYTES = "ARRAY[26, 8e, 7f, 0c, d3, 51, 8e, 4b, 9f, 0a, 6d, 1b, 2c, 3e, 4f, 50]";

function read(line: string): LinuxLine | null {
  return new LinuxTraceReader().next(`${AT}${line}`);
}

Deno.test("LinuxTraceReader: the boot that trace-cmd report -R prints is the one that it prints without", async () => {
  const [fields, words] = await Promise.all(
    ["fields", "boot"].map(async (name) => {
      const path = `tests/simulator/decoding/linux_traces/trace_cmd_${name}.txt`;
      const reader = new LinuxTraceReader();
      return (await Deno.readTextFile(path)).split("\n").map((line) => reader.next(line));
    }),
  );
  assertEquals(fields, words);
  assertEquals(words!.filter((line) => line !== null).length, 25);
});

Deno.test("LinuxTraceReader: fields of events have the names that the kernel gives them", () => {
  const events: readonly (readonly [event: string, words: string, fields: string])[] = [
    ["vmbus_onoffer_rescind", "child_relid 0x2", "child_relid=2"],
    [
      "vmbus_onmodifychannel_response",
      "child_relid 0x2, status -1",
      "child_relid=2 status=4294967295",
    ],
    ["vmbus_ongpadl_torndown", "gpadl 0xe1e10", "gpadl=925200"],
    ["vmbus_close_internal", "sending child_relid 0x2, ret -12", "child_relid=2 ret=-12"],
    [
      "vmbus_teardown_gpadl",
      "sending child_relid 0x2, gpadl 0xe1e10, ret 0",
      "child_relid=2 gpadl=925200 ret=0",
    ],
    ["vmbus_release_relid", "sending child_relid 0x2, ret 0", "child_relid=2 ret=0"],
    [
      "vmbus_send_tl_connect_request",
      `sending guest_endpoint_id ${GUID}, host_service_id ${GUID}, ret 0`,
      `guest_id=${GUID_BYTES} host_id=${GUID_BYTES} ret=0`,
    ],
    [
      "vmbus_send_modifychannel",
      "binding child_relid 0x2 to target_vp 0x1, ret 0",
      "child_relid=2 target_vp=1 ret=0",
    ],
    ["vmbus_channel_isr", "relid 0x2", "relid=2"],
  ];
  for (const [event, words, fields] of events) {
    const found = read(`${event}: ${words}`);
    assertEquals(found !== null && "entry" in found, true, event);
    assertEquals(read(`${event}:  ${fields}`), found);
    assertEquals(read(`${event}: [FAILED TO PARSE] ${fields}`), found);
  }
});

// Programs that do not know `%pUl` print no GUID; others print one as a word where all of its bytes are letters.
Deno.test("LinuxTraceReader: a GUID that was not printed is not told, and the rest of the offer is", () => {
  const known = "chn_flags 0x0, mmio_megabytes 0, sub_channel_index 0";
  const offers = [
    `child_relid 0x2, monitorid 0xff, is_dedicated 1, connection_id 0x2002, if_type (nil)Ul, if_instance (nil)Ul, ${known}`,
    `child_relid 0x2, monitorid 0xff, is_dedicated 1, connection_id 0x2002, if_type 0x7f01Ul, if_instance 0x0Ul, ${known}`,
    "child_relid=2 monitorid=255 is_ddc_int=1 connection_id=8194 if_type=abcdefghijklmnop if_instance=ARRAY[01, 02] " +
    "chn_flags=0 mmio_mb=0 sub_idx=0",
  ];
  for (const offer of offers) {
    const found = read(`vmbus_onoffer: ${offer}`) as LinuxEntry;
    const { message } = found;
    const { channelId, connectionId } = message!.message as unknown as Record<string, number>;
    assertEquals([channelId, connectionId], [2, 0x2002]);
    assertEquals([...message!.told].filter((name) => name.endsWith("Id")), [
      "channelId",
      "monitorId",
      "connectionId",
    ]);
    const { fields } = found.entry.details;
    assertEquals(Object.keys(fields as object).includes("interfaceId"), false);
  }
});

Deno.test("LinuxTraceReader: of fields it says which one is missing, is no number, or is too large", () => {
  const faults = [
    ["vmbus_open: child_relid=2", "", '"openid="', "the line ends"],
    ["vmbus_onoffer_rescind: child_relid=", "two", "channelId, a number,", '"two"'],
    ["vmbus_onoffer_rescind: child_relid=", "4294967296", "channelId, a u32,", '"4294967296"'],
    [
      "vmbus_onopen_result: child_relid=1 openid=1 status=",
      "",
      "status, a number,",
      "the line ends",
    ],
    // The name of one field is the end of another one's.
    ["vmbus_ongpadl_torndown: other_gpadl=1", "", '"gpadl="', "the line ends"],
  ] as const;
  for (const [before, value, wanted, there] of faults) {
    const [event] = before.split(":");
    assertEquals(read(`${before}${value}`), {
      line: 1,
      column: `${AT}${before}`.length + 1,
      fault: `${event}: ${wanted} should stand here, not ${there}`,
    });
  }
});
