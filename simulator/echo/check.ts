/**
 * What the echo scenario asks of its drivers, and the check of what they report: each packet exactly
 * once, in order, intact.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { Chance } from "../../core/chance.ts";
import {
  type BesidePacket,
  type ClientWork,
  type Handling,
  isPayload,
  type PieceKind,
  readMessage,
  type ServerWork,
} from "../../devices/echo/mod.ts";
import { type NtStatus, ntStatusName, STATUS_SUCCESS } from "../../mod.ts";
import { grouped } from "../layout.ts";
import type { SourceFile } from "../scenario.ts";
import { TrafficPlan } from "./traffic.ts";

/** Findings that are kept; more of them teach nothing. */
const FINDINGS_MAX = 20;
/** One in so many packets of the host is deferred, and one in so many completed later. */
const DEFERRED_ONE_IN = 16;
const LATER_ONE_IN = 4;

/** What is checked. */
export interface EchoCheckOptions {
  /** What both plans of the traffic, and all choices, are drawn from. */
  readonly seed: bigint;
  /** The file that is sent. */
  readonly file: SourceFile;
  /** Pieces that the file is sent in. */
  readonly pieceCount: number;
  /** Packets of the traffic beside. */
  readonly besideCount: number;
  /** Hears of every packet that went there and back. */
  readonly onProgress: (done: number, total: number) => void;
}

/** A digest that grows. */
class Digest {
  readonly #hash = sha256.create();
  #byteCount = 0;

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#byteCount += bytes.length;
  }

  /** What it is of the bytes so far. */
  get state(): { readonly byteCount: number; readonly sha256: string } {
    return { byteCount: this.#byteCount, sha256: bytesToHex(this.#hash.clone().digest()) };
  }
}

/** The work of both drivers, with memory that does not grow. */
export class EchoCheck implements ServerWork, ClientWork {
  /** Of the file as it was read. */
  readonly read: Digest = new Digest();
  /** Of the file as it came back. */
  readonly returned: Digest = new Digest();
  readonly #options: EchoCheckOptions;
  readonly #kinds: Chance;
  readonly #handlings: Chance;
  /** What the host sends, and what the guest is to get. */
  readonly #sent: TrafficPlan;
  readonly #expected: TrafficPlan;
  readonly #findings: string[] = [];
  #findingCount = 0;
  #piecesReturned = 0;
  #besideTaken = 0;
  #besideEnded = 0;

  /** A check of a run that has not begun. */
  constructor(options: EchoCheckOptions) {
    const { seed, besideCount } = options;
    this.#options = options;
    const chance = Chance.fromSeed(seed);
    this.#kinds = chance.fork("echo: kinds of pieces");
    this.#handlings = chance.fork("echo: handling of packets");
    this.#sent = new TrafficPlan(seed, besideCount);
    this.#expected = new TrafficPlan(seed, besideCount);
  }

  /** Packets that went there and back. */
  get done(): number {
    return this.#piecesReturned + this.#besideEnded;
  }

  /** All packets that are to go there and back. */
  get total(): number {
    return this.#options.pieceCount + this.#options.besideCount;
  }

  /** What is wrong, the first few; the last entry says how many more there are. */
  get findings(): readonly string[] {
    const rest = this.#findingCount - this.#findings.length;
    return rest > 0 ? [...this.#findings, `and ${grouped(rest)} more`] : [...this.#findings];
  }

  /** The run is over: what is missing now is missing. */
  finish(): void {
    const { pieceCount, besideCount } = this.#options;
    this.#expectCount("packets of the file came back", this.#piecesReturned, pieceCount);
    this.#expectCount("packets beside the file arrived", this.#besideTaken, besideCount);
    this.#expectCount("packets beside the file ended", this.#besideEnded, besideCount);
    if (this.read.state.sha256 !== this.returned.state.sha256) {
      this.failed("the file that came back is not the file that was sent");
    }
  }

  #expectCount(what: string, actual: number, expected: number): void {
    if (actual !== expected) this.failed(`${grouped(actual)} of ${grouped(expected)} ${what}`);
  }

  /** See {@linkcode ServerWork.failed}. */
  failed(finding: string): void {
    this.#findingCount++;
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push(finding);
  }

  // -- The file

  /** See {@linkcode ClientWork.readFile}. */
  async readFile(offset: number, byteCount: number): Promise<Uint8Array> {
    const bytes = await this.#options.file.read(offset, byteCount);
    this.read.add(bytes);
    return bytes;
  }

  /** See {@linkcode ClientWork.nextKind}. */
  nextKind(): PieceKind {
    return this.#kinds.below(2) === 0 ? "transaction" : "datagram";
  }

  /** See {@linkcode ClientWork.pieceReturned}. */
  pieceReturned(sequence: number, payload: Uint8Array): void {
    if (sequence !== this.#piecesReturned) {
      this.failed(`packet ${sequence} of the file came back where ${this.#piecesReturned} was due`);
    }
    this.#piecesReturned++;
    this.returned.add(payload);
    this.#options.onProgress(this.done, this.total);
  }

  // -- The traffic beside

  /** See {@linkcode ServerWork.nextBeside}. */
  nextBeside(): BesidePacket | null {
    return this.#sent.next();
  }

  /** See {@linkcode ServerWork.besideEnded}. */
  besideEnded(packet: BesidePacket, status: NtStatus, answer: Uint8Array): void {
    const { sequence, byteCount, wantsCompletion } = packet;
    const what = `packet ${sequence} beside the file`;
    if (status !== STATUS_SUCCESS) return this.failed(`${what} ended with ${ntStatusName(status)}`);
    this.#besideEnded++;
    if (wantsCompletion && !isAnswer(answer, sequence, byteCount >> 1)) {
      this.failed(`${what} got a wrong answer`);
    } else if (!wantsCompletion && answer.length > 0) {
      this.failed(`${what} got an answer that nobody asked for`);
    }
    this.#options.onProgress(this.done, this.total);
  }

  /** See {@linkcode ClientWork.nextHandling}. */
  nextHandling(): Handling {
    if (this.#handlings.below(DEFERRED_ONE_IN) === 0) return "deferred";
    return this.#handlings.below(LATER_ONE_IN) === 0 ? "later" : "atOnce";
  }

  /** See {@linkcode ClientWork.besideTaken}. */
  besideTaken(sequence: number, payload: Uint8Array): void {
    this.#besideTaken++;
    const expected = this.#expected.next();
    if (expected === null) return this.failed(`packet ${sequence} beside the file is one too many`);
    if (sequence !== expected.sequence) {
      return this.failed(
        `packet ${sequence} beside the file arrived where ${expected.sequence} was due`,
      );
    }
    if (payload.length !== expected.byteCount || !isPayload(payload, sequence)) {
      this.failed(`packet ${sequence} beside the file is not what was sent`);
    }
  }
}

/** Whether `answer` is the message that ends packet `sequence`, with `byteCount` bytes of it. */
function isAnswer(answer: Uint8Array, sequence: number, byteCount: number): boolean {
  const message = readMessage(answer, answer.length);
  if (typeof message === "string" || message.kind !== "beside") return false;
  return message.sequence === sequence && message.payload.length === byteCount &&
    isPayload(message.payload, sequence);
}
