import type { JSX } from 'preact';
import { SearchIcon } from './icons.js';

interface Props {
  readonly label: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}

export function SearchField({ label, value, onInput }: Props): JSX.Element {
  return (
    <label class="search">
      <SearchIcon />
      <span class="hidden">{label}</span>
      <input
        type="search"
        value={value}
        placeholder={label}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          onInput(event.currentTarget.value);
        }}
      />
    </label>
  );
}
