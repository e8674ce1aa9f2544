// The smallest toaster that the examples need; an app brings its own.

import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";

type Toast = { title: string; description?: string };
type Toaster = { toast: (toast: Toast) => void };

const ToasterContext = createContext<Toaster>({ toast: () => {} });

export function useToast(): Toaster {
  return useContext(ToasterContext);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const toast = useCallback((added: Toast) => setToasts((shown) => [...shown, added]), []);
  const toaster = useMemo(() => ({ toast }), [toast]);
  return (
    <ToasterContext value={toaster}>
      {children}
      <ul role="status">
        {toasts.map(({ title, description }, index) => (
          <li key={index}>
            <strong>{title}</strong> {description}
          </li>
        ))}
      </ul>
    </ToasterContext>
  );
}
