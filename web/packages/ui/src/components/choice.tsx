import { Check } from "lucide-react";
import { Checkbox as RadixCheckbox, Switch as RadixSwitch } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "../cn";

/** Acts at once, unlike a checkbox in a form. */
export function Switch({ className, ...props }: ComponentProps<typeof RadixSwitch.Root>) {
  return (
    <RadixSwitch.Root
      className={cn(
        "inline-flex h-6 w-10 shrink-0 items-center rounded-full border border-control-line bg-sunken p-0.5",
        "transition-colors data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-55",
        className,
      )}
      {...props}
    >
      <RadixSwitch.Thumb className="size-4.5 rounded-full bg-control-line transition-transform data-[state=checked]:translate-x-4 data-[state=checked]:bg-on-accent rtl:data-[state=checked]:-translate-x-4" />
    </RadixSwitch.Root>
  );
}

export function Checkbox({ className, ...props }: ComponentProps<typeof RadixCheckbox.Root>) {
  return (
    <RadixCheckbox.Root
      className={cn(
        "inline-flex size-5 shrink-0 items-center justify-center rounded-sm border border-control-line bg-raised",
        "text-on-accent data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-55",
        className,
      )}
      {...props}
    >
      <RadixCheckbox.Indicator>
        <Check aria-hidden className="size-4" strokeWidth={2.5} />
      </RadixCheckbox.Indicator>
    </RadixCheckbox.Root>
  );
}
