// Byte pipes against two arrays (wire.md 2.4; kmcl.md section 7).

import { assertEquals } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import { closePair } from "../support/connected_pair.ts";
import { openPipe } from "../support/byte_pipes.ts";
import { times } from "../support/long.ts";

/** One direction as it must be: what was written and not read, and whether that is all. */
class Model {
  readonly sent: number[] = [];
  read = 0;
  isEnded = false;
}

/** Writes by chance, then says that this is all. */
async function write(pipe: vmbus.BytePipe, model: Model, chance: Chance): Promise<void> {
  for (let left = 1 + chance.below(12); left > 0; left--) {
    const bytes = chance.bytes(chance.below(chance.below(4) === 0 ? 9000 : 300));
    model.sent.push(...bytes);
    assertEquals(await pipe.write(bytes), vmbus.STATUS_SUCCESS);
  }
  model.isEnded = true;
  assertEquals(await pipe.closeWrite(), vmbus.STATUS_SUCCESS);
}

/** Reads pieces of any size up to the end. */
async function read(pipe: vmbus.BytePipe, model: Model, chance: Chance): Promise<void> {
  for (;;) {
    const byteCountMax = 1 + chance.below(chance.below(3) === 0 ? 6000 : 50);
    const { status, bytes } = await pipe.read(byteCountMax);
    if (status === vmbus.STATUS_END_OF_FILE) break;
    assertEquals(status, vmbus.STATUS_SUCCESS);
    assertEquals(bytes.length > 0 && bytes.length <= byteCountMax, true);
    assertEquals([...bytes], model.sent.slice(model.read, model.read + bytes.length));
    model.read += bytes.length;
  }
  assertEquals([model.isEnded, model.read], [true, model.sent.length]);
}

for (const schedule of ["fifo", "random", "pct"] as const) {
  Deno.test(`BytePipe: what is read is what was written, in both directions (${schedule})`, async () => {
    for (let seed = 0; seed < times(4, 200); seed++) {
      const chance = Chance.fromSeed(seed);
      const codec = seed % 2 === 0 ? "vmbus" : "msgpack";
      const pipe = await openPipe({ fabric: { seed, schedule, codec } });
      const [up, down] = [new Model(), new Model()];
      await Promise.all([
        write(pipe.inGuest, up, chance.fork("write up")),
        read(pipe.host, up, chance.fork("read up")),
        write(pipe.host, down, chance.fork("write down")),
        read(pipe.inGuest, down, chance.fork("read down")),
      ]);
      await closePair(pipe);
    }
  });
}
