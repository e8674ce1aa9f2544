import { CircleAlert } from "lucide-react";
import { Label, Slot } from "radix-ui";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "../cn";

const CONTROL = [
  "w-full rounded-control border border-control-line bg-raised px-3 text-ink placeholder:text-ink-faint",
  "transition-[border-color] hover:border-ink-faint",
  "focus-visible:border-accent focus-visible:outline-2 focus-visible:-outline-offset-1",
  "aria-invalid:border-danger disabled:opacity-55 read-only:bg-sunken",
].join(" ");

export interface InputProps extends Omit<ComponentProps<"input">, "size"> {
  /** `lg` is 48 px and for thumbs. */
  size?: "md" | "lg";
}

export function Input({ size = "md", className, ...props }: InputProps) {
  return (
    <input
      className={cn(CONTROL, size === "lg" ? "h-12 text-base" : "h-9 text-md", className)}
      {...props}
    />
  );
}

export function Textarea({ className, rows = 3, ...props }: ComponentProps<"textarea">) {
  return <textarea rows={rows} className={cn(CONTROL, "py-2 text-md", className)} {...props} />;
}

export interface FieldProps {
  label: ReactNode;
  /** The one control; it gets the id, and is described by hint and error. */
  children: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  /** Stands behind the label, such as "optional". */
  aside?: ReactNode;
  className?: string;
}

/** A control with its label, hint and error, tied together for screen readers. */
export function Field({ label, children, hint, error, aside, className }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={cn("flex flex-col gap-1.5", className)}>
      <div className="flex items-baseline justify-between gap-2">
        <Label.Root htmlFor={id} className="font-medium text-ink text-sm">
          {label}
        </Label.Root>
        {aside && <span className="text-ink-faint text-xs">{aside}</span>}
      </div>
      <Slot.Root
        id={id}
        aria-describedby={described || undefined}
        aria-invalid={error ? true : undefined}
      >
        {children}
      </Slot.Root>
      {hint && (
        <p id={`${id}-hint`} className="text-ink-faint text-sm">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="flex items-start gap-1.5 text-danger text-sm">
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" strokeWidth={1.75} />
          {error}
        </p>
      )}
    </div>
  );
}
