import { type ReactNode, useEffect, useRef, useState } from "react";

/** Scrolls its wide content sideways. While there is something to scroll the keyboard can reach it. */
export function ScrollBox({ label, children }: { label: string; children: ReactNode }) {
  const box = useRef<HTMLElement>(null);
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWide(element.scrollWidth > element.clientWidth));
    watch.observe(element);
    if (element.firstElementChild) watch.observe(element.firstElementChild);
    return () => watch.disconnect();
  }, []);
  return (
    <section ref={box} aria-label={label} tabIndex={wide ? 0 : undefined} style={{ overflowX: "auto" }}>
      {children}
    </section>
  );
}
