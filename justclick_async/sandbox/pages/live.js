// Reload what has changed: each part of the page that is marked data-live, unless it is in use.
let busy = false;
let changed = false;

async function refresh() {
  changed = true;
  if (busy || document.hidden) return;
  busy = true;
  changed = false;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      const inUse = part.contains(document.activeElement) || part.querySelector("details[open]");
      const marked = getSelection().toString() && part.contains(getSelection().anchorNode);
      if (fresh && !inUse && !marked && fresh.innerHTML !== part.innerHTML) part.replaceWith(fresh);
    }
  } finally {
    setTimeout(() => {
      busy = false;
      if (changed) refresh();
    }, 500);
  }
}

document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
if (document.querySelector("[data-live]")) {
  const events = new EventSource("/events");
  events.onmessage = refresh;
  document.addEventListener("visibilitychange", refresh);
  addEventListener("pagehide", () => events.close());
}
