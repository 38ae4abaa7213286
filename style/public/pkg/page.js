// What a page does beyond its HTML. It works without all of this: a form is sent, a link is followed, a page loaded again.
const version = new URL(import.meta.url).search;
const root = document.documentElement;

// A page that answers a form says which address is its own: a reload asks for that, and sends nothing a second time.
if (root.dataset.page) history.replaceState(null, "", root.dataset.page);

/** Finds the element itself or what it stands in. */
const within = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

// --- Parts that the server draws again.
/** Asks for a page and puts parts of it, found by their ids, in place of what is here, unless that has become too late. */
const redraw = async (selector, address, request, isLate = () => false) => {
  const answer = await fetch(address, request);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (isLate()) return;
  for (const old of document.querySelectorAll(selector)) {
    const now = page.getElementById(old.id);
    if (now) replace(old, now);
  }
};
/** Puts a part that the server has drawn again in its place. */
const replace = (old, now) => {
  // Here scripts are on; the parser, which has none, has made elements of what is meant for pages without.
  for (const part of [old, now]) for (const note of part.querySelectorAll("noscript")) note.remove();
  if (old.outerHTML === now.outerHTML) return;
  // The focus stays, and what is typed into other fields, too.
  const place = [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  const typed = [...old.querySelectorAll("input[id]")].filter((field) => field.value !== field.defaultValue);
  old.replaceWith(document.adoptNode(now));
  for (const field of typed) {
    const again = document.getElementById(field.id);
    if (again && again.value === field.defaultValue) again.value = field.value;
  }
  now.querySelectorAll(FOCUSABLE)[place]?.focus({ preventScroll: true });
};
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

// A form with `data-redraw` names the part that it is about: the answer to a changed field takes its place at once, under
// the answer's address, and the focus stays. With `data-redraw-from` the form itself leads elsewhere.
let asked = 0;
const typedIn = (form) => new URLSearchParams(new FormData(form)).toString();
const redrawBy = async (form) => {
  const { redraw: part, redrawFrom } = form.dataset;
  const [number, typed] = [++asked, typedIn(form)];
  const address = new URL(redrawFrom ?? form.action, location.href);
  address.search = typed;
  const isLate = () => form.dataset.sent || number !== asked || typedIn(form) !== typed;
  try {
    await redraw(part, address, {}, isLate);
  } catch {
    // No answer: the form itself says so.
    if (!redrawFrom) form.submit();
    return;
  }
  if (number !== asked || form.dataset.sent) return;
  // What was typed meanwhile is asked for next.
  if (form.isConnected && isLate()) return redrawBy(form);
  if (!redrawFrom) history.replaceState(null, "", address);
  const told = [...document.querySelectorAll(part)].map((drawn) => drawn.querySelector("output")).find(Boolean);
  said.textContent = told?.innerText ?? "";
};
/** What a part that was drawn again says to who can't see it. */
const said = document.createElement("p");
said.className = "sr-only";
said.setAttribute("role", "status");
document.body.append(said);
for (const kind of ["change", "search"]) {
  document.addEventListener(kind, (event) => {
    const form = within(event, "form[data-redraw]");
    if (form) redrawBy(form);
  });
}
// A field with `data-redraw-typing` is answered while it is typed into, also what was typed before this script was there.
document.addEventListener("input", (event) => {
  const field = within(event, "[data-redraw-typing]");
  if (field) redrawBy(field.form);
});
for (const field of document.querySelectorAll("[data-redraw-typing]")) {
  if (field.value !== field.defaultValue) redrawBy(field.form);
}

// --- The time zone of a new account is the browser's.
for (const field of document.querySelectorAll("[data-time-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

// --- Forms that are sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-redraw]:not([data-redraw-from])")) {
    event.preventDefault();
    return void redrawBy(form);
  }
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-disabled", "true");
    if (button.dataset.sending) button.textContent = button.dataset.sending;
  }
});
// A page that comes back from memory may be sent again, and what it shows of a wallet is old.
addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("[data-sent], [data-islands]")) location.reload();
});

// --- The clipboard.
document.addEventListener("click", async (event) => {
  const button = within(event, "[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Browsers give it to pages over HTTPS alone, and a person may refuse it: the text can be selected.
    return;
  }
  if (button.dataset.copied) button.textContent = button.dataset.copied;
});

// --- Menus close by Escape and by a click beside them.
document.addEventListener("click", (event) => {
  const own = within(event, "details[data-menu]");
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== own) menu.open = false;
});

