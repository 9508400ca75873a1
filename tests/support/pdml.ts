/**
 * What tshark shows of a capture, as it prints it for programs (PDML).
 *
 * @module
 */

/** A field as tshark shows it. */
export interface ShownField {
  /** Its filter. */
  readonly name: string;
  /** The line, as people see it. */
  readonly line: string;
  /** Where it lies in the frame. */
  readonly pos: number;
  /** Bytes of it. */
  readonly size: number;
  /** Its value. */
  readonly show: string;
  /** The fields inside it. */
  readonly fields: readonly ShownField[];
}

const TAG = /<(\/?)(packet|proto|field)\b([^>]*?)(\/?)>/g;
const ATTRIBUTE = /(\w+)="([^"]*)"/g;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function plain(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? all;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

/** What the dissector `proto` shows of each packet: its fields; none where it has not seen the packet. */
export function shownBy(proto: string, pdml: string): readonly (readonly ShownField[])[] {
  type Open = { name: string; fields: ShownField[]; attributes: Record<string, string> };
  const packets: (readonly ShownField[])[] = [];
  let open: Open[] = [];
  let found: readonly ShownField[] = [];
  const close = ({ name, fields, attributes }: Open) => {
    const { showname = "", show = "", pos = "0", size = "0" } = attributes;
    return { name, line: showname || show, show, pos: Number(pos), size: Number(size), fields };
  };
  for (const [, end, tag, text = "", isEmpty] of pdml.matchAll(TAG)) {
    if (tag === "packet") {
      if (end !== "") packets.push(found);
      [open, found] = [[], []];
      continue;
    }
    if (end === "") {
      const attributes = Object.fromEntries(
        [...text.matchAll(ATTRIBUTE)].map(([, name, value]) => [name, plain(value!)]),
      );
      open.push({ name: attributes.name ?? "", fields: [], attributes });
      if (isEmpty === "") continue;
    }
    const field = close(open.pop()!);
    if (tag === "proto") found = field.name === proto ? field.fields : found;
    else open.at(-1)?.fields.push(field);
  }
  return packets;
}
