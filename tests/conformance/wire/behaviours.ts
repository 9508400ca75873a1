/**
 * The behaviours of wire.md section 8, each by its number: the tests that show it, or why it is not ours.
 *
 * @module
 */

/** A test, by its file and its name, of which a part is enough that no other test there has. */
export interface NamedTest {
  /** The file, below `tests/`. */
  readonly file: string;
  /** What stands in the name of the test. */
  readonly name: string;
}

/** The tests of a behaviour, or the reason why it has none. */
export type Behaviour = readonly NamedTest[] | string;

function test(file: string, name: string): NamedTest {
  return { file: `${file}_test.ts`, name };
}

const RING = "core/ring/cases";
const RANGES = "core/memory/buffer_ranges";
const PIPE = "conformance/pipe/byte_pipe";
const NEGOTIATION = "conformance/wire/negotiation";
const CONNECTION = "conformance/wire/connection";
const CHANNELS = "actors/bus/host/channel_messages";
const SUBCHANNELS = "conformance/configuration/subchannels";
const OFFERED = "actors/bus/host/offered_channels";
const SIGNALS = "conformance/wire/signals";
const GPADLS = "conformance/wire/gpadls";
const SAVING = "conformance/wire/saving";
const STATES = "kmcl/saving/life";
const HOST_IMAGE = "actors/bus/host/image";
const RULES = "actors/saving/rules";
const GUEST = "conformance/wire/guest";

