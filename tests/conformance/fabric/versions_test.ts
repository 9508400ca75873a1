/** The same drivers in each version and codec (wire.md 4.3): what a version lacks, no driver notices. */
import { assertEquals } from "@std/assert";
import { VERSIONS } from "../../../core/control/versions.ts";
import { type ClientWork, EchoClient, EchoServer } from "../../../devices/echo/mod.ts";
import {
  areEqual,
  closeCopy,
  copyWith,
  filesOf,
  offerDisk,
  sampleBytes,
} from "../../support/disk_stage.ts";
import { createFabric } from "../../support/fabric.ts";
import { times } from "../../support/long.ts";
import { ListeningWork } from "../../support/echo_stage.ts";

const CODECS = ["msgpack", "vmbus"] as const;
/** Every other version, and each where there is time. */
const TRIED = VERSIONS.filter((_, at) => at % times(2, 1) === 0);
const FILE = sampleBytes(4096);

/** The work of an echo's client: its file comes back whole. */
class CopyingWork implements ClientWork {
  readonly copy: Uint8Array;
  readonly findings: string[] = [];
  readonly #file: Uint8Array;
  #pieces = 0;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.copy = new Uint8Array(file.length);
  }

  readFile(offset: number, byteCount: number): Promise<Uint8Array> {
    return Promise.resolve(this.#file.slice(offset, offset + byteCount));
  }

  nextKind(): "transaction" | "datagram" {
    return this.#pieces++ % 2 === 0 ? "transaction" : "datagram";
  }

  pieceReturned(sequence: number, payload: Uint8Array): void {
    this.copy.set(payload, sequence * 512);
  }

  nextHandling(): "atOnce" {
    return "atOnce";
  }

  besideTaken(): void {}

  failed(finding: string): void {
    this.findings.push(finding);
  }
}

for (const codec of CODECS) {
  Deno.test(`Fabric: a disk copies a file in each version (${codec})`, async () => {
    for (const vmbusVersion of TRIED) {
      const stage = offerDisk({ fabric: { codec, vmbusVersion } });
      const files = filesOf(sampleBytes(20_000));
      const copier = await copyWith(stage, files);
      assertEquals(areEqual(files.file, files.copy), true, vmbusVersion);
      const { version } = stage.fabric.inspect().partitions[1]!.connection;
      assertEquals(version, vmbusVersion);
      await closeCopy(stage, copier);
    }
  });

  Deno.test(`Fabric: an echo server answers its client in each version (${codec})`, async () => {
    for (const vmbusVersion of TRIED) {
      const fabric = createFabric({ codec, vmbusVersion });
      const guest = fabric.createPartition({ name: "guest", memoryPages: 128 });
      const ofHost = new ListeningWork();
      const server = new EchoServer(fabric, guest, ofHost, { messageBytesMax: 528, window: 4 });
      server.enable();
      const ofGuest = new CopyingWork(FILE);
      const client = new EchoClient(fabric, guest, ofGuest, {
        fileBytes: FILE.length,
        pieceBytes: 512,
        messageBytesMax: 528,
        ringPages: 1,
        window: 4,
      });
      client.enable();
      await fabric.run();
      assertEquals([ofGuest.findings, ofHost.findings], [[], []], vmbusVersion);
      assertEquals(areEqual(ofGuest.copy, FILE), true, vmbusVersion);
      await client.close();
      await server.close();
      assertEquals([fabric.leaks(), fabric.violations], [[], []]);
    }
  });
}
