import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as vmbus from "../../../../mod.ts";
import type { CopyFiles } from "../../../../devices/streams.ts";
import {
  fileOption,
  guestsOption,
  MIGRATE,
  OUT,
  readCopyOptions,
  SAVE_AT,
  saveToOption,
} from "../../../../simulator/cli/copy/common_options.ts";
import type {
  CopyCounts,
  CopyDevice,
  DeviceSession,
} from "../../../../simulator/cli/copy/device.ts";
import { copyScenario } from "../../../../simulator/cli/copy/scenario.ts";
import { disk } from "../../../../simulator/cli/disk.ts";
import { MACHINE } from "../../../../simulator/cli/file_system.ts";
import { main } from "../../../../simulator/cli/main.ts";
import type { Scenario } from "../../../../simulator/scenario.ts";
import { clientTable, serverTable, setVmbus } from "../../../support/connected_pair.ts";
import type { ProcessEnd } from "../../../support/deno_process.ts";
import { areEqual, sampleBytes } from "../../../support/disk_stage.ts";
import { Capture } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

// A second device on what copies through devices have in common: it brings two drivers and a page. It is
// a pipe: the guest sends pieces of the file, and the host completes each with the same bytes.

const { expectSuccess } = vmbus;
const PIPE_TYPE = "d8e1c3a0-6f0b-4b5e-9d0c-2f4a7b9c1e55";
const PIECE_BYTES = 1000;
const PIECES_UNDER_WAY = 4;

// -- Its drivers

class PipeServer implements vmbus.HostDriverInstance {
  readonly #kmcl: vmbus.KmclServerInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;

  constructor({ fabric, device, guest }: vmbus.HostContext, saved: Uint8Array | null) {
    const kmcl = this.#kmcl = serverTable(fabric);
    const channel = this.#channel = expectSuccess(kmcl.VmbChannelAllocate(device, true)).channel;
    setVmbus(kmcl, channel, guest);
    expectSuccess(kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, PIPE_TYPE, PIPE_TYPE));
    const echo: vmbus.EvtChannelProcessPacket = (_, packet, buffer, length) =>
      kmcl.VmbChannelPacketComplete(packet, buffer, length);
    expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, echo));
    if (saved !== null) expectSuccess(vmbus.restoreServerChannel(kmcl, channel, saved));
    expectSuccess(kmcl.VmbChannelEnable(channel));
  }

  save(): Promise<vmbus.PlainData> {
    return vmbus.saveServerChannel(this.#kmcl, this.#channel);
  }

  resume(): void {
    this.#kmcl.VmbChannelStart(this.#channel);
  }

  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }
}

const pipeVsp: vmbus.HostDriver<PipeServer> = {
  name: "pipe VSP",
  start: (context) => {
    const server = new PipeServer(context, null);
    server.resume();
    return server;
  },
  restore: (context, saved) => new PipeServer(context, saved as Uint8Array),
};

class PipeClient implements vmbus.GuestDriverInstance {
  sentBytes = 0;
  returnedBytes = 0;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  readonly #files: CopyFiles;
  readonly #underWay = new Set<vmbus.VMBPACKET>();
  readonly #stateChange: vmbus.StateChangeCallbacks = {
    ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
    EvtChannelPostStarted: () => this.#send(),
  };

  constructor(
    { partition, device }: vmbus.GuestContext,
    files: CopyFiles,
    attach: ((callbacks: vmbus.ChannelCallbacks) => vmbus.VMBCHANNEL) | null = null,
  ) {
    this.#files = files;
    const kmcl = this.#kmcl = clientTable(partition);
    const processPacket: vmbus.EvtChannelProcessPacket = (_, packet) =>
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    if (attach !== null) {
      this.#channel = attach({ processPacket, stateChange: this.#stateChange });
      return;
    }
    const channel = this.#channel = expectSuccess(kmcl.VmbChannelAllocate(device, false)).channel;
    expectSuccess(kmcl.VmbClientChannelInitSetTargetPnp(channel, PIPE_TYPE));
    expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, processPacket));
    expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, this.#stateChange));
    expectSuccess(kmcl.VmbChannelEnable(channel));
  }

  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    const { sentBytes, returnedBytes } = this;
    const packets = [...this.#underWay].map((packet) => tokens.of(packet));
    return { sentBytes, returnedBytes, channel: tokens.of(this.#channel), packets };
  }

  /** Attaches what was saved beside the channel. */
  attach(context: vmbus.GuestRestoreContext, saved: vmbus.SavedFields): this {
    this.sentBytes = saved.uint("sentBytes");
    this.returnedBytes = saved.uint("returnedBytes");
    for (const token of saved.list("packets")) {
      const callbacks = { completionRoutine: this.#completed };
      this.#underWay.add(context.attachPacket(String(token), callbacks));
    }
    return this;
  }

  get isDone(): boolean {
    return this.returnedBytes === this.#files.source.byteCount;
  }

  #send(): void {
    const { source } = this.#files;
    while (this.#underWay.size < PIECES_UNDER_WAY && this.sentBytes < source.byteCount) {
      const piece = new Uint8Array(PIECE_BYTES);
      const read = piece.subarray(0, Math.min(PIECE_BYTES, source.byteCount - this.sentBytes));
      source.read(this.sentBytes, read);
      const packet = this.#kmcl.VmbPacketAllocate(this.#channel)!;
      this.#kmcl.VmbPacketSetCompletionRoutine(packet, this.#completed);
      expectSuccess(this.#kmcl.VmbPacketSend(packet, piece, PIECE_BYTES, null, 1));
      this.#underWay.add(packet);
      this.sentBytes += read.length;
    }
  }

  readonly #completed: vmbus.EvtPacketCompletionRoutine = (packet, status, buffer) => {
    this.#underWay.delete(packet);
    this.#kmcl.VmbPacketFree(packet);
    if (!vmbus.NT_SUCCESS(status)) return;
    const left = this.#files.source.byteCount - this.returnedBytes;
    const piece = buffer.subarray(0, Math.min(PIECE_BYTES, left));
    this.#files.sink.write(this.returnedBytes, piece);
    this.returnedBytes += piece.length;
    this.#send();
  };

  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }
}

