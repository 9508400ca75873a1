// Traces of Linux: each event in each form in which programs print it, what is left out, and what is damaged.

import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import {
  type LinuxEntry,
  type LinuxLine,
  LinuxTraceReader,
} from "../../../../simulator/decoding/linux_trace/reader.ts";
import { PostingOrder } from "../../../../simulator/decoding/linux_trace/posting_order.ts";
import {
  isLinuxTrace,
  readTraceLine,
} from "../../../../simulator/decoding/linux_trace/trace_line.ts";

const GUID = "0c7f8e26-51d3-4b8e-9f0a-6d1b2c3e4f50";

/** What each event prints, and what it tells: the entry's name, and the fields of the message. */
const EVENTS: readonly (readonly [string, string, string, Readonly<Record<string, unknown>>])[] = [
  ["vmbus_on_msg_dpc", "msgtype=6", "messageInSlot", {}],
  ["vmbus_on_msg_dpc", "msgtype=17", "messageTaken", { message: "unloadComplete" }],
  ["vmbus_on_message", "msgtype=1", "messageInTurn", {}],
  ["vmbus_on_message", "msgtype=4", "messageTaken", { message: "allOffersDelivered" }],
  [
    "vmbus_onoffer",
    `child_relid 0x2, monitorid 0xff, is_dedicated 1, connection_id 0x2002, if_type ${GUID}, if_instance ${GUID}, ` +
    "chn_flags 0x10, mmio_megabytes 4, sub_channel_index 1",
    "messageTaken",
    {
      message: "offerChannel",
      channelId: 2,
      monitorId: 255,
      isDedicated: true,
      connectionId: 0x2002,
      interfaceId: GUID,
      instanceId: GUID,
      flags: 0x10,
      mmioMegabytes: 4,
      subchannelIndex: 1,
    },
  ],
  ["vmbus_onoffer_rescind", "child_relid 0x7ff", "messageTaken", {
    message: "rescindChannelOffer",
    channelId: 2047,
  }],
  ["vmbus_onopen_result", "child_relid 0x2, openid -1, status -1073741790", "messageTaken", {
    message: "openResult",
    channelId: 2,
    openId: 0xffff_ffff,
    status: 0xc000_0022,
    statusName: "STATUS_ACCESS_DENIED",
  }],
  ["vmbus_ongpadl_created", "child_relid 0x2, gpadl 0xe1e10, creation_status 0", "messageTaken", {
    message: "gpadlCreated",
    channelId: 2,
    gpadlId: 0xe1e10,
    status: 0,
    statusName: "STATUS_SUCCESS",
  }],
  ["vmbus_onmodifychannel_response", "child_relid 0x2, status 0", "messageTaken", {
    message: "modifyChannelResponse",
    channelId: 2,
    status: 0,
    statusName: "STATUS_SUCCESS",
  }],
  ["vmbus_ongpadl_torndown", "gpadl 0xe1e10", "messageTaken", {
    message: "gpadlTorndown",
    gpadlId: 0xe1e10,
  }],
  ["vmbus_onversion_response", "version_supported 1", "messageTaken", {
    message: "versionResponse",
    supported: 1,
  }],
  ["vmbus_request_offers", "sending ret 0", "messageToHost", { message: "requestOffers" }],
  [
    "vmbus_open",
    "sending child_relid 0x2, openid 2, gpadlhandle 0xe1e10, target_vp 0x3, offset 0x10, ret 0",
    "messageToHost",
    {
      message: "openChannel",
      channelId: 2,
      openId: 2,
      ringGpadlId: 0xe1e10,
      targetVp: 3,
      downstreamPageOffset: 16,
    },
  ],
  ["vmbus_close_internal", "sending child_relid 0x2, ret -12", "messageNotSent", {
    message: "closeChannel",
    channelId: 2,
  }],
  [
    "vmbus_establish_gpadl_header",
    "sending child_relid 0x2, gpadl 0xe1e10, range_buflen 264 rangecount 1, ret 0",
    "messageToHost",
    { message: "gpadlHeader", channelId: 2, gpadlId: 0xe1e10, byteLength: 264, rangeCount: 1 },
  ],
  ["vmbus_establish_gpadl_body", "sending msgnumber 0, gpadl 0xe1e10, ret 0", "messageToHost", {
    message: "gpadlBody",
    messageNumber: 0,
    gpadlId: 0xe1e10,
  }],
  ["vmbus_teardown_gpadl", "sending child_relid 0x2, gpadl 0xe1e10, ret 0", "messageToHost", {
    message: "gpadlTeardown",
    channelId: 2,
    gpadlId: 0xe1e10,
  }],
  [
    "vmbus_negotiate_version",
    "sending vmbus_version_requested 327683, target_vcpu 0x0, pages ffffffffffffffff:10a3f4000:0, ret 0",
    "messageToHost",
    {
      message: "initiateContact",
      version: 0x5_0003,
      targetMessageVp: 0,
      targetInfo: "18446744073709551615",
      parentToChildMonitorGpa: 0x1_0a3f_4000,
      childToParentMonitorGpa: 0,
    },
  ],
  ["vmbus_release_relid", "sending child_relid 0x2, ret 0", "messageToHost", {
    message: "relIdReleased",
    channelId: 2,
  }],
  [
    "vmbus_send_tl_connect_request",
    `sending guest_endpoint_id ${GUID}, host_service_id ${GUID}, ret 0`,
    "messageToHost",
    { message: "tlConnectRequest", endpointId: GUID, serviceId: GUID },
  ],
  ["vmbus_send_modifychannel", "binding child_relid 0x2 to target_vp 0x1, ret 0", "messageToHost", {
    message: "modifyChannel",
    channelId: 2,
    targetVp: 1,
  }],
  ["vmbus_setevent", "relid 0x2", "interruptToHost", {}],
  ["vmbus_chan_sched", "relid 0x2", "interruptToGuest", {}],
  ["vmbus_channel_isr", "relid 0x2", "interruptToGuest", {}],
  ["vmbus_on_event", "relid 0x2", "interruptHandled", {}],
];

