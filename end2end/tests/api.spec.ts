import { balance, bearer, charge, expect, newKey, newcomer, test } from './scrip';

test('answers as the NeuralBox document shows, and debits by the tariff', async ({ page, request }) => {
  await newcomer(page, request);
  const key = await newKey(page);
  const held = await (await request.get('/api/v2/balance', { headers: bearer(key) })).json();
  expect(held).toMatchObject({ token_balance: 50, plan: 'starter', plan_expires_at: null });

  const priced = await request.post('/api/v2/models/dall-e-3/calculate-price', {
    headers: bearer(key),
    data: { params: { size: '1792x1024', quality: 'hd' }, count: 1 },
  });
  expect(priced.status()).toBe(200);
  expect(await priced.json()).toMatchObject({ token_cost: 13, min_token_cost: 5, max_token_cost: 13, pricing_type: 'matrix' });

  const first = await charge(request, key, 'gpt-5', 'one');
  expect(first.status()).toBe(201);
  const again = await charge(request, key, 'gpt-5', 'one');
  expect((await again.json()).id).toBe((await first.json()).id);
  const other = await charge(request, key, 'gpt-5.2', 'one');
  expect([other.status(), (await other.json()).error.code]).toEqual([422, 'idempotency_mismatch']);

  const tooMuch = await charge(request, key, 'luma-ray2', 'two');
  expect([tooMuch.status(), (await tooMuch.json()).error.code]).toEqual([402, 'out_of_credits']);
  const ledger = await (await request.get('/api/v2/ledger', { headers: bearer(key) })).json();
  expect(JSON.stringify(ledger)).not.toContain('luma-ray2');

  await page.goto('/wallet/history');
  await expect(balance(page)).toHaveText('48');
  await expect(page.getByRole('row', { name: /gpt-5/ })).toHaveCount(1);
});

test('the receipt says why a call cost what it cost', async ({ page, request }) => {
  await newcomer(page, request);
  const key = await newKey(page);
  await charge(request, key, 'dall-e-3', 'picture', { size: '1792x1024', quality: 'hd' });
  await page.goto('/wallet/history');
  await page.getByRole('row', { name: /dall-e-3/ }).getByRole('link').first().click();
  await expect(page).toHaveURL(/\/wallet\/history\/\d+/);
  await expect(page.getByRole('heading', { name: /Why 13/ })).toBeVisible();
  await expect(page.getByText('Starter', { exact: false }).first()).toBeVisible();
});

test('a revoked key stops working', async ({ page, request }) => {
  await newcomer(page, request);
  const key = await newKey(page, 'short-lived');
  expect((await request.get('/api/v2/balance', { headers: bearer(key) })).status()).toBe(200);
  await page.goto('/developers/keys');
  await page.getByLabel('Revoke short-lived').click();
  await page.getByRole('button', { name: 'Revoke key' }).click();
  await expect(page.getByRole('row', { name: /short-lived/ })).toContainText('Revoked');
  await expect.poll(async () => (await request.get('/api/v2/balance', { headers: bearer(key) })).status()).toBe(401);
});

test('bad input is refused by name, never by a 500', async ({ page, request }) => {
  await newcomer(page, request);
  const key = await newKey(page);
  const json = { ...bearer(key, 'bad'), 'Content-Type': 'application/json' };
  const tries: [string, string, string | undefined, Record<string, string>, number[]][] = [
    ['GET', '/api/v2/balance', undefined, {}, [401]],
    ['GET', '/api/v2/balance', undefined, bearer('nb_live_nonsense'), [401]],
    ['GET', '/api/v2/nothing', undefined, bearer(key), [404]],
    ['GET', '/api/v2/ledger?limit=-1', undefined, bearer(key), [400, 422]],
    ['GET', '/api/v2/ledger?cursor=%00', undefined, bearer(key), [400, 422]],
    ['GET', '/api/v2/charges/chg_nope', undefined, bearer(key), [404]],
    ['POST', '/api/v2/charges', '{', json, [400]],
    ['POST', '/api/v2/charges', '{}', json, [400, 422]],
    ['POST', '/api/v2/charges', '[]', json, [400, 422]],
    ['POST', '/api/v2/charges', '{"operation":"gpt-5","params":{},"count":-1}', json, [400, 422]],
    ['POST', '/api/v2/charges', '{"operation":"gpt-5","params":{},"count":1.5}', json, [400, 422]],
    ['POST', '/api/v2/charges', '{"operation":"gpt-5","params":{},"count":9223372036854775807}', json, [400, 402, 422]],
    ['POST', '/api/v2/charges', '{"operation":"no-such","params":{}}', json, [404, 422]],
    ['POST', '/api/v2/charges', '{"operation":"gpt-5","params":{"x":1}}', json, [400, 422]],
    ['POST', '/api/v2/charges', '{"operation":"gpt-5","surprise":true}', json, [400, 422]],
    ['POST', '/api/v2/charges', '{"operation":"dall-e-3","params":{"size":"1x1"}}', json, [400, 422]],
    ['POST', '/api/v2/charges', '{"operation":"gpt-5"}', { ...bearer(key), 'Content-Type': 'application/json' }, [400]],
    ['POST', '/api/v2/charges', 'operation=gpt-5', { ...bearer(key, 'form'), 'Content-Type': 'application/x-www-form-urlencoded' }, [415]],
    ['POST', '/api/v2/models/dall-e-3/calculate-price', '{"params":{"size":7}}', json, [400, 422]],
  ];
  for (const [method, path, data, headers, allowed] of tries) {
    const answer = await request.fetch(path, { method, data, headers });
    expect(allowed, `${method} ${path} ${data}: ${answer.status()} ${await answer.text()}`).toContain(answer.status());
    const { error } = await answer.json();
    expect(error).toMatchObject({ code: expect.any(String), message: expect.any(String), request_id: expect.any(String) });
  }
});

test('the receipt of a capture shows every line, and what was not taken', async ({ page, request }) => {
  await newcomer(page, request);
  const key = await newKey(page);
  const lines = [{ operation: 'kling-v2.1' }, { operation: 'upscale' }];
  const held = await request.post('/api/v2/holds', { headers: bearer(key, 'hold'), data: { lines } });
  const { id } = await held.json();
  const taken = await request.post(`/api/v2/holds/${id}/capture`, { headers: bearer(key, 'capture'), data: { lines: [40, 1] } });
  const { finished_by: seq } = await taken.json();
  await page.goto(`/wallet/history/${seq}`);
  await expect(page.getByRole('heading', { name: 'Why 41 tokens?' })).toBeVisible();
  const price = page.getByTestId('price');
  await expect(price.getByRole('rowgroup').filter({ hasText: 'kling-v2.1' })).toContainText(/Fixed price, 1 call, price book \d+/);
  await expect(price.getByRole('row', { name: 'Not charged, released −4' })).toBeVisible();
  await expect(price.getByRole('row', { name: 'Charged 41' })).toBeVisible();
  const shown = await (await request.get(`/api/v2/charges/${seq}`, { headers: bearer(key) })).json();
  expect(shown).toMatchObject({ amount: 41, receipt: null, lines: [{ captured: 40 }, { captured: 1 }] });
});
