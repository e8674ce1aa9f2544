import { type ClassValue, clsx } from "clsx";
import { extendTailwindMerge } from "tailwind-merge";

// The type scale and radii are ours: without being told, tailwind-merge takes `text-md` for a colour.
const merge = extendTailwindMerge({
  extend: {
    theme: {
      text: ["xs", "sm", "md", "base", "lg", "xl", "2xl"],
      radius: ["sm", "control", "card"],
      shadow: ["float", "sheet"],
    },
  },
});

/** Joins class names; of Tailwind classes that contradict each other the last one wins. */
export function cn(...classes: ClassValue[]): string {
  return merge(clsx(classes));
}
