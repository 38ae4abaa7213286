import { Line, PASSWORD, balance, charge, expect, newKey, newcomer, signIn, test } from './scrip';

test('every open browser sees a charge within a second, without a reload', async ({ page, request, another }) => {
  const email = await newcomer(page, request);
  const key = await newKey(page);
  await page.goto('/wallet/history');
  const other = await another();
  await signIn(other, email, PASSWORD);
  await expect(other).toHaveURL(/\/wallet/);
  for (const one of [page, other]) await expect(one.getByText('Live', { exact: true }).first()).toBeVisible();

  await charge(request, key, 'gpt-5', 'live');
  await Promise.all([
    expect(balance(page)).toHaveText('48', { timeout: 1_000 }),
    expect(balance(other)).toHaveText('48', { timeout: 1_000 }),
  ]);
  await expect(other.getByRole('row', { name: /gpt-5/ })).toHaveCount(1);
});

test('after a cut nothing is missed and nothing doubled', async ({ page, request }) => {
  await newcomer(page, request);
  const key = await newKey(page);
  const line = new Line();
  // Cookies know hosts, not ports: the person stays signed in.
  await page.goto(`${await line.open()}/wallet`);
  await expect(page.getByText('Live', { exact: true }).first()).toBeVisible();
  await charge(request, key, 'gpt-5-nano', 'before');
  await expect(balance(page)).toHaveText('49');
  line.cut();
  await expect(page.getByText(/Reconnecting/).first()).toBeVisible();
  for (const turn of ['a', 'b', 'c']) expect((await charge(request, key, 'gpt-5', turn)).status()).toBe(201);
  await expect(balance(page)).toHaveText('49');
  line.mend();
  await expect(balance(page)).toHaveText('43', { timeout: 30_000 });
  const rows = page.getByRole('table', { name: /Latest entries/ });
  await expect(rows.getByRole('row', { name: /gpt-5-nano/ })).toHaveCount(1);
  await expect(rows.getByRole('row', { name: /GPT-5 gpt-5(?!-)/ })).toHaveCount(3);
  line.close();
});

test('a page whose session ended says so, and leads back to itself', async ({ page, request }) => {
  const email = await newcomer(page, request);
  await page.goto('/wallet/history');
  await expect(page.getByText('Live', { exact: true }).first()).toBeVisible();
  await page.context().clearCookies();
  // The stream is opened again from its place, as after a lost network.
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  const way = page.getByRole('link', { name: 'Sign in again' }).first();
  await expect(way).toBeVisible();
  await way.click();
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/wallet\/history/);
  await expect(page.getByText('Live', { exact: true }).first()).toBeVisible();
});