// --- Place and focus, which the next page takes over where a link or form says so.
const SCROLL = "scrip-scroll";
const FOCUS = "scrip-focus";
const keepScroll = () => sessionStorage.setItem(SCROLL, String(scrollY));
document.addEventListener("click", (event) => {
  const link = within(event, "a[data-keep-scroll]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  keepScroll();
  if (link.dataset.focus) sessionStorage.setItem(FOCUS, link.dataset.focus);
});
const take = (note) => {
  const value = sessionStorage.getItem(note);
  sessionStorage.removeItem(note);
  return value;
};
const scroll = take(SCROLL);
if (scroll !== null && !location.hash) scrollTo({ top: Number(scroll), behavior: "instant" });
const focus = take(FOCUS);
if (focus) document.querySelector(focus)?.focus({ preventScroll: true });

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
    return;
  }
  // A panel beside a list is closed, and what opened it has the focus again.
  const panel = document.querySelector("[data-panel]");
  const close = panel?.querySelector("[data-close]");
  if (!close) return;
  keepScroll();
  sessionStorage.setItem(FOCUS, panel.dataset.panel);
  close.click();
});

// Where such a panel covers the list, as on a phone, the keyboard does not go under it, and what is below does not scroll.
const cover = () => {
  const panel = document.querySelector("[data-panel]");
  const covers = panel !== null && getComputedStyle(panel).position === "fixed";
  root.style.overflow = covers ? "hidden" : "";
  if (!panel) return;
  for (let part = panel; part !== document.body; part = part.parentElement) {
    for (const other of part.parentElement.children) {
      if (other !== part && !other.matches("header, [role=status]")) other.inert = covers;
    }
  }
};
cover();
addEventListener("resize", cover);

// --- A part that changes at the server: `data-follow` names where it is asked for, until a part comes without it.
let isAsking = false;
let timer = 0;
const follow = async () => {
  const part = document.querySelector("[data-follow]");
  if (!part || isAsking) return;
  isAsking = true;
  clearTimeout(timer);
  const request = part.dataset.followBy === "POST" ? { method: "POST", body: new URLSearchParams() } : {};
  try {
    await redraw(`#${part.id}`, part.dataset.follow, request);
  } catch {
    // No answer: asked again soon.
  }
  isAsking = false;
  followLater();
};
const followLater = () => {
  const part = document.querySelector("[data-follow]");
  if (part) timer = setTimeout(follow, Number(part.dataset.followEvery));
};
followLater();
// Where the wallet has changed, the part may have, too.
addEventListener("scrip:balance", follow);

// --- Islands: what the browser draws and keeps up to date by itself, by the server's own code.
/** Tells the server's log once what went wrong in this page's own scripts. */
let isReported = false;
const report = (wrong) => {
  if (isReported) return;
  isReported = true;
  const told = { page: location.pathname, message: String(wrong?.stack ?? wrong?.message ?? wrong).slice(0, 500) };
  navigator.sendBeacon("/browser-errors", new URLSearchParams(told));
};
const isOurs = (text) => text?.includes(new URL(".", import.meta.url).href);
addEventListener("error", (event) => isOurs(event.filename) && report(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => isOurs(event.reason?.stack) && report(event.reason));

// A page of one version can meet scripts of another, while a server is being updated: then it is loaded again, once a minute
// at most, and says so.
const UPDATED = "scrip-updated";
const loadAgain = () => {
  // The answer to a form is shown once, and what is being typed is nowhere else.
  const isTyped = [...document.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
  if (root.dataset.page || isTyped) return false;
  if (Date.now() - Number(sessionStorage.getItem(UPDATED) ?? 0) < 60_000) return false;
  sessionStorage.setItem(UPDATED, String(Date.now()));
  location.reload();
  return true;
};
const sayUpdated = (words) => {
  const at = take(UPDATED);
  if (at === null || !words) return;
  const note = document.createElement("p");
  note.className = "note-updated";
  note.setAttribute("role", "status");
  document.body.append(note);
  note.textContent = words;
  setTimeout(() => note.remove(), 10_000);
};
const startIslands = async () => {
  const islands = [...document.querySelectorAll("leptos-island")];
  const frame = document.querySelector("[data-islands]");
  // What the frame knows is of use to other islands alone.
  if (frame && islands.some((island) => !island.dataset.component.startsWith("PageData_"))) {
    const { islands: group, updated } = frame.dataset;
    try {
      const module = await import(`./${group}.js${version}`);
      const missing = islands.filter((island) => !(island.dataset.component in module));
      if (missing.length && loadAgain()) return;
      await module.default({ module_or_path: new URL(`./${group}.wasm${version}`, import.meta.url) });
      module.hydrate();
      for (const island of islands) {
        // Each belongs to the page, not to the one before it.
        module.at_root();
        island.parentElement.closest("leptos-children")?.$$on_hydrate?.();
        module[island.dataset.component]?.(island);
      }
      if (missing.length) report(`${group}.js has no ${missing.map((island) => island.dataset.component).join(", ")}`);
      else sayUpdated(updated);
    } catch (error) {
      // The page works without them.
      report(error);
    }
  }
  root.dataset.alive = "yes";
};
if ("requestIdleCallback" in window) requestIdleCallback(startIslands, { timeout: 2000 });
else startIslands();
