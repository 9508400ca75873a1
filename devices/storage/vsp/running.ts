/**
 * The commands that a storage controller has under way, and what waits for them to end.
 *
 * @module
 */

interface Waiting {
  /** Commands that are numbered lower have to end. */
  readonly before: number;
  readonly then: () => void;
}

/** Commands under way. */
export class RunningCommands {
  /** Their numbers, in the order in which they began. */
  readonly #numbers = new Set<number>();
  readonly #waiting: Waiting[] = [];
  #next = 0;

  /** Whether any is under way. */
  get areThere(): boolean {
    return this.#numbers.size > 0;
  }

  /** A command begins: its number. */
  begin(): number {
    const number = this.#next++;
    this.#numbers.add(number);
    return number;
  }

  /** The command of that number has ended. */
  end(number: number): void {
    this.#numbers.delete(number);
    this.#release();
  }

  /** Calls `then` once all that run now have ended: at once, where none do. */
  afterAll(then: () => void): void {
    this.#waiting.push({ before: this.#next, then });
    this.#release();
  }

  #release(): void {
    const [oldest = Infinity] = this.#numbers;
    while (this.#waiting[0] !== undefined && this.#waiting[0].before <= oldest) {
      this.#waiting.shift()!.then();
    }
  }
}
