/** Persistent reservations of a medium that machines share: storage.md D17, D20 to D24. */

import { assertEquals } from "@std/assert";
import {
  type Cdb,
  RESERVATION_TYPES,
  type ReservationKey,
  SharedReservations,
} from "../../../../devices/storage/mod.ts";
import { BAD_FIELD, BAD_OPCODE, Bench, range, READY } from "../../../support/scsi_bench.ts";

const CONFLICT = "18/04 - 0";
const ACTIONS = { register: 0, reserve: 1, release: 2, clear: 3, preempt: 4, abort: 5, force: 6 };

/** The parameters of PERSISTENT RESERVE OUT. */
function keys(key: ReservationKey, other: ReservationKey): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(key));
  view.setBigUint64(8, BigInt(other));
  return bytes;
}

/** A machine among those that share a medium. */
class Machine {
  readonly bench: Bench;

  constructor(shared: SharedReservations, over: object = {}) {
    this.bench = new Bench({}, { reservations: shared.join(), ...over });
  }

  out(
    action: keyof typeof ACTIONS,
    key: ReservationKey,
    other: ReservationKey = 0,
    scopeAndType = 0,
  ): string {
    const cdb: Cdb = {
      operation: "persistentReserveOut",
      serviceAction: ACTIONS[action],
      scopeAndType,
      parameterBytes: 24,
    };
    return this.bench.end(cdb, keys(key, other));
  }

  in(serviceAction: number, room = 64): string {
    const cdb = { operation: "persistentReserveIn", serviceAction, allocationBytes: room } as const;
    return this.bench.gives(cdb, room);
  }

  /** How a read and a write end: `-` where another has the medium. */
  get may(): string {
    const word = (end: string, letter: string) => end === CONFLICT ? "-" : letter;
    return word(this.bench.end(range("read10", 0, 1), 512), "r") +
      word(this.bench.end(range("write10", 0, 1), new Uint8Array(512)), "w");
  }
}

function machines(count: number): Machine[] {
  const shared = new SharedReservations();
  return Array.from({ length: count }, () => new Machine(shared));
}

const text = (key: ReservationKey) => BigInt(key).toString(16).padStart(16, "0");

Deno.test("PERSISTENT RESERVE: registers, changes and ends a registration", () => {
  // storage.md D20, D22, D23.
  const [a, b] = machines(2) as [Machine, Machine];
  const large = 0xfedc_ba98_7654_3210n;
  assertEquals(a.in(0), "0000000000000000");
  assertEquals([a.out("register", 7, 7), a.out("register", 0, large)], [CONFLICT, "GOOD 0"]);
  assertEquals([a.out("register", 1, 2), b.out("register", 0, 5)], [CONFLICT, "GOOD 0"]);
  assertEquals(b.in(0), `0000000200000010${text(large)}${text(5)}`);
  assertEquals(a.in(0, 12), `0000000200000010${text(large).slice(0, 8)}`);
  assertEquals([a.out("register", large, 9), b.out("force", 1234, 6)], ["GOOD 0", "GOOD 0"]);
  assertEquals(b.in(0), `0000000400000010${text(9)}${text(6)}`);
  assertEquals([a.out("register", 9, 0), a.out("register", 0, 0)], ["GOOD 0", "GOOD 0"]);
  assertEquals(b.in(0), `0000000500000008${text(6)}`);
});

Deno.test("PERSISTENT RESERVE: each type forbids what it says, and to whom", () => {
  // storage.md D21.
  const forbidden: Readonly<
    Record<keyof typeof RESERVATION_TYPES, [registered: string, other: string]>
  > = {
    writeExclusive: ["r-", "r-"],
    exclusiveAccess: ["--", "--"],
    writeExclusiveRegistrants: ["rw", "r-"],
    exclusiveAccessRegistrants: ["rw", "--"],
    writeExclusiveAllRegistrants: ["rw", "r-"],
    exclusiveAccessAllRegistrants: ["rw", "--"],
  };
  for (const [name, [registered, other]] of Object.entries(forbidden)) {
    const type = RESERVATION_TYPES[name as keyof typeof RESERVATION_TYPES];
    const [holder, second, third] = machines(3) as [Machine, Machine, Machine];
    holder.out("register", 0, 1);
    second.out("register", 0, 2);
    assertEquals(holder.out("reserve", 1, 0, type), "GOOD 0");
    assertEquals([holder.may, second.may, third.may], ["rw", registered, other], name);
    assertEquals(third.bench.end(READY), "GOOD 0");
    const key = type >= 7 ? 0 : 1;
    const reservation = `0000000200000010${text(key)}0000000000${`0${type}`}0000`;
    assertEquals(third.in(1), reservation, name);
    assertEquals(holder.out("reserve", 1, 0, type), "GOOD 0");
    assertEquals(second.out("reserve", 2, 0, type), type >= 7 ? "GOOD 0" : CONFLICT);
    assertEquals(holder.out("release", 1, 0, type === 1 ? 3 : 1), "02/06 05/26/00 0");
    assertEquals(holder.out("release", 1, 0, type), "GOOD 0");
    assertEquals([third.may, third.in(1)], ["rw", "0000000200000000"], name);
  }
});

