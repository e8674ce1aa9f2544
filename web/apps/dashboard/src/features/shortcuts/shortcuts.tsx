import { lazy, Suspense, useEffect, useEffectEvent } from "react";
import { canWriteAppointments, type Desk } from "../desk/desk";
import { carryOut, type ShortcutActions } from "./actions";
import { closeDialogs, openPalette, openShortcutHelp, useOpenDialog } from "./dialogs";
import { focusSearch } from "./focus-search";
import { commandOf } from "./keys";
import { useSingleKeys } from "./single-keys";

const Palette = lazy(() => import("./palette"));
const Help = lazy(() => import("./help"));

export interface ShortcutsProps {
  desk: Desk;
  actions: ShortcutActions;
}

/** Listens for keys, and shows the palette and the help. Mount it once, in the shell. */
export function Shortcuts({ desk, actions }: ShortcutsProps) {
  const open = useOpenDialog();
  const areSingleKeysOn = useSingleKeys();

  const press = useEffectEvent((event: KeyboardEvent) => {
    const command = commandOf(event, areSingleKeysOn);
    if (!command || (command === "create" && !canWriteAppointments(desk.role))) return;
    event.preventDefault();
    if (command === "palette") openPalette();
    else if (command === "help") openShortcutHelp();
    else carryOut(command, withFocus(actions));
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => press(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);

  return (
    <Suspense fallback={null}>
      {open === "palette" && (
        <Palette desk={desk} actions={withFocus(actions)} onClose={closeDialogs} />
      )}
      {open === "help" && <Help onClose={closeDialogs} />}
    </Suspense>
  );
}

/** Who asks for the search by keyboard goes on to type. */
function withFocus(actions: ShortcutActions): ShortcutActions {
  return {
    ...actions,
    search: () => {
      actions.search();
      focusSearch();
    },
  };
}
