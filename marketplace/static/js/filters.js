// Applies the browse filters as soon as one changes, and keeps them open on wide screens: the style
// sheet shows them there in any case, so nothing moves, but older browsers need it said.
const form = document.querySelector("[data-submit-on-change]");
const folded = form?.querySelector("details.filters");

if (form) {
  form.querySelector("button[type=submit]").hidden = true;
  form.addEventListener("change", () => {
    // Empty parts would only lengthen the address.
    for (const input of form.querySelectorAll("input, select")) {
      if (input.value === "") input.disabled = true;
    }
    form.submit();
  });
  // The back button may restore the page with the parts still switched off.
  window.addEventListener("pageshow", () => {
    for (const input of form.querySelectorAll("input, select")) input.disabled = false;
  });
}

if (folded && !window.matchMedia("(max-width: 60rem)").matches) folded.open = true;