/** How each program prints an event, and what it says of the flags. */
const FORMS: readonly (readonly [string, (event: string, text: string) => string, string])[] = [
  [
    "trace-cmd report",
    (event, text) => `     kworker/0:1-22    [001]    12.345678: ${`${event}:`.padEnd(22)} ${text}`,
    "",
  ],
  [
    "perf script",
    (event, text) => `kworker/0:1-eve    22 [001]    12.345678:   hyperv:${event}: ${text}`,
    "",
  ],
  [
    "perf script, with periods",
    (event, text) =>
      `     my comm [x]    22 [001]  12.345678901:          1 hyperv:${event}: ${text}`,
    "",
  ],
  [
    "tracefs",
    (event, text) => `     kworker/0:1-22      [001] d.h1.    12.345678: ${event}: ${text}`,
    "d.h1.",
  ],
  [
    "tracefs, with thread groups",
    (event, text) => `  kworker/0:1-22      (     22) [001] ....    12.345678: ${event}: ${text}`,
    "....",
  ],
  [
    "trace-cmd report --ts-diff",
    (event, text) => `     kworker/0:1-22    [001]    12.345678: (+633)   ${event}: ${text}`,
    "",
  ],
  [
    "perf script -F +misc",
    (event, text) => `     kworker/0:1    22 [001] K     12.345678:   hyperv:${event}: ${text}`,
    "K",
  ],
  [
    "tracefs, for latencies",
    (event, text) => `  kworker/-22        1d.h1. 12345678us : ${event}: ${text}`,
    "d.h1.",
  ],
  [
    "tracefs, for latencies, after a long wait",
    (event, text) => `kworker/-22        1..s1. 12345678us!: ${event}: ${text}`,
    "..s1.",
  ],
  [
    "trace-cmd report -l",
    (event, text) => `kworker/0:1-22      1d.h.. 12.345678: ${`${event}:`.padEnd(22)} ${text}`,
    "d.h..",
  ],
  [
    "the kernel's log",
    (event, text) => `[   99.000001][    C1] kworker/-22   1d.h1. 12345678us+: ${event}: ${text}`,
    "d.h1.",
  ],
];

