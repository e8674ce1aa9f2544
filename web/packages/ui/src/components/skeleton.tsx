import type { ComponentProps } from "react";
import { cn } from "../cn";
import { useTexts } from "../texts";

/** The grey shape of something that is on its way; give it the size of the real thing. */
export function Skeleton({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      aria-hidden
      className={cn("animate-pulse-soft rounded-control bg-press", className)}
      {...props}
    />
  );
}

/** Holds skeletons; says once that something is loading. */
export function Loading({ className, children, ...props }: ComponentProps<"div">) {
  const t = useTexts();
  return (
    <div role="status" className={className} {...props}>
      <span className="sr-only">{t("loading")}</span>
      {children}
    </div>
  );
}
