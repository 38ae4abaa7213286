import { admin, charge, expect, hasScript, newKey, newcomer, test } from './scrip';

// One rise may be announced at a time on the one server under test: the project without script reads the page only.
test('a rise is announced everywhere with the reader’s own figures', async ({ page, request, another }) => {
  const operation = 'claude-sonnet-4.5';
  const email = await newcomer(page, request);
  const key = await newKey(page);
  await page.goto('/changelog');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Price changes');
  if (!hasScript()) return;

  const charged = await charge(request, key, operation, 'before-the-rise');
  expect(charged.status()).toBe(201);
  const cost = (await charged.json()).amount;
  const staff = await another();
  await admin(staff);
  // The editor has its own spec. Here its forms are posted at once, so that no draft of ours stands open for others.
  const day = new Date(Date.now() + 32 * 24 * 3_600_000).toISOString().slice(0, 10);
  const post = (path: string, form: Record<string, string>) => staff.request.post(path, { form, maxRedirects: 0 });
  const draft = (await post('/admin/tariffs', { copy: 'yes' })).headers().location;
  expect((await post(`${draft}/prices`, { operation, revision: '1', 'price.0': String(cost + 3) })).status()).toBe(303);
  expect((await post(`${draft}/rehearse`, { revision: '2' })).status()).toBe(303);
  await expect.poll(async () => (await staff.request.get(`${draft}/publish`)).text()).toContain('matches this draft');
  expect((await post(`${draft}/publish`, { revision: '2', effective_at: day, confirm: 'yes' })).status()).toBe(303);

  await page.goto('/changelog');
  const row = page.getByRole('row', { name: new RegExp(operation) });
  await expect(row).toContainText(String(cost + 3));
  await expect(row).toContainText('goes up');
  await page.getByRole('link', { name: /1 price goes up/ }).first().click();
  await expect(page).toHaveURL(/\/changelog\/\d+$/);
  const permalink = page.url();
  for (const [path, item] of [['/changelog.atom', 'entry'], ['/changelog.rss', 'item']]) {
    const xml = await (await request.get(path)).text();
    const found = await page.evaluate(
      ([text, tag]) => {
        const feed = new DOMParser().parseFromString(text, 'application/xml');
        return { errors: feed.getElementsByTagName('parsererror').length, items: feed.getElementsByTagName(tag).length, text: feed.documentElement.textContent };
      },
      [xml, item],
    );
    expect(found.errors, `${path} is XML`).toBe(0);
    expect(found.items).toBeGreaterThan(0);
    expect(found.text).toContain(new URL(permalink).pathname);
  }

  const banner = page.getByTestId('rise-banner');
  await expect(async () => {
    await page.goto('/wallet/history');
    await expect(banner).toContainText('+3 tokens for you', { timeout: 1_000 });
  }).toPass();
  await expect.poll(async () => (await (await request.get('/dev/mail')).text()).split('<section').some((mail) => mail.includes(email) && mail.includes('+3 tokens for you'))).toBe(true);
  await page.getByRole('button', { name: 'Hide' }).click();
  await expect(page).toHaveURL(/\/wallet\/history/);
  await expect(banner).toHaveCount(0);
});

test('an admin uploads what operations cost, and a wrong sheet comes back', async ({ page, refused }) => {
  refused.push(/^\/admin\/margins$/);
  await admin(page);
  await page.goto('/admin/margins');
  const head = 'operation,cost,per,currency,source,review_on';
  const operation = hasScript() ? 'gpt-5-nano' : 'remove-bg';
  const field = page.getByLabel('Or paste the text');
  await field.fill(`${head}\n${operation},1.5,1,RUB,list,\nno-such,1,1,RUB,list,\n`);
  await page.getByRole('button', { name: 'Save costs' }).click();
  await expect(page.getByTestId('mistakes')).toContainText('line 3, column 1');
  await expect(field).toHaveValue(new RegExp('no-such,1,1,RUB'));
  await page.getByLabel('CSV file').setInputFiles({ name: 'costs.csv', mimeType: 'text/csv', buffer: Buffer.from(`${head}\n${operation},1.5,1,RUB,list,\n`) });
  await page.getByRole('button', { name: 'Save costs' }).click();
  await expect(page.getByText('1 new cost saved.')).toBeVisible();
  const row = page.getByRole('row', { name: new RegExp(operation) });
  await expect(row).toContainText('%');
  await row.getByRole('link').click();
  await expect(page.getByRole('heading', { name: `Cost history of ${operation}` })).toBeVisible();
});

test('an endpoint is made, tried out, and its log shows what came of it', async ({ page, request, refused }) => {
  refused.push(/^\/developers\/webhooks$/);
  await newcomer(page, request);
  await page.goto('/developers/webhooks');
  await page.getByLabel('URL', { exact: true }).fill('https://127.1/hook');
  await page.getByLabel('Low balance').check();
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await expect(page.getByText('This address is not on the public internet.')).toBeVisible();
  await expect(page.getByLabel('URL', { exact: true })).toHaveValue('https://127.1/hook');
  await expect(page.getByLabel('Low balance')).toBeChecked();
  // Nobody answers there; what comes of it is in the log.
  await page.getByLabel('URL', { exact: true }).fill('https://scrip-webhooks.invalid.example/hook');
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await expect(page.getByTestId('new-secret')).toHaveText(/^whsec_[0-9A-Za-z]{44}$/);
  await page.goto('/developers/webhooks');
  await expect(page.getByTestId('new-secret')).toHaveCount(0);
  await page.getByRole('button', { name: 'Send test message' }).click();
  await expect(page.getByRole('link', { name: 'webhook.test' })).toBeVisible();
  await expect(async () => {
    await page.goto('/developers/webhooks');
    await expect(page.getByRole('row', { name: /webhook\.test/ })).toContainText('1', { timeout: 500 });
    await page.getByRole('link', { name: 'webhook.test' }).click();
    await expect(page.getByText('could not be reached')).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.getByRole('button', { name: 'Send again' }).click();
  await expect(page.getByText('resent', { exact: true })).toBeVisible();
});
