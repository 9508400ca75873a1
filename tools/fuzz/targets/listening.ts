/**
 * Targets: what `decode` reads that somebody else has written. The text of a trace of Linux, of which an input is some
 * lines; and messages of a bus, of which an input is a list, each behind a byte that says how many bytes it has.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { CONTROL_MESSAGE } from "../../../core/control/layouts.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import { PostingOrder } from "../../../simulator/decoding/linux_trace/posting_order.ts";
import {
  GUEST,
  type LinuxEntry,
  LinuxTraceReader,
} from "../../../simulator/decoding/linux_trace/reader.ts";
import {
  contactMessage,
  controlMessageBytes,
  gpadlMessages,
  offerMessage,
  openMessage,
  versionMessage,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import { TraceCheck } from "../../../simulator/wire_rules/trace_check.ts";
import { joined } from "../bytes.ts";
import type { NamedSeeds } from "../corpus.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

const GUID = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";

/** Lines of traces, a few of each kind. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  "contact and offers": [
    "a-1 [000] 1.5: vmbus_onversion_response: version_supported 1",
    "a-1 [000] 1.5: vmbus_negotiate_version: sending vmbus_version_requested 327683, target_vcpu 0x0, pages 2:1000:2000, ret 0",
    `a-1 [000] 1.5: vmbus_onoffer: child_relid 0x1, monitorid 0xff, is_dedicated 1, connection_id 0x2001, if_type ${GUID}, if_instance ${GUID}, chn_flags 0x0, mmio_megabytes 0, sub_channel_index 0`,
    "b-1 [000] 1.5: vmbus_request_offers: sending ret 0",
  ],
  "a channel is opened": [
    "a 1 [000] 1.5: hyperv:vmbus_establish_gpadl_header: sending child_relid 0x1, gpadl 0x7, range_buflen 72 rangecount 1, ret 0",
    "a 1 [000] 1.5: hyperv:vmbus_ongpadl_created: child_relid 0x1, gpadl 0x7, creation_status 0",
    "a 1 [000] 1.5: hyperv:vmbus_onopen_result: child_relid 0x1, openid 1, status 0",
    "a 1 [000] 1.5: hyperv:vmbus_open: sending child_relid 0x1, openid 1, gpadlhandle 0x7, target_vp 0x0, offset 0x4, ret 0",
  ],
  "a channel goes": [
    "  a-1 (    1) [000] d.h1. 1.5: vmbus_onoffer_rescind: child_relid 0x1",
    "  a-1 (    1) [000] d.h1. 1.5: vmbus_close_internal: sending child_relid 0x1, ret 0",
    "  a-1 (    1) [000] d.h1. 1.5: vmbus_release_relid: sending child_relid 0x1, ret -11",
    "CPU:2 [LOST 317 EVENTS]",
  ],
  "fields are printed": [
    "a-1 [000] 1.5: vmbus_negotiate_version: ver=327683 target_vcpu=0x0 ret=0 int_page=2 mon_page1=0 mon_page2=0",
    "  a-1   1d.h1. 1500000us : vmbus_onversion_response: [FAILED TO PARSE] ver=1",
    "a-1 [000] 1.5: vmbus_send_tl_connect_request: guest_id=ARRAY[26, 8e, 7f, 0c, d3, 51, 8e, 4b, 9f, 0a, 6d, 1b, 2c, 3e, 4f, 50] host_id=(nil)Ul ret=0",
  ],
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a text tells, in the order of the bus. */
function entriesOf(text: string): { readonly read: number; readonly given: readonly LinuxEntry[] } {
  const reader = new LinuxTraceReader();
  const order = new PostingOrder();
  const given: LinuxEntry[] = [];
  let read = 0;
  for (const line of text.split("\n")) {
    const found = reader.next(line);
    if (found === null) continue;
    if ("fault" in found) {
      assert(found.column <= line.length + 1, "a fault lies in its line");
    } else if ("entry" in found) {
      read++;
      given.push(...order.add(found));
    }
  }
  given.push(...order.end());
  return { read, given };
}

const linuxTarget = withCorpus(
  () =>
    Object.fromEntries(
      Object.entries(LINES).map(([what, lines]) => [what, encoder.encode(lines.join("\n"))]),
    ),
  {
    name: "linux-trace",
    title: "the text of a trace of Linux",
    inputBytesMax: 2048,
    run(input, note) {
      const { read, given } = entriesOf(decoder.decode(input));
      assert(given.length === read, "each event is told once");
      const check = new TraceCheck();
      let broken = 0;
      for (const { message: told, isSaid } of given) {
        if (told !== null) CONTROL_MESSAGE.encode(told.message); // decode shows it field by field
        if (told === null || !isSaid) continue;
        const found = check.takeAsGuest(told.message, GUEST, told.speaker, told.told);
        if (found !== null) note(++broken);
      }
      note(given.length);
      return broken > 0 ? "broken" : given.length > 0 ? "told" : "nothing";
    },
  },
);

/** Messages one behind the other, as an input has them: a byte that says who speaks and how long each is, and the message. */
function listOf(...messages: readonly (readonly [isHost: boolean, message: ControlMessage])[]) {
  return joined(...messages.flatMap(([isHost, message]) => {
    const bytes = controlMessageBytes(message);
    return [[Number(isHost), bytes.length], bytes];
  }));
}

function makeLists(): NamedSeeds {
  const connected = [[false, contactMessage("5.3")], [true, versionMessage("5.3")]] as const;
  const offered = [
    ...connected,
    [false, { message: "requestOffers" }],
    [true, offerMessage(GUID, GUID)],
  ] as const;
  const [gpadl] = gpadlMessages(1, 2, [wholePages([1, 2, 3, 4, 5, 6, 7, 8])]);
  return {
    "connected": listOf(...connected),
    "offered and rescinded": listOf(
      ...offered,
      [true, { message: "rescindChannelOffer", channelId: 1 }],
      [false, { message: "relIdReleased", channelId: 1 }],
    ),
    "opened and closed": listOf(
      ...offered,
      [false, gpadl!],
      [true, { message: "gpadlCreated", channelId: 1, gpadlId: 2, status: 0 }],
      [false, openMessage(1, 2, 4)],
      [true, { message: "openResult", channelId: 1, openId: 1, status: 0 }],
      [false, { message: "closeChannel", channelId: 1 }],
      [false, { message: "gpadlTeardown", channelId: 1, gpadlId: 2 }],
      [true, { message: "gpadlTorndown", gpadlId: 2 }],
    ),
  };
}

const busTarget = withCorpus(makeLists, {
  name: "bus-listener",
  title: "what is said on a bus, to who only listens",
  inputBytesMax: 2048,
  run(input, note) {
    const check = new TraceCheck();
    let [at, broken] = [0, 0];
    while (at + 2 <= input.length) {
      const [isHost, byteCount] = [(input[at]! & 1) === 1, input[at + 1]!];
      const bytes = input.slice(at + 2, at + 2 + byteCount);
      at += 2 + byteCount;
      const found = check.takeBytes(bytes, GUEST, isHost ? "host" : "guest");
      if (found !== null) {
        assert(
          /^wire\.md (?:section )?\d(?:\.\d+)?: \S/.test(found.rule),
          "a rule begins with its section",
        );
        note(++broken);
      }
    }
    check.forget(GUEST);
    return broken === 0 ? "good" : "broken";
  },
});

/** What somebody else has written, to who reads it. */
export const listeningTargets: readonly PackageTarget[] = [linuxTarget, busTarget];
