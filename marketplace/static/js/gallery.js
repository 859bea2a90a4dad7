// The listing's gallery: arrow keys, the thumbnail of what is shown, zoom in place, and chips that
// answer with a picture. Without this script the stage scrolls, thumbnails and chips are links.

const gallery = document.querySelector("[data-gallery]");
const stage = gallery?.querySelector(".gallery__stage");
const frames = [...(stage?.children ?? [])];
const thumbs = [...(gallery?.querySelectorAll("[data-thumb]") ?? [])];
const status = gallery?.querySelector("[data-gallery-status]");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
let current = 0;

function values(frame) {
  return JSON.parse(frame.dataset.values);
}

function described(frame) {
  const said = [...frame.querySelectorAll(".gallery__values > span")];
  return said.map((one) => one.textContent.trim()).join(", ");
}

function mark(index) {
  current = index;
  thumbs.forEach((thumb, at) => {
    if (at === index) thumb.setAttribute("aria-current", "true");
    else thumb.removeAttribute("aria-current");
  });
  // What cannot be seen cannot be reached by keyboard either.
  frames.forEach((frame, at) => { frame.inert = at !== index; });
}

function show(index, words = "") {
  const to = Math.max(0, Math.min(frames.length - 1, index));
  stage.scrollTo({
    left: frames[to].offsetLeft - stage.offsetLeft,
    behavior: still.matches ? "instant" : "smooth",
  });
  status.textContent = words || `Picture ${to + 1} of ${frames.length}: ${described(frames[to])}`;
}

function arrows(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  if (!(event.key in steps) || event.target.matches("input") || event.altKey) return;
  event.preventDefault();
  show(current + steps[event.key]);
}

// -- chips: the picture that has the chosen value, and as many of the others as possible ---------

const chosen = {};
const chips = [...document.querySelectorAll("[data-choices] [data-value]")];

function best(name, value) {
  const fits = (frame) => Object.entries(chosen).filter(([n, v]) => values(frame)[n] === v).length;
  const having = frames.filter((frame) => values(frame)[name] === value);
  return having.reduce((a, b) => (fits(b) > fits(a) ? b : a));
}

function choose(chip) {
  const { name, value } = chip.dataset;
  chosen[name] = value;
  const frame = best(name, value);
  const all = Object.entries(chosen).every(([n, v]) => values(frame)[n] === v);
  for (const other of chips) {
    const on = chosen[other.dataset.name] === other.dataset.value;
    if (on) other.setAttribute("aria-current", "true");
    else other.removeAttribute("aria-current");
  }
  for (const slot of document.querySelectorAll(".skeleton [data-variable]")) {
    const picked = chosen[slot.dataset.variable];
    if (picked !== undefined) slot.textContent = picked;
  }
  show(frames.indexOf(frame), (all ? "" : "No picture has all of these; the nearest: ")
    + described(frame));
  const top = stage.getBoundingClientRect().top;
  if (top < 0 || top > window.innerHeight * 0.6)
    gallery.scrollIntoView({ block: "start", behavior: still.matches ? "instant" : "smooth" });
}

// -- zoom ------------------------------------------------------------------------------------------

const dialog = document.createElement("dialog");
dialog.className = "zoom";
dialog.setAttribute("aria-label", "Enlarged picture");
dialog.innerHTML = '<form method="dialog"><button class="button button--small zoom__close">Close'
  + '</button></form><div class="zoom__view" tabindex="0"><img alt=""></div>';

function enlarge(link) {
  const picture = dialog.querySelector("img");
  picture.src = link.href;
  picture.alt = link.querySelector("picture img").alt;
  dialog.classList.remove("zoom--in");
  dialog.showModal();
}

if (stage && frames.length > 0) {
  gallery.addEventListener("keydown", arrows);
  for (const [index, thumb] of thumbs.entries())
    thumb.addEventListener("click", (event) => { event.preventDefault(); show(index); });
  for (const chip of chips)
    chip.addEventListener("click", (event) => { event.preventDefault(); choose(chip); });
  // Whatever moved the stage (a finger, a link, a key): its place says which picture is shown.
  stage.addEventListener("scroll", () => {
    const at = Math.round(stage.scrollLeft / Math.max(1, stage.clientWidth));
    if (at !== current) mark(Math.min(at, frames.length - 1));
  }, { passive: true });
  document.body.append(dialog);
  dialog.querySelector("img").addEventListener("click", () => dialog.classList.toggle("zoom--in"));
  dialog.querySelector(".zoom__view").addEventListener("keydown", (event) => {
    if (event.key === "Enter") dialog.classList.toggle("zoom--in");
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.matches(".zoom__view, dialog")) dialog.close();
  });
  for (const link of gallery.querySelectorAll("[data-zoom]"))
    link.addEventListener("click", (event) => { event.preventDefault(); enlarge(link); });
  mark(0);
}
