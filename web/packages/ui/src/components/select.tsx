import { Check, ChevronDown } from "lucide-react";
import { Select as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "../cn";

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
  name?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

const HEIGHTS = { sm: "h-8 text-sm", md: "h-9 text-md", lg: "h-12 text-base" } as const;

/** One of several; a value must not be the empty text. */
export function Select<V extends string>(props: SelectProps<V>) {
  const {
    value,
    onChange,
    options,
    placeholder,
    size = "md",
    disabled,
    className,
    ...rest
  } = props;
  const { name, ...trigger } = rest;
  return (
    <Radix.Root
      value={value ?? ""}
      onValueChange={(next) => onChange(next as V)}
      {...(disabled === undefined ? {} : { disabled })}
      {...(name === undefined ? {} : { name })}
    >
      <Radix.Trigger
        className={cn(
          "inline-flex w-full items-center justify-between gap-2 rounded-control border border-control-line",
          "bg-raised px-3 text-start text-ink hover:border-ink-faint data-placeholder:text-ink-faint disabled:opacity-55",
          HEIGHTS[size],
          className,
        )}
        {...trigger}
      >
        <Radix.Value placeholder={placeholder} />
        <Radix.Icon>
          <ChevronDown aria-hidden className="size-4 text-ink-faint" strokeWidth={1.75} />
        </Radix.Icon>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          className="z-50 max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) animate-rise overflow-hidden rounded-card border border-line bg-raised shadow-float"
        >
          <Radix.Viewport className="p-1">
            {options.map((option) => (
              <Radix.Item
                key={option.value}
                value={option.value}
                {...(option.disabled ? { disabled: true } : {})}
                className="relative flex min-h-9 cursor-default select-none items-center rounded-sm py-1.5 ps-8 pe-3 text-md outline-none data-disabled:opacity-50 data-highlighted:bg-hover"
              >
                <Radix.ItemIndicator className="absolute start-2">
                  <Check aria-hidden className="size-4 text-accent-text" strokeWidth={2} />
                </Radix.ItemIndicator>
                <Radix.ItemText>{option.label}</Radix.ItemText>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
