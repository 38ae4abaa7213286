import type { Page } from '@playwright/test';
import { balance, expect, newcomer, orderLight, payWith, test } from './scrip';

/** What is available, as the head of the page says. */
async function available(page: Page): Promise<number> {
  return Number((await balance(page).textContent())?.replace(',', ''));
}

/** Presses a button of the playground, and waits for its answer; gives what is told of it. */
async function press(page: Page, button: ReturnType<Page['getByRole']>, answer: RegExp): Promise<string> {
  await button.click();
  const told = page.getByTestId('last-request');
  await expect(told).toContainText(answer);
  return (await told.textContent()) ?? '';
}

test('a button per kind of request moves the ledger', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await payWith(page, '4242 4242 4242 4242');
  await expect(balance(page)).toHaveText('150');
  await page.goto('/playground');
  const picture = page.locator('section[data-operation="dall-e-3"]');
  await picture.getByRole('combobox').first().selectOption('1792x1024');
  await picture.getByRole('combobox').nth(1).selectOption('hd');
  const told = await press(page, picture.getByRole('button', { name: 'Run', exact: true }), /−13\. 137 tokens left/);
  expect(told).toContain('DALL·E 3');
  await expect(balance(page)).toHaveText('137');

  // Every kind: text, image, video, music, speech, transcription, tool. Other specs change prices meanwhile, so that
  // the answer says what it was.
  const operations = await page.locator('section[data-operation]').evaluateAll((cards) => cards.map((card) => card.getAttribute('data-operation')));
  const kinds = operations.slice(0, -1).filter((operation) => operation !== 'dall-e-3');
  expect(kinds).toHaveLength(6);
  let left = 137;
  for (const operation of kinds) {
    const card = page.locator(`section[data-operation="${operation}"]`).first();
    const words = await press(page, card.getByRole('button', { name: 'Run', exact: true }), new RegExp(`: −\\d+\\. (?!${left} )\\d+ token`));
    const [, cost, rest] = words.match(/−(\d+)\. (\d+) token/) ?? [];
    expect(Number(rest), `${operation}: ${words}`).toBe(left - Number(cost));
    left = Number(rest);
    await expect(balance(page)).toHaveText(String(left));
  }
  await page.goto('/wallet/history?kind=spend');
  await expect(page.locator('tr[data-seq]')).toHaveCount(7);
});

test('what is held is taken when a job succeeds, and given back when it fails', async ({ page, request }) => {
  await newcomer(page, request);
  await page.goto('/playground');
  const card = page.locator('section[data-operation="dall-e-3"]');
  const jobs = page.getByRole('region', { name: 'Running jobs' });
  await press(page, card.getByRole('button', { name: 'Hold first' }), /5 held\. 45 tokens left/);
  await expect(balance(page)).toHaveText('45');
  await press(page, jobs.getByRole('button', { name: 'Mark as failed' }), /released: 0\. 50 tokens left/);
  await expect(balance(page)).toHaveText('50');
  await expect(jobs.getByRole('button')).toHaveCount(0);

  await press(page, card.getByRole('button', { name: 'Hold first' }), /5 held\. 45 tokens left/);
  await press(page, jobs.getByRole('button', { name: 'Mark as succeeded' }), /−5\. 45 tokens left/);
  await expect(balance(page)).toHaveText('45');
  await expect(jobs.getByRole('button')).toHaveCount(0);
  await page.getByTestId('last-request').getByRole('link', { name: 'Why this many?' }).click();
  await expect(page.getByRole('heading', { name: 'Why 5 tokens?' })).toBeVisible();
  await expect(page.locator('#receipt')).toContainText('Held 5');
  await expect(page.locator('#receipt')).toContainText('Charged 5');
});

test('more than there is is refused with 402, and nothing is written', async ({ page, request }) => {
  await newcomer(page, request);
  await page.goto('/playground');
  const card = page.locator('section[data-operation]').filter({ hasText: 'More than your balance' });
  await card.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByTestId('refusal-code')).toHaveText('402 out_of_credits');
  expect(await available(page)).toBe(50);
  await page.goto('/wallet/history');
  await expect(page.locator('tr[data-seq]')).toHaveCount(1);
});
