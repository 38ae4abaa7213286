import type { Page } from '@playwright/test';
import { admin, draftOfMyOwn } from './scrip';
import { Database, expect, test } from './site';

/** Sets prices of a draft, as the editor's forms do. */
async function setPrices(page: Page, draft: string, prices: Record<string, string>) {
  let revision = 1;
  for (const [operation, price] of Object.entries(prices)) {
    const form = { operation, revision: String(revision), 'price.0': price };
    expect((await page.request.post(`${draft}/prices`, { form, maxRedirects: 0 })).status()).toBe(303);
    revision += 1;
  }
}

/** What the public price list says of an operation. */
function listed(page: Page, operation: string) {
  return page.getByRole('row').filter({ has: page.getByText(operation, { exact: true }) });
}

test('one publication lowers prices at once and raises others after the notice', async ({ site, browser, complaints, refused }) => {
  refused.push(/^\/admin\/tariffs\/\d+\/publish$/);
  const page = await site.page(browser, complaints, refused);
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await setPrices(page, draft, { 'gpt-5': '3', 'gpt-5.2-pro': '32' });
  await page.goto(draft);
  await expect(page.locator('[id="op-gpt-5"]')).toContainText('at the earliest');
  await expect(page.locator('[id="op-gpt-5.2-pro"]')).toContainText('On publish');
  await page.getByRole('link', { name: 'Publish…' }).click();

  // Before: what goes when, and that a rise is rehearsed first.
  await expect(page.getByText('A price rise can be published only after a simulation')).toBeVisible();
  const dialog = page.getByRole('region', { name: /^Publish price book/ });
  await expect(dialog).toContainText('1 price goes down');
  await expect(dialog).toContainText('GPT-5.2 Pro 39 → 32');
  await expect(dialog).toContainText('1 price goes up');
  await expect(dialog).toContainText('GPT-5 2 → 3');
  const twoSteps = dialog.getByLabel('Lower prices at once, higher prices on that day');
  await expect(twoSteps).toBeChecked();
  const day = dialog.getByLabel('Start on');
  const first = await day.inputValue();
  await expect(day).toHaveAttribute('min', first);
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('button', { name: 'Publish and announce' }).click();
  await expect(page.getByText('Run a simulation of this draft first')).toBeVisible();
  await expect(day).toHaveValue(first);
  await expect(twoSteps).toBeChecked();

  await page.getByRole('button', { name: 'Run simulation' }).click();
  await expect(page.getByText('matches this draft')).toBeVisible();
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('button', { name: 'Publish and announce' }).click();

  // After: two versions, one in force and one announced; customers see the same.
  await expect(page).toHaveURL(/\/admin\/tariffs$/);
  const versions = page.getByRole('navigation', { name: 'Versions' });
  await expect(versions.getByRole('link', { name: /^2 .*in force/i })).toBeVisible();
  await expect(versions.getByRole('link', { name: /^3 .*from/i })).toBeVisible();
  await page.goto('/changelog');
  await expect(page.getByRole('link', { name: /1 price goes up/ })).toBeVisible();
  await expect(page.getByRole('link', { name: /1 price goes down/ })).toBeVisible();
  await page.goto('/pricing?q=gpt-5');
  await expect(listed(page, 'gpt-5.2-pro').getByRole('cell', { name: '32', exact: true })).toBeVisible();
  await expect(listed(page, 'gpt-5').getByRole('cell', { name: /^2\b/ })).toBeVisible();

  site.advance('32d');
  await expect(async () => {
    await page.goto('/pricing?q=gpt-5');
    await expect(listed(page, 'gpt-5').getByRole('cell', { name: '3', exact: true })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(listed(page, 'gpt-5.2-pro').getByRole('cell', { name: '32', exact: true })).toBeVisible();
  await page.context().close();
});

test('a rehearsal shows how far it is, and then what it found, without a reload', async ({ site, browser, complaints, refused }) => {
  const page = await site.page(browser, complaints, refused);
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await setPrices(page, draft, { 'claude-opus-4.5': '9' });
  await page.goto(`${draft}/publish`);

  // The demo's ledger is rated in no time: somebody holds the draft's row, so that the result can't be kept yet.
  const somebody = await Database.open(site.database);
  await somebody.run('BEGIN');
  await somebody.run(`SELECT version FROM price_books WHERE version = ${draft.split('/').pop()} FOR NO KEY UPDATE`);
  await page.getByRole('button', { name: 'Run simulation' }).click();
  await expect(page).toHaveURL(/\/publish$/);
  const bar = page.getByRole('progressbar', { name: 'Simulation progress' });
  await expect(bar).toBeVisible();
  await expect(page.getByText('100% done')).toBeVisible();
  await expect(page.getByText('Ada Admin started it')).toBeVisible();
  await expect(page.getByRole('button', { name: /simulation|again/i })).toHaveCount(0);
  // A second one, from another tab, is the same one.
  expect((await page.request.post(`${draft}/rehearse`, { form: { again: 'yes' }, maxRedirects: 0 })).status()).toBe(303);
  await somebody.run('COMMIT');
  somebody.close();

  await expect(page.getByText('matches this draft')).toBeVisible();
  await expect(bar).toHaveCount(0);
  await expect(page.getByText(/charges \d+, customers \d+/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible();

  // An edit makes it stale.
  const form = { operation: 'claude-opus-4.5', revision: '2', 'price.0': '10' };
  expect((await page.request.post(`${draft}/prices`, { form, maxRedirects: 0 })).status()).toBe(303);
  await page.goto(`${draft}/publish`);
  await expect(page.getByText('draft changed since, run again')).toBeVisible();
  await page.context().close();
});
