// Add-ons on a site of its own that sells the monthly-credits catalog: on, off, paused for want of credits, resumed.
import type { Page } from '@playwright/test';
import { keepCard } from './pay';
import { PASSWORD, balance, newKey, payWith, signIn } from './scrip';
import { balanceOf, expect, spendTo, test } from './monthly';

const VOICE = 'voice-cloning';

function row(page: Page, code: string) {
  return page.locator(`[data-add-on="${code}"]`);
}

async function stateOf(page: Page, key: string): Promise<string | undefined> {
  return (await balanceOf(page, key)).add_ons.find((addOn) => addOn.code === VOICE)?.state;
}

test('an add-on is turned on, off and kept, and one that is too dear is refused at its row', async ({ owner: { page } }) => {
  await keepCard(page, '4242 4242 4242 4242');
  await page.goto('/wallet/plan');
  const before = Number((await balance(page).innerText()).replace(',', ''));
  const voice = row(page, VOICE);
  await expect(voice.getByTestId('add-on-state')).toHaveText('Off');
  await voice.getByRole('button', { name: 'Turn on Voice cloning' }).click();
  await expect(voice.getByTestId('add-on-state')).toHaveText('On');
  await expect(page.getByTestId('add-ons-total')).toHaveText('300 credits a month now');
  await expect(balance(page)).toHaveText(String(before - 300));

  await voice.getByRole('button', { name: 'Turn off Voice cloning' }).click();
  await expect(voice.getByTestId('add-on-state')).toHaveText(/^Ends /);
  await expect(voice).toContainText('No further charge.');
  await voice.getByRole('button', { name: 'Keep Voice cloning' }).click();
  await expect(voice.getByTestId('add-on-state')).toHaveText('On');

  const key = await newKey(page);
  await spendTo(page, key, 100);
  await page.goto('/wallet/plan');
  const limit = row(page, 'concurrency');
  await limit.getByRole('button', { name: 'Turn on Concurrency limit' }).click();
  await expect(limit.getByRole('alert')).toContainText('200 needed, 100 available. Nothing was charged.');
  await expect(limit.getByTestId('add-on-state')).toHaveText('Off');
  expect(await balanceOf(page, key)).toMatchObject({ available: 100, add_ons: [{ code: VOICE, state: 'on', active: true }] });
});

test('an add-on pauses for want of credits, says so, and resumes when they come', async ({ owner: { page, email }, shop }) => {
  await keepCard(page, '4242 4242 4242 4242');
  await page.goto('/wallet/plan');
  await row(page, VOICE).getByRole('button', { name: 'Turn on Voice cloning' }).click();
  await expect(row(page, VOICE).getByTestId('add-on-state')).toHaveText('On');
  const key = await newKey(page);
  await spendTo(page, key, 0);
  shop.advance('32d');
  await expect.poll(() => stateOf(page, key), { timeout: 20_000 }).toBe('paused');
  await page.context().clearCookies();
  await signIn(page, email, PASSWORD);
  await page.goto('/wallet');
  await expect(page.getByText('Voice cloning is paused.')).toBeVisible();
  await page.getByRole('link', { name: 'View add-ons' }).click();
  await expect(row(page, VOICE).getByTestId('add-on-state')).toHaveText('Paused');
  await expect(row(page, VOICE)).toContainText('300 credits needed');
  await expect(row(page, VOICE).getByRole('button', { name: 'Resume for 300 credits' })).toBeVisible();

  const form = { package: '', amount: '1000', currency: 'USD', method: 'sandbox.card', idempotency_key: 'more' };
  const ordered = await page.request.post('/wallet/top-up', { form, maxRedirects: 0 });
  await page.goto(ordered.headers().location ?? '');
  await payWith(page, '4242 4242 4242 4242');
  await expect.poll(() => stateOf(page, key), { timeout: 20_000 }).toBe('on');
  await page.goto('/wallet/plan');
  await expect(row(page, VOICE).getByTestId('add-on-state')).toHaveText('On');
});
