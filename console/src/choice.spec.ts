import { ALL, choiceOf, queryOf } from './choice.js';

it.each([
  ['#/apps', ALL],
  ['', ALL],
  ['#/apps?state=troubled', { ...ALL, state: 'troubled' }],
  [
    '#/apps?q=40164+shop&state=failing&tenant=team-a&sort=life',
    { text: '40164 shop', state: 'failing', tenant: 'team-a', sort: 'life' },
  ],
  ['#/apps?state=nonsense&sort=nonsense', ALL],
])('%s', (hash, choice) => {
  expect(choiceOf(hash)).toEqual(choice);
  expect(choiceOf(`#/apps${queryOf(choiceOf(hash))}`)).toEqual(choice);
});
