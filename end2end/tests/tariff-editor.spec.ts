import { admin, draftOfMyOwn, expect, hasScript, test } from './scrip';

test('a file of prices goes out and comes in, mistakes are named by line and column', async ({ page }) => {
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await page.goto(draft);
  const sheet = await page.request.get(await page.getByRole('link', { name: 'CSV', exact: true }).getAttribute('href') ?? '');
  expect(await sheet.text()).toContain('gpt-5,');

  await page.getByRole('link', { name: 'Import…' }).click();
  const text = page.getByLabel('Or its text');
  await text.fill('operation,option,price\ngpt-5,,-1\ndall-e-3,1792x1024 × hd,\ngpt-99,,5');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  const mistakes = page.getByTestId('mistakes').getByRole('listitem');
  await expect(mistakes).toHaveCount(3);
  await expect(mistakes.nth(0)).toContainText('line 2, column 8');
  await expect(mistakes.nth(1)).toContainText('line 3, column 25: the price is empty');
  await expect(mistakes.nth(2)).toContainText('line 4, column 1: there is no operation “gpt-99”');
  await expect(text).toHaveValue(/gpt-99,,5/);

  await text.fill('operation,option,price\ngpt-5,,1\ndall-e-3,1792x1024 × hd,12');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  const diff = page.getByTestId('diff');
  await expect(diff).toContainText('2 → 1');
  await expect(diff).toContainText('−50');
  await expect(diff).toContainText('1792x1024 × hd');
  await expect(diff).toContainText('13 → 12');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(diff).toHaveCount(0);
  await page.getByRole('button', { name: 'Discard this draft' }).click();
  await expect(page).not.toHaveURL(draft);
});

test('an operation of any rule is added, changed, removed, and brought back', async ({ page }) => {
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await page.goto(draft);
  await page.getByRole('link', { name: 'Add…' }).click();
  await page.getByRole('link', { name: 'Option grid' }).click();
  const rule = page.getByLabel('Prices', { exact: true });
  await expect(rule).toHaveValue(/cells = /);
  await page.getByLabel('Code').fill('hologram');
  await page.getByLabel('Name').fill('Hologram');
  await page.getByLabel('Unit').fill('image');
  await page.getByLabel('Category').selectOption('image');
  await page.getByLabel('Needs the plan').selectOption('pro');
  await rule.fill('axes = [{ param = "size", values = ["s", "l"] }]\ncells = [5]');
  await page.getByRole('button', { name: 'Add operation' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'line' })).toContainText('cells');
  await expect(rule).toHaveValue(/cells = \[5\]/);
  await expect(page.getByLabel('Name')).toHaveValue('Hologram');
  await rule.fill('axes = [{ param = "size", values = ["s", "l"] }]\ncells = [5, 9]');
  await page.getByRole('button', { name: 'Add operation' }).click();

  const row = page.locator('#op-hologram');
  await expect(row).toContainText('pro and up');
  await expect(row).toContainText('new');
  await page.getByRole('link', { name: 'Edit prices of Hologram' }).click();
  await page.getByLabel('l', { exact: true }).fill('8');
  await page.getByRole('button', { name: 'Save prices' }).click();
  await expect(row).toContainText('5–8');
  await page.goto(`${draft}/operations?code=hologram`);
  await page.getByRole('button', { name: 'Remove from the draft' }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toContainText('5–8');
  await page.getByRole('button', { name: 'Discard this draft' }).click();
});

test('of two admins on one draft the second hears what the first has set', async ({ page, browser }) => {
  await admin(page);
  const draft = await draftOfMyOwn(page);
  const context = await browser.newContext({ locale: 'en-US', javaScriptEnabled: hasScript() });
  const other = await context.newPage();
  await admin(other);
  await page.goto(draft);
  await other.goto(draft);
  const price = (on: typeof page) => on.getByLabel('Draft price of GPT-5', { exact: true });
  await price(other).fill('1');
  await price(other).press('Enter');
  await expect(other.getByTestId('last-edit')).toContainText('GPT-5 2 → 1');

  await price(page).fill('1.5');
  await price(page).press('Enter');
  const conflict = page.getByTestId('conflict');
  await expect(conflict).toContainText('GPT-5 2 → 1');
  await expect(price(page)).toHaveValue('1.5');
  await expect(page.getByText('Saved now: 1.')).toBeVisible();
  await other.goto(draft);
  await expect(price(other)).toHaveValue('1');

  await price(page).press('Enter');
  await expect(conflict).toHaveCount(0);
  await expect(page.getByTestId('last-edit')).toContainText('GPT-5 1 → 1.5');
  await page.getByRole('button', { name: 'Discard this draft' }).click();
  await context.close();
});
