/** The page's entry: look first, so that nothing flashes, then the state, then the elements. */
import '../ui/theme.css';
import { registerIcons } from '../ui/icons.ts';
import { startTheme } from './look/theme.ts';
import './forelabel-app.ts';

startTheme();
registerIcons();
