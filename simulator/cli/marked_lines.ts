/**
 * What a command and its child processes say to each other: one JSON value a line. What runs in a child may
 * print as well, whatever it likes, so each line of the child's begins with a mark that is made for this
 * child alone.
 *
 * @module
 */

/** The line of a message, behind `mark`. Whatever stands before it was not ended by who wrote it. */
export function lineOf(message: unknown, mark: string): string {
  return `${mark}${JSON.stringify(message)}\n`;
}

/** The message of a line; null for one that somebody else wrote, who does not know the mark. */
export function messageOf<Message>(line: string, mark: string): Message | null {
  const at = line.lastIndexOf(mark);
  return at === -1 ? null : JSON.parse(line.slice(at + mark.length)) as Message;
}
