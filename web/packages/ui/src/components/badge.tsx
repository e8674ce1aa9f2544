import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleSlash,
  type LucideIcon,
} from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "../cn";
import { useTexts } from "../texts";

const TONES = {
  neutral: "bg-completed-soft text-completed",
  accent: "bg-accent-soft text-accent-text",
  warning: "bg-pending-soft text-pending",
  success: "bg-confirmed-soft text-confirmed",
  danger: "bg-danger-soft text-danger",
} as const;

export interface BadgeProps extends ComponentProps<"span"> {
  tone?: keyof typeof TONES;
}

export function Badge({ tone = "neutral", className, ...props }: BadgeProps) {
  return (
    <span
      className={cn(
        "inline-flex h-6 items-center gap-1 whitespace-nowrap rounded-full px-2 font-medium text-xs",
        TONES[tone],
        className,
      )}
      {...props}
    />
  );
}

export type AppointmentStatus = "pending" | "confirmed" | "completed" | "cancelled" | "no_show";

/** How each state looks: never by colour alone, so each has a shape of its own. */
export const STATUS_LOOKS: Record<
  AppointmentStatus,
  { icon: LucideIcon; text: string; ground: string }
> = {
  pending: { icon: CircleDashed, text: "text-pending", ground: "bg-pending-soft" },
  confirmed: { icon: CircleCheck, text: "text-confirmed", ground: "bg-confirmed-soft" },
  completed: { icon: CircleDot, text: "text-completed", ground: "bg-completed-soft" },
  cancelled: { icon: CircleSlash, text: "text-cancelled", ground: "bg-cancelled-soft" },
  no_show: { icon: CircleAlert, text: "text-no-show", ground: "bg-no-show-soft" },
};

export interface StatusProps {
  status: AppointmentStatus;
  className?: string;
}

/** The state as a pill with icon and word. */
export function StatusBadge({ status, className }: StatusProps) {
  const t = useTexts();
  const { text, ground } = STATUS_LOOKS[status];
  return (
    <Badge className={cn(ground, text, status === "cancelled" && "line-through", className)}>
      <StatusIcon status={status} hidden />
      {t(`status.${status}`)}
    </Badge>
  );
}

/** The state as an icon; *hidden* from screen readers where the word stands beside it. */
export function StatusIcon({ status, hidden, className }: StatusProps & { hidden?: boolean }) {
  const t = useTexts();
  const { icon: Icon, text } = STATUS_LOOKS[status];
  const name = hidden
    ? { "aria-hidden": true }
    : { role: "img", "aria-label": t(`status.${status}`) };
  return <Icon {...name} className={cn("size-3.5 shrink-0", text, className)} strokeWidth={2} />;
}
