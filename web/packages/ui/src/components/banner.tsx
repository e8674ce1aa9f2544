import { CircleAlert, CircleCheck, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "../cn";

const TONES: Record<string, { icon: LucideIcon; look: string; mark: string }> = {
  info: { icon: Info, look: "bg-accent-soft", mark: "text-accent-text" },
  success: { icon: CircleCheck, look: "bg-confirmed-soft", mark: "text-confirmed" },
  warning: { icon: TriangleAlert, look: "bg-pending-soft", mark: "text-pending" },
  danger: { icon: CircleAlert, look: "bg-danger-soft", mark: "text-danger" },
} as const;

export interface BannerProps {
  tone?: "info" | "success" | "warning" | "danger";
  icon?: LucideIcon;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  /** `alert` is read at once, `status` when it is convenient; neither, when it stood there from the start. */
  role?: "alert" | "status";
  className?: string;
}

/** Something to know before going on. */
export function Banner(props: BannerProps) {
  const { tone = "info", icon, title, children, action, role, className } = props;
  const look = TONES[tone] ?? { icon: Info, look: "", mark: "" };
  const Icon = icon ?? look.icon;
  return (
    <div
      role={role}
      className={cn("flex items-start gap-3 rounded-card px-4 py-3 text-md", look.look, className)}
    >
      <Icon aria-hidden className={cn("mt-0.5 size-5 shrink-0", look.mark)} strokeWidth={1.75} />
      <div className="min-w-0 flex-1">
        {title && <p className="font-medium">{title}</p>}
        {children && <div className={cn(title ? "text-ink-soft" : "text-ink")}>{children}</div>}
      </div>
      {action && <div className="shrink-0">{action}</div>}
    </div>
  );
}
