import { useEffect, useState } from "react";
import {
  type DefaultValues,
  type FieldValues,
  type Path,
  type UseFormReturn,
  useForm,
} from "react-hook-form";

export interface LiveForm<Values extends FieldValues> extends UseFormReturn<Values> {
  /** Fields that were touched here and have been changed by somebody else since. */
  theirs: Path<Values>[];
  /** What was touched and is to be written: the other fields may hold what somebody else has just changed. */
  changed(values: Values): Partial<Values>;
}

/**
 * A form over a row that may change meanwhile: untouched fields follow, touched ones keep what was typed.
 *
 * @param values - Of the row as it is now; the same object for as long as nothing has changed.
 */
export function useLiveForm<Values extends FieldValues>(values: Values): LiveForm<Values> {
  const form = useForm<Values>({ defaultValues: values as DefaultValues<Values> });
  const [base, setBase] = useState(values);
  const { dirtyFields } = form.formState;
  const touched = Object.keys(dirtyFields) as Path<Values>[];
  const { reset } = form;

  // The base stays what the touched fields began from, so that it is known what somebody else changed.
  useEffect(() => {
    reset(values as DefaultValues<Values>, { keepDirtyValues: true, keepErrors: true });
  }, [values, reset]);
  if (touched.length === 0 && base !== values) setBase(values);

  return {
    ...form,
    theirs: touched.filter((field) => base[field] !== values[field]),
    changed: (typed) => pick(typed, touched),
  };
}

function pick<Values extends FieldValues>(values: Values, fields: readonly (keyof Values)[]) {
  const picked: Partial<Values> = {};
  for (const field of fields) picked[field] = values[field];
  return picked;
}
