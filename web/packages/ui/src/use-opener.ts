import { type KeyboardEvent, useState, useSyncExternalStore } from "react";
import { toast } from "./components/toaster";
import { useErrorText } from "./errors";
import { type Later, prepare } from "./later";

const NOT_LOADED = "not-loaded";

/** What makes a button the stand-in for one that opens something. */
export interface OpenerProps {
  "aria-haspopup": "menu" | "listbox" | "dialog";
  "aria-expanded": false;
  "aria-busy": true | undefined;
  onPointerEnter: () => void;
  onFocus: () => void;
  onClick: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

/**
 * Lets a button stand in for a menu, list or popover whose code is loaded once somebody reaches for it.
 *
 * Until `opened` is there, draw the button with `opener`; from then on draw what `opened` has, open from the start.
 */
export function useOpener<M>(
  code: Later<M>,
  popup: OpenerProps["aria-haspopup"],
): { opened: M | undefined; opener: OpenerProps } {
  const errorText = useErrorText();
  const [isWanted, setWanted] = useState(false);
  const loaded = useSyncExternalStore(code.listen, code.loaded);

  async function open() {
    setWanted(true);
    try {
      await code.load();
      toast.dismiss(NOT_LOADED);
    } catch (error) {
      setWanted(false);
      toast.error(errorText(error), { id: NOT_LOADED });
    }
  }

  return {
    opened: isWanted ? loaded : undefined,
    opener: {
      "aria-haspopup": popup,
      "aria-expanded": false,
      "aria-busy": isWanted || undefined,
      onPointerEnter: () => prepare(code),
      onFocus: () => prepare(code),
      onClick: () => void open(),
      onKeyDown(event) {
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        event.preventDefault();
        void open();
      },
    },
  };
}
