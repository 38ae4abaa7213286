import { balance, charge, expect, newKey, newcomer, secondBrowser, test } from './scrip';

test('every open browser sees a charge within a second, without a reload', async ({ page, request, browser, complaints }) => {
  const email = await newcomer(page, request);
  const key = await newKey(page);
  await page.goto('/wallet/history');
  const other = await secondBrowser(browser, email, complaints);
  await other.page.goto('/wallet');
  for (const one of [page, other.page]) await expect(one.getByText('Live', { exact: true }).first()).toBeVisible();

  await charge(request, key, 'gpt-5', 'live');
  await Promise.all([
    expect(balance(page)).toHaveText('48', { timeout: 1_000 }),
    expect(balance(other.page)).toHaveText('48', { timeout: 1_000 }),
  ]);
  await expect(other.page.getByRole('row', { name: /gpt-5/ })).toHaveCount(1);
  await other.context.close();
});

test('after a cut nothing is missed and nothing doubled', async ({ page, request, context }) => {
  await newcomer(page, request);
  const key = await newKey(page);
  await page.goto('/wallet');
  await expect(page.getByText('Live', { exact: true }).first()).toBeVisible();
  await charge(request, key, 'gpt-5-nano', 'before');
  await expect(balance(page)).toHaveText('49');
  await context.setOffline(true);
  await expect(page.getByText(/Offline/).first()).toBeVisible();
  for (const turn of ['a', 'b', 'c']) expect((await charge(request, key, 'gpt-5', turn)).status()).toBe(201);
  await expect(balance(page)).toHaveText('49');
  await context.setOffline(false);
  await expect(balance(page)).toHaveText('43', { timeout: 20_000 });
  await expect(page.getByRole('row', { name: /gpt-5-nano/ })).toHaveCount(1);
  await expect(page.getByRole('row', { name: /GPT-5 gpt-5\b(?!-nano)/ })).toHaveCount(3);
});
