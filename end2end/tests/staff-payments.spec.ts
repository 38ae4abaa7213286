// Payments for staff, on a server of its own: one is found, read and decided; what was reconciled is told.
import { execFileSync } from 'node:child_process';
import { admin, payWith, signIn } from './scrip';
import { Database, Site, expect, setting, test } from './site';

test('a payment in review is found, read and resolved', async ({ browser, complaints }) => {
  test.setTimeout(120_000);
  const site = await Site.open();
  try {
    // A customer pays less than the order: the provider's books say so.
    const buyer = await site.page(browser, complaints);
    await signIn(buyer, 'demo@scrip.example', 'scrip-demo-user');
    await buyer.goto('/wallet/top-up?package=light');
    await buyer.getByRole('button', { name: 'Pay ₽449.00' }).click();
    await expect(buyer.getByRole('heading', { name: 'Test payment' })).toBeVisible();
    const database = await Database.open(site.database);
    await database.run('UPDATE sandbox_checkouts SET minor = minor - 10000');
    database.close();
    await payWith(buyer, '4242 4242 4242 4242');
    await expect(buyer.getByRole('heading', { name: 'Paid, in review' })).toBeVisible();

    const page = await site.page(browser, complaints, [/\/admin\/payments\/.+\/decision$/]);
    await admin(page);
    await page.getByRole('link', { name: 'Admin pages' }).first().click();
    await page.getByRole('link', { name: /^Payments.*1 in review/ }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Payments');
    await page.getByRole('link', { name: 'In review 1', exact: true }).click();
    await page.getByLabel('Search payments').fill('demo@');
    await page.getByRole('button', { name: 'Apply' }).click();
    const row = page.getByRole('table', { name: 'Payments, newest first' }).getByRole('row').filter({ hasText: '₽449.00' });
    await expect(row).toHaveCount(1);
    await row.getByRole('link').click();

    const story = page.locator('#story');
    await expect(story.getByRole('heading', { level: 2 })).toHaveText('₽349.00 of ₽449.00');
    await expect(story).toContainText('₽100.00 less than the order');
    for (const step of ['Order created', 'Sent to Sandbox', 'Sandbox responded', 'Put in review']) await expect(story).toContainText(step);

    await story.getByRole('radio', { name: /^Mark ₽349.00 as refunded/ }).check();
    await story.getByRole('button', { name: 'Resolve payment' }).click();
    await expect(story).toContainText('Confirm that you have checked the payment');
    await story.getByRole('radio', { name: /^Mark ₽349.00 as refunded/ }).check();
    await story.getByLabel('Reason').fill('Refunded by hand, re_1');
    await story.getByRole('checkbox').check();
    await story.getByRole('button', { name: 'Resolve payment' }).click();
    await expect(story).toContainText('Marked as refunded by Ada Admin');
    await expect(story).toContainText('Refunded by hand, re_1');
    await expect(story.getByRole('button', { name: 'Resolve payment' })).toHaveCount(0);

    // The sandbox has given nothing back: the comparison says so.
    const day = new Date().toISOString().slice(0, 10);
    const environment = { ...process.env, DATABASE_URL: site.database };
    expect(() => execFileSync(setting('SCRIP_BIN'), ['payments', 'reconcile', '--from', day, '--to', day], { env: environment, stdio: 'ignore' })).toThrow();
    await page.goto('/admin/payments');
    await expect(page.getByTestId('reconciled')).toContainText('0 match, 1 difference.');
    await page.getByRole('link', { name: 'View report' }).click();
    await expect(page.getByRole('table', { name: 'Differences' })).toContainText('Refunded here, not at the provider');
  } finally {
    await site.close();
  }
});
