import { cn, Dialog, Input } from "@slotcast/ui";
import { type KeyboardEvent, useId, useState } from "react";
import type { Desk } from "../desk/desk";
import type { ShortcutActions } from "./actions";
import { Key } from "./help";
import { useTexts } from "./texts";
import { type Suggestion, useSuggestions } from "./use-suggestions";

export interface PaletteProps {
  desk: Desk;
  actions: ShortcutActions;
  onClose: () => void;
}

/** One field from which everything can be reached: commands, pages, customers. */
export default function Palette({ desk, actions, onClose }: PaletteProps) {
  const t = useTexts();
  const id = useId();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const suggestions = useSuggestions(desk, actions, query);
  const current = suggestions[Math.min(chosen, suggestions.length - 1)];
  const idOf = (suggestion: Suggestion) => `${id}-${suggestion.id}`;

  function take(suggestion: Suggestion) {
    onClose();
    suggestion.act();
  }

  function move(index: number) {
    const next = suggestions[index];
    setChosen(index);
    if (next) document.getElementById(idOf(next))?.scrollIntoView({ block: "nearest" });
  }

  function press(event: KeyboardEvent) {
    const last = suggestions.length - 1;
    switch (event.key) {
      case "ArrowDown":
        move(chosen >= last ? 0 : chosen + 1);
        break;
      case "ArrowUp":
        move(chosen <= 0 ? last : chosen - 1);
        break;
      case "Home":
        move(0);
        break;
      case "End":
        move(last);
        break;
      case "Enter":
        if (current && !event.nativeEvent.isComposing) take(current);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <Dialog open onOpenChange={onClose} title={t("shortcuts.palette")}>
      <Input
        role="combobox"
        aria-label={t("shortcuts.palette")}
        aria-expanded
        aria-autocomplete="list"
        aria-controls={`${id}-list`}
        aria-activedescendant={current && idOf(current)}
        autoComplete="off"
        placeholder={t("shortcuts.palettePlaceholder")}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={t("shortcuts.results")}
        className="mt-2 max-h-80 overflow-y-auto"
      >
        {suggestions.map((suggestion) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and takes the keys
          <div
            key={suggestion.id}
            id={idOf(suggestion)}
            role="option"
            tabIndex={-1}
            aria-selected={suggestion === current}
            className={cn(
              "flex min-h-9 cursor-pointer items-center justify-between gap-3 rounded-sm px-2.5 text-md",
              suggestion === current && "bg-accent-soft text-accent-text",
            )}
            onPointerMove={() => setChosen(suggestions.indexOf(suggestion))}
            onClick={() => take(suggestion)}
          >
            <span className="truncate">{suggestion.label}</span>
            <Aside text={suggestion.aside} />
          </div>
        ))}
      </div>
      <p role="status" className={cn("px-2.5 py-3 text-ink-soft text-md", current && "sr-only")}>
        {current
          ? t("shortcuts.found", { count: suggestions.length })
          : t("shortcuts.nothing", { query })}
      </p>
    </Dialog>
  );
}

/** A key is drawn as one; a word stands as it is. */
function Aside({ text }: { text: string }) {
  if (text === "") return null;
  return text.length <= 2 ? (
    <Key>{text}</Key>
  ) : (
    <span className="text-ink-faint text-xs">{text}</span>
  );
}
