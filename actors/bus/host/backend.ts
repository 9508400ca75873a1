/**
 * What a connection needs beside words: pages of the guest's memory that both look at (wire.md 5.1, 6).
 *
 * @module
 */

import type { Contact, MonitorPages } from "./contact.ts";

/** Provides what a connection needs. Whether it is there, and that it is gone, may be answered later. */
export interface ConnectionBackend {
  /**
   * A guest connects: whether its interrupt page and its monitor pages are there, or, with the feature for that,
   * where those lie that the host brings.
   */
  connect(contact: Contact, answer: (isReady: boolean, hostPages?: MonitorPages) => void): void;
  /** The monitor pages are somewhere else from now on, or nowhere; whether they can be. */
  modify(pages: MonitorPages | null): boolean;
  /** A guest has left: none of its pages is looked at any more. */
  disconnect(answer: () => void): void;
}

/** Needs nothing, and says so at once. */
export const BACKEND_AT_ONCE: ConnectionBackend = {
  connect: (_contact, answer) => answer(true),
  modify: () => true,
  disconnect: (answer) => answer(),
};
