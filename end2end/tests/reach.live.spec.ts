// What a person can see and reach on every page, in both languages, on the narrowest phone, a common one, and a desktop.
import { everyPage } from './every-page';
import { expect, test } from './scrip';

const WIDTHS = [320, 390, 1440];

for (const locale of ['en', 'ru']) {
  test(`nothing is cut or out of reach: ${locale}`, async ({ page, request }) => {
    test.setTimeout(300_000);
    const faults: string[] = [];
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await everyPage(page, request, async (path) => {
      // Signing in and out takes the language with it.
      if ((await page.locator('html').getAttribute('lang')) !== locale) {
        await page.request.post('/settings/locale', { form: { locale, next: '/pricing' } });
        await page.goto(path);
      }
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 844 });
        for (const fault of await page.evaluate(look)) faults.push(`${path} at ${width}: ${fault}`);
      }
    });
    expect(faults).toEqual([]);
  });
}

/** Looks at the page as somebody does who scrolls the window up and down, and tables sideways, and nothing else. */
function look(): string[] {
  const faults: string[] = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth + 1) faults.push(`scrolls sideways: ${root.scrollWidth} px`);
  const name = (element: Element) => {
    const words = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 40);
    return `<${element.tagName.toLowerCase()}${element.id ? ` #${element.id}` : ''}> ${words}`;
  };
  const isShown = (element: Element) => {
    const { width, height } = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && width > 1 && height > 1;
  };
  // A sheet that covers the page is all there is, until it is closed.
  const sheet = [...document.querySelectorAll('[data-panel]')].find((panel) => getComputedStyle(panel).position === 'fixed');
  const page = sheet ?? document.body;
  const isForReaders = (element: Element) => element.closest('.sr-only') !== null;

  // Each control takes a click at its centre.
  for (const control of page.querySelectorAll('a[href], button, summary, select, textarea, input:not([type="hidden"])')) {
    if (!isShown(control) || isForReaders(control)) continue;
    const place = () => control.getClientRects()[0];
    (sheet ?? window).scrollBy({ top: place().top - innerHeight / 2, behavior: 'instant' });
    for (let box = control.parentElement; box; box = box.parentElement) {
      const isTable = ['auto', 'scroll'].includes(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth;
      if (isTable) box.scrollLeft += place().left - box.getBoundingClientRect().left - 40;
    }
    const { left, top, width, height } = place();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    const label = control.closest('label');
    if (!hit || !(control.contains(hit) || hit.contains(control) || label?.contains(hit))) {
      faults.push(`${name(control)} lies under ${hit ? name(hit) : 'nothing'}`);
    }
  }

  // No text ends at the edge of a box that hides what is beyond it.
  const texts = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (!parent || !text.textContent?.trim() || !isShown(parent) || isForReaders(parent)) continue;
    range.selectNodeContents(text);
    const { left, right } = range.getBoundingClientRect();
    for (let box: Element | null = parent; box; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (['auto', 'scroll'].includes(style.overflowX)) break;
      if (!['hidden', 'clip'].includes(style.overflowX) || style.textOverflow === 'ellipsis') continue;
      const edge = box.getBoundingClientRect();
      if (right > edge.right + 1 || left < edge.left - 1) faults.push(`cut: ${name(parent)}`);
    }
  }
  return [...new Set(faults)];
}
