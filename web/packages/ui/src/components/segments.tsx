import type { KeyboardEvent, ReactNode } from "react";
import { cn } from "../cn";

export interface SegmentsProps<V extends string> {
  label: string;
  value: V;
  onChange: (value: V) => void;
  options: readonly { value: V; label: ReactNode }[];
  className?: string;
}

/** One of a few, all in sight: Day | Week | Month. Arrow keys walk through them. */
export function Segments<V extends string>(props: SegmentsProps<V>) {
  const { label, value, onChange, options, className } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms, and shortcuts leave fields alone
    <div
      role="group"
      aria-label={label}
      onKeyDown={walk}
      className={cn("inline-flex rounded-control bg-sunken p-0.5", className)}
    >
      {options.map((option) => (
        // biome-ignore lint/a11y/useSemanticElements: an input would take the keys of shortcuts
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChange(option.value)}
          className={cn(
            "h-8 rounded-sm px-3 font-medium text-ink-soft text-sm transition-colors hover:text-ink",
            "aria-checked:bg-raised aria-checked:text-ink aria-checked:shadow-[0_1px_2px_var(--shadow-color)]",
          )}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

const STEPS: Readonly<Record<string, 1 | -1>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
};

/** Moves the focus to the one before or after, and around the ends. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.indexOf(event.target as HTMLButtonElement);
  buttons.at((at + step) % buttons.length)?.focus();
}
