import { Tooltip as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";

export interface TooltipProps {
  content: ReactNode;
  /** One thing that can have focus. */
  children: ReactNode;
  side?: ComponentProps<typeof Radix.Content>["side"];
}

/** A few words on hover and focus; never the only place where something is said. */
export function Tooltip({ content, children, side = "bottom" }: TooltipProps) {
  return (
    <Radix.Provider delayDuration={400}>
      <Radix.Root>
        <Radix.Trigger asChild>{children}</Radix.Trigger>
        <Radix.Portal>
          <Radix.Content
            side={side}
            sideOffset={6}
            collisionPadding={8}
            className="z-50 max-w-72 animate-fade rounded-control bg-ink px-2.5 py-1.5 text-ground text-sm"
          >
            {content}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  );
}
