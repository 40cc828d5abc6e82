/** Light and dark: the system's choice until the user makes another one, which is remembered. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const storageKey = 'forelabel-theme';
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');

/** The remembered choice; 'system' where nothing can be remembered (private window, blocked storage). */
export function themeChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

function apply(choice: ThemeChoice): void {
  const dark = choice === 'dark' || (choice === 'system' && systemDark.matches);
  document.documentElement.classList.toggle('wa-dark', dark);
  document.documentElement.classList.toggle('wa-light', !dark);
}

/** Applies a choice at once and remembers it where that is possible. */
export function chooseTheme(choice: ThemeChoice): void {
  apply(choice);
  try {
    if (choice === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, choice);
  } catch {
    // Only the memory is lost: the choice holds for this tab.
  }
}

/** Applies the remembered choice and follows the system while there is none. */
export function startTheme(): void {
  apply(themeChoice());
  systemDark.addEventListener('change', () => apply(themeChoice()));
}
