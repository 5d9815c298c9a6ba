/** How long the event loop was held up. */
export interface LoopDelays {
  /** Milliseconds of the longest turn that this process spent computing: what others on the machine take does not count. */
  longestWork: number;
  /** Milliseconds that 99 of 100 turns took at most, whatever the reason. */
  mostWaits: number;
}

/** Measures turns of the event loop until the function that it returns is called. */
export function watchLoop(): () => LoopDelays {
  const waits: number[] = [];
  let longestWork = 0;
  let [time, work] = [performance.now(), cpuTime()];
  const timer = setInterval(() => {
    const [now, worked] = [performance.now(), cpuTime()];
    waits.push(now - time);
    longestWork = Math.max(longestWork, Math.min(now - time, worked - work));
    [time, work] = [now, worked];
  }, 2);
  return () => {
    clearInterval(timer);
    const sorted = waits.sort((a, b) => a - b);
    return { longestWork, mostWaits: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
  };
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
