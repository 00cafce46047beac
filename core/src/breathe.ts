const interval = 50;
let last = 0;

/**
 * Lets the event loop turn, so that a Ctrl-C is heard and a progress bar is drawn; does nothing where it turned less than
 * 50 ms ago. Call it between the steps of long work: engines answer without waiting, so `await` alone does not do it.
 */
export async function breathe(): Promise<void> {
  if (Date.now() - last < interval) return;
  await new Promise<void>((resolve) => setTimeout(resolve));
  last = Date.now();
}
