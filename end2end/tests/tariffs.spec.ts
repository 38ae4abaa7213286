import { admin, bearer, charge, draftOfMyOwn, expect, hasScript, newKey, newcomer, test } from './scrip';

// Both projects change the one price book of the server under test, so they take different models.
test('an admin lowers a price: the list and the next charge follow, the log tells', async ({ page, request, another, refused }) => {
  refused.push(/^\/admin\/tariffs\/\d+\/prices$/);
  const [operation, name, before, after] = hasScript() ? ['gpt-5.2', 'GPT-5.2', 4, 3] : ['inpaint', 'Inpaint', 3, 2];
  await newcomer(page, request);
  const key = await newKey(page);

  const staff = await another();
  await admin(staff);
  const draft = await draftOfMyOwn(staff);
  await staff.goto(draft);
  const price = staff.getByLabel(`Draft price of ${name}`, { exact: true });
  await expect(price).toHaveValue(String(before));
  await price.fill('-1');
  await price.press('Enter');
  await expect(staff.getByLabel(`Draft price of ${name}`, { exact: true })).toHaveValue('-1');
  await staff.goto(draft);
  await price.fill(String(after));
  await price.press('Enter');
  await expect(staff).toHaveURL(/\/admin\/tariffs\/\d+/);
  await staff.goto(draft);
  await expect(price).toHaveValue(String(after));
  await staff.goto(`${draft}/publish`);
  await staff.getByRole('checkbox').check();
  await staff.getByRole('button', { name: 'Publish now' }).click();
  await expect(staff).toHaveURL(/\/admin\/tariffs/);

  await expect(async () => {
    await page.goto(`/pricing?q=${operation}`);
    const row = page.getByRole('row', { name: new RegExp(`${operation}\\b(?!-)`) });
    await expect(row.getByRole('cell', { name: String(after), exact: true })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  const charged = await charge(request, key, operation, 'after-the-drop');
  expect(charged.status()).toBe(201);
  const held = await (await request.get('/api/v2/balance', { headers: bearer(key) })).json();
  expect(held.token_balance).toBe(50 - after);

  await staff.goto('/admin/audit');
  await expect(staff.getByText('Published a price book').first()).toBeVisible();
  await expect(staff.getByText('Changed a price').first()).toBeVisible();
});

test('the tariff editor is not there for others', async ({ page, request, refused }) => {
  refused.push(/^\/admin\/tariffs$/);
  await newcomer(page, request);
  const answer = await page.goto('/admin/tariffs');
  expect(answer?.status()).toBe(404);
});
