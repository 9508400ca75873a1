/**
 * Files that are written whole.
 *
 * @module
 */

/**
 * Has `path` be a file of `text`: whole at once, as another process may write or read the same one, and in place of a
 * link, not through it.
 */
export function replaceFile(path: string, text: string): void {
  const part = `${path}.${crypto.randomUUID()}.part`;
  try {
    Deno.writeTextFileSync(part, text, { createNew: true });
    Deno.renameSync(part, path);
  } catch (error) {
    removeIfThere(part);
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
}