const pipeVsc = (files: CopyFiles): vmbus.GuestDriver<PipeClient> => ({
  name: "pipe VSC",
  start: (context) => new PipeClient(context, files),
  restore: (context, data) =>
    vmbus.readRecord(data, "pipe VSC", (saved) => {
      const attach = (callbacks: vmbus.ChannelCallbacks) =>
        context.attachChannel(saved.text("channel"), callbacks);
      return new PipeClient(context, files, attach).attach(context, saved);
    }),
});

// -- Its page

const FILE = fileOption("the file that goes through the pipe and back", 65_536);
const GUESTS = guestsOption("guests that copy at once, each through a pipe of its own");
const SAVE_TO = saveToOption(false);

class PipeSession implements DeviceSession {
  readonly figures = [{ key: "pieceBytes", label: "bytes of a piece", value: PIECE_BYTES }];
  readonly writtenBytes = 0;

  constructor(readonly server: PipeServer, readonly client: PipeClient) {}

  get phase() {
    return this.client.isDone ? "done" as const : "underWay" as const;
  }

  get counts(): CopyCounts {
    const sent = Math.ceil(this.client.sentBytes / PIECE_BYTES);
    const returned = Math.ceil(this.client.returnedBytes / PIECE_BYTES);
    return { packets: [sent, returned], completions: [0, returned], transactions: returned };
  }

  findFailure() {
    return this.client.isDone ? null : `${this.client.returnedBytes} bytes came back`;
  }

  findContradiction() {
    return null;
  }

  async close() {
    await this.client.close();
    await this.server.close();
  }
}

const PIPE: CopyDevice = {
  name: "pipe",
  title: "guests copy a file through a pipe and back",
  options: [FILE, OUT, GUESTS, MIGRATE, SAVE_AT, SAVE_TO],
  imageOption: null,
  madeFileBytes: 65_536,
  plan: (settings) => ({
    ...readCopyOptions({ file: FILE, image: null, guests: GUESTS, saveTo: SAVE_TO }, settings),
    memoryPages: 64,
    start: (guest, { files }) =>
      new PipeSession(
        vmbus.loadHostDriver(guest, pipeVsp),
        vmbus.loadGuestDriver(guest, pipeVsc(files)),
      ),
  }),
  driversFor: ({ files }) => ({ guestDrivers: [pipeVsc(files)], hostDrivers: [pipeVsp] }),
  sessionOf: (loaded) => {
    const instances = loaded.map(({ instance }) => instance);
    const server = instances.find((instance) => instance instanceof PipeServer);
    const client = instances.find((instance) => instance instanceof PipeClient);
    return server && client ? new PipeSession(server, client) : null;
  },
};

// -- What comes of it

const pipe = copyScenario(PIPE, MACHINE);

