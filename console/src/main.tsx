import { render } from 'preact';
import { Console } from './views/console.js';
import './style/tokens.css';
import './style/base.css';
import './style/layout.css';
import './style/apps.css';
import './style/detail.css';
import './style/lists.css';

const root = document.getElementById('console');
if (root !== null) render(<Console />, root);
