/**
 * The two ends of a copy that a device's driver in a guest makes: what it reads, and what it writes to.
 * Neither is the guest's. They belong to the program, which hands them over when the driver is made, and
 * again when it is restored.
 *
 * @module
 */

/** What a file is read from. */
export interface Source {
  /** Bytes of the file. */
  readonly byteCount: number;
  /** Fills all of `into` with what stands at `offset`; throws where it cannot. Each byte is read once, in order. */
  read(offset: number, into: Uint8Array): void;
}

/** What a file is written to. */
export interface Sink {
  /** Stores all of `bytes` at `offset`; throws where it cannot. Each byte is written once, in order. */
  write(offset: number, bytes: Uint8Array): void;
}

/** The two ends of a copy. */
export interface CopyFiles {
  /** What is copied. */
  readonly source: Source;
  /** Where the copy goes once it has come back. */
  readonly sink: Sink;
}