/** Runs the command in this process with these scenarios. */
async function simulate(
  args: readonly string[],
  scenarios: readonly Scenario[] = [disk, pipe],
): Promise<ProcessEnd> {
  using stdout = new Capture(Deno.stdout);
  using stderr = new Capture(Deno.stderr);
  const code = await main(args, undefined, scenarios);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The report of a run that must end well. */
async function reportOf(...args: string[]): Promise<ReturnType<typeof JSON.parse>> {
  const { code, stdout, stderr } = await simulate(["--json", ...args]);
  assertEquals(code, 0, stdout + stderr);
  return JSON.parse(stdout);
}

const BYTES = sampleBytes(20_003);

/** Runs `use` with a folder that has a file in it. */
function withFile(use: (root: string, file: readonly string[]) => Promise<void>): Promise<void> {
  return withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, BYTES);
    await use(root, ["--scenario", "pipe", "--file", `${root}/file`]);
  });
}

const namesIn = (root: string) =>
  [...Deno.readDirSync(root)].map(({ name }) => name.replace(/\.[0-9a-f]{16}\./, ".*.")).sort();

for (const codec of ["msgpack", "vmbus"]) {
  Deno.test(`copyScenario: a second device copies and migrates as the first does, with ${codec}`, async () => {
    await withFile(async (root, file) => {
      const more = ["--out", `${root}/out`, "--guests", "2", "--migrate", "5", "--codec", codec];
      const report = await reportOf(...file, ...more, "--schedule", "random");
      assertEquals([report.tables.migrations.length, report.transactions], [5, 42]);
      assertEquals(report.figures, { guests: 2, pieceBytes: PIECE_BYTES });
      const awaiting = report.tables.migrations.map((each: Record<string, number>) =>
        each.awaiting
      );
      assert(Math.max(...awaiting) > 0, "packets were in flight");
      for (const name of ["out.1", "out.2"]) {
        assert(areEqual(await Deno.readFile(`${root}/${name}`), BYTES));
      }
      assertEquals(namesIn(root), ["file", "out.1", "out.2"]);
    });
  });
}

Deno.test("copyScenario: a second device's run is saved and resumed, whichever scenario comes first", async () => {
  await withFile(async (root, file) => {
    const saved = await reportOf(...file, "--save-at", "50%", "--save-to", `${root}/run`);
    assertEquals(saved.resume, `deno task simulate --resume ${root}/run`);
    assertEquals(namesIn(root), ["file", "run", "run.*.file"], "it has no image");
    for (const scenarios of [[disk, pipe], [pipe, disk], [pipe]]) {
      const { code, stdout, stderr } = await simulate(
        ["--json", "--resume", `${root}/run`, "--out", `${root}/out`],
        scenarios,
      );
      const report = JSON.parse(stdout);
      assertEquals([code, report.scenario, report.transactions], [0, "pipe", 21]);
      assertMatch(stderr, /^resume \S+run: reads \S+\.file; writes \S+out\n$/);
      assert(areEqual(await Deno.readFile(`${root}/out`), BYTES));
    }
  });
});

Deno.test("copyScenario: a file that is made from the seed is not kept beside the saved run", async () => {
  await withTree({}, async (root) => {
    await reportOf("--scenario", "pipe", "--save-at", "10%", "--save-to", `${root}/run`);
    assertEquals(namesIn(root), ["run"]);
    const { files } = await reportOf("--resume", `${root}/run`);
    assertEquals([files.returned.byteCount, files.returned], [65_536, files.read]);
  });
});

Deno.test("simulate --resume: a run is that of its scenario, with the options that this one has", async () => {
  await withFile(async (root, file) => {
    await reportOf(...file, "--save-at", "50%", "--save-to", `${root}/run`);
    const args = ["--resume", `${root}/run`];
    const { code, stdout, stderr } = await simulate([...args, "--disk", `${root}/file`]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr, "--disk is no option of scenario pipe\n");
    const other = await simulate(args, [disk]);
    assertEquals([other.code, other.stdout], [2, ""]);
    assertMatch(
      other.stderr,
      /^Cannot resume from \S+run: it is a run of scenario pipe, not of disk; name a file that --save-to has made\n$/,
    );
    assert(areEqual(await Deno.readFile(`${root}/file`), BYTES), "nothing was touched");
  });
});

Deno.test("simulate --help: an option that two devices have is described for both, and one of --resume's is named", async () => {
  const { stdout } = await simulate(["--help"]);
  const text = stdout.replaceAll(/\s+/g, " ");
  assertStringIncludes(text, "Options of disk and pipe:");
  assertStringIncludes(text, "pipe: the file that goes through the pipe and back (default: 64 KiB");
  assertStringIncludes(text, "which has all options but --out and --disk");
  const alone = await simulate(["--help"], [pipe]);
  assertStringIncludes(alone.stdout.replaceAll(/\s+/g, " "), "which has all options but --out Opt");
});