function linux(line: LinuxLine | null): Readonly<Record<string, unknown>> {
  if (line === null || !("entry" in line)) throw new Error("an event is read");
  return line.entry.details["linux"] as Readonly<Record<string, unknown>>;
}

for (const [program, print, flags] of FORMS) {
  Deno.test(`LinuxTraceReader: reads each event as ${program} prints it`, () => {
    for (const [event, text, name, expected] of EVENTS) {
      const found = new LinuxTraceReader().next(print(event, text));
      const where = linux(found);
      const { entry } = found as LinuxEntry;
      const { message, fields } = entry.details;
      assertEquals([entry.event, entry.at100ns], [
        name,
        123_456_780 + (program.includes("periods") ? 9 : 0),
      ]);
      assertEquals([where["event"], where["cpu"], where["flags"] ?? ""], [event, 1, flags]);
      assertMatch(String(where["task"]), /^(?:kworker|my comm)/);
      const shown = { ...message !== undefined && { message }, ...fields as object };
      if (Object.keys(expected).length > 0) assertEquals(shown, expected);
      if (name.startsWith("interrupt")) assertEquals(entry.subject, "channel 2");
    }
  });
}

Deno.test("LinuxTraceReader: a value that no field of the message can have is a fault of its line", () => {
  const at = "  a-1 [000] 1.5: ";
  const faults = [
    ["vmbus_onoffer_rescind: child_relid ", "0x100000000", "", "channelId, a u32"],
    ["vmbus_onoffer_rescind: child_relid ", "0xffffffffffffffff", "", "channelId, a u32"],
    ["vmbus_onversion_response: version_supported ", "256", "", "supported, a u8"],
    ["vmbus_onopen_result: child_relid 0x1, openid ", "-2147483649", ", status 0", "openId, a u32"],
    [
      "vmbus_negotiate_version: sending vmbus_version_requested ",
      "99999999999999999999",
      ", target_vcpu 0x0, pages 0:0:0, ret 0",
      "version, a u32",
    ],
  ] as const;
  for (const [before, value, behind, form] of faults) {
    const [event] = before.split(":");
    const found = new LinuxTraceReader().next(`${at}${before}${value}${behind}`);
    const there = JSON.stringify(`${value}${behind}`.slice(0, 24));
    assertEquals(found, {
      line: 1,
      column: at.length + before.length + 1,
      fault: `${event}: ${form}, should stand here, not ${there}`,
    });
  }
});

Deno.test("LinuxTraceReader: says where a line is not what its event prints, and counts events that are not the bus's", () => {
  const reader = new LinuxTraceReader();
  const at = "  a-1 [000] 1.5: ";
  assertEquals(reader.next(`${at}vmbus_onoffer_rescind: child_relid 7`), {
    line: 1,
    column: at.length + "vmbus_onoffer_rescind: child_relid ".length + 1,
    fault: 'vmbus_onoffer_rescind: channelId, a number of base 16, should stand here, not "7"',
  });
  assertEquals(reader.next(`${at}vmbus_on_event: `), {
    line: 2,
    column: at.length + "vmbus_on_event: ".length + 1,
    fault: 'vmbus_on_event: "relid " should stand here, not the line ends',
  });
  const others = [
    `${at}sched_switch: prev`,
    `${at}sched_switch: prev`,
    `${at}other:vmbus_on_event: relid 0x1`,
    `${at}vmbus_unheard_of: x`,
    "cpus=2",
    "      ffffffff81a02b1c vmbus_onoffer_rescind+0x8c",
    "# tracer: nop",
    "",
  ];
  for (const line of others) assertEquals(reader.next(line), null);
  assertEquals([...reader.others], [
    ["sched_switch", 2],
    ["other:vmbus_on_event", 1],
    ["vmbus_unheard_of", 1],
  ]);
  assertEquals([reader.otherLines, reader.eventCount], [2, 0]);
  for (
    const lost of [
      "CPU:0 [LOST 3 EVENTS]",
      "CPU:12 [LOST EVENTS]",
      "CPU:1 [7 EVENTS DROPPED]",
      "swapper     0 [000]  8213.402211: PERF_RECORD_LOST lost 12",
    ]
  ) {
    const { line: _line, ...found } = reader.next(lost)!;
    assertEquals(found, { lost });
  }
});

