/** The colours of the diagram: those of the style, as they are in light or dark. */

const NAMES = [
  "text",
  "muted",
  "surface",
  "raised",
  "line",
  "accent",
  "select",
  "good",
  "warn",
  "bad",
  "switch",
  "packet",
  "completion",
  "message",
];

/** Colours of groups, in the order of the head. */
const GROUP_COLORS = [
  "bad",
  "accent",
  "muted",
  "good",
  "packet",
  "message",
  "warn",
  "muted",
  "muted",
  "muted",
];

/** The colours as they are now. */
export function readColors() {
  const style = getComputedStyle(document.documentElement);
  const colors = Object.fromEntries(
    NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  );
  return { ...colors, groups: GROUP_COLORS.map((name) => colors[name]) };
}
