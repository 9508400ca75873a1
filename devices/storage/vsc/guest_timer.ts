/**
 * Timers of a driver in a guest. They are the guest's: what is due while its processors stand still is done when
 * they run again, and never where the guest has crashed or is gone.
 *
 * A timer is no state. A driver that is saved says what it waits for, and begins to wait anew when it is restored.
 *
 * @module
 */

import type { Fabric, Partition } from "../../../mod.ts";

/** Takes a timer back; what was done already stays done. */
export type CancelTimer = () => void;

/** The timers of one driver. */
export class GuestTimers {
  readonly #fabric: Fabric;
  readonly #partition: Partition;

  /** Timers of a driver in `partition`. */
  constructor(fabric: Fabric, partition: Partition) {
    this.#fabric = fabric;
    this.#partition = partition;
  }

  /** Has `work` done when `milliseconds` have passed: outside of all callbacks, at PASSIVE_LEVEL. */
  after(milliseconds: number, work: () => void): CancelTimer {
    let cancel = this.#fabric.setTimer(milliseconds, () => {
      // One that was destroyed is in no list, and has no actor any more.
      if (!this.isGuestThere) return;
      const actor = this.#fabric.actorOf(this.#partition);
      const snapshot = actor.getSnapshot();
      if (snapshot.hasTag("runs")) return work();
      if (!snapshot.hasTag("alive")) return;
      const subscription = actor.subscribe((now) => {
        if (now.hasTag("alive") && !now.hasTag("runs")) return;
        subscription.unsubscribe();
        // A subscriber is told in the middle of a step: the work is a step of its own.
        cancel = this.after(0, work);
      });
      cancel = () => subscription.unsubscribe();
    });
    return () => cancel();
  }

  /** Whether the guest is still there: what a program asks of one that was migrated is asked of its successor. */
  get isGuestThere(): boolean {
    return this.#fabric.partitions.includes(this.#partition);
  }

  /** What whoever is called now begins, in however many promises, comes before anything else that happens. */
  letContinue(): void {
    void this.#fabric.outside(() => Promise.resolve());
  }
}
