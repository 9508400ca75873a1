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
const GPADLS = "conformance/wire/gpadls";
const HOST_END = "actors/bus/host/host_end";
const BY_HAND = "actors/bus/guest/served_by_hand";
const RESUMED = "conformance/save_restore/resume_ends";

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
  10: [test(RING, "case 10, transfer pages come out as they went in")],
  11: [test(RING, "case 11, a blocked writer goes on after the read")],
  13: [test("conformance/pipe/pipe", "is one datagram, of its exact length")],
  37: [test(GPADLS, "on a channel that is not there is answered with 0x8000FFFF")],
  38: [test(GPADLS, "a bad range in one message is answered with 0x8000FFFF")],
  39: [test(GPADLS, "a bad range over two messages is answered after the second")],
  41: [
    test(GPADLS, "on a channel that was taken back it comes and goes without the server"),
    test(
      "conformance/gpadl/messages",
      "one that crosses a rescind is accepted when it is complete",
    ),
  ],
  54: [test(BY_HAND, "an offer that nobody took is released as soon as it is taken back")],
  55: [
    test("conformance/gpadl/statuses", "that the host refuses is STATUS_UNSUCCESSFUL"),
    test("core/memory/gpadl", "one word holds no range"),
  ],
  56: [test("actors/bus/guest/guest_end", "comes after the last answer that the host owes")],
};
