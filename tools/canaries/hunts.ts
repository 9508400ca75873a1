/**
 * Has processes hunt, and ends those in which a world never does.
 *
 * @module
 */

import { type HuntEnd, type HuntOrder, WORLD } from "./hunter.ts";

/** Where a world runs for so long, it has no end: each takes milliseconds. */
const STALL_SECONDS = 60;

/** What is found where a world has no end. */
const ENDLESS: Pick<HuntEnd, "by" | "rule"> = { by: "command", rule: "every world ends" };

/** A process that is asked to hunt. */
class Hunter {
  readonly ends: HuntEnd[] = [];
  /** Worlds of the hunt that is under way. */
  worlds = 0;
  isEndless = false;
  readonly #process: Deno.ChildProcess;
  #rest = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(root: string, order: HuntOrder) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--no-prompt",
        "--conditions=development",
        `${root}/tools/canaries/hunter.ts`,
        JSON.stringify(order),
      ],
      cwd: root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Hears it to its end, and says what it complained of. */
  async hear(onEnd: (hunts: readonly HuntEnd[]) => boolean): Promise<string> {
    this.#watch();
    const complaint = new Response(this.#process.stderr).text();
    for await (const part of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      this.#watch();
      const lines = (this.#rest + part).split("\n");
      this.#rest = lines.pop()!;
      for (const line of lines) this.#take(line, onEnd);
    }
    clearTimeout(this.#timer);
    await this.#process.status;
    return await complaint;
  }

  #take(line: string, onEnd: (hunts: readonly HuntEnd[]) => boolean): void {
    if (line === WORLD) return void this.worlds++;
    this.worlds = 0;
    this.ends.push(JSON.parse(line));
    if (!onEnd(this.ends)) this.#process.kill("SIGKILL");
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isEndless = true;
      this.#process.kill("SIGKILL"); // a loop without end hears no other
    }, STALL_SECONDS * 1000);
  }
}

/**
 * What hunts have come to in the repository, or the copy of it, at `root`. `goesOn` is asked after each of them.
 *
 * @throws {Error} A process ended with something else.
 */
export async function huntIn(
  root: string,
  order: Omit<HuntOrder, "from" | "to">,
  count: number,
  goesOn: (ends: readonly HuntEnd[]) => boolean,
): Promise<readonly HuntEnd[]> {
  const ends: HuntEnd[] = [];
  while (ends.length < count) {
    let isWanted = true;
    const hunter = new Hunter(root, { ...order, from: ends.length, to: count });
    const complaint = await hunter.hear((more) => isWanted = goesOn([...ends, ...more]));
    ends.push(...hunter.ends);
    if (!isWanted) break;
    if (hunter.isEndless) ends.push({ ...ENDLESS, seeds: hunter.worlds });
    else if (ends.length < count) throw new Error(`Cannot hunt in ${order.scenario}: ${complaint}`);
  }
  return ends;
}
