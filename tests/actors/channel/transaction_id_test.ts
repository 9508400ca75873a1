import { assertEquals, assertThrows } from "@std/assert";
import { transactionId } from "../../../actors/channel/transaction_id.ts";
import { SavedStateFault } from "../../../core/saved/fault.ts";
import { encodePlainData, type PlainData } from "../../../core/saved/plain_data.ts";
import { decodePlainData } from "../../../core/saved/plain_data_reader.ts";

function read(data: PlainData): unknown {
  return transactionId.read(decodePlainData(encodePlainData(data)), () => "a packet");
}

// docs/saved-state.md, held and completions
Deno.test("transactionId: gives back the 64 bits that were saved", () => {
  const halves = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffd, 0xffff_ffff];
  for (const transactionIdLow of halves) {
    for (const transactionIdHigh of halves) {
      const id = { transactionIdLow, transactionIdHigh };
      assertEquals(read(transactionId.save(id)), id);
    }
  }
});

Deno.test("transactionId: an id has one form", () => {
  assertEquals(transactionId.save({ transactionIdLow: 5, transactionIdHigh: 0 }), 5);
  assertEquals(transactionId.save({ transactionIdLow: 5, transactionIdHigh: 1 }), 0x1_0000_0005n);
  for (const wrong of [5n, 0xffff_ffffn, -1n, -1, 2 ** 32, 0.5, "5", null]) {
    assertThrows(() => read(wrong), SavedStateFault);
  }
});
