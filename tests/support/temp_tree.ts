/**
 * Folders of planted files, for tests of programs that read a repository.
 *
 * @module
 */

/** Runs `use` with a temporary folder that holds `files`, path by path, removes it after, and gives what `use` gave. */
export async function withTree<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, content] of Object.entries(files)) {
      await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${root}/${path}`, bytes);
    }
    return await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
