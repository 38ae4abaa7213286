// Prices of every rule, in every currency, by the month and by the year: on a server with such a catalog.
import { fileURLToPath } from 'node:url';
import { Site, expect, test } from './site';

const CATALOG = fileURLToPath(new URL('every-rule.toml', import.meta.url));

/** Of each rule: the model, its fields with what is put in, and what one call then costs. */
const CALLS: [string, [string, string][], string][] = [
  ['message', [], '2'],
  ['minutes', [['seconds', '600']], '5'],
  ['minutes', [['seconds', '30']], '1'],
  ['steps', [['calls', '11']], '32'],
  ['volume', [['calls', '11']], '22'],
  ['picture', [['size', 'large']], '13'],
  ['chat', [['complexity', 'simple'], ['load', 'high']], '1.5'],
  ['social-post', [['media', 'image'], ['languages', '4']], '65'],
  ['pipeline', [['hear.seconds', '120']], '3'],
];

test('the calculator counts by every rule, and the page sells in every currency', async ({ browser, complaints }) => {
  const site = await Site.open(CATALOG);
  try {
    const page = await site.page(browser, complaints);
    for (const [model, fields, price] of CALLS) {
      await page.goto(`/pricing?model=${model}`);
      const call = page.getByRole('complementary', { name: 'Price of one call' });
      for (const [name, value] of fields) {
        const field = call.locator(`[name="p.${name}"]`);
        const isList = (await field.evaluate((element) => element.tagName)) === 'SELECT';
        await (isList ? field.selectOption(value) : field.fill(value));
      }
      await call.getByRole('button', { name: 'Calculate' }).click();
      await expect(call.getByTestId('call-price'), `${model} ${JSON.stringify(fields)}`).toHaveText(price);
    }

    await page.goto('/pricing');
    const standard = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Standard', exact: true }) });
    const small = page.getByRole('row', { name: /Small/ });
    await expect(standard).toContainText('₽900 / month');
    await expect(small).toContainText('₽450');
    await page.getByRole('navigation', { name: 'Currency' }).getByRole('link', { name: 'USD' }).click();
    await expect(standard).toContainText('$10 / month');
    await expect(small).toContainText('$5');
    await page.getByRole('navigation', { name: 'Billing period' }).getByRole('link', { name: 'Yearly' }).click();
    await expect(standard).toContainText('$100 / year');
    await page.getByRole('navigation', { name: 'Currency' }).getByRole('link', { name: 'RUB' }).click();
    await expect(standard).toContainText('₽9,000 / year');
    await page.getByRole('navigation', { name: 'Billing period' }).getByRole('link', { name: 'Monthly' }).click();
    await expect(standard).toContainText('₽900 / month');
  } finally {
    await site.close();
  }
});
