const descriptions = new WeakMap<object, Map<string, string>>();

/** Says what a config key means, for `--help`, error messages and the generated config reference. Every key has one. */
export function Describe(text: string): PropertyDecorator {
  return (prototype, key) => {
    const map = descriptions.get(prototype) ?? new Map<string, string>();
    descriptions.set(prototype, map.set(String(key), text));
  };
}

export interface DescribedKey {
  readonly key: string;
  readonly text: string;
  /** The default, undefined for a required or an optional key. */
  readonly value: unknown;
}

/** @returns the keys of a config class with text and default, base classes first. */
export function describedKeys(configClass: new () => object): DescribedKey[] {
  const defaults = new configClass() as Record<string, unknown>;
  const keys = new Map<string, string>();
  const chain: object[] = [];
  for (
    let p: object | null = configClass.prototype as object;
    p && p !== Object.prototype;
    p = Object.getPrototypeOf(p) as object | null
  )
    chain.unshift(p);
  for (const prototype of chain) descriptions.get(prototype)?.forEach((text, key) => keys.set(key, text));
  return [...keys].map(([key, text]) => ({ key, text, value: defaults[key] }));
}
