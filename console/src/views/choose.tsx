import type { JSX } from 'preact';

interface ChooseProps {
  readonly label: string;
  /** What stands for all of them. */
  readonly all: string;
  /** Empty: all. */
  readonly value: string;
  readonly values: readonly string[];
  /** Default: the value itself. */
  readonly wordOf?: (value: string) => string;
  readonly onChoose: (value: string) => void;
}

/** A filter by one of several values. */
export function Choose({
  label,
  all,
  value,
  values,
  wordOf: word = same,
  onChoose,
}: ChooseProps): JSX.Element {
  // What an address names and nothing has any more is still what is chosen.
  const listed = value === '' || values.includes(value) ? values : [value, ...values];
  return (
    <label class="sort">
      <span>{label}</span>
      <select
        value={value}
        onChange={(event) => {
          onChoose(event.currentTarget.value);
        }}
      >
        <option value="">{all}</option>
        {listed.map((each) => (
          <option key={each} value={each}>
            {word(each)}
          </option>
        ))}
      </select>
    </label>
  );
}

const same = (value: string): string => value;
