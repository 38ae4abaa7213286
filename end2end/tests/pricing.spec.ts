import { bearer, expect, newcomer, newKey, test } from './scrip';

test('shows the whole NeuralBox price list in roubles', async ({ page }) => {
  await page.goto('/pricing');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('See the price before anything runs');
  await expect(page.getByText('Price book', { exact: false }).first()).toBeVisible();
  const plans: [string, string][] = [['Starter', '₽0'], ['Basic', '₽890'], ['Pro', '₽1,690'], ['VIP', '₽2,990'], ['Elite', '₽4,990']];
  for (const [name, price] of plans) {
    const plan = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });
    await expect(plan).toContainText(price);
  }
  const packages = page.getByRole('table', { name: 'Bought once, on any plan or none.' });
  await expect(packages.getByRole('row')).toHaveCount(9);
  await expect(packages.getByRole('row', { name: /Light/ })).toContainText('₽449');
  await expect(packages.getByRole('row', { name: /Ultra/ })).toContainText('₽24,990');
  const prices = page.getByRole('table', { name: 'All prices' });
  await expect(prices.getByRole('row')).toHaveCount(51);
  await expect(prices.getByRole('row', { name: /dall-e-3/ })).toContainText('5–13');
  await expect(prices.getByRole('row', { name: /gpt-image-1.5/ })).toContainText('1–21');
  await expect(prices.getByRole('row', { name: /gpt-5.2-pro/ })).toContainText('39');
});

test('filters by category and by words', async ({ page }) => {
  await page.goto('/pricing');
  const prices = page.getByRole('table', { name: 'All prices' });
  await page.getByRole('navigation', { name: 'Category' }).getByRole('link', { name: /Video/ }).click();
  await expect(page).toHaveURL(/cat=video/);
  await expect(prices.getByRole('row')).toHaveCount(9);
  await page.getByRole('navigation', { name: 'Category' }).getByRole('link', { name: /All/ }).click();
  await page.getByRole('searchbox', { name: 'Search models and jobs' }).fill('midjourney');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(prices.getByRole('row')).toHaveCount(5);
  await page.getByRole('searchbox', { name: 'Search models and jobs' }).fill('no such model');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByText('No model called “no such model”.')).toBeVisible();
});

test('counts the price of one call', async ({ page }) => {
  await page.goto('/pricing?model=dall-e-3');
  const call = page.getByRole('complementary', { name: 'Price of one call' });
  await expect(call.getByTestId('call-price')).toHaveText('5');
  await call.getByRole('radio', { name: /1792 × 1024, hd/ }).check({ force: true });
  await call.getByRole('button', { name: 'Calculate' }).click();
  await expect(call.getByTestId('call-price')).toHaveText('13');
  await call.getByLabel('How many').fill('3');
  await call.getByRole('button', { name: 'Calculate' }).click();
  await expect(call.getByTestId('call-price')).toHaveText('39');
  await call.getByLabel('How many').fill('-3');
  await call.getByRole('button', { name: 'Calculate' }).click();
  await expect(call.getByText('Enter a whole number from 1 to 1,000,000.')).toBeVisible();
});

test('several calls are priced together, and charged at the prices that were kept', async ({ page, request }) => {
  const call = page.getByRole('complementary', { name: 'Price of one call' });
  const total = call.getByTestId('quote-total');
  await page.goto('/pricing?model=dall-e-3&cell=1792x1024%2Chd');
  await expect(call.getByTestId('call-price')).toHaveText('13');
  await call.getByRole('link', { name: 'Add to quote' }).click();
  await expect(total).toHaveText('13');
  await call.getByLabel('Model or job').selectOption('remove-bg');
  await call.getByRole('button', { name: 'Calculate' }).click();
  await expect(call.getByText('per run').first()).toBeVisible();
  const one = Number(await call.getByTestId('call-price').textContent());
  for (const sum of [13 + one, 13 + 2 * one]) {
    await call.getByRole('link', { name: 'Add to quote' }).click();
    await expect(total).toHaveText(String(sum));
  }
  await call.getByRole('link', { name: /^Remove / }).last().click();
  await expect(total).toHaveText(String(13 + one));
  // Prices are kept for a wallet: who is not signed in comes back to the same list.
  const lines = new URL(page.url()).search;
  const next = await call.getByRole('link', { name: 'Sign in to lock these prices for 10 minutes' }).getAttribute('href');
  expect(new URL(next ?? '', page.url()).searchParams.get('next')).toContain('line=');

  await newcomer(page, request);
  const key = await newKey(page);
  await page.goto(`/pricing${lines}`);
  await call.getByRole('button', { name: 'Lock these prices for 10 minutes' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Quote');
  await expect(page.getByText('Locked', { exact: true })).toBeVisible();
  await expect(page.getByTestId('quote-total')).toHaveText(String(13 + one));
  const sample = (await page.locator('pre').textContent()) ?? '';
  expect(sample).toContain('/api/v2/holds');
  const body = JSON.parse(sample.slice(sample.indexOf("'{") + 1, sample.lastIndexOf("'")));
  const held = await request.post('/api/v2/holds', { headers: bearer(key, 'kept'), data: body });
  expect(held.status(), await held.text()).toBe(201);
  expect((await held.json()).amount).toBe(13 + one);
  await page.goto('/wallet/history/2');
  await expect(page.getByText('Quoted 13', { exact: true })).toBeVisible();
});

test('speaks Russian when asked, and keeps the theme that was chosen', async ({ page }) => {
  await page.goto('/pricing');
  await page.getByRole('button', { name: 'Русский' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Цена видна до запуска');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ru');
  await expect(page.getByRole('row', { name: /Light/ })).toContainText('449\u00a0₽');
  await page.getByRole('button', { name: 'Тёмная тема' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'scrip-dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'scrip-dark');
});

test('says plainly that a page is not there', async ({ page, refused }) => {
  refused.push(/^\/no\/such\/page$/);
  const answer = await page.goto('/no/such/page');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page not found');
});
