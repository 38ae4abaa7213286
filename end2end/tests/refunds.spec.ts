// Refunds and disputes, on a server with a refund rule: asked for, approved, refused, withdrawn, credits for a job.
import type { Page } from '@playwright/test';
import { admin, balance, bearer, hasScript, payWith, signIn } from './scrip';
import { Site, expect, test } from './site';

/** Refusals that a spec brings about on purpose. */
const REFUSED = [/\/refunds\//, /\/disputes\//, /\/dispute$/];

/** A server that sells packs with a refund rule, its customer, and one of its staff. */
async function open(browser: Parameters<Site['page']>[0], complaints: string[]) {
  const site = await Site.open('neuraldraft');
  const buyer = await site.page(browser, complaints, REFUSED);
  await signIn(buyer, 'demo@scrip.example', 'scrip-demo-user');
  const staff = await site.page(browser, complaints, REFUSED);
  await admin(staff);
  return { site, buyer, staff };
}

/** Buys a pack of 4,000 credits for $20; gives the order's page. */
async function buy(page: Page): Promise<string> {
  await page.goto('/wallet/top-up?package=bundle-20');
  await page.getByRole('button', { name: 'Pay $20.00' }).click();
  await expect(page.getByRole('heading', { name: 'Test payment' })).toBeVisible();
  await payWith(page, '4242 4242 4242 4242');
  await expect(page.getByText('Paid and added')).toBeVisible();
  return new URL(page.url()).pathname;
}

/** Asks for the money of the order that the page shows. */
async function ask(page: Page) {
  await page.getByRole('link', { name: 'Ask for a refund' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ask for a refund');
  await page.getByRole('radio', { name: 'Bought by mistake' }).check();
  await page.getByRole('button', { name: 'Send request for $20.00' }).click();
  await expect(page.getByTestId('request-state')).toHaveText('In review');
}

/** From the sidebar to the request that waits. */
async function openWaiting(page: Page) {
  await page.goto('/admin/payments');
  await page.getByRole('link', { name: /^Refunds.*1 waiting for a reply/ }).click();
  await page.getByRole('table', { name: /^Refund requests/ }).getByRole('link').click();
  return page.locator('#story');
}

test('money for a pack is asked for, approved and sent back', async ({ browser, complaints }) => {
  test.setTimeout(120_000);
  const { site, buyer, staff } = await open(browser, complaints);
  try {
    const before = await balance(buyer).textContent();
    const order = await buy(buyer);
    await expect(balance(buyer)).toHaveText('4,750');

    // Nothing that was typed is lost.
    await buyer.getByRole('link', { name: 'Ask for a refund' }).click();
    await expect(buyer.getByRole('complementary', { name: 'You get back' })).toContainText('4,750 → 750');
    await buyer.getByLabel('Details').fill('I meant the $100 one.');
    await buyer.getByRole('button', { name: 'Send request for $20.00' }).click();
    await expect(buyer.getByText('Choose a reason.')).toBeVisible();
    await expect(buyer.getByLabel('Details')).toHaveValue('I meant the $100 one.');
    await buyer.getByRole('radio', { name: 'Bought by mistake' }).check();
    await buyer.getByRole('button', { name: 'Send request for $20.00' }).click();
    await expect(buyer.getByTestId('request-state')).toHaveText('In review');
    await expect(buyer.getByText('I meant the $100 one.')).toBeVisible();
    const request = new URL(buyer.url()).pathname;
    await buyer.goto('/wallet/refunds/new');
    await expect(buyer.getByRole('link', { name: /^Refund request R-/ })).toBeVisible();

    const story = await openWaiting(staff);
    await expect(story.getByRole('heading', { level: 2 })).toHaveText('$20.00 to Dana Demo');
    await expect(story.getByTestId('preview')).toContainText('4,750 → 750');
    if (hasScript()) {
      // The preview follows the amount.
      await story.getByLabel('Amount, at most $20.00').fill('5');
      await expect(story.getByTestId('preview')).toContainText('4,750 → 3,750');
      await expect(story.getByRole('button', { name: 'Approve and refund $5.00' })).toBeVisible();
      await story.getByLabel('Amount, at most $20.00').fill('20.00');
    }
    await story.getByRole('button', { name: 'Approve and refund $20.00' }).click();
    await expect(story).toContainText('Write a few words to the customer.');
    await story.getByLabel('Message to the customer').first().fill('Approved. Thank you for trying us.');
    await story.getByRole('button', { name: 'Approve and refund $20.00' }).click();
    await expect(story).toContainText('Approved. The customer has been emailed.');

    await buyer.goto(request);
    await expect(buyer.getByTestId('reply')).toHaveText('Approved. Thank you for trying us.');
    await expect(async () => {
      await buyer.reload();
      await expect(buyer.getByTestId('request-state')).toHaveText('Refunded', { timeout: 1_000 });
    }).toPass();
    await expect(balance(buyer)).toHaveText(before ?? '');
    await buyer.goto(order);
    await expect(buyer.getByText('Already refunded.')).toBeVisible();
    await expect(buyer.getByRole('link', { name: 'Ask for a refund' })).toHaveCount(0);
  } finally {
    await site.close();
  }
});

test('a request is refused with words, and another one is withdrawn', async ({ browser, complaints }) => {
  test.setTimeout(120_000);
  const { site, buyer, staff } = await open(browser, complaints);
  try {
    const order = await buy(buyer);
    await ask(buyer);
    const request = new URL(buyer.url()).pathname;
    const story = await openWaiting(staff);
    await story.getByText('Decline…').click();
    await story.getByLabel('Message to the customer').last().fill('This pack was part of an offer.');
    await story.getByRole('button', { name: 'Decline request' }).click();
    await expect(story).toContainText('Declined. The customer has been emailed.');
    await buyer.goto(request);
    await expect(buyer.getByTestId('request-state')).toHaveText('Declined');
    await expect(buyer.getByTestId('reply')).toHaveText('This pack was part of an offer.');
    await expect(balance(buyer)).toHaveText('4,750');

    await buyer.goto(order);
    await ask(buyer);
    await buyer.getByRole('button', { name: 'Withdraw request' }).click();
    await expect(buyer.getByTestId('request-state')).toHaveText('Withdrawn');
    await expect(buyer.getByRole('button', { name: 'Withdraw request' })).toHaveCount(0);
    await expect(balance(buyer)).toHaveText('4,750');
  } finally {
    await site.close();
  }
});

test('the credits for a job are asked for and come back', async ({ browser, complaints }) => {
  test.setTimeout(120_000);
  const { site, buyer, staff } = await open(browser, complaints);
  try {
    await buyer.goto('/developers/keys');
    await buyer.getByLabel('Name').fill('worker');
    await buyer.locator('#new-key').getByRole('button', { name: 'Create key' }).click();
    const secret = (await buyer.getByTestId('new-key').textContent()) ?? '';
    const charged = await buyer.request.post('/api/v2/charges', { headers: bearer(secret, 'job'), data: { operation: 'page_edit' } });
    expect(charged.status()).toBe(201);
    const { id } = await charged.json();

    await buyer.goto(`/wallet/history/${id}`);
    await expect(balance(buyer)).toHaveText('748');
    await buyer.locator('#receipt').getByRole('link', { name: 'Ask for a refund' }).click();
    await buyer.getByRole('radio', { name: 'Something else' }).check();
    await buyer.getByRole('button', { name: 'Send request for 2 credits' }).click();
    await expect(buyer.getByText('Say in a few words why you want it back.')).toBeVisible();
    await buyer.getByLabel('Details').fill('The page stayed as it was.');
    await buyer.getByRole('button', { name: 'Send request for 2 credits' }).click();
    await expect(buyer.getByTestId('request-state')).toHaveText('In review');
    const request = new URL(buyer.url()).pathname;

    const story = await openWaiting(staff);
    await expect(story.getByTestId('preview')).toContainText('748 → 750');
    await story.getByLabel('Message to the customer').first().fill('Sorry, it is back.');
    await story.getByRole('button', { name: 'Approve and refund 2 credits' }).click();
    await expect(story).toContainText('Approved. The customer has been emailed.');

    await buyer.goto(request);
    await expect(buyer.getByTestId('request-state')).toHaveText('Approved');
    await expect(buyer.getByTestId('refund-figure')).toHaveText('2 credits');
    await expect(balance(buyer)).toHaveText('750');
    await buyer.goto(`/wallet/refunds/new?row=${id}`);
    await expect(buyer.getByRole('status').filter({ hasText: 'Already refunded.' })).toBeVisible();
  } finally {
    await site.close();
  }
});

test('a dispute freezes what is unused, and won it comes back', async ({ browser, complaints }) => {
  test.setTimeout(120_000);
  const { site, buyer, staff } = await open(browser, complaints);
  try {
    const order = await buy(buyer);
    await staff.goto(`${order.replace('/wallet/orders', '/admin/payments')}?period=all`);
    const story = staff.locator('#story');
    await story.getByText('Open a dispute').click();
    await story.getByRole('button', { name: 'Open dispute' }).click();
    await expect(story).toContainText('Say why');
    await story.getByLabel('Reason').fill('The bank wrote on 30 November.');
    await story.getByRole('button', { name: 'Open dispute' }).click();
    await expect(staff.getByText('Dispute opened. What was unused is frozen.')).toBeVisible();
    const list = staff.getByRole('table', { name: 'Open' });
    await expect(list).toContainText('The bank wrote on 30 November.');
    await buyer.goto(order);
    await expect(balance(buyer)).toHaveText('750');
    await expect(buyer.getByText('Your bank is reviewing a dispute about this payment.')).toBeVisible();

    await list.getByText('Record the result').click();
    await list.getByRole('radio', { name: /^Won/ }).check();
    await list.getByRole('button', { name: 'Save result' }).click();
    await expect(list).toContainText('Confirm that the bank has decided.');
    await list.getByRole('radio', { name: /^Won/ }).check();
    await list.getByRole('checkbox').check();
    await list.getByRole('button', { name: 'Save result' }).click();
    await expect(staff.getByText('Recorded as won.', { exact: false })).toBeVisible();
    await expect(staff.getByRole('table', { name: 'Closed' })).toContainText('Won');
    await buyer.goto(order);
    await expect(balance(buyer)).toHaveText('4,750');
  } finally {
    await site.close();
  }
});
