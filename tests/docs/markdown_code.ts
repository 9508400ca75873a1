/**
 * The code in a document: programs whose blocks are told apart by the file names that they begin with.
 *
 * @module
 */

/** One fenced block of a document. */
export interface CodeBlock {
  /** What stands behind the opening fence: `ts`, `text`, or nothing. */
  readonly language: string;
  /** The file that its first line names, as in `// main.ts`; null where it names none. */
  readonly file: string | null;
  /** Its lines, the fences left out. */
  readonly text: string;
}

/** The code of a document as files, and what its main program is said to print. */
export interface DocumentedPrograms {
  /** Each file: the blocks that name it, joined in order. */
  readonly files: Readonly<Record<string, string>>;
  /** The `text` blocks, joined in order. */
  readonly output: string;
}

const BLOCK = /^```(\w*)\n(.*?)^```$/gms;
const FILE_NAME = /^\/\/ ([\w/]+\.ts)\n/;

/** All fenced blocks of `markdown`, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(BLOCK)].map(([, language = "", text = ""]) => ({
    language,
    file: language === "ts" ? FILE_NAME.exec(text)?.[1] ?? null : null,
    text,
  }));
}

/** The programs of `markdown`, whose `ts` blocks name their files. */
export function documentedPrograms(markdown: string): DocumentedPrograms {
  const files: Record<string, string> = {};
  let output = "";
  for (const { language, file, text } of codeBlocks(markdown)) {
    if (language === "text") output += text;
    if (file !== null) files[file] = (files[file] ?? "") + text;
  }
  return { files, output };
}
