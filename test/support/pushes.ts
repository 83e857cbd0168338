/** What WeChat pushes, as its simulator makes it. */
export { makePush, messageOf } from '../../src/simulator/platforms/push-maker.js';
