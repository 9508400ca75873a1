/**
 * A host and a guest in two processes, neither of which knows the other's objects. They share what a host and a guest of
 * a real machine share: the guest's memory, here a file that both map, and two pipes in the place of the
 * hypervisor's calls. Each process has one half of this package. Either half could be somebody else's code: a VMM's
 * host, or the VMBus driver of another kernel's guest, as all that crosses is as wire.md has it.
 *
 * The program begins as the host: it makes the file, starts itself once more as the guest, and offers an echo
 * to it. The guest's client sends a text in pieces, and has each of them back. Mapping a file takes a call of the C library
 * (`mmap`), so this is for Linux, and takes permissions that no other example takes:
 * `deno run --allow-ffi --allow-run --allow-read --allow-write examples/two_processes.ts` prints:
 *
 * ```text
 * host: the guest has 256 pages of memory in a file
 * guest: both of us speak version 6.0
 * guest: a text of 75 bytes came back in 5 pieces
 * host: the guest has left
 * ```
 *
 * What to look at: `attachForeignGuest` and `attachForeignHost`, the two doors. Whoever has one carries bytes and signals, and
 * nothing else. `onMessage` and `onSignal` are called for what is to go out; `postMessage` and `signalEvent` are
 * called for what came in. The host waits with `run()`, which sleeps until the pipe brings something. The guest waits as a
 * processor does that has halted: it does what there is to do, then blocks in a read. It can block in the middle of a call as
 * well, in `waitForMessage`, as creating a GPADL returns with the host's answer.
 *
 * @module
 */

import { EchoClient, EchoServer } from "../devices/echo/mod.ts";
import * as vmbus from "../mod.ts";
import { toBytes, toText } from "./set_up.ts";

const MEMORY_BYTES = 256 * 4096;
const TEXT = "All of this goes to another process and comes back, a small piece at a time";
/** How both sides set their ends of the channel up. */
const ECHO = { messageBytesMax: 64, window: 4 };

// -- The pipe: frames of 256 bytes, four numbers and room for a message

const FRAME_BYTES = 256;
/** A message, a signal, or a line of the guest's for whoever looks on. */
const [MESSAGE, SIGNAL, LINE] = [0, 1, 2];

/** A frame: `kind`, two numbers, and up to 240 bytes after their count, or a third number. */
function frameOf(kind: number, first: number, second: number, last: number | Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  const isBytes = typeof last !== "number";
  new Uint32Array(frame.buffer).set([kind, first, second, isBytes ? last.length : last]);
  if (isBytes) frame.set(last, 16);
  return frame;
}

/** What a frame says: its numbers, and the bytes that the last of them counts. */
function readFrame(frame: Uint8Array): { numbers: number[]; bytes: Uint8Array } {
  const numbers = [...new Uint32Array(frame.slice(0, 16).buffer)];
  return { numbers, bytes: frame.slice(16, 16 + Math.min(numbers[3]!, 240)) };
}

/** The frames of a stream, each whole. */
async function* framesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array(0);
  for await (const chunk of stream) {
    const bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    let at = 0;
    for (; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) {
      yield bytes.slice(at, at + FRAME_BYTES);
    }
    rest = bytes.slice(at);
  }
}

// -- The memory: a file that is mapped, so that what one process stores the other one loads

/** The bytes of a file, which are those of every process that maps it. */
function mapFile(path: string): ArrayBuffer {
  const [READ_WRITE, READ_AND_WRITE, SHARED] = [2, 1 | 2, 1]; // O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED
  const { symbols: libc } = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  });
  const file = libc.open(toBytes(`${path}\0`) as Uint8Array<ArrayBuffer>, READ_WRITE);
  if (file < 0) throw new Error(`Cannot open ${path}`);
  const length = BigInt(MEMORY_BYTES);
  const address = libc.mmap(null, length, READ_AND_WRITE, SHARED, file, 0n);
  const isMapped = address !== null && Deno.UnsafePointer.value(address) !== 0xffff_ffff_ffff_ffffn;
  if (!isMapped) throw new Error(`Cannot map ${path}`);
  return Deno.UnsafePointerView.getArrayBuffer(address, MEMORY_BYTES);
}

/** Whatever is not as it should be ends the process. */
function fail(finding: string): never {
  throw new Error(finding);
}

// -- The host's process

