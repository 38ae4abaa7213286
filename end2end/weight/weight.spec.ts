// How much every page has a browser load that has nothing yet, in bytes as they are sent.
import type { Browser, Page, Request } from '@playwright/test';
import { everyPage } from '../tests/every-page';
import { expect, test } from '../tests/scrip';

const KINDS = ['HTML', 'CSS', 'JS', 'WASM', 'fonts', 'all'] as const;
type Weight = Record<(typeof KINDS)[number], number>;

/** The most of each, in KB; an account's pages may load its live wallet, all others no WASM but that of the staff's editors. */
const MOST: Weight = { HTML: 45, CSS: 20, JS: 20, WASM: 250, fonts: 75, all: 400 };
const PUBLIC_MOST = 150;

function kind(path: string): keyof Weight | undefined {
  if (path.endsWith('.css')) return 'CSS';
  if (path.endsWith('.js')) return 'JS';
  if (path.endsWith('.wasm')) return 'WASM';
  if (path.endsWith('.woff2')) return 'fonts';
  return path.startsWith('/live') || path.endsWith('.svg') ? undefined : 'HTML';
}

/** Loads a page in a browser that has nothing yet but the visitor's cookies; says what came. */
async function weigh(browser: Browser, visitor: Page, path: string): Promise<Weight> {
  const { origin } = new URL(visitor.url());
  const context = await browser.newContext({ baseURL: origin, locale: 'en-US', storageState: await visitor.context().storageState() });
  const page = await context.newPage();
  const weight: Weight = { HTML: 0, CSS: 0, JS: 0, WASM: 0, fonts: 0, all: 0 };
  const known: Promise<void>[] = [];
  const count = (request: Request) => {
    const of = kind(new URL(request.url()).pathname);
    if (of) known.push(request.sizes().then(({ responseBodySize }) => void (weight[of] += responseBodySize)));
  };
  page.on('requestfinished', count);
  await page.goto(path);
  await page.locator('html[data-alive]').waitFor();
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await Promise.all(known);
  await context.close();
  weight.all = weight.HTML + weight.CSS + weight.JS + weight.WASM + weight.fonts;
  return weight;
}

test('no page loads more than its budget', async ({ page, request, browser }) => {
  test.setTimeout(600_000);
  const [rows, heavy]: [string[], string[]] = [[], []];
  const known = new Set<string>();
  await everyPage(page, request, async (path) => {
    const name = path.replace(/[0-9a-f-]{36}|(?<=\/)\d+/g, '…').replace(/\?.*/, '');
    if (known.has(name)) return;
    known.add(name);
    const weight = await weigh(browser, page, path);
    rows.push(`${name.padEnd(34)}${KINDS.map((of) => (weight[of] / 1000).toFixed(1).padStart(8)).join('')}`);
    const isPublic = /^\/(pricing|changelog|sign-|forgot|reset|verify)/.test(path);
    expect(Math.min(weight.HTML, weight.CSS, weight.JS, weight.fonts), `${name} came from a cache`).toBeGreaterThan(0);
    for (const of of KINDS) {
      const most = isPublic && of === 'all' ? PUBLIC_MOST : isPublic && of === 'WASM' ? 0 : MOST[of];
      if (weight[of] > most * 1000) heavy.push(`${name}: ${of} has ${weight[of]} bytes, more than ${most} KB`);
    }
  });
  console.log([`${'KB, as sent'.padEnd(34)}${KINDS.map((of) => of.padStart(8)).join('')}`, ...rows].join('\n'));
  expect(heavy).toEqual([]);
});
