/**
 * What all pages begin with.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { html } from "./html.ts";
import { PAGE_STYLE } from "./page_text.ts";

/**
 * What a page may do: run the one script that is in it, if there is one, and nothing that anybody else has put
 * there; load nothing.
 */
function policyHtml(script: string | null): string {
  const styled = "default-src 'none'; style-src 'unsafe-inline'";
  if (script === null) return metaHtml(styled);
  const digest = btoa(String.fromCharCode(...sha256(new TextEncoder().encode(script))));
  return metaHtml(`${styled}; script-src 'sha256-${digest}'`);
}

function metaHtml(policy: string): string {
  return `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
}

/**
 * The beginning of a page, up to its body.
 *
 * @param script Its script, as it will stand in it; null: it has none.
 */
export function headHtml(title: string, script: string | null): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${policyHtml(script)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
`;
}