/** Starts this program once more, as a guest over the memory in `path`. */
function startGuest(path: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-ffi", import.meta.url, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

async function runHost(path: string): Promise<void> {
  await Deno.truncate(path, MEMORY_BYTES);
  const memory = mapFile(path);
  await using fabric = vmbus.createFabric({ codec: "vmbus", clock: "real" });
  const process = startGuest(path);
  const toGuest = process.stdin.getWriter();
  const guest = fabric.attachForeignGuest({
    name: "guest",
    memory,
    // The promise is handed over: where the pipe is broken, `run` tells.
    onMessage: (bytes, { vp, sint, vtl }) => toGuest.write(frameOf(MESSAGE, vp, sint | vtl << 8, bytes)),
    onSignal: (vp, sint, eventFlag) => toGuest.write(frameOf(SIGNAL, vp, sint, eventFlag)),
  });
  console.log(`host: the guest has ${MEMORY_BYTES / 4096} pages of memory in a file`);
  const traffic = { nextBeside: () => null, besideEnded: () => {}, failed: fail };
  const server = new EchoServer(fabric, guest.partition, traffic, ECHO);
  server.enable();

  async function hear(): Promise<void> {
    for await (const frame of framesOf(process.stdout)) {
      const { numbers: [kind, connectionId, flag], bytes } = readFrame(frame);
      // What comes back would be the status of the guest's hypercall, if it could ask for one.
      if (kind === MESSAGE) guest.postMessage(bytes, connectionId!);
      else if (kind === SIGNAL) guest.signalEvent(connectionId!, flag!);
      else if (kind === LINE) console.log(`guest: ${toText(bytes)}`);
    }
    guest.detach(); // its process is gone
  }
  await Promise.all([fabric.run(), hear()]);
  console.log("host: the guest has left");
  await server.close();
  await toGuest.close().catch(() => {}); // the other end may have closed it
  const { code } = await process.status;
  if (code !== 0) fail(`the guest's process ended with ${code}`);
}

// -- The guest's process

async function runGuest(path: string): Promise<void> {
  await using fabric = vmbus.createFabric({ codec: "vmbus" });
  const say = (frame: Uint8Array) => void Deno.stdout.writeSync(frame);
  const tell = (line: string) => say(frameOf(LINE, 0, 0, toBytes(line)));

  /** Blocks until the host has said or signalled something; false where its process is gone. */
  function hear(): boolean {
    const frame = new Uint8Array(FRAME_BYTES);
    for (let at = 0; at < FRAME_BYTES;) {
      const count = Deno.stdin.readSync(frame.subarray(at));
      if (count === null) return false;
      at += count;
    }
    const { numbers: [kind, vp, place, last], bytes } = readFrame(frame);
    if (kind === SIGNAL) host.signalEvent(vp!, place!, last!);
    else host.postMessage(bytes, { vp: vp!, sint: place! & 0xff, vtl: place! >> 8 });
    return true;
  }

  const host = fabric.attachForeignHost({
    name: "guest",
    memory: mapFile(path),
    onMessage: (bytes, connectionId) => say(frameOf(MESSAGE, connectionId, 0, bytes)),
    onSignal: (connectionId, flag) => say(frameOf(SIGNAL, connectionId, flag, 0)),
    waitForMessage: hear,
  });

  /**
   * Does what is to be done, and halts until something comes, as long as `isDone` says no. Each time a
   * millisecond passes in the guest: its client gathers signals for a while.
   */
  async function until(isDone: () => boolean): Promise<void> {
    for (await fabric.advance(1); !isDone(); await fabric.advance(1)) {
      if (!hear()) fail("the host's process is gone");
    }
  }

  const pieces: string[] = [];
  const text = toBytes(TEXT);
  const client = new EchoClient(fabric, host.partition, {
    readFile: (offset, byteCount) => Promise.resolve(text.subarray(offset, offset + byteCount)),
    nextKind: () => "transaction",
    pieceReturned: (sequence, payload) => void (pieces[sequence] = toText(payload)),
    nextHandling: () => "atOnce",
    besideTaken: () => {},
    failed: fail,
  }, { ...ECHO, fileBytes: text.length, pieceBytes: 16, ringPages: 1 });
  client.enable();
  await until(() => pieces.join("") === TEXT);
  const version = fabric.inspect().partitions.find(({ name }) => name === "guest")?.connection.version;
  tell(`both of us speak version ${version}`);
  tell(`a text of ${text.length} bytes came back in ${pieces.length} pieces`);

  let isClosed = false;
  client.close().then(() => isClosed = true);
  await until(() => isClosed);
  host.detach();
}

// -- Who this is

const [path] = Deno.args;
if (Deno.build.os !== "linux") console.log("This example maps a file as Linux does.");
else if (path !== undefined) await runGuest(path);
else {
  const made = await Deno.makeTempFile();
  try {
    await runHost(made);
  } finally {
    await Deno.remove(made);
  }
}
