/**
 * What a connection needs beside words: pages of the guest's memory that both look at (wire.md 5.1, 6).
 *
 * @module
 */

import type { Contact, MonitorPages } from "./contact.ts";

/** Hears how a contact was prepared for: see {@linkcode ConnectionBackend.connect}. */
export type ConnectAnswer = (isReady: boolean, hostPages?: MonitorPages | null) => void;

/** Provides what a connection needs. Whether it is there, and that it is gone, may be answered later. */
export interface ConnectionBackend {
  /**
   * A guest connects: whether its interrupt page and its monitor pages are there, or, with the feature for that,
   * where those lie that the host brings; null where there was no room for them.
   */
  connect(contact: Contact, answer: ConnectAnswer): void;
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
