// The whole way of an admin, by what can be seen and pressed: on a server of its own, where nobody else has a draft.
import { admin } from './scrip';
import { Site, expect, test } from './site';

test('a draft is started, edited, published, and the log tells all of it', async ({ browser, complaints }) => {
  const site = await Site.open();
  try {
    const page = await site.page(browser, complaints);
    await admin(page);
    await page.getByRole('link', { name: 'Admin pages' }).first().click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Price book 1');
    await page.getByRole('button', { name: 'Create draft' }).click();
    await expect(page).toHaveURL(/\/admin\/tariffs\/2$/);
    await expect(page.getByRole('button', { name: 'Create draft' })).toHaveCount(0);
    const price = page.getByLabel('Draft price of GPT-5.2 Pro', { exact: true });
    await price.fill('32');
    await price.press('Enter');
    await expect(page.getByTestId('last-edit')).toContainText('GPT-5.2 Pro 39 → 32');
    await page.getByRole('link', { name: 'Publish…' }).click();
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Publish now' }).click();
    await expect(page).toHaveURL(/\/admin\/tariffs$/);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Price book 2');
    await expect(page.getByText('In force').first()).toBeVisible();

    // Who, when, what, before, after.
    await page.getByRole('link', { name: 'Audit log' }).click();
    const rows = page.getByRole('table', { name: 'Audit log' }).getByRole('row');
    const changed = rows.filter({ hasText: 'Changed a price' });
    await expect(changed).toHaveCount(1);
    const cells = changed.getByRole('cell');
    const when = await cells.nth(0).getByRole('time').getAttribute('datetime');
    expect(Math.abs(Date.now() - Date.parse(when ?? ''))).toBeLessThan(10 * 60_000);
    await expect(cells.nth(1)).toHaveText('Ada Admin');
    await expect(cells.nth(2)).toContainText('price book 2');
    for (const [cell, credits] of [[3, 39], [4, 32]]) {
      await expect(cells.nth(cell)).toContainText('operation gpt-5.2-pro');
      await expect(cells.nth(cell)).toContainText(`rule.credits ${credits}`);
    }
    for (const act of ['Created a draft', 'Published a price book']) {
      const row = rows.filter({ hasText: act });
      await expect(row).toHaveCount(1);
      await expect(row.getByRole('cell').nth(1)).toHaveText('Ada Admin');
    }
    await page.goto('/pricing?q=gpt-5.2-pro');
    await expect(page.getByRole('row', { name: /gpt-5\.2-pro/ }).getByRole('cell', { name: '32', exact: true })).toBeVisible();
  } finally {
    await site.close();
  }
});
