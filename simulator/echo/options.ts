/**
 * The options of the echo scenario, and whether they fit each other.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";
import { createCodec } from "../../core/packet/codec.ts";
import { packetTotalBytes } from "../../core/ring/layout.ts";
import { smallestDataPages } from "../../core/ring/ring_memory.ts";
import { EXTERNAL_BYTES_MAX, EXTERNAL_CHAIN_MAX, HEADER_BYTES } from "../../devices/echo/mod.ts";
import { ringPagesOption } from "../ring_pages.ts";
import {
  type FileOption,
  numberOf,
  type NumberOption,
  OptionError,
  type ScenarioOption,
  type ScenarioSettings,
  type SourceFile,
} from "../scenario.ts";
import { BESIDE_BYTES_MAX } from "./traffic.ts";

/** Largest packet that a channel can be set up for (kmcl.md section 5). */
const PACKET_BYTES_MAX = 500_000;

/** Size of the file that is made where none is given. */
const MADE_FILE_BYTES = 2 ** 16;

const FILE: FileOption = {
  kind: "file",
  name: "file",
  placeholder: "PATH",
  description: "the file that goes to the host and back",
  default: `${MADE_FILE_BYTES / 1024} KiB made from the seed`,
};
const PACKETS: NumberOption = {
  kind: "number",
  name: "packets",
  placeholder: "N",
  description: "packets that the host sends beside it",
  least: 0,
  most: 10_000_000,
  default: 1000,
};
const SIZE: NumberOption = {
  kind: "number",
  name: "size",
  placeholder: "BYTES",
  description: "bytes of the file in each packet",
  least: 1,
  most: PACKET_BYTES_MAX - HEADER_BYTES,
  default: 1024,
};
const RING_PAGES = ringPagesOption(2);

/** All of them. */
export const ECHO_OPTIONS: readonly ScenarioOption[] = [FILE, PACKETS, SIZE, RING_PAGES];

/** What they say. */
export interface EchoOptions {
  /** The file that is sent. */
  readonly file: SourceFile;
  /** Packets of the traffic beside it. */
  readonly besideCount: number;
  /** Bytes of the file in a packet. */
  readonly pieceBytes: number;
  /** Data pages of each ring. */
  readonly ringPages: number;
  /** Bytes of the largest message, header included. */
  readonly messageBytesMax: number;
}

/** A file for runs that are given none: the same for the same seed. */
function madeFile(seed: bigint): SourceFile {
  const bytes = Chance.fromSeed(seed).fork("echo: the file").bytes(MADE_FILE_BYTES);
  return {
    name: "a file made from the seed",
    byteCount: bytes.length,
    read: (offset, byteCount) => Promise.resolve(bytes.slice(offset, offset + byteCount)),
  };
}

/**
 * Reads the options out of `settings`.
 *
 * @throws {OptionError} One of them is wrong, or they do not fit each other.
 */
export function readEchoOptions(settings: ScenarioSettings): EchoOptions {
  const file = settings.files[FILE.name] ?? madeFile(settings.seed ?? 0n);
  const besideCount = numberOf(PACKETS, settings);
  const pieceBytes = numberOf(SIZE, settings);
  const ringPages = numberOf(RING_PAGES, settings);
  const messageBytesMax = HEADER_BYTES + Math.max(pieceBytes, BESIDE_BYTES_MAX);
  const codec = createCodec(settings.codec ?? "msgpack");
  const bodyBytes = codec.largestBodyBytes(messageBytesMax, EXTERNAL_BYTES_MAX, EXTERNAL_CHAIN_MAX);
  const pagesNeeded = smallestDataPages(packetTotalBytes(bodyBytes));
  if (ringPages < pagesNeeded) {
    throw new OptionError(
      `--ring-pages must be at least ${pagesNeeded} for packets of --size ${pieceBytes}, ` +
        `not ${ringPages}`,
    );
  }
  return { file, besideCount, pieceBytes, ringPages, messageBytesMax };
}