Deno.test("PERSISTENT RESERVE: who forbids what ends with its registration, or by another's", () => {
  // storage.md D23.
  const [a, b, c] = machines(3) as [Machine, Machine, Machine];
  for (const [place, each] of [a, b, c].entries()) each.out("register", 0, place + 1);
  assertEquals([a.out("reserve", 2, 0, 3), a.out("reserve", 1, 0, 3)], [CONFLICT, "GOOD 0"]);
  assertEquals([b.out("release", 2, 0, 3), c.may], ["GOOD 0", "--"]); // not his: nothing is done
  assertEquals(b.out("preempt", 2, 9, 1), CONFLICT); // nobody has that key
  assertEquals(b.out("preempt", 2, 0, 1), "02/06 05/26/00 0");
  assertEquals([b.out("preempt", 2, 1, 1), a.may, b.may, c.may], ["GOOD 0", "r-", "rw", "r-"]);
  assertEquals(a.out("reserve", 1, 0, 1), CONFLICT);
  assertEquals([c.out("preempt", 3, 2, 8), a.may, b.may], ["GOOD 0", "--", "--"]);
  a.out("register", 0, 1);
  assertEquals([a.may, c.out("register", 3, 0), a.may], ["rw", "GOOD 0", "rw"]);
  assertEquals([b.may, a.out("preempt", 1, 0, 1), b.may], ["--", "GOOD 0", "r-"]);
  assertEquals([a.out("clear", 1), b.may, a.in(0)], ["GOOD 0", "rw", "0000000900000000"]);
});

Deno.test("PERSISTENT RESERVE: what a machine has under way is aborted by preempt and abort", async () => {
  // storage.md D24.
  const shared = new SharedReservations();
  const ends: (() => void)[] = [];
  const read = () => new Promise<void>((resolve) => ends.push(resolve));
  const [slow, other] = [new Machine(shared, { read }), new Machine(shared)];
  slow.out("register", 0, 1);
  other.out("register", 0, 2);
  const begin = () => slow.bench.later(range("read10", 0, 1), 512);
  const aborted = begin();
  assertEquals(other.out("abort", 2, 1, 1), "GOOD 0");
  ends.shift()!();
  assertEquals(await aborted, "40/02 0b/00/00 0");
  const left = begin();
  other.out("preempt", 2, 1, 1);
  ends.shift()!();
  assertEquals(await left, "GOOD 512");
});

Deno.test("PERSISTENT RESERVE: wrong forms, and an image without", () => {
  // storage.md D17, D22, D23.
  const [a] = machines(1) as [Machine];
  const out = { operation: "persistentReserveOut", serviceAction: 0, scopeAndType: 0 } as const;
  const badLength = "02/06 05/1a/00 0";
  assertEquals(a.bench.end({ ...out, parameterBytes: 23 }, keys(0, 1)), badLength);
  assertEquals(a.bench.end({ ...out, parameterBytes: 24 }, new Uint8Array(23)), badLength);
  assertEquals(
    a.bench.end({ ...out, serviceAction: 7, parameterBytes: 24 }, keys(0, 1)),
    BAD_FIELD,
  );
  assertEquals([a.out("reserve", 0, 0, 2), a.out("reserve", 0, 0, 0x13)], [BAD_FIELD, BAD_FIELD]);
  assertEquals([a.in(2), a.in(3)], ["00080080ea010000", BAD_FIELD]);
  const none = new Bench();
  assertEquals(none.end({ ...out, parameterBytes: 24 }, keys(0, 1)), BAD_OPCODE);
  const capabilities = { operation: "persistentReserveIn", serviceAction: 2, allocationBytes: 8 };
  assertEquals(none.end(capabilities as Cdb, 8), BAD_OPCODE);
});
