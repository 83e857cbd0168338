import type { JSX } from 'preact';
import type { State } from '../model.js';

/** Drawn on 20 × 20 in the colour of the text; meaning is always in words beside them. */
function Icon({ children }: { readonly children: JSX.Element | readonly JSX.Element[] }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function StateIcon({ state }: { readonly state: State }): JSX.Element {
  switch (state) {
    case 'valid':
      return (
        <Icon>
          <circle cx="10" cy="10" r="7.5" />
          <path d="m6.7 10.2 2.3 2.3 4.3-4.7" />
        </Icon>
      );
    case 'ticket':
    case 'failing':
      return (
        <Icon>
          <path d="M10 2.8 18 16.6H2z" />
          <path d="M10 8v4M10 14.2v.2" />
        </Icon>
      );
    case 'unavailable':
      return (
        <Icon>
          <path d="M6.6 2.5h6.8l4.1 4.1v6.8l-4.1 4.1H6.6l-4.1-4.1V6.6z" />
          <path d="m7.3 7.3 5.4 5.4M12.7 7.3l-5.4 5.4" />
        </Icon>
      );
  }
}

export const RefreshingIcon = (): JSX.Element => (
  <Icon>
    <path d="M16.8 8.6A7 7 0 0 0 4.3 6.2M3.2 11.4a7 7 0 0 0 12.5 2.4" />
    <path d="M4 2.8v3.6h3.6M16 17.2v-3.6h-3.6" />
  </Icon>
);

export const SearchIcon = (): JSX.Element => (
  <Icon>
    <circle cx="8.8" cy="8.8" r="5.3" />
    <path d="m12.8 12.8 4 4" />
  </Icon>
);

export const CloseIcon = (): JSX.Element => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);

export const LeftIcon = (): JSX.Element => (
  <Icon>
    <path d="m12.5 4.5-5.5 5.5 5.5 5.5" />
  </Icon>
);

export const RightIcon = (): JSX.Element => (
  <Icon>
    <path d="m7.5 4.5 5.5 5.5-5.5 5.5" />
  </Icon>
);

export const KeyIcon = (): JSX.Element => (
  <Icon>
    <circle cx="6.8" cy="13.2" r="3.6" />
    <path d="m9.4 10.6 7-7M13.4 6.6l2.2 2.2" />
  </Icon>
);

export const CopyIcon = (): JSX.Element => (
  <Icon>
    <path d="M7 7V3.2h9.8V13H13" />
    <path d="M3.2 7H13v9.8H3.2z" />
  </Icon>
);

export const ReloadIcon = (): JSX.Element => (
  <Icon>
    <path d="M5 2.8h6.8L15 6v11.2H5z" />
    <path d="M12.4 10a2.6 2.6 0 1 0-.2 2.6M12.6 8v2.2h-2.2" />
  </Icon>
);

export function ThemeIcon({ theme }: { readonly theme: 'auto' | 'light' | 'dark' }): JSX.Element {
  if (theme === 'dark') {
    return (
      <Icon>
        <path d="M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z" />
      </Icon>
    );
  }
  if (theme === 'light') {
    return (
      <Icon>
        <circle cx="10" cy="10" r="3.6" />
        <path d="M10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.400M4.3 15.700l1.4-1.400M14.3 5.700l1.4-1.4" />
      </Icon>
    );
  }
  return (
    <Icon>
      <circle cx="10" cy="10" r="7" />
      <path class="icon-solid" d="M10 3a7 7 0 0 1 0 14z" />
    </Icon>
  );
}

export const Brand = (): JSX.Element => (
  <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <g>
      <circle cx="16" cy="16" r="4.2" />
      <path d="M16 5.5v6.3M16 20.200v6.300M6.9 10.750l5.5 3.150M19.6 18.100l5.5 3.150M6.9 21.250l5.5-3.150M19.6 13.900l5.5-3.15" />
    </g>
  </svg>
);
