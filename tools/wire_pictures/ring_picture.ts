/**
 * A ring as a picture: what lies in its data area, and where the two indices stand.
 *
 * @module
 */

import { type DecodedRing, fieldsOfRing } from "../../simulator/decoding/ring.ts";

/** Letters of the picture of a data area. */
const COLUMNS = 64;

/** Where an index stands, in letters. */
const columnOf = (index: number, dataBytes: number) => Math.floor(index / dataBytes * COLUMNS);

/** A line with a word at each of some places; words that would lie on each other stand behind each other. */
function markLine(marks: readonly (readonly [column: number, text: string])[]): string {
  let line = "";
  for (const [column, text] of marks.toSorted(([one], [other]) => one - other)) {
    line = line.padEnd(column + 1) + (line.length > column + 1 ? " " : "") + `↑${text}`;
  }
  return line;
}

/** The data area: `▒` where unread packets lie, a letter where each begins. */
function areaLine({ dataBytes, packets, usedBytes }: DecodedRing, readIndex: number): string {
  const cells = Array.from<string>({ length: COLUMNS }).fill("·");
  for (let byte = 0; byte < usedBytes; byte += 8) {
    cells[columnOf((readIndex + byte) % dataBytes, dataBytes)] = "▒";
  }
  for (const [at, { index }] of packets.entries()) {
    cells[columnOf(index, dataBytes)] = String.fromCharCode(0x41 + at);
  }
  return `[${cells.join("")}]`;
}

/** The ring that lies in `image`, its control page first. */
export function ringPicture(image: Uint8Array): readonly string[] {
  const ring = fieldsOfRing(image);
  const valueOf = (name: string) =>
    Number(ring.controlPage.fields.find((field) => field.name === name)?.value);
  const [writeIndex, readIndex] = [valueOf("writeIndex"), valueOf("readIndex")];
  const { dataBytes, usedBytes, packets } = ring;
  const marks = [
    [columnOf(readIndex, dataBytes), `readIndex ${readIndex}`],
    [columnOf(writeIndex, dataBytes), `writeIndex ${writeIndex}`],
  ] as const;
  return [
    areaLine(ring, readIndex),
    markLine(marks),
    `${dataBytes} bytes of data, ${usedBytes} used`,
    ...packets.map(({ index, text }, at) =>
      `${String.fromCharCode(0x41 + at)} at ${index}: ${text}`
    ),
  ];
}