Deno.test("readTraceLine: whatever a line is, it is read, and a long one quickly", () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => {
    readTraceLine(text);
    new LinuxTraceReader().next(`a-1 [000] 1.5: vmbus_onoffer: ${text}`);
  }));
  const events = EVENTS.map(([event, text]) => FORMS[0]![1](event, text));
  fc.assert(fc.property(fc.constantFrom(...events), fc.nat(200), (line, cut) => {
    const found = new LinuxTraceReader().next(line.slice(0, cut));
    if (found !== null && "column" in found && found.column > cut + 1) throw new Error("beyond");
  }));
  assertEquals(readTraceLine(`${" [1]".repeat(50_000)}`), "other");
});

Deno.test("isLinuxTrace: knows one by its first lines, and takes neither digits nor JSON for one", () => {
  const [, print] = FORMS[1]!;
  assertEquals(isLinuxTrace(`cpus=2\n${print("sched_switch", "x")}\n`), true);
  assertEquals(isLinuxTrace("# tracer: nop\n#\n"), true);
  // A machine with many processors, of which one has events.
  const empty = Array.from({ length: 2047 }, (_, cpu) => `CPU ${cpu} is empty`).join("\n");
  assertEquals(isLinuxTrace(`cpus=2048\n${empty}\n${print("sched_switch", "x")}\n`), true);
  for (const text of ["0d000000 00000000", '[{"at100ns": 0}]', "00000000: 0100 0200  ....\n"]) {
    assertEquals(isLinuxTrace(text), false);
  }
});

// Linux traces what it sends once it is posted; the answer may come on another processor meanwhile.
Deno.test("PostingOrder: a question comes before its answer, and nothing else changes places", () => {
  const order = (...lines: readonly string[]) => {
    const reader = new LinuxTraceReader();
    const posting = new PostingOrder();
    const given = lines.flatMap((line) => posting.add(reader.next(line) as LinuxEntry));
    return [...given, ...posting.end()].map(({ line }) => line);
  };
  const line = (task: string, text: string) => `  ${task}-1 [000] 1.5: ${text}`;
  const open = (task: string) =>
    line(
      task,
      "vmbus_open: sending child_relid 0x2, openid 2, gpadlhandle 0x1, target_vp 0x0, offset 0x1, ret 0",
    );
  const result = line("idle", "vmbus_onopen_result: child_relid 0x2, openid 2, status 0");
  const signal = line("idle", "vmbus_on_event: relid 0x2");
  const close = (task: string) =>
    line(task, "vmbus_close_internal: sending child_relid 0x2, ret 0");
  assertEquals(order(signal, result, signal, open("a"), signal), [1, 4, 2, 3, 5]);
  assertEquals(order(open("a"), result, open("a"), result), [1, 2, 3, 4]);
  // A task that has sent something meanwhile had told of the question before that.
  assertEquals(order(result, close("a"), open("a")), [1, 2, 3]);
  assertEquals(order(result, close("b"), open("a")), [3, 1, 2]);
  const offer = line("idle", EVENTS[4]!.slice(0, 2).join(": "));
  const request = line("a", "vmbus_request_offers: sending ret 0");
  assertEquals(order(offer, offer, request, offer), [3, 1, 2, 4]);
  // One answer too many: the first one's question was told of before, and each later one has its own.
  assertEquals(order(result, open("a"), result), [1, 2, 3]);
  assertEquals(order(result, open("a"), result, open("a"), result), [1, 2, 3, 4, 5]);
  assertEquals(order(result, open("a"), result, open("a")), [2, 1, 4, 3]);
  const far = Array.from({ length: 70 }, () => signal);
  assertEquals(order(result, open("a"), result, ...far).slice(0, 3), [1, 2, 3]);
  assertEquals(order(result, ...far, open("a")).at(-1), 72);
});
