// Pages are made on all threads of the server at once, and pass from one to another: none may notice.
import { expect, test } from './scrip';

const REQUESTS = 1_500;
const AT_ONCE = 32;

test('a page that many ask for at once is made for all of them', async ({ request }) => {
  let left = REQUESTS;
  const told = new Map<number, number>();
  const ask = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await request.get('/not-found');
      const status = (await answer.text()).includes('<title>') ? answer.status() : 0;
      told.set(status, (told.get(status) ?? 0) + 1);
      await answer.dispose();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  expect(Object.fromEntries(told)).toEqual({ 200: REQUESTS });
});
