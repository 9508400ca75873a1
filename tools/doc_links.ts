/**
 * What a reader of the package page can follow: each `@see` of an exported symbol is a link, each document
 * is linked in the version that is published, statuses and flags show as hex, and the page begins with how
 * to install the package.
 *
 * @module
 */

/** A comment of an exported symbol, with the symbol's name. */
export interface DocComment {
  /** The symbol, or the last one that encloses it. */
  readonly name: string;
  /** The comment's text, without its tags. */
  readonly text: string;
  /** What stands behind each `@see`. */
  readonly sees: readonly string[];
  /** The constant's value; null where it is no constant, or no number. */
  readonly value: number | null;
}

/** What the page must agree with. */
export interface Package {
  /** As in deno.json. */
  readonly version: string;
  /** The published documents, such as `kmcl.md`. */
  readonly documents: ReadonlySet<string>;
}

const LINK = /^\{@link https:\/\/[^\s|}]+ \| [^}]+\}$/;
const LINKED = /\[[^\]]*\]\((https:\/\/jsr\.io\/@vmbus\/kmcl\/([^/]+)\/docs\/([^)\s]+))\)/g;
const DOCUMENTS = /[\w-]+\.md\b/g;
/** Names of statuses and flags; one of a size may begin as a status does. */
const SHOWS_HEX = /^(?:STATUS_(?!\w*_BYTES$)|VMBUS_.*FLAG|VMBUS_CHANNEL_GPADL_READ_ONLY)/;

function faultsOfText(text: string, { version, documents }: Package): string[] {
  const faults: string[] = [];
  for (const [, url, linked, document = ""] of text.matchAll(LINKED)) {
    if (linked !== version) faults.push(`${url} is not version ${version}`);
    if (!documents.has(document)) faults.push(`${url} is not published`);
  }
  for (const [see] of text.matchAll(/@see (?!\{@link )[^\n]*/g)) faults.push(`${see} is no link`);
  const named = text.replaceAll(LINKED, "").match(DOCUMENTS) ?? [];
  const bare = named.filter((document) => documents.has(document));
  return [...faults, ...bare.map((document) => `${document} is no link`)];
}

/** What a reader cannot follow of `comment`. */
export function faultsOf(comment: DocComment, published: Package): string[] {
  const { name, text, sees, value } = comment;
  const hex = /^`(0x[\dA-F]+)`/.exec(text)?.[1];
  const lacksHex = SHOWS_HEX.test(name) && value !== null && Number(hex) !== value;
  return [
    ...faultsOfText(text, published),
    ...sees.filter((see) => !LINK.test(see.trim())).map((see) => `@see ${see} is no link`),
    ...lacksHex ? [`its comment does not begin with its value as hex, \`0x…\``] : [],
  ].map((fault) => `${name}: ${fault}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The number that a constant's definition or type says it is. */
function valueOf(node: Readonly<Record<string, unknown>>): number | null {
  if (node.kind !== "variable") return null;
  const number = /"number":(\d+)/.exec(JSON.stringify(node.def ?? null))?.[1];
  return number === undefined ? null : Number(number);
}

function commentOf(name: string, node: Readonly<Record<string, unknown>>): DocComment | null {
  const { jsDoc } = node;
  if (!isRecord(jsDoc)) return null;
  const tags = Array.isArray(jsDoc.tags) ? jsDoc.tags.filter(isRecord) : [];
  const others = tags.filter(({ kind }) => kind !== "see").map(({ doc }) => String(doc ?? ""));
  return {
    name,
    text: [String(jsDoc.doc ?? ""), ...others].join("\n"),
    sees: tags.filter(({ kind }) => kind === "see").map(({ doc }) => String(doc ?? "")),
    value: valueOf(node),
  };
}

/** All comments in what `deno doc --json` printed. */
export function commentsIn(documented: unknown, enclosing = "the module"): DocComment[] {
  if (Array.isArray(documented)) return documented.flatMap((one) => commentsIn(one, enclosing));
  if (!isRecord(documented)) return [];
  const name = typeof documented.name === "string" ? documented.name : enclosing;
  const comment = commentOf(name, documented);
  const inside = Object.values(documented).flatMap((value) => commentsIn(value, name));
  return comment === null ? inside : [comment, ...inside];
}
