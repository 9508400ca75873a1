/** What a page carries: a head as JSON, and sections that are inflated when they are needed. */

/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** What is known before anything is inflated. */
export function readHead() {
  return JSON.parse(byId("head").textContent);
}

function bytesOfBase64(text) {
  if (Uint8Array.fromBase64 !== undefined) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The bytes of a section. */
export async function inflate(name) {
  const element = byId(`data-${name}`);
  const small = bytesOfBase64(element.textContent);
  element.remove(); // its text is needed no more
  const stream = new Blob([small]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return await new Response(stream).arrayBuffer();
}

/** The columns of a section, by name. */
export function columnsOf(buffer, layout) {
  const types = { Float64Array, Uint32Array, Uint16Array, Uint8Array };
  return Object.fromEntries(
    layout.map(({ name, type, offset, length }) => [name, new types[type](buffer, offset, length)]),
  );
}

/** The lines of entries: what each says, and its details. */
export class Texts {
  constructor(buffer) {
    this.lines = new TextDecoder().decode(buffer).split("\n");
    this.lower = null;
  }

  /** What an entry says. */
  label(entry) {
    const line = this.lines[entry];
    return line.slice(0, line.indexOf("\t"));
  }

  /** Its details. */
  more(entry) {
    const line = this.lines[entry];
    return JSON.parse(line.slice(line.indexOf("\t") + 1));
  }

  /** The line of an entry in small letters, for who searches. */
  searched(entry) {
    this.lower ??= this.lines.map((line) => line.toLowerCase());
    return this.lower[entry];
  }
}

/** Virtual time as people read it. */
export function timeText(at100ns) {
  return `${(at100ns / 10_000).toLocaleString("en", { maximumFractionDigits: 4 })} ms`;
}
