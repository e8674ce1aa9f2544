import { cva, type VariantProps } from "class-variance-authority";
import { LoaderCircle, type LucideIcon } from "lucide-react";
import { Slot } from "radix-ui";
import type { ComponentProps, MouseEvent } from "react";
import { cn } from "../cn";

const button = cva(
  [
    "relative inline-flex shrink-0 select-none items-center justify-center gap-2 whitespace-nowrap rounded-control",
    "font-medium transition-[background-color,border-color,color,opacity]",
    "disabled:opacity-55 aria-disabled:opacity-55 [&_svg]:shrink-0",
  ],
  {
    variants: {
      variant: {
        /** The one thing to do here. */
        primary: "bg-accent text-on-accent hover:not-disabled:bg-accent-strong",
        secondary:
          "border border-line-strong bg-raised text-ink hover:not-disabled:bg-[color-mix(in_oklab,var(--ink)_5%,var(--raised))]",
        /** Without a ground, for what should not draw the eye. */
        quiet: "text-ink-soft hover:not-disabled:bg-hover hover:not-disabled:text-ink",
        danger: "bg-danger-solid text-on-danger hover:not-disabled:opacity-90",
        /** Dangerous, but not the first thing to do here. */
        dangerQuiet: "text-danger hover:not-disabled:bg-danger-soft",
      },
      size: {
        sm: "h-8 px-2.5 text-sm",
        md: "h-9 px-3.5 text-md",
        /** For thumbs: 48 px. */
        lg: "h-12 px-5 text-base",
      },
    },
    defaultVariants: { variant: "secondary", size: "md" },
  },
);

export interface ButtonProps extends ComponentProps<"button">, VariantProps<typeof button> {
  /** Gives the look to the one child, such as a link. */
  asChild?: boolean;
  /** Shows that it is being done. It keeps focus and width, and further clicks do nothing. */
  busy?: boolean;
}

export function Button({
  variant,
  size,
  asChild,
  busy = false,
  className,
  children,
  onClick,
  type = "button",
  ...props
}: ButtonProps) {
  const look = cn(button({ variant, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={look} onClick={onClick} {...props}>
        {children}
      </Slot.Root>
    );
  }
  function clicked(event: MouseEvent<HTMLButtonElement>) {
    if (busy) event.preventDefault();
    else onClick?.(event);
  }
  return (
    <button
      type={type}
      className={look}
      onClick={clicked}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      {...props}
    >
      {busy && <LoaderCircle aria-hidden className="-ms-1 size-4 animate-spin" strokeWidth={2} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "asChild"> {
  icon: LucideIcon;
  /** What it does; read aloud, and shown on hover. */
  label: string;
}

const SQUARES = { sm: "size-8", md: "size-9", lg: "size-12" } as const;

/** A button that is only an icon. */
export function IconButton({ icon: Icon, label, className, ...props }: IconButtonProps) {
  const { variant = "quiet", size = "md", ...rest } = props;
  return (
    <Button
      variant={variant}
      size={size}
      aria-label={label}
      title={label}
      className={cn("px-0", SQUARES[size ?? "md"], className)}
      {...rest}
    >
      <Icon aria-hidden className={size === "sm" ? "size-4" : "size-5"} strokeWidth={1.75} />
    </Button>
  );
}
