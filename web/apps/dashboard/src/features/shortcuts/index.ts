export type { ShortcutActions } from "./actions";
export { openPalette, openShortcutHelp } from "./dialogs";
export { Shortcuts } from "./shortcuts";
