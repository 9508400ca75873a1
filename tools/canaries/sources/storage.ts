/**
 * Bugs in the drivers of a storage controller: what is acknowledged, sent again, saved, and where its bytes are.
 *
 * @module
 */

import type { SourceCanary } from "../canary.ts";

const QUEUE = "devices/storage/vsc/queue.ts";
const BLOCKS = "devices/storage/scsi/blocks.ts";

/** Each by its name. */
export const STORAGE_CANARIES: readonly SourceCanary[] = [
  {
    name: "flush-acknowledged-early",
    breaks: "a flush is answered before the image has carried it out (storage.md D5)",
    file: BLOCKS,
    text: `unit.onImage((image) => image.flush(), "ioError", good())`,
    replacement: `unit.onImage((image) => void image.flush(), "ioError", good())`,
    scenario: "storage",
  },
  {
    name: "write-answered-early",
    breaks: "a write is answered before the image has its bytes (storage.md P7)",
    file: BLOCKS,
    text: "yield (image) => image.write(offset, bytes);",
    replacement: "yield (image) => void image.write(offset, bytes);",
    scenario: "storage",
  },
  {
    name: "read-answered-early",
    breaks:
      "a read is answered before the image has filled its pages: they hold an older write (storage.md P7)",
    file: BLOCKS,
    text: "([at, part]) => image.read(start + at, part)",
    replacement: "([at, part]) => void image.read(start + at, part)",
    scenario: "storage",
  },
  {
    name: "two-commands-on-a-page",
    breaks:
      "pages are described from an even one on: two commands that run at once have one in common (storage.md G5)",
    file: QUEUE,
    text: "vmbus.IoAllocateMdl(memory, buffer.gpa, byteCount),",
    replacement: "vmbus.IoAllocateMdl(memory, buffer.gpa - buffer.gpa % 8192, byteCount),",
    scenario: "storage",
  },
  {
    name: "retry-without-data",
    breaks:
      "a command that is sent again has other pages, into which nothing was copied (storage.md G9)",
    file: QUEUE,
    text: "    command.retries++;",
    replacement:
      "    command.retries++, command.buffer && this.#parts.buffers.giveBack(command.buffer), command.buffer = null;",
    scenario: "storage",
  },
  {
    name: "sense-taken-for-success",
    breaks: "sense data that says why a command failed is taken for a success (storage.md G8)",
    file: "devices/storage/vsc/verdict.ts",
    text: `    default:
      return "fail";`,
    replacement: `    default:
      return "done";`,
    scenario: "storage",
  },
  {
    name: "request-lost-at-save",
    breaks: "commands that wait for a channel are not saved (storage.md G12)",
    file: QUEUE,
    text: "waiting: [...this.#waiting, ...this.#later].map(saveCommand),",
    replacement: "waiting: [...this.#later].map(saveCommand),",
    scenario: "storage",
  },
  {
    name: "sub-channel-answer-taken-twice",
    breaks: "the answer to a command on a sub-channel ends it twice (storage.md G6)",
    file: QUEUE,
    text: "      if (vmbus.NT_SUCCESS(status)) this.#answered(command, bytes, byteCount);",
    replacement:
      "      if (vmbus.NT_SUCCESS(status)) path.index > 0 && users.ended(command, null, command.work.byteCount), this.#answered(command, bytes, byteCount);",
    scenario: "storage",
  },
  {
    name: "removed-disk-served",
    breaks: "a disk that was taken away is served on (storage.md A1)",
    file: "devices/storage/vsp/disk_table.ts",
    text: "if (this.#placed.delete(keyOf(address))) return;",
    replacement: "if (this.#placed.has(keyOf(address))) return;",
    scenario: "storage",
  },
];
