// Loads the next page of results as one nears the end of this one. The link below the results stays
// a real link to a real page: for keyboards, for screen readers, for whoever has no scripts.

const list = document.querySelector("[data-results]");
let nav = document.querySelector("[data-more]");
const status = nav?.querySelector("[data-more-status]");

if (list && nav) {
  let left = Number(nav.dataset.more); // pages that come by themselves; then the button is pressed
  let busy = false;
  let wanted = false; // somebody has pressed the button for the page that is on its way

  const watcher = new IntersectionObserver(
    (entries) => {
      if (left > 0 && entries.some((entry) => entry.isIntersecting)) {
        left -= 1;
        load();
      }
    },
    { rootMargin: "400px" },
  );
  watcher.observe(nav);

  nav.addEventListener("click", (event) => {
    const link = event.target.closest("a[rel=next]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    wanted = true;
    load();
  });

  async function load() {
    const link = nav.querySelector("a[rel=next]");
    if (!link || busy) return;
    busy = true;
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) throw new Error(String(answer.status));
      append(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      if (wanted) window.location.assign(link.href);
      else left = 0; // the button is still there
    } finally {
      busy = false;
      wanted = false;
      nav.querySelector("a[rel=next]")?.removeAttribute("aria-busy");
    }
  }

  function append(page) {
    const shown = new Set([...list.children].map((item) => item.dataset.id));
    const fresh = [...page.querySelectorAll("[data-results] > li")].filter(
      (item) => !shown.has(item.dataset.id),
    );
    list.append(...fresh);
    const next = page.querySelector("[data-more] a[rel=next]");
    const link = nav.querySelector("a[rel=next]");
    if (next) link.href = next.href;
    else {
      watcher.disconnect();
      link.remove();
    }
    status.textContent = `${fresh.length} more, ${list.children.length} shown${next ? "" : ": that is all"}`;
    // Whoever pressed the button goes on reading where the new ones begin.
    if (wanted) fresh[0]?.querySelector("a")?.focus();
  }
}
