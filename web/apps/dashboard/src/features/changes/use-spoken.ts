import { announce } from "@slotcast/ui";
import { useEffect, useRef } from "react";
import { useTexts } from "./texts";

/** Sentences that come within this time are said together. */
const GATHER_MS = 3_000;
/** More than these are said as a number. */
const SENTENCE_COUNT = 3;

/** Says sentences to screen readers, a few at a time. */
export function useSpoken(): (sentence: string) => void {
  const t = useTexts();
  const gathered = useRef<string[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  function say() {
    timer.current = undefined;
    const sentences = gathered.current;
    gathered.current = [];
    const rest = sentences.length - SENTENCE_COUNT;
    const said = sentences.slice(0, SENTENCE_COUNT);
    announce([...said, ...(rest > 0 ? [t("changes.andMore", { count: rest })] : [])].join(". "));
  }

  return (sentence) => {
    gathered.current.push(sentence);
    timer.current ??= setTimeout(say, GATHER_MS);
  };
}
