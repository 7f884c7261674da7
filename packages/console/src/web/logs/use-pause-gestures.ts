import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** So far a finger moves before it is meant, pixels. */
const MEANT = 8;

/**
 * Calls `pause` when a hand goes back in a list that follows its end: by wheel, by finger, by the scrollbar.
 *
 * At once, not when the list has moved: in a flood the next line takes it to its end before anybody hears of that.
 */
export function usePauseGestures(scroller: RefObject<HTMLElement | null>, pause: () => void): void {
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const scrolls = (): boolean => element.scrollHeight > element.clientHeight;
    const wheel = (event: WheelEvent): void => {
      if (event.deltaY < 0 && scrolls()) pause();
    };
    let touching: AbortController | undefined;
    const touch = (event: TouchEvent): void => {
      const from = event.touches[0]?.clientY ?? 0;
      const drag = (moved: TouchEvent): void => {
        const to = moved.touches[0]?.clientY ?? from;
        if (to > from + MEANT && scrolls()) pause();
      };
      touching?.abort();
      touching = new AbortController();
      // In a flood the line under the finger goes, and what happens to it is heard of by nobody else.
      event.target?.addEventListener("touchmove", drag as EventListener, {
        passive: false,
        signal: touching.signal,
      });
    };
    const press = (event: MouseEvent): void => {
      // What is beside the content of the list, and in the list, is its scrollbar.
      const { left } = element.getBoundingClientRect();
      const bar =
        event.target === element && event.clientX - left >= element.clientLeft + element.clientWidth;
      if (bar && scrolls()) pause();
    };
    const ending = new AbortController();
    // Not passive: the browser scrolls when we have heard of it, not meanwhile.
    const options = { passive: false, signal: ending.signal };
    element.addEventListener("wheel", wheel, options);
    element.addEventListener("touchstart", touch, options);
    element.addEventListener("mousedown", press, options);
    return () => {
      ending.abort();
      touching?.abort();
    };
  }, [scroller, pause]);
}
