import { ChevronDown } from "lucide-react";
import { type ReactNode, useId } from "react";
import { cn } from "../cn";
import { later } from "../later";
import { useOpener } from "../use-opener";

export interface SelectOption<V extends string> {
  value: V;
  label: ReactNode;
  disabled?: boolean;
}

export interface SelectProps<V extends string> {
  value: V | undefined;
  onChange: (value: V) => void;
  options: readonly SelectOption<V>[];
  placeholder?: string;
  size?: "sm" | "md" | "lg";
  disabled?: boolean;
  className?: string;
  id?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

const HEIGHTS = { sm: "h-8 text-sm", md: "h-9 text-md", lg: "h-12 text-base" } as const;

const list = later(() => import("./select-list"));

/** One of several; a value must not be the empty text. */
export function Select<V extends string>(props: SelectProps<V>) {
  const { value, onChange, options, placeholder, size = "md", className, ...rest } = props;
  const { opened, opener } = useOpener(list, "listbox");
  const listId = useId();
  const trigger = {
    ...rest,
    className: cn(
      "inline-flex w-full items-center justify-between gap-2 rounded-control border border-control-line",
      "bg-raised px-3 text-start text-ink hover:border-ink-faint data-placeholder:text-ink-faint disabled:opacity-55",
      HEIGHTS[size],
      className,
    ),
  };
  if (opened) {
    return (
      <opened.SelectList
        value={value ?? ""}
        onChange={(next) => onChange(next as V)}
        options={options}
        placeholder={placeholder}
        trigger={trigger}
      />
    );
  }
  const chosen = options.find((option) => option.value === value);
  return (
    <button
      type="button"
      role="combobox"
      aria-controls={listId}
      data-placeholder={chosen ? undefined : ""}
      {...trigger}
      {...opener}
      aria-expanded={false}
    >
      <span>{chosen?.label ?? placeholder}</span>
      <SelectArrow />
    </button>
  );
}

export function SelectArrow() {
  return <ChevronDown aria-hidden className="size-4 text-ink-faint" strokeWidth={1.75} />;
}
