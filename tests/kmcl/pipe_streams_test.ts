import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { openPipe } from "../support/byte_pipes.ts";
import { closePair } from "../support/connected_pair.ts";
import { pattern } from "../support/sending.ts";

// api.md section 4
Deno.test("pipeStreams: a pipe can be read and written as streams, each direction to its end", async () => {
  const pipe = await openPipe();
  const host = vmbus.pipeStreams(pipe.host, { chunkBytes: 700 });
  const guest = vmbus.pipeStreams(pipe.inGuest);
  const echoing = host.readable.pipeTo(host.writable);
  const writer = guest.writable.getWriter();
  const writing = writer.write(pattern(9000)).then(() => writer.close());
  const came: number[] = [];
  for await (const chunk of guest.readable) came.push(...chunk);
  assertEquals(Uint8Array.from(came), pattern(9000));
  await Promise.all([echoing, writing]);
  await closePair(pipe);
});

Deno.test("pipeStreams: a stream that the opposite side drops fails with the status", async () => {
  const pipe = await openPipe();
  const { readable, writable } = vmbus.pipeStreams(pipe.host);
  const reader = readable.getReader();
  const reading = assertRejects(() => reader.read(), vmbus.KmclError, "STATUS_CONNECTION_RESET");
  await pipe.vsc.VmbChannelDisable(pipe.client);
  await reading;
  const writer = writable.getWriter();
  writer.closed.catch(() => {}); // it fails as well; what counts is the write
  await assertRejects(() => writer.write(pattern(1)), vmbus.KmclError, "STATUS_CONNECTION_RESET");
  await closePair(pipe);
});

Deno.test("pipeStreams: reads nothing that nobody asks for", async () => {
  const pipe = await openPipe();
  vmbus.pipeStreams(pipe.host);
  await pipe.inGuest.write(pattern(10));
  await pipe.fabric.settle();
  assertEquals((await pipe.host.read(99)).bytes, pattern(10));
  assertThrows(() => vmbus.pipeStreams(pipe.host, { chunkBytes: 0 }), vmbus.KmclError);
  await closePair(pipe);
});
