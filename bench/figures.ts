/**
 * All figures. Each is loaded where it is measured and nowhere else: what other figures load takes room that a
 * program with this work alone has, and the codec's figure showed it.
 *
 * @module
 */

import type { Figure, FigureTitle } from "./figure.ts";

/** A figure that can be measured. */
export interface ListedFigure extends FigureTitle {
  /** Loads what measures it. */
  load(): Promise<Figure>;
}

/** All of them, in the order in which they are measured. */
export const FIGURES: readonly ListedFigure[] = [
  {
    name: "ring",
    title: "Ring: one packet written, shown, read and passed, both ends in one thread",
    load: async () => (await import("./ring.ts")).ringFigure,
  },
  {
    name: "codec",
    title: "Codec: one packet encoded and decoded in place, the same bytes from everyone",
    load: async () => (await import("./codec.ts")).codecFigure,
  },
  {
    name: "packet-life",
    title: "Packet life: a packet object taken, sent, completed and given back",
    load: async () => (await import("./packet_life.ts")).packetLifeFigure,
  },
  {
    name: "transaction",
    title: "Transaction: a request sent, delivered, completed, and its routine called",
    load: async () => (await import("./transaction.ts")).transactionFigure,
  },
  {
    name: "settings",
    title: "Settings: a transaction with verifier and trace, beside the same without",
    load: async () => (await import("./settings.ts")).settingsFigure,
  },
  {
    name: "heap",
    title: "Heap: bytes that an in-band transaction allocates in a steady state",
    load: async () => (await import("./heap.ts")).heapFigure,
  },
  {
    name: "scale",
    title: "Scale: many channels in one fabric of five guests",
    load: async () => (await import("./scale.ts")).scaleFigure,
  },
  {
    name: "disk",
    title: "Disk: a file of 256 MiB onto a virtual disk and back, hashed both times",
    load: async () => (await import("./disk.ts")).diskFigure,
  },
  {
    name: "storage",
    title: "Storage: a file of 32 MiB onto a FAT32 volume and back, hashed both times",
    load: async () => (await import("./storage.ts")).storageFigure,
  },
  {
    name: "save",
    title: "Save: a guest with 64 MiB in use, 16 channels and 1 000 packets in flight",
    load: async () => (await import("./save.ts")).saveFigure,
  },
  {
    name: "worlds",
    title:
      "Worlds: a fabric, a pair, 20 requests of 64 B, closed and disposed of, default settings",
    load: async () => (await import("./worlds.ts")).worldsFigure,
  },
  {
    name: "schedulers",
    title:
      "Schedulers: seeds until a planted mistake is found, schedule portfolio, medians of hunts",
    load: async () => (await import("./schedulers.ts")).schedulersFigure,
  },
];
