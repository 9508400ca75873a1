/**
 * What a process is told that makes a page, and what it says; and what one says that makes a capture.
 *
 * @module
 */

/** What the process is started with. */
export interface PageTask {
  /** The file of the run. */
  readonly artefact: string;
  /** The command that makes the run again. */
  readonly replay: string;
  /** Lines of drivers are told from this folder on. */
  readonly folder: string;
}

/** The one thing that it says. */
export interface PageMessage {
  /** The page, as HTML. */
  readonly page: string;
}

/** What a process says that captures a run, over and over. */
export interface CaptureMessage {
  /** The next piece of the file, in base 64; null: it is whole. */
  readonly piece: string | null;
}
