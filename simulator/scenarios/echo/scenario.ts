/**
 * *Echo*: a guest sends a file to the host and gets it back, while the host sends traffic of its own; both
 * are the package's own echo. What the two are to send, and what they saw, they ask and tell the program,
 * which checks it: so it is the program that makes them, and they are not saved with their guest.
 *
 * @module
 */

import { Chance } from "../../../core/chance.ts";
import { ECHO_HEADER, EchoClient, EchoServer, HEADER_BYTES } from "../../../devices/echo/mod.ts";
import { EchoCheck } from "../../echo/check.ts";
import { BESIDE_BYTES_MAX } from "../../echo/traffic.ts";
import type { SourceFile } from "../../scenario.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition, World } from "../../worlds/world.ts";
import { DELAYS } from "../faults.ts";

const MESSAGE_BYTES_MAX = HEADER_BYTES + BESIDE_BYTES_MAX;
const PIECE_BYTES = [512, 256, 64, 24];

/** What a world of it is made of. */
interface Pair {
  readonly check: EchoCheck;
  readonly client: EchoClient;
  readonly server: EchoServer;
}

const pairs = new WeakMap<World, Pair>();

function memoryFile(salt: number, byteCount: number): SourceFile {
  const bytes = Chance.fromSeed(salt).bytes(byteCount);
  return {
    name: "a file",
    byteCount,
    read: (offset, count) => Promise.resolve(bytes.subarray(offset, offset + count)),
  };
}

function makePair(world: World): Pair {
  const guest = world.guest("guest");
  const salt = world.draw(2 ** 16);
  const file = memoryFile(salt, world.number("bytes"));
  const pieceBytes = PIECE_BYTES[world.draw(PIECE_BYTES.length)]!;
  const check = new EchoCheck({
    seed: BigInt(salt),
    file,
    pieceCount: Math.ceil(file.byteCount / pieceBytes),
    besideCount: world.number("packets"),
    onProgress: () => {},
  });
  const { fabric } = world;
  const server = new EchoServer(fabric, guest, check, {
    messageBytesMax: MESSAGE_BYTES_MAX,
    window: 1 + world.draw(8),
  });
  const client = new EchoClient(fabric, guest, check, {
    fileBytes: file.byteCount,
    pieceBytes,
    messageBytesMax: MESSAGE_BYTES_MAX,
    ringPages: 1 + world.draw(2),
    window: 1 + world.draw(8),
  });
  return { check, client, server };
}

async function workload(world: World): Promise<void> {
  const pair = makePair(world);
  pairs.set(world, pair);
  const { check, client, server } = pair;
  if (world.draw(2) === 0) {
    server.enable();
    client.enable();
  } else {
    client.enable();
    server.enable();
  }
  await world.until(() => check.done === check.total);
}

async function end(world: World): Promise<void> {
  const { check, client, server } = pairs.get(world)!;
  check.finish();
  for (const finding of check.findings) world.fail("what comes back is what was sent", finding);
  if (check.total > 0 && check.done === check.total) world.reach("everything came back");
  await client.close();
  await server.close();
}

/** The scenario. */
export const echo: ScenarioDefinition = defineScenario({
  name: "echo",
  title:
    "a guest sends a file to the host and gets it back, while the host sends traffic of its own",
  numbers: {
    bytes: { title: "bytes of the file", least: 0, most: 2048 },
    packets: { title: "packets that the host sends beside it", least: 0, most: 16 },
  },
  partitions: { guest: { memoryPages: 32, mmioMegabytes: 0 } },
  draws: ["version", "isolated"],
  workload,
  end,
  payloads: [{ layout: ECHO_HEADER }],
  faults: DELAYS,
  reach: ["everything came back"],
});
