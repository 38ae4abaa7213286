// Receipts, invoices and credit notes: as PDF for good, and an invoice once there is an address.
import type { Page } from '@playwright/test';
import { admin, payWith, signIn } from './scrip';
import { Site, expect, test } from './site';

/** Refusals that a spec brings about on purpose. */
const REFUSED = [/\/invoice$/, /\/settings\/billing$/];

/** Reads a file that a link of the page names, as its person. */
async function pdf(page: Page, path: string): Promise<string> {
  const answer = await page.request.get(path);
  expect(answer.status(), path).toBe(200);
  expect(answer.headers()['content-type']).toBe('application/pdf');
  const body = (await answer.body()).toString('latin1');
  expect(body.slice(0, 5)).toBe('%PDF-');
  return body;
}

/** Buys a pack of 4,000 credits for $20. */
async function buy(page: Page) {
  await page.goto('/wallet/top-up?package=bundle-20');
  await page.getByRole('button', { name: 'Pay $20.00' }).click();
  await expect(page.getByRole('heading', { name: 'Test payment' })).toBeVisible();
  await payWith(page, '4242 4242 4242 4242');
  await expect(page.getByText('Paid and added')).toBeVisible();
}

test('a payment has a receipt, an invoice once there is an address, and a credit note', async ({ browser, complaints }) => {
  test.setTimeout(150_000);
  const site = await Site.open('neuraldraft');
  try {
    const buyer = await site.page(browser, complaints, REFUSED);
    await signIn(buyer, 'demo@scrip.example', 'scrip-demo-user');
    await buyer.goto('/wallet/documents');
    await expect(buyer.getByText('No documents yet')).toBeVisible();
    await buy(buyer);
    const receipt = await buyer.getByRole('link', { name: 'Receipt (PDF)' }).getAttribute('href');
    expect(await pdf(buyer, receipt ?? '')).toContain('RC-00001');

    await buyer.goto('/wallet/orders');
    await buyer.getByRole('link', { name: 'Documents' }).click();
    await expect(buyer.getByRole('heading', { level: 1 })).toHaveText('Documents');
    const table = buyer.getByRole('table', { name: 'Documents' });
    await expect(table.getByRole('link', { name: 'RC-00001' })).toBeVisible();
    await expect(table).toContainText('$20.00');

    // Without an address nothing happens, and the page says what is missing.
    await table.getByRole('button', { name: 'Issue an invoice for RC-00001' }).click();
    await expect(buyer.getByTestId('form-error')).toContainText('have no address and no country');
    await expect(buyer.getByRole('table', { name: 'Documents' }).getByRole('link', { name: /-00001$/ })).toHaveCount(1);
    await buyer.getByRole('link', { name: 'Edit billing details' }).click();
    await buyer.getByLabel('Company or name').fill('ACME Łódź Ltd.');
    await buyer.getByLabel('Address').fill('Main Street 1\nDublin');
    await buyer.getByLabel('Country').fill('Ireland');
    await buyer.getByLabel('Tax ID').fill('<1>');
    await buyer.getByRole('button', { name: 'Save billing details' }).click();
    await expect(buyer.getByText('A tax id has letters, digits')).toBeVisible();
    await expect(buyer.getByLabel('Address')).toHaveValue('Main Street 1\nDublin');
    await buyer.getByLabel('Tax ID').fill('IE1234567A');
    await buyer.getByRole('button', { name: 'Save billing details' }).click();
    await expect(buyer.getByText('Saved. New documents use these details.')).toBeVisible();
    await expect(buyer.getByLabel('Company or name')).toHaveValue('ACME Łódź Ltd.');

    await buyer.getByRole('link', { name: 'Documents' }).click();
    await buyer.getByRole('button', { name: 'Issue an invoice for RC-00001' }).click();
    await expect(buyer.getByText('The invoice is issued.')).toBeVisible();
    const invoice = buyer.getByRole('link', { name: 'INV-00001' });
    expect(await pdf(buyer, (await invoice.getAttribute('href')) ?? '')).toContain('INV-00001');
    await expect(buyer.getByRole('button', { name: /^Issue an invoice/ })).toHaveCount(0);
    const month = buyer.getByRole('region', { name: 'Statements' }).getByRole('link');
    await pdf(buyer, (await month.getAttribute('href')) ?? '');

    // Staff give it back; the credit note follows by itself.
    const staff = await site.page(browser, complaints);
    await admin(staff);
    await staff.goto('/admin/payments');
    await staff.getByRole('table').getByRole('link').first().click();
    const story = staff.locator('#story');
    const document = story.getByRole('link', { name: 'INV-00001' });
    await pdf(staff, (await document.getAttribute('href')) ?? '');
    await buyer.goto('/wallet/orders');
    await buyer.getByRole('table').getByRole('link').first().click();
    await buyer.getByRole('link', { name: 'Ask for a refund' }).click();
    await buyer.getByRole('radio', { name: 'Bought by mistake' }).check();
    await buyer.getByRole('button', { name: 'Send request for $20.00' }).click();
    await expect(buyer.getByTestId('request-state')).toHaveText('In review');
    await staff.goto('/admin/refunds');
    await staff.getByRole('table', { name: /^Refund requests/ }).getByRole('link').click();
    await staff.locator('#story').getByLabel('Message to the customer').first().fill('Approved.');
    await staff.locator('#story').getByRole('button', { name: 'Approve and refund $20.00' }).click();
    await expect(staff.locator('#story')).toContainText('The customer has been emailed.');
    await expect(async () => {
      await buyer.goto('/wallet/documents');
      await expect(buyer.getByRole('link', { name: 'CN-00001' })).toBeVisible({ timeout: 1_000 });
    }).toPass();
    await expect(buyer.getByRole('row', { name: /CN-00001/ })).toContainText('−$20.00');
    await expect(buyer.getByRole('row', { name: /CN-00001/ })).toContainText('INV-00001');

    // What is one's own is nobody else's.
    const href = (await buyer.getByRole('link', { name: 'CN-00001' }).getAttribute('href')) ?? '';
    expect((await staff.request.get(href)).status()).toBe(404);
  } finally {
    await site.close();
  }
});
