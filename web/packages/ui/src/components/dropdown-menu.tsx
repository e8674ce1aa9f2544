import { Check, type LucideIcon } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "../cn";

export interface DropdownMenuProps {
  trigger: ReactNode;
  /** `MenuItem`, `MenuCheckboxItem`, `MenuRadioGroup`, `MenuLabel`, `MenuSeparator`. */
  children: ReactNode;
  align?: ComponentProps<typeof Radix.Content>["align"];
  className?: string;
  /** For menus that are loaded when they are asked for (`useOpener`). */
  startsOpen?: boolean;
}

export function DropdownMenu(props: DropdownMenuProps) {
  const { trigger, children, align = "end", className, startsOpen = false } = props;
  return (
    // Not modal: the page stays as it is, without a scroll bar that comes and goes.
    <Radix.Root modal={false} defaultOpen={startsOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className={cn(
            "z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 animate-rise overflow-y-auto rounded-card border border-line bg-raised p-1 shadow-float",
            className,
          )}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const ITEM =
  "relative flex min-h-9 cursor-default select-none items-center gap-2.5 rounded-sm px-2.5 py-1.5 text-md outline-none data-disabled:opacity-50 data-highlighted:bg-hover";

export interface MenuItemProps {
  icon?: LucideIcon;
  children: ReactNode;
  /** Stands at the end, such as the key that does the same. */
  aside?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect?: (event: Event) => void;
  /** Makes the one child the item, such as a link. */
  asChild?: boolean;
}

export function MenuItem(props: MenuItemProps) {
  const { icon: Icon, children, aside, danger, disabled, onSelect, asChild } = props;
  const common = {
    className: cn(ITEM, danger && "text-danger data-highlighted:bg-danger-soft"),
    ...(disabled ? { disabled } : {}),
    ...(onSelect ? { onSelect } : {}),
  };
  if (asChild) {
    return (
      <Radix.Item asChild {...common}>
        {children}
      </Radix.Item>
    );
  }
  return (
    <Radix.Item {...common}>
      {Icon && <Icon aria-hidden className="size-4 shrink-0 text-ink-faint" strokeWidth={1.75} />}
      <span className="min-w-0 flex-1">{children}</span>
      {aside && <span className="text-ink-faint text-xs">{aside}</span>}
    </Radix.Item>
  );
}

export function MenuCheckboxItem(props: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}) {
  return (
    <Radix.CheckboxItem
      checked={props.checked}
      onCheckedChange={props.onChange}
      onSelect={(event) => event.preventDefault()}
      className={cn(ITEM, "ps-8")}
    >
      <MenuCheck />
      {props.children}
    </Radix.CheckboxItem>
  );
}

export function MenuRadioGroup<V extends string>(props: {
  value: V;
  onChange: (value: V) => void;
  options: readonly { value: V; label: ReactNode }[];
}) {
  return (
    <Radix.RadioGroup value={props.value} onValueChange={(next) => props.onChange(next as V)}>
      {props.options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={cn(ITEM, "ps-8")}>
          <MenuCheck />
          {option.label}
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

function MenuCheck() {
  return (
    <Radix.ItemIndicator className="absolute start-2">
      <Check aria-hidden className="size-4 text-accent-text" strokeWidth={2} />
    </Radix.ItemIndicator>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return (
    <Radix.Label className="px-2.5 pt-2 pb-1 font-medium text-ink-faint text-xs">
      {children}
    </Radix.Label>
  );
}

export function MenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />;
}
