import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "../cn";

export interface EmptyStateProps {
  icon?: LucideIcon;
  title: ReactNode;
  /** Teaches: why there is nothing, and what to do. */
  children?: ReactNode;
  action?: ReactNode;
  /** Where it stands for a whole page, the title is its heading. */
  heading?: "h1" | "h2";
  className?: string;
}

export function EmptyState(props: EmptyStateProps) {
  const { icon: Icon, title, children, action, heading: Title = "p", className } = props;
  return (
    <div className={cn("flex flex-col items-center px-6 py-10 text-center", className)}>
      {Icon && (
        <span className="mb-3 inline-flex size-11 items-center justify-center rounded-full bg-sunken text-ink-faint">
          <Icon aria-hidden className="size-5" strokeWidth={1.75} />
        </span>
      )}
      <Title className="font-semibold text-base text-ink">{title}</Title>
      {children && <p className="mt-1 max-w-prose text-ink-soft text-md">{children}</p>}
      {action && <div className="mt-4">{action}</div>}
    </div>
  );
}
