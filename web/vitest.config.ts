import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  root: import.meta.dirname,
  test: {
    environment: "happy-dom",
    include: ["{packages,apps}/*/{src,test}/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