/** Each behaviour by its number in wire.md section 8. */
export const BEHAVIOURS: Readonly<Record<number, Behaviour>> = {
  1: [test(RING, "case 1, a write into an empty unmasked ring signals")],
  2: [test(RING, "case 2, no signal while the initial mask stands")],
  3: [test(RING, "case 3, four packets of 4000 bytes fill 16 KiB")],
  4: [test(RING, "case 4, the read that makes enough room signals")],
  5: [test(RING, "cases 5 and 6, ranges need a header to stand in")],
  6: [test(RING, "cases 5 and 6, ranges need a header to stand in")],
  7: [
    test(RING, "case 7, a range offset of a page is for the codec to refuse"),
    test("core/packet/vmbus_codec", "names each fault in a description of memory"),
  ],
  8: [test(RING, "case 8, GPA ranges come out as they went in")],
  9: [
    test(RING, "case 9, a range of no bytes is for the codec to refuse"),
    test("core/packet/vmbus_codec", "names each fault in a description of memory"),
  ],
  10: [
    test(RING, "case 10, transfer pages come out as they went in"),
    test(RANGES, "case 10, parts of a buffer of three pages"),
  ],
  11: [test(RING, "case 11, a blocked writer continues after the read")],
  12: [test(PIPE, "whose opposite side drops its end is told so, reading and writing")],
  13: [test("conformance/pipe/pipe", "is one datagram, of its exact length")],
  14: [test(PIPE, "20 000 bytes go through a ring of 4 KiB while nobody loses any")],
  15: [test(PIPE, "20 000 bytes go through a ring of 4 KiB while nobody loses any")],
  16: [test(NEGOTIATION, "a version that is none is answered with supported 0")],
  17: [test(NEGOTIATION, "processor and interrupt page count where they may")],
  18: [test(NEGOTIATION, "from 5.0 on the answer has the connection for messages")],
  19: [test(NEGOTIATION, "another SINT is refused there")],
  20: [test(NEGOTIATION, "for another trust level it is not this host's")],
  21: [test(NEGOTIATION, "of the features asked for, those come back that the host has")],
  22: [test(NEGOTIATION, "pinned memory is agreed on where the host is told to")],
  23: [test(NEGOTIATION, "the feature of the client id comes back")],
  24: [test(SIGNALS, "a host that brings the monitor pages says where")],
  25: [
    test(CONNECTION, "the first channel has id 1, connection 0x2001"),
    test(CHANNELS, "which the guest hears from 5.3 on"),
    test("actors/bus/host/host_end", "what the guest says of a channel that was taken back"),
  ],
  26: [
    test(CHANNELS, "signals go by what the guest says, and of its flags the lowest alone counts"),
  ],
  27: [test(CONNECTION, "devices that come before, while and after a guest connects")],
  28: [
    test(OFFERED, "by interface, order and instance, in absolute mode by order first"),
    test(CONNECTION, "channels are numbered by interface and order, or by order alone"),
  ],
  29: [
    test(SIGNALS, "has the lowest monitor id that is free"),
    test("actors/bus/monitor", "the lowest that is free, 128 of them, then none"),
  ],
  30: [test(SIGNALS, "without interrupts a channel has no processor")],
  31: [test(CONNECTION, "the host lets go of the connection once all channels have closed")],
  32: [test(CONNECTION, "on a connection it ends that first, without a word")],
  33: [
    test(CONNECTION, "it outlives the connection, and not the guest"),
    test(CHANNELS, "each closes channels of its own kind, else the server stops"),
  ],
  34: [test(SUBCHANNELS, "of a primary takes its sub-channels back before it")],
  35: [
    test(SIGNALS, "a connect that fails is told of from 4.1 on"),
    test("devices/socket/socket", "is what the version has"),
  ],
  36: [
    test(
      "actors/partition/trust_levels",
      "a guest that connected through its paravisor is not heard",
    ),
    test("actors/bus/host/offer_message", "confidential flags are stripped unless their features"),
  ],
  37: [test(GPADLS, "on a channel that is not there is answered with 0x8000FFFF")],
  38: [test(GPADLS, "a bad range in one message is answered with 0x8000FFFF")],
  39: [test(GPADLS, "a bad range over two messages is answered after the second")],
  40: [test(CONNECTION, "one that was never completed goes with the connection")],
  41: [
    test(GPADLS, "on a channel that was taken back it comes and goes without the server"),
    test(
      "conformance/gpadl/messages",
      "one that crosses a rescind is accepted when it is complete",
    ),
  ],
  42: [test(SAVING, "a guest that has left the bus comes back so")],
  43: [
    test(STATES, "is saved at each moment of it"),
    test(
      HOST_IMAGE,
      "channels come back as the guest has them: open, changing processors, reserved",
    ),
    test(HOST_IMAGE, "a revoked channel hands its id over to a server that comes back"),
  ],
  44: [test(SAVING, "a guest that was making contact continues with it, and connects")],
  45: [
    test(
      HOST_IMAGE,
      "channels come back as the guest has them: open, changing processors, reserved",
    ),
  ],
  46: [test(SAVING, "a reserved channel and its GPADL come back")],
  47: [test(SAVING, "offers that were not asked for yet are sent when they are")],
  48: [test(SAVING, "a device that is new since the save is one more offer")],
  49: [test(CONNECTION, "what a paused host has to say is saved, and said in order")],
  50: [
    test(SAVING, "a host that does not speak so, or lacks a feature, refuses the guest"),
    test(RULES, "PARTITION_CHUNKS: the rules of connections"),
  ],
  51: [
    test(
      "kmcl/saving/gpadls",
      "a GPADL whose deletion waits for the server is gone after it",
    ),
    test(
      "conformance/save_restore/resume_memory",
      "one that waited for an unmap is gone after the save",
    ),
  ],
  52: [test(GUEST, "a guest begins with 6.0, its name and its features")],
  53: [test(GUEST, "a guest that makes contact makes no other one")],
  54: [
    test(GUEST, "an id comes again once it was released"),
    test(
      "actors/bus/guest/served_by_hand",
      "an offer that nobody took is released as soon as it is taken back",
    ),
  ],
  55: [
    test("core/memory/gpadl", "one word holds no range"),
    test("conformance/gpadl/statuses", "that the host refuses is STATUS_UNSUCCESSFUL"),
  ],
  56: [
    test("actors/bus/guest/guest_end", "comes after the last answer that the host owes"),
    test(
      "actors/bus/guest/channel_machine",
      "a channel that was taken back is released once nobody has it",
    ),
  ],
  57: [test(GUEST, "an id comes again once it was released")],
  58:
    "A guest of this package asks for no redirection of single channels, so that it has no flags to hand out: each channel is signalled by its own id. What a host makes of a guest that does ask is behaviour 26",
  59: [
    test(CONNECTION, "a guest that rests says nothing but that it continues"),
    test(
      "kmcl/saving/migration",
      "save, restore and save give the same bytes, whatever the fabric",
    ),
  ],
};
