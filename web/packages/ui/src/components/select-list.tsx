import { Check } from "lucide-react";
import { Select as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { SelectArrow, type SelectProps } from "./select";

export interface SelectListProps extends Pick<SelectProps<string>, "onChange" | "options"> {
  /** Empty for none. */
  value: string;
  placeholder: string | undefined;
  trigger: ComponentProps<typeof Radix.Trigger>;
}

/** What a `Select` becomes once it is used: its list is open from the start. */
export function SelectList({ value, onChange, options, placeholder, trigger }: SelectListProps) {
  return (
    <Radix.Root defaultOpen value={value} onValueChange={onChange}>
      <Radix.Trigger {...trigger}>
        <Radix.Value placeholder={placeholder} />
        <Radix.Icon>
          <SelectArrow />
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
