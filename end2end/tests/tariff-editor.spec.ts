import { admin, draftOfMyOwn, expect, test } from './scrip';

test('a file of prices goes out and comes in, mistakes are named by line and column', async ({ page, refused }) => {
  refused.push(/^\/admin\/tariffs\/\d+\/import$/);
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await page.goto(draft);
  const sheet = await page.request.get(await page.getByRole('link', { name: 'CSV', exact: true }).getAttribute('href') ?? '');
  expect(await sheet.text()).toContain('gpt-5,');

  await page.getByRole('link', { name: 'Import…' }).click();
  const text = page.getByLabel('Or paste the text');
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
  await page.getByRole('button', { name: 'Discard draft' }).click();
  await expect(page).not.toHaveURL(draft);
});

test('a reader of Russian is told the mistakes of a file in Russian', async ({ page, refused }) => {
  refused.push(/^\/admin\/tariffs\/\d+\/import$/, /^\/admin\/margins$/);
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await page.goto(`${draft}/import`);
  await page.getByRole('button', { name: 'Русский' }).click();
  const text = page.getByLabel('Или вставьте текст');
  const mistakes = page.getByTestId('mistakes').getByRole('listitem');
  const send = async (file: string) => {
    await text.fill(file);
    await page.getByRole('button', { name: 'Импортировать' }).click();
  };
  await send('operation,option,price\ngpt-5,,-1\ndall-e-3,1792x1024 × 4k,12\ngpt-99,,5\ngpt-5-nano,,');
  await expect(mistakes).toHaveCount(4);
  await expect(mistakes.nth(0)).toHaveText('строка 2, столбец 8: -1 меньше нуля; нужно число не меньше нуля, не больше шести знаков после запятой: 4 или 0.5');
  await expect(mistakes.nth(1)).toContainText('строка 3, столбец 10: у операции dall-e-3 нет варианта «1792x1024 × 4k»; есть «');
  await expect(mistakes.nth(2)).toContainText('строка 4, столбец 1: в прайс-листе нет операции «gpt-99»; чтобы добавить её');
  await expect(mistakes.nth(3)).toContainText('строка 5, столбец 13: сумма не указана');
  await send('operation,price\ngpt-5');
  await expect(mistakes).toHaveText(['строка 2, столбец 1: в строке 1 ячейка, а нужно 2']);
  await send('[[operation]]\ncode = "a"\nname = "A"\ncategory = "text"\nunit = "call"\nprice = 3');
  await expect(mistakes.first()).toContainText(/^строка 6, столбец 1: unknown field/);
  await page.goto(draft);
  await page.getByRole('button', { name: 'Удалить черновик' }).click();
  await expect(page).not.toHaveURL(draft);

  await page.goto('/admin/margins');
  const costs = page.getByLabel('Или вставьте текст');
  await costs.fill('operation,cost,per,currency\nno-such,1,1,USD\ngpt-5,1,0,USD\n');
  await page.getByRole('button', { name: 'Сохранить' }).click();
  await expect(mistakes).toHaveText([
    'строка 2, столбец 1: в прайс-листе нет операции «no-such»',
    /^строка 3, столбец 9: «0» — не число единиц; нужно целое от 1 до 1\s000\s000\s000$/,
  ]);
  await expect(costs).toHaveValue(/no-such,1,1,USD/);
});

test('an operation of any rule is added, changed, removed, and brought back', async ({ page, refused }) => {
  refused.push(/^\/admin\/tariffs\/\d+\/operations$/);
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await page.goto(draft);
  await page.getByRole('link', { name: 'Add…' }).click();
  await page.getByRole('link', { name: 'Option grid' }).click();
  await page.getByLabel('Code').fill('hologram');
  await page.getByLabel('Name').first().fill('Hologram');
  await page.getByLabel('Unit', { exact: true }).fill('image');
  await page.getByLabel('Category').selectOption('image');
  await page.getByLabel('Required plan').selectOption('pro');
  // The grid follows its options; what was typed stays, also where a row goes.
  const values = page.getByLabel('Values, separated by commas 1');
  await expect(page.getByLabel('1792x1024, hd')).toHaveValue('13');
  await page.getByRole('button', { name: 'Remove row 2' }).click();
  await page.getByLabel('Parameter 1').fill('size');
  await values.fill('s, l');
  await page.getByRole('button', { name: 'Update grid' }).click();
  await expect(page.getByLabel('Name').first()).toHaveValue('Hologram');
  await page.getByLabel('s', { exact: true }).fill('5');
  await page.getByRole('button', { name: 'Add operation' }).click();
  await expect(page.getByTestId('price-grid')).toContainText('Enter a price');
  await expect(page.getByLabel('s', { exact: true })).toHaveValue('5');
  await page.getByLabel('l', { exact: true }).fill('7');
  // The same rule in the notation of price lists, and back.
  await page.getByRole('button', { name: 'TOML' }).click();
  const rule = page.getByLabel('Prices', { exact: true }).last();
  await expect(rule).toHaveValue(/cells = /);
  await rule.fill('axes = [{ param = "size", values = ["s", "l"] }]\ncells = [5]');
  await page.getByRole('button', { name: 'Add operation' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'line' })).toContainText('cells');
  await expect(rule).toHaveValue(/cells = \[5\]/);
  await rule.fill('axes = [{ param = "size", values = ["s", "l"] }]\ncells = [5, 9]');
  await page.getByRole('button', { name: 'Form', exact: true }).click();
  await expect(page.getByLabel('l', { exact: true })).toHaveValue('9');
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
  await page.getByRole('button', { name: 'Discard draft' }).click();
});

test('of two admins on one draft the second hears what the first has set', async ({ page, another, refused }) => {
  refused.push(/^\/admin\/tariffs\/\d+\/prices$/);
  await admin(page);
  const draft = await draftOfMyOwn(page);
  const other = await another();
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
  await page.getByRole('button', { name: 'Discard draft' }).click();
});

test('a rule of rows is built row by row, and Enter saves it', async ({ page, refused }) => {
  refused.push(/^\/admin\/tariffs\/\d+\/operations$/);
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await page.goto(`${draft}/operations?rule=volume`);
  await page.getByLabel('Code').fill('by-volume');
  await page.getByLabel('Name').first().fill('By volume');
  await page.getByLabel('Unit', { exact: true }).fill('call');
  await page.getByRole('button', { name: 'Add row' }).click();
  await expect(page.getByLabel('Up to 1')).toHaveValue('10000');
  await page.getByLabel('Up to 2').fill('20000');
  await page.getByLabel('Price 3').fill('0.5');
  await page.getByLabel('Units per price').fill('many');
  await page.getByLabel('Price 3').press('Enter');
  await expect(page.getByText('Enter a whole number')).toBeVisible();
  await page.getByLabel('Units per price').fill('1000');
  await page.getByLabel('Price 3').press('Enter');
  await expect(page.locator('#op-by-volume')).toContainText('0.5');
  await page.getByRole('button', { name: 'Discard draft' }).click();
});
