import { Popover as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "../cn";

type Side = ComponentProps<typeof Radix.Content>["side"];
type Align = ComponentProps<typeof Radix.Content>["align"];

export interface PopoverProps {
  trigger: ReactNode;
  children: ReactNode;
  /** Read aloud as its name. */
  label: string;
  /** For what is loaded when it is asked for (`useOpener`). */
  startsOpen?: boolean;
  side?: Side;
  align?: Align;
  className?: string;
}

/** More about one thing, beside it. */
export function Popover(props: PopoverProps) {
  const { trigger, children, label, startsOpen = false, side, align = "start", className } = props;
  return (
    <Radix.Root defaultOpen={startsOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          sideOffset={6}
          collisionPadding={8}
          align={align}
          {...(side ? { side } : {})}
          className={cn(
            "z-50 max-w-[calc(100vw-1rem)] animate-rise rounded-card border border-line bg-raised p-4 shadow-float outline-none",
            className,
          )}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
