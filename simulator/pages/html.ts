/**
 * Texts in HTML: what came from drivers is text, whatever stands in it.
 *
 * @module
 */

import { visible } from "../text.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** `text` as HTML, in which nothing of it is anything but text, and all of it can be seen. */
export function html(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter]!);
}

/** JSON that may stand in an element: nothing in it ends the element. */
export function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A sentence of this package's documents: code, what is strong, and links without their targets. */
export function sentenceHtml(markdown: string): string {
  return html(markdown)
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/\*([^*\s][^*]*)\*/g, "<em>$1</em>")
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1");
}

/** A list of names and values. */
export function factsHtml(facts: Readonly<Record<string, string | null>>): string {
  const rows = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `<div><dt>${html(name)}</dt><dd>${html(value!)}</dd></div>`);
  return `<dl class="facts">${rows.join("")}</dl>`;
}
