/**
 * FatFs, compiled to WebAssembly (the package js-fatfs), with calls that wait for the disk.
 *
 * The package calls its disk and has the answer when that returns. A disk behind a bus answers later, so the module is
 * instantiated here, with the runtime's own means for that (JSPI): each call of the disk suspends the call of the file
 * system that made it. Two more things are replaced: the clock, as equal runs are to leave equal images, and the
 * calendar, which would be that of the machine's time zone.
 *
 * Each instance is for one volume, and one call at a time: a suspended call has the stack. The package's texts are on
 * that stack, so a text is passed by {@linkcode FatCalls.text}. The library is loaded with the first instance.
 *
 * @module
 */

/** Where the package's module is; the release is the one that deno.json pins, as its imports are known by name. */
const MODULE = "npm:js-fatfs@0.2.1/dist/fatfs.wasm";

/** What a call of the disk answers: all is well, it failed, it is not to be written, or it does not know the command. */
export const DISK_ANSWERS = { ok: 0, failed: 1, writeProtected: 2, badParameter: 4 } as const;
/** What a disk is asked for beside reads and writes. */
export const DISK_COMMANDS = { sync: 0, sectorCount: 1, sectorBytes: 2, blockSectors: 3 } as const;
/** The disk is not to be written: a bit of its status. */
export const DISK_IS_PROTECTED = 4;

/** The disk under a volume. `memory` gives the file system's memory, whose place may be another after each call. */
export interface FatDisk {
  /** Its status bits. */
  status(): number;
  /** Reads sectors into `byteCount` bytes of memory at `at`; answers as {@linkcode DISK_ANSWERS}. */
  read(memory: () => Uint8Array, at: number, sector: number, count: number): Promise<number>;
  /** Writes sectors from memory at `at`. */
  write(memory: () => Uint8Array, at: number, sector: number, count: number): Promise<number>;
  /** Carries out one of {@linkcode DISK_COMMANDS}; a number that it asks for goes into memory at `at`. */
  command(memory: () => Uint8Array, command: number, at: number): Promise<number>;
}

/** One instance of the library. */
export interface FatCalls {
  /** Calls a function of FatFs, such as `f_mount`; answers its FRESULT once the disk has done its part. */
  call(name: string, ...args: readonly number[]): Promise<number>;
  /** Calls a function that asks no disk, such as `FILINFO_fsize`. */
  ask(name: string, at: number): number;
  /** The text at an address, up to its zero byte. */
  textAt(at: number): string;
  /** Memory of so many bytes, all zero. */
  allocate(byteCount: number): number;
  /** Gives memory back. */
  free(at: number): void;
  /** Memory that holds a text, with a zero byte at its end. */
  text(text: string): number;
  /** The memory as it is now: a call, or an allocation, may move it. */
  memory(): Uint8Array;
  /** A number of 32 bits in memory. */
  numberAt(at: number): number;
}

type Imported = (...args: number[]) => unknown;

/** What the runtime has for calls that wait; TypeScript does not know of it yet. */
interface Suspension {
  readonly Suspending?: new (called: Imported) => WebAssembly.ImportValue;
  readonly promising?: (exported: Imported) => (...args: number[]) => Promise<number>;
}

/** The package's instance: its memory, and its functions, each under a name that begins with `_`. */
type Instance = Readonly<Record<string, Imported>> & {
  readonly HEAPU8: Uint8Array;
  readonly HEAP32: Int32Array;
};

type Receive = (instance: { readonly exports: WebAssembly.Exports }) => void;

let compiled: Promise<WebAssembly.Module> | null = null;

/** The module, compiled once in a process. */
async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(import.meta.resolve(MODULE));
  return await WebAssembly.compile(await response.arrayBuffer());
}

