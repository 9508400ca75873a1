/** What tests do inside of a page, where there is a document. */

/** How wide all of it is. */
export function pageWidth() {
  return document.documentElement.scrollWidth;
}

/** How much red the diagram has in its lower left corner. */
export function diagramShade() {
  const canvas = document.querySelector("#canvas");
  return canvas.getContext("2d").getImageData(3, canvas.height - 3, 1, 1).data[0];
}

/** When there was anything to be seen, and when the diagram was drawn, in milliseconds. */
export function firstLook() {
  const timeOf = (name) => performance.getEntriesByName(name)[0]?.startTime ?? NaN;
  return { paint: timeOf("first-contentful-paint"), drawn: timeOf("drawn") };
}

/** Pans and comes nearer and farther for so many frames; how long each took, in milliseconds. */
export async function framesOf(count) {
  const canvas = document.querySelector("#canvas");
  const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const took = [];
  let before = await next();
  for (let at = 0; at < count; at++) {
    const isZoom = at % 60 >= 40;
    const deltaY = isZoom ? (at % 120 < 60 ? 60 : -60) : 400;
    const place = { clientX: 300, clientY: 500, cancelable: true };
    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY, ctrlKey: isZoom, ...place }));
    const now = await next();
    took.push(now - before);
    before = now;
  }
  return took.sort((a, b) => a - b);
}
