// A site that sells the monthly-credits catalog, with an owner whose wallet is new; what specs of it share.
import type { Page } from '@playwright/test';
import { buyer } from './pay';
import { bearer } from './scrip';
import { Site, expect, test as base } from './site';

/** The forms that a spec has refused on purpose. */
const REFUSED = [/^\/wallet\/top-up$/, /^\/wallet\/top-up\/code$/, /^\/wallet\/payment\/auto-top-up$/, /^\/wallet\/plan\/add-ons$/];

export type Balance = {
  available: number;
  auto_top_up: { state: string; reason: string | null };
  add_ons: { code: string; state: string; active: boolean }[];
};

/** What a program reads of the wallet. */
export async function balanceOf(page: Page, key: string): Promise<Balance> {
  return (await page.request.get('/api/v2/balance', { headers: bearer(key) })).json();
}

/** Spends all but so many credits. */
export async function spendTo(page: Page, key: string, left: number) {
  const { available } = await balanceOf(page, key);
  const data = { operation: 'message', count: available - left };
  const charged = await page.request.post('/api/v2/charges', { headers: bearer(key, `to-${left}-${Date.now()}`), data });
  expect(charged.status()).toBe(201);
}

export const test = base.extend<{ owner: { page: Page; email: string } }, { shop: Site }>({
  shop: [
    async ({}, use) => {
      const site = await Site.open('monthly-credits');
      await use(site);
      await site.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  owner: async ({ shop, browser }, use) => {
    const complaints: string[] = [];
    const page = await shop.page(browser, complaints, REFUSED);
    const email = await buyer(page, page.request);
    await use({ page, email });
    expect(complaints).toEqual([]);
    await page.context().close();
  },
});
export { expect };