/** The calendar of UTC, as `localtime` of C gives it: eight numbers at `at`. */
function writeCalendar(numbers: Int32Array, seconds: number, at: number): void {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  const dayOfYear = (Date.UTC(year, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(year, 0)) /
    86_400_000;
  numbers.set([
    date.getUTCSeconds(),
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth(),
    year - 1900,
    date.getUTCDay(),
    dayOfYear,
    0, // no daylight saving
    0, // no seconds east of UTC
  ], at >> 2);
}

/** What the module imports that is not taken from the package, by the names of the package's functions. */
interface Replacements {
  /** Whose call suspends the call of the file system that made it. */
  readonly suspended: ReadonlyMap<string, Imported>;
  /** The others. */
  readonly atOnce: ReadonlyMap<string, Imported>;
}

/** What `disk` and the time are to the module; `instance` gives the package's, once it is there. */
function replacementsOf(
  disk: FatDisk,
  nowMs: () => number,
  instance: () => Instance,
): Replacements {
  const memory = () => instance().HEAPU8;
  return {
    suspended: new Map<string, Imported>([
      ["disk_read", (_drive, at, sector, count) => disk.read(memory, at!, sector! >>> 0, count!)],
      ["disk_write", (_drive, at, sector, count) => disk.write(memory, at!, sector! >>> 0, count!)],
      ["disk_ioctl", (_drive, command, at) => disk.command(memory, command!, at!)],
    ]),
    atOnce: new Map<string, Imported>([
      ["disk_initialize", () => disk.status()],
      ["disk_status", () => disk.status()],
      ["_emscripten_date_now", nowMs],
      [
        "__localtime_js",
        (low, high, at) => writeCalendar(instance().HEAP32, (low! >>> 0) + high! * 2 ** 32, at!),
      ],
      ["__tzset_js", () => {}],
    ]),
  };
}

/** The package's instance, and how its functions are called. */
interface Loaded {
  readonly instance: Instance;
  /** Calls a function that may be suspended. */
  readonly call: (name: string, args: readonly number[]) => Promise<number>;
}

async function instantiate(disk: FatDisk, nowMs: () => number): Promise<Loaded> {
  const { Suspending, promising } = WebAssembly as Suspension;
  if (Suspending === undefined || promising === undefined) {
    throw new Error("Cannot use a FAT volume: this runtime cannot suspend WebAssembly (JSPI)");
  }
  compiled ??= compile();
  const [{ default: create }, module] = await Promise.all([import("js-fatfs"), compiled]);
  const { suspended, atOnce } = replacementsOf(disk, nowMs, () => instance);
  const importOf = (given: Imported): WebAssembly.ImportValue => {
    const call = suspended.get(given.name);
    return call === undefined ? atOnce.get(given.name) ?? given : new Suspending(call);
  };
  // A function suspends, or is over when it returns, as whoever calls it says.
  let isSuspending = false;
  const exportOf = (given: WebAssembly.ExportValue): WebAssembly.ExportValue => {
    if (typeof given !== "function") return given;
    const [now, later] = [given as Imported, promising(given as Imported)];
    return (...args: number[]) => isSuspending ? later(...args) : now(...args);
  };
  const instantiateWasm = (
    { a }: { readonly a: Readonly<Record<string, Imported>> },
    receive: Receive,
  ) => {
    const { exports } = new WebAssembly.Instance(module, { a: mapValues(a, importOf) });
    return receive({ exports: mapValues(exports, exportOf) });
  };
  // The package's types know only of disks that answer at once.
  const instance = await create({ instantiateWasm } as never) as unknown as Instance;
  const call = (name: string, args: readonly number[]) => {
    isSuspending = true;
    try {
      return instance[`_${name}`]!(...args) as Promise<number>;
    } finally {
      isSuspending = false;
    }
  };
  return { instance, call };
}

/**
 * Loads an instance of the library.
 *
 * @param disk What its volume is on.
 * @param nowMs The time that it writes into directories, in milliseconds since 1970.
 * @throws {Error} The runtime cannot suspend WebAssembly.
 */
export async function loadFat(disk: FatDisk, nowMs: () => number): Promise<FatCalls> {
  const { instance, call } = await instantiate(disk, nowMs);
  const ask = (name: string, at: number) => (instance[`_${name}`]!(at) as number) >>> 0;
  const allocate = (byteCount: number) => {
    const at = ask("malloc", byteCount);
    if (at === 0) throw new Error(`Cannot allocate ${byteCount} bytes for a FAT volume`);
    instance.HEAPU8.fill(0, at, at + byteCount);
    return at;
  };
  return {
    call: (name, ...args) => call(name, args),
    ask,
    allocate,
    free: (at) => void ask("free", at),
    text: (text) => {
      const bytes = new TextEncoder().encode(`${text}\0`);
      const at = allocate(bytes.length);
      instance.HEAPU8.set(bytes, at);
      return at;
    },
    textAt: (at) => {
      const end = instance.HEAPU8.indexOf(0, at);
      return new TextDecoder().decode(instance.HEAPU8.subarray(at, end));
    },
    memory: () => instance.HEAPU8,
    numberAt: (at) => instance.HEAP32[at >> 2]! >>> 0,
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
