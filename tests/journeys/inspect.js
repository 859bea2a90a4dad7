// Runs inside a page; returns what a person with a screen reader or weak eyes would stumble over.
() => {
  const problems = [];
  const name = (node) => `${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""}` +
    `${node.className && node.className.baseVal === undefined ? "." + node.className : ""}`;
  const shown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const text = (node) => (node?.textContent ?? "").trim();
  const spoken = (node) => node.getAttribute("aria-label")
    || text(document.getElementById(node.getAttribute("aria-labelledby")))
    || [...(node.labels ?? [])].map(text).join("") || node.getAttribute("title");

  if (!document.documentElement.lang) problems.push("the page names no language");
  if (!document.title) problems.push("the page has no title");
  if (document.querySelectorAll("h1").length !== 1) problems.push("not exactly one h1");
  if (document.querySelectorAll("main").length !== 1) problems.push("not exactly one main");
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.tagName[1]);
    if (level && own > level + 1) problems.push(`h${own} after h${level}: ${text(heading)}`);
    level = own;
  }
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i)))
    problems.push(`two elements have the id ${id}`);
  for (const image of document.images)
    if (!image.hasAttribute("alt")) problems.push(`a picture without alt: ${image.src}`);
  for (const control of document.querySelectorAll("input, select, textarea, meter, progress"))
    if (control.type !== "hidden" && shown(control) && !spoken(control)
        && !["METER", "SUBMIT"].includes(control.tagName))
      problems.push(`no label: ${name(control)}`);
  for (const node of document.querySelectorAll("a[href], button, summary"))
    if (shown(node) && !text(node) && !spoken(node) && !node.querySelector("img[alt]"))
      problems.push(`no name: ${name(node)}`);
  for (const node of document.querySelectorAll("[aria-describedby], [aria-labelledby]"))
    for (const id of `${node.getAttribute("aria-describedby") ?? ""} ` .concat(
        node.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean))
      if (!document.getElementById(id)) problems.push(`${name(node)} points to no #${id}`);

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const parse = (colour) => {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(colour, { rgb: [r, g, b], alpha: a / 255 });
    }
    return known.get(colour);
  };
  const luminance = (rgb) => rgb.map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const under = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const { rgb, alpha } = parse(getComputedStyle(at).backgroundColor);
      if (alpha > 0.99) return rgb;
      if (alpha > 0.01 || getComputedStyle(at).backgroundImage !== "none") return null;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!text(walker.currentNode) || !shown(node) || node.closest("script, style, :disabled"))
      continue;
    const style = getComputedStyle(node), ground = under(node), ink = parse(style.color);
    if (!ground || ink.alpha < 1) continue;
    const [light, dark] = [luminance(ink.rgb), luminance(ground)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const large = parseFloat(style.fontSize) >= 24
      || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.add(`${name(node)} has contrast ${ratio.toFixed(2)}`);
  }
  problems.push(...faint);

  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    const over = [...document.querySelectorAll("body *")].filter((node) =>
      shown(node) && node.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
    problems.push(`hangs over by ${wide} px: ${over.slice(0, 3).map(name).join(", ")}`);
  }
  return problems;
}
